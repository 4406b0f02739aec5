//! One clock against another by a long regression: rates from arrival times, drift in ppm.
//!
//! Arrival times are bursty (FTDI hands over 62 bytes or 16 ms), so differences of neighbours say
//! nothing. A least-squares line through (time, count) over all points does: its error falls with
//! time to the power of 1.5. Running sums about the mean (Welford 1962, Technometrics 4:419) keep it
//! exact over hours. Points that are not finite are ignored.

/// A line through (time, count), kept as running sums.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockFit {
    n: f64,
    mean_ms: f64,
    mean_count: f64,
    tt: f64,
    tc: f64,
    cc: f64,
    first_ms: f64,
    last_ms: f64,
}

impl ClockFit {
    /// Adds a point: at `now_ms` of the steady clock, `count` ticks or samples had come.
    pub fn push(&mut self, now_ms: f64, count: f64) {
        if !(now_ms.is_finite() && count.is_finite()) {
            return;
        }
        if self.n == 0.0 {
            self.first_ms = now_ms;
        }
        self.last_ms = now_ms;
        self.n += 1.0;
        let (dt, dc) = (now_ms - self.mean_ms, count - self.mean_count);
        self.mean_ms += dt / self.n;
        self.mean_count += dc / self.n;
        self.tt += dt * (now_ms - self.mean_ms);
        self.tc += dt * (count - self.mean_count);
        self.cc += dc * (count - self.mean_count);
    }

    /// Counts a second; none before two seconds and ten points.
    pub fn rate_hz(&self) -> Option<f64> {
        let enough = self.n >= 10.0 && self.last_ms - self.first_ms >= 2000.0 && self.tt > 0.0;
        let rate = enough.then(|| self.tc / self.tt * 1000.0)?;
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }

    /// Standard error of that rate (of independent arrival errors).
    pub fn rate_error_hz(&self) -> Option<f64> {
        self.rate_hz()?;
        let residual = (self.cc - self.tc * self.tc / self.tt).max(0.0);
        Some((residual / (self.n - 2.0) / self.tt).sqrt() * 1000.0)
    }

    /// How much faster than `nominal_hz` the counting is, in millionths.
    pub fn drift_ppm(&self, nominal_hz: f64) -> Option<f64> {
        let drift = (self.rate_hz()? / nominal_hz - 1.0) * 1e6;
        drift.is_finite().then_some(drift)
    }

    /// The count at a time, by the line.
    pub fn count_at(&self, now_ms: f64) -> Option<f64> {
        Some(self.mean_count + (now_ms - self.mean_ms) * self.rate_hz()? / 1000.0)
    }

    /// The time of a count, by the line.
    pub fn ms_at(&self, count: f64) -> Option<f64> {
        Some(self.mean_ms + (count - self.mean_count) / self.rate_hz()? * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ClockFit;

    #[test]
    fn rate_from_bursts() {
        // 1000.05 samples a second, handed over every 16 ms or so, jitter by a small generator.
        let (mut fit, mut state) = (ClockFit::default(), 7u64);
        for k in 0..3750 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let jitter = (state >> 40) as f64 / 16_777_216.0 * 8.0;
            let t = f64::from(k) * 16.0;
            fit.push(t + jitter, (t * 1.00005).floor());
        }
        assert!((fit.rate_hz().unwrap() - 1000.05).abs() < 0.02, "{:?}", fit.rate_hz());
        assert!(fit.rate_error_hz().unwrap() < 0.01);
        assert!((fit.drift_ppm(1000.0).unwrap() - 50.0).abs() < 20.0);
        assert!((fit.ms_at(fit.count_at(5000.0).unwrap()).unwrap() - 5000.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_from_nothing() {
        let mut fit = ClockFit::default();
        fit.push(f64::NAN, 1.0);
        for _ in 0..100 {
            fit.push(5.0, 5.0);
        }
        assert_eq!((fit.rate_hz(), fit.drift_ppm(0.0)), (None, None));
    }
}
