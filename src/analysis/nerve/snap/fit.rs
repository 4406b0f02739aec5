//! The response in an averaged sensory sweep, found and fitted as a whole.
//!
//! The sweep is background (`model`) plus a shape of the family (`shapes`) at an unknown place,
//! width and height, plus noise. The shape is a known member with Gaussian differences as large as
//! those between neighbouring members, so the posterior at one place and width is a mixture of
//! Gaussians over all members, in closed form. Place and width are searched: on a coarse grid
//! with eight components, whose sum is the evidence for a response at all, then uphill from the
//! best places with all components. Markers are read off the fitted curve, so that noise and
//! artefact under the onset weigh as much as they should and no more.
//!
//! The model is Bayesian linear regression with a mixture prior (MacKay, Neural Comput
//! 1992;4:415); noise is white within the amplifier's band, its density taken from the
//! differences between sweeps or, of a single sweep, from what the fit leaves over.
//!
//! Cost: about 90 ms a site.

use super::model::{Background, FIXED, Fixed, Points};
use super::shapes::{COLUMNS, Shapes};
use super::small::{backward, cholesky, forward, inverse_diagonal};
use crate::analysis::linear::dot;

/// Components of the coarse search.
const COARSE: usize = 9;
/// How far a response's width and latency may be from those of the member it resembles: standard
/// deviations of the logarithms.
const WIDTH_LATENCY_SD: [f64; 2] = [0.2, 0.5];
/// Widths searched, ms, and their ratio.
const WIDTHS_MS: [f64; 2] = [0.22, 1.8];
const WIDTH_STEP: f64 = 0.3;
/// Step of the place, widths.
const PLACE_STEP: f64 = 0.35;
/// Places searched, ms after the stimulus.
const PLACES_MS: [f64; 2] = [1.2, 16.0];
/// Places followed uphill, and how far the evidence of one may be below the best.
const MODES: usize = 3;
const FAR_BELOW: f64 = 15.0;

/// Where it is asked how well the curve is known, widths from the peak.
const BEFORE: [f64; 4] = [-3.5, -2.5, -1.5, -0.7];

/// A fitted response.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Near the negative peak, ms.
    pub place_ms: f64,
    /// Width of the negative phase at half height, ms, about.
    pub width_ms: f64,
    /// Coefficients of the shapes, uV.
    pub coefficients: [f64; COLUMNS],
    /// Log of the odds of a response against background alone, wherever it may be.
    pub evidence: f64,
    /// Energy of the response over the density of the noise: the square of the signal-to-noise ratio
    /// of a filter matched to it, the background taken out.
    pub energy: f64,
    /// Standard deviation of the curve before its peak that the noise leaves open, uV.
    pub sd_uv: f64,
    /// Everything else in the sweep.
    pub background: Background,
    /// Noise a point within the band, uV.
    pub sigma_uv: f64,
    /// Share of the data's freedom that the fit took up: what is left over is too small by this.
    pub spent: f64,
}

impl Fitted {
    /// The response at `t` ms, uV.
    pub fn at(&self, t: f64) -> f64 {
        dot(&Shapes::get().at((t - self.place_ms) / self.width_ms), &self.coefficients)
    }

    /// By how much the height is to be taken back. Place and width are taken where the response is
    /// largest, which adds one noise variance to its energy on average; that small heights are more
    /// frequent than large ones (any scale as likely) takes back as much again (the shrinkage of James
    /// and Stein, Proc 4th Berkeley Symp 1961;1:361, for four quantities).
    pub fn shrinkage(&self) -> f64 {
        if self.energy > 4.0 { 1.0 - 2.0 / self.energy } else { 0.5 }
    }
}

/// What one place and width say.
struct At<const N: usize> {
    /// Log evidence against background alone.
    evidence: f64,
    /// Height, uV.
    height: f64,
    coefficients: [f64; N],
    /// Energy of the response over the noise.
    energy: f64,
    /// What the looseness and the noise leave open before the peak, uV.
    sd: f64,
    /// Trace of the shrunk information: parameters that the data determine.
    spent: f64,
}

struct Search<'a> {
    shapes: &'static Shapes,
    points: &'a Points,
    fixed: &'a Fixed,
    sigma: f64,
    /// Prior standard deviation of the height, uV.
    height_sd: f64,
}

