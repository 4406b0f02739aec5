//! Recursive filters in second-order sections: forward, forward-backward, and in a stream.
//!
//! **NaN**: a run of samples between NaN is filtered by itself, as if it were the whole signal;
//! NaN stay where they are. Gaps therefore neither ring nor leak. [`Stream`] starts anew after a
//! NaN in the same way. **Cost**: about 12 cycles a sample and direction for up to four sections
//! (the sections of one sample overlap in the processor), in place apart from the padded copy of
//! [`sosfiltfilt`]. Transposed direct form II. Results as scipy.signal's functions of these names.

pub use super::iir_design::{Band, DesignError, MAX_ORDER, Section, butter, iirnotch, response};

/// State of one section.
type State = [f64; 2];

/// Runs `N` sections over `x` in place.
fn cascade<const N: usize>(sections: &[Section], states: &mut [State], x: &mut [f64]) {
    let (Ok(sections), Ok(state)) = (<&[Section; N]>::try_from(sections), <&mut [State; N]>::try_from(states)) else { return };
    let mut s = *state;
    for v in x {
        let mut u = *v;
        for k in 0..N {
            let Section { b, a } = sections[k];
            let y = b[0] * u + s[k][0];
            s[k][0] = b[1] * u - a[0] * y + s[k][1];
            s[k][1] = b[2] * u - a[1] * y;
            u = y;
        }
        *v = u;
    }
    *state = s;
}

fn run(sections: &[Section], states: &mut [State], x: &mut [f64]) {
    for (sections, states) in sections.chunks(4).zip(states.chunks_mut(4)) {
        match sections.len() {
            1 => cascade::<1>(sections, states, x),
            2 => cascade::<2>(sections, states, x),
            3 => cascade::<3>(sections, states, x),
            _ => cascade::<4>(sections, states, x),
        }
    }
}

/// State in which a constant input of 1 has already settled, per section, as `sosfilt_zi`.
pub fn sosfilt_zi(sections: &[Section]) -> Vec<[f64; 2]> {
    let mut level = 1.0;
    let mut states = Vec::with_capacity(sections.len());
    for Section { b, a } in sections {
        // y = H(1) u; then solve the two state equations at rest.
        let y = level * (b[0] + b[1] + b[2]) / (1.0 + a[0] + a[1]);
        let s1 = b[2] * level - a[1] * y;
        states.push([b[1] * level - a[0] * y + s1, s1]);
        level = y;
    }
    states
}

/// Calls `each` with every run of samples that holds no NaN.
fn for_each_run(x: &mut [f64], mut each: impl FnMut(&mut [f64])) {
    for run in x.split_mut(|v| v.is_nan()) {
        if !run.is_empty() {
            each(run);
        }
    }
}

/// Causal filter from rest, in place.
pub fn sosfilt(sections: &[Section], x: &mut [f64]) {
    for_each_run(x, |run_of_x| run(sections, &mut vec![[0.0; 2]; sections.len()], run_of_x));
}

/// How many samples [`sosfiltfilt`] adds at each end.
pub fn pad_len(sections: &[Section]) -> usize {
    let b = sections.iter().filter(|s| s.b[2] == 0.0).count();
    let a = sections.iter().filter(|s| s.a[1] == 0.0).count();
    3 * (2 * sections.len() + 1 - b.min(a))
}

/// Zero-phase filter, forward and backward, with odd extension at both ends. A run shorter than
/// the padding is padded by what it has.
pub fn sosfiltfilt(sections: &[Section], x: &[f64]) -> Vec<f64> {
    let mut out = x.to_vec();
    if sections.is_empty() {
        return out;
    }
    let zi = sosfilt_zi(sections);
    let mut padded = Vec::new();
    for_each_run(&mut out, |x| {
        let n = x.len();
        let pad = pad_len(sections).min(n - 1);
        padded.clear();
        padded.reserve(n + 2 * pad);
        padded.extend((1..=pad).rev().map(|k| 2.0 * x[0] - x[k]));
        padded.extend_from_slice(x);
        padded.extend((1..=pad).map(|k| 2.0 * x[n - 1] - x[n - 1 - k]));
        for _ in 0..2 {
            let first = padded[0];
            let mut states: Vec<State> = zi.iter().map(|z| z.map(|z| z * first)).collect();
            run(sections, &mut states, &mut padded);
            padded.reverse();
        }
        x.copy_from_slice(&padded[pad..pad + n]);
    });
    out
}

/// A causal filter over a signal that comes in blocks: the result does not depend on where the
/// blocks break.
#[derive(Debug, Clone)]
pub struct Stream {
    sections: Vec<Section>,
    settled: Vec<State>,
    states: Vec<State>,
    running: bool,
}

impl Stream {
    /// With `settled`, the first sample (and the first after each NaN) is taken to have lasted
    /// forever, so that an offset causes no transient; otherwise the filter starts from rest.
    pub fn new(sections: Vec<Section>, settled: bool) -> Self {
        let rest = vec![[0.0; 2]; sections.len()];
        let zi = if settled { sosfilt_zi(&sections) } else { rest.clone() };
        Self { sections, settled: zi, states: rest, running: false }
    }

    /// Filters the next block in place.
    pub fn process(&mut self, x: &mut [f64]) {
        let mut at = 0;
        while at < x.len() {
            if x[at].is_nan() {
                self.running = false;
                at += 1;
                continue;
            }
            let end = x[at..].iter().position(|v| v.is_nan()).map_or(x.len(), |n| at + n);
            if !self.running {
                let first = x[at];
                self.states = self.settled.iter().map(|z| z.map(|z| z * first)).collect();
                self.running = true;
            }
            run(&self.sections, &mut self.states, &mut x[at..end]);
            at = end;
        }
    }

    /// Forgets everything heard so far.
    pub fn reset(&mut self) {
        self.running = false;
    }
}
