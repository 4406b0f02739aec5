//! Fourier transforms of real signals: plan once, transform many.
//!
//! **NaN** anywhere in the input makes every output NaN; callers take gaps out first. **Cost**:
//! n log n; a plan is kept for every length used (about 24 bytes a point each). Unscaled forward,
//! `1/n` backward, as `numpy.fft.rfft` and `irfft`.

use realfft::RealFftPlanner;
pub use rustfft::num_complex::Complex64;

/// Plans and scratch for real transforms of any length.
pub struct RealFft {
    planner: RealFftPlanner<f64>,
    input: Vec<f64>,
    spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl Default for RealFft {
    fn default() -> Self {
        Self::new()
    }
}

impl RealFft {
    /// No plans yet.
    pub fn new() -> Self {
        Self { planner: RealFftPlanner::new(), input: Vec::new(), spectrum: Vec::new(), scratch: Vec::new() }
    }

    /// The `n / 2 + 1` bins of a real signal of length n. An empty signal has none.
    pub fn forward(&mut self, x: &[f64]) -> &[Complex64] {
        self.spectrum.clear();
        if x.is_empty() {
            return &self.spectrum;
        }
        let plan = self.planner.plan_fft_forward(x.len());
        self.input.clear();
        self.input.extend_from_slice(x);
        self.spectrum.resize(x.len() / 2 + 1, Complex64::default());
        self.scratch.resize(plan.get_scratch_len(), Complex64::default());
        // Lengths are right by construction, so the transform cannot refuse.
        let done = plan.process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok());
        &self.spectrum
    }

    /// The real signal of length `n` behind `n / 2 + 1` bins; missing bins count as zero. The
    /// imaginary parts of the first bin and, for even n, of the last are ignored.
    pub fn inverse(&mut self, bins: &[Complex64], n: usize) -> Vec<f64> {
        if n == 0 {
            return Vec::new();
        }
        let plan = self.planner.plan_fft_inverse(n);
        self.spectrum.clear();
        self.spectrum.extend(bins.iter().take(n / 2 + 1));
        self.spectrum.resize(n / 2 + 1, Complex64::default());
        self.spectrum[0].im = 0.0;
        if n.is_multiple_of(2) {
            self.spectrum[n / 2].im = 0.0;
        }
        self.scratch.resize(plan.get_scratch_len(), Complex64::default());
        let mut out = vec![0.0; n];
        let done = plan.process_with_scratch(&mut self.spectrum, &mut out, &mut self.scratch);
        debug_assert!(done.is_ok());
        for v in &mut out {
            *v /= n as f64;
        }
        out
    }
}