/// Fits the points. `sigma_uv`: noise a point. `discharge`: a shock came before.
/// `near`: a fit of the same points with other noise, to begin from; the evidence is its own then.
pub fn fit(points: &Points, sigma_uv: f64, range_uv: f64, discharge: bool, near: Option<&Fitted>) -> Option<Fitted> {
    let fixed = Fixed::best(points, sigma_uv, range_uv, discharge)?;
    let last = *points.t.last()?;
    let search = Search { shapes: Shapes::get(), points, fixed: &fixed, sigma: sigma_uv, height_sd: (range_uv / 1.5).max(3.0 * sigma_uv) };
    let (evidence, (_, place_ms, ln_width)) = match near {
        Some(near) => (near.evidence, search.climb(near.place_ms, near.width_ms.ln())),
        None => search.everywhere(PLACES_MS[1].min(last - 1.0))?,
    };
    let at = search.at::<COLUMNS>(place_ms, ln_width, None)?;
    let width_ms = ln_width.exp();
    let background = search.background(place_ms, width_ms, &at.coefficients)?;
    let spent = at.spent + 6.0;
    Some(Fitted {
        place_ms,
        width_ms,
        coefficients: at.coefficients,
        evidence,
        energy: at.energy,
        sd_uv: at.sd,
        background,
        sigma_uv,
        spent,
    })
}

