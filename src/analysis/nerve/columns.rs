//! The columns of the background model and their priors.
//!
//! A cubic drift, the late tail's own level and slope, four mains harmonics, and the shock's
//! discharge as two exponentials. Times are ms after the stimulus.

/// Columns: drift, the tail's own level and slope, sine and cosine of four mains harmonics, and
/// the two exponentials.
pub(super) const DRIFT: usize = 4;
pub(super) const TAIL: usize = 2;
const MAINS: usize = 8;
pub(super) const FIXED: usize = DRIFT + TAIL + MAINS;
pub(super) const K: usize = FIXED + 2;

/// The model: where its columns are centred, which of them are in use, and the time constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    pub centre: f64,
    pub half: f64,
    pub tail: f64,
    pub mains_hz: Option<f64>,
    pub artefact: bool,
    pub after: f64,
    pub tau: [f64; 2],
}

impl Model {
    pub fn row(&self, t: f64, row: &mut [f64; K]) {
        let u = (t - self.centre) / self.half;
        *row = [0.0; K];
        row[0] = 1.0;
        row[1] = u;
        row[2] = 1.5 * u * u - 0.5;
        row[3] = 2.5 * u * u * u - 1.5 * u;
        if t >= self.tail {
            row[4] = 1.0;
            row[5] = (t - self.tail) / self.half;
        }
        if let Some(f) = self.mains_hz {
            // Harmonics 1, 2, 3 and 5 by the addition theorem from one sine and cosine.
            let (s1, c1) = (t * 1e-3 * f * std::f64::consts::TAU).sin_cos();
            let (s2, c2) = (2.0 * s1 * c1, c1 * c1 - s1 * s1);
            let (s3, c3) = (s2 * c1 + c2 * s1, c2 * c1 - s2 * s1);
            let (s5, c5) = (s3 * c2 + c3 * s2, c3 * c2 - s3 * s2);
            row[DRIFT + TAIL..FIXED].copy_from_slice(&[s1, c1, s2, c2, s3, c3, s5, c5]);
        }
        self.discharge(t, row);
    }

    /// The columns of the shock's discharge, counted from the end of the shock so that they keep
    /// a size near one.
    pub fn discharge(&self, t: f64, row: &mut [f64; K]) {
        if self.artefact && t >= 0.0 {
            for (column, tau) in row[FIXED..].iter_mut().zip(self.tau) {
                *column = (-(t - self.after) / tau).exp();
            }
        }
    }

    pub fn priors(&self, range: f64, sigma: f64) -> [f64; K] {
        let s2 = sigma * sigma;
        let weak = |sd: f64| s2 / (sd * sd);
        let mut prior = [0.0; K];
        prior[1] = weak(0.5 * range);
        prior[2] = weak(0.2 * range);
        prior[3] = weak(0.1 * range);
        prior[4] = weak(0.03 * range);
        prior[5] = weak(0.03 * range);
        for i in 0..MAINS / 2 {
            // Unused columns are all zero; any precision keeps the matrix definite.
            let sd = if i == 0 { 0.3 } else { 0.05 } * range;
            let p = if self.mains_hz.is_some() { weak(sd) } else { 1.0 };
            prior[DRIFT + TAIL + 2 * i] = p;
            prior[DRIFT + TAIL + 2 * i + 1] = p;
        }
        for p in &mut prior[FIXED..] {
            *p = if self.artefact { weak(3.0 * range) } else { 1.0 };
        }
        prior
    }
}