impl Search<'_> {
    /// The coarse search and the climbs from its best places: log of the odds of a response at all,
    /// and evidence, place and logarithm of the width of the best fit.
    fn everywhere(&self, latest: f64) -> Option<(f64, (f64, f64, f64))> {
        let mut places = Vec::new();
        let mut odds = Vec::new();
        let mut ln_width = WIDTHS_MS[0].ln();
        while ln_width < WIDTHS_MS[1].ln() {
            let step = PLACE_STEP * ln_width.exp();
            let mut place = PLACES_MS[0];
            while place < latest {
                if let Some(at) = self.at::<COARSE>(place, ln_width, None) {
                    odds.push(at.evidence + (step * WIDTH_STEP).ln());
                    places.push((at.evidence, place, ln_width));
                }
                place += step;
            }
            ln_width += WIDTH_STEP;
        }
        places.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut followed: Vec<(f64, f64)> = Vec::new();
        let mut best: Option<(f64, f64, f64)> = None;
        for &(evidence, place, ln_width) in &places {
            // With few components a good place may look worse than it is, but not this much.
            if evidence < places[0].0 - (FAR_BELOW + 0.1 * places[0].0.abs()) {
                break;
            }
            if followed.iter().any(|(p, w)| (place - p).abs() < 0.3 * w.exp() && (ln_width - w).abs() < 0.35) {
                continue;
            }
            followed.push((place, ln_width));
            let climbed = self.climb(place, ln_width);
            if best.is_none_or(|best| climbed.0 > best.0) {
                best = Some(climbed);
            }
            if followed.len() == MODES {
                break;
            }
        }
        Some((ln_sum(&odds), best?))
    }

    /// Uphill over place and width from a start: evidence, place, logarithm of the width.
    fn climb(&self, place: f64, ln_width: f64) -> (f64, f64, f64) {
        let Some(start) = self.at::<COLUMNS>(place, ln_width, None) else { return (f64::NEG_INFINITY, place, ln_width) };
        let (mut now, mut height) = ([place, ln_width], start.height);
        let mut evidence = start.evidence;
        let mut step = [0.12 * ln_width.exp(), 0.12];
        for _ in 0..40 {
            let mut moved = false;
            'tries: for j in 0..2 {
                for sign in [1.0, -1.0] {
                    let mut next = now;
                    next[j] += sign * step[j];
                    if let Some(at) = self.at::<COLUMNS>(next[0], next[1], Some(height))
                        && at.evidence > evidence + 1e-3
                    {
                        (now, evidence, height, moved) = (next, at.evidence, at.height, true);
                        break 'tries;
                    }
                }
            }
            if !moved {
                step = step.map(|s| 0.4 * s);
                if step[1] < 0.008 {
                    break;
                }
            }
        }
        (evidence, now[0], now[1])
    }

    /// Everything at one place and width with the first `N` shapes. `height`: of the response,
    /// from a place near by; found by itself otherwise.
    fn at<const N: usize>(&self, place: f64, ln_width: f64, height: Option<f64>) -> Option<At<N>> {
        let (information, pull) = self.project::<N>(place, ln_width.exp());
        let near = self.near(place, ln_width);
        if near.is_empty() {
            return None;
        }
        let mut assumed = height.unwrap_or((0.7 * self.height_sd).max(2.0 * self.sigma));
        let mut out = None;
        for _ in 0..if height.is_some() { 1 } else { 2 } {
            let at = self.mixture(&information, &pull, &near, assumed)?;
            assumed = at.height;
            out = Some(at);
        }
        out.map(|at| At { evidence: at.evidence - place.ln(), ..at })
    }

    /// Members whose width and latency are near, with the logarithm of their prior.
    fn near(&self, place: f64, ln_width: f64) -> Vec<(usize, f64)> {
        const FAR: f64 = 12.0;
        let here = [ln_width, place.ln()];
        let norm: f64 = WIDTH_LATENCY_SD.iter().map(|sd| (sd * std::f64::consts::TAU.sqrt()).ln()).sum();
        let distance = |known: &[f64; 2]| -> f64 {
            known.iter().zip(here).zip(WIDTH_LATENCY_SD).map(|((known, here), sd)| ((here - known) / sd).powi(2)).sum()
        };
        let all = self.shapes.ln_width_latency.iter().map(distance).enumerate();
        all.filter(|(_, d)| *d < FAR).map(|(i, d)| (i, -0.5 * d - norm)).collect()
    }

    /// Information matrix and right side of the first `N` shapes, the background taken out.
    fn project<const N: usize>(&self, place: f64, width: f64) -> ([[f64; N]; N], [f64; N]) {
        let weight = 1.0 / (self.sigma * self.sigma);
        let mut gram = [[0.0; N]; N];
        let mut cross = vec![[0.0; FIXED]; N];
        let mut pull = [0.0; N];
        let from = self.points.t.partition_point(|t| *t < place + super::shapes::REACH[0] * width);
        for i in from..self.points.t.len() {
            let all = self.shapes.at((self.points.t[i] - place) / width);
            for a in 0..N {
                let v = all[a];
                for b in 0..=a {
                    gram[a][b] += v * all[b];
                }
                for (c, f) in cross[a].iter_mut().zip(&self.fixed.rows[i]) {
                    *c += v * f;
                }
                pull[a] += v * self.fixed.rest[i];
            }
        }
        // Shapes less what the background explains of them.
        let halves: Vec<Vec<f64>> = cross.iter().map(|row| self.fixed.solution.whitened(row)).collect();
        for a in 0..N {
            pull[a] *= weight;
            for b in 0..=a {
                let value = weight * gram[a][b] - weight * weight * dot(&halves[a], &halves[b]);
                gram[a][b] = value;
                gram[b][a] = value;
            }
        }
        (gram, pull)
    }

    /// The mixture over members for shapes of about this height.
    fn mixture<const N: usize>(&self, g: &[[f64; N]; N], b: &[f64; N], near: &[(usize, f64)], height: f64) -> Option<At<N>> {
        let posterior = Posterior::new(self.shapes, g, b, height)?;
        let prior = 1.0 / (self.height_sd * self.height_sd);
        let mut top = f64::NEG_INFINITY;
        let mut seen = Vec::with_capacity(near.len());
        for &(member, ln_prior) in near {
            let (_, ln, u, v) = posterior.member(member, ln_prior, prior);
            top = top.max(ln);
            seen.push((member, ln, (u / v).max(0.0)));
        }
        let (mut total, mut height_sum) = (0.0, 0.0);
        let mut expected = [0.0; N];
        for (member, ln, height) in seen {
            let p = (ln - top).exp();
            total += p;
            height_sum += p * height;
            for (e, a) in expected.iter_mut().zip(&self.shapes.members[member]) {
                *e += p * height * a;
            }
        }
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        let expected = expected.map(|e| e / total);
        let mut difference: [f64; N] = std::array::from_fn(|j| b[j] - dot(&g[j], &expected));
        forward(&posterior.factor, &mut difference);
        backward(&posterior.factor, &mut difference);
        let coefficients: [f64; N] = std::array::from_fn(|j| expected[j] + difference[j]);
        let energy = g.iter().zip(&coefficients).map(|(row, c)| c * dot(row, &coefficients)).sum();
        let mut open = 0.0;
        for u in BEFORE {
            let all = self.shapes.at(u);
            let mut row: [f64; N] = std::array::from_fn(|j| all[j]);
            forward(&posterior.factor, &mut row);
            open += dot(&row, &row) / BEFORE.len() as f64;
        }
        // Trace of G M^-1.
        let spent = (0..N).map(|j| 1.0 - posterior.precision[j] * inverse_diagonal(&posterior.factor, j)).sum();
        Some(At {
            evidence: posterior.base + top + (total / self.shapes.members.len() as f64).ln(),
            height: (height_sum / total).max(self.sigma),
            coefficients,
            energy,
            sd: open.sqrt(),
            spent,
        })
    }

    /// Background of the joint fit.
    fn background(&self, place: f64, width: f64, coefficients: &[f64; COLUMNS]) -> Option<Background> {
        let weight = 1.0 / (self.sigma * self.sigma);
        let mut pull = vec![0.0; FIXED];
        for (i, t) in self.points.t.iter().enumerate() {
            let value = weight * dot(&self.shapes.at((t - place) / width), coefficients);
            for (p, f) in pull.iter_mut().zip(&self.fixed.rows[i]) {
                *p += value * f;
            }
        }
        let change = self.fixed.solution.solved(&pull);
        let now = self.fixed.solution.coefficients.iter().zip(change).map(|(c, d)| c - d).collect();
        Some(self.fixed.with(now))
    }
}

/// Information about shapes that may differ from each member by the looseness.
struct Posterior<'a, const N: usize> {
    shapes: &'a Shapes,
    precision: [f64; N],
    /// Cholesky factor of information and precision.
    factor: [[f64; N]; N],
    /// Log evidence of differences alone.
    base: f64,
    /// Data seen through the differences: linear and quadratic in a member's coefficients.
    q: [f64; N],
    quadratic: [[f64; N]; N],
}

impl<'a, const N: usize> Posterior<'a, N> {
    fn new(shapes: &'a Shapes, g: &[[f64; N]; N], b: &[f64; N], height: f64) -> Option<Self> {
        let precision: [f64; N] = std::array::from_fn(|j| 1.0 / (height * shapes.looseness[j]).powi(2));
        let mut matrix = *g;
        for j in 0..N {
            matrix[j][j] += precision[j];
        }
        let factor = cholesky(&matrix)?;
        let mut whitened = [[0.0; N]; N];
        for (column, out) in whitened.iter_mut().enumerate() {
            *out = std::array::from_fn(|j| g[j][column]);
            forward(&factor, out);
        }
        let mut whitened_b = *b;
        forward(&factor, &mut whitened_b);
        let log_det: f64 = (0..N).map(|j| 2.0 * factor[j][j].ln() - precision[j].ln()).sum();
        let base = 0.5 * dot(&whitened_b, &whitened_b) - 0.5 * log_det;
        let mut q = [0.0; N];
        let mut quadratic = [[0.0; N]; N];
        for i in 0..N {
            q[i] = b[i] - dot(&whitened[i], &whitened_b);
            for j in 0..N {
                quadratic[i][j] = g[i][j] - dot(&whitened[i], &whitened[j]);
            }
        }
        Some(Self { shapes, precision, factor, base, q, quadratic })
    }

    /// The member, its log weight, and its height as `u / v` with variance `1 / v`. `prior`:
    /// precision of the height.
    fn member(&self, member: usize, ln_prior: f64, prior: f64) -> (usize, f64, f64, f64) {
        let a = &self.shapes.members[member][..N];
        let u = dot(a, &self.q);
        let v: f64 = a.iter().zip(&self.quadratic).map(|(ai, row)| ai * dot(row, a)).sum::<f64>().max(0.0) + prior;
        let ln = ln_prior + 0.5 * u * u / v - 0.5 * (v / prior).ln() + ln_half_normal(u / v.sqrt());
        (member, ln, u, v)
    }
}

/// Logarithm of the sum of what has these logarithms.
fn ln_sum(odds: &[f64]) -> f64 {
    let top = odds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    top + odds.iter().map(|ln| (ln - top).exp()).sum::<f64>().ln()
}

/// Logarithm of twice the normal distribution function: what a height that must be positive costs.
fn ln_half_normal(x: f64) -> f64 {
    if x > 6.0 {
        return std::f64::consts::LN_2;
    }
    if x < -4.0 {
        return std::f64::consts::LN_2 - 0.5 * x * x - (-x * 2.506_628_274_631).ln();
    }
    // Abramowitz and Stegun 7.1.26; absolute error below 1.5e-7.
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = poly * (-z * z).exp();
    (if x < 0.0 { tail } else { 2.0 - tail }).max(1e-300).ln()
}
