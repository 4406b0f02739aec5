//! Choosing a record duration for writing.
//!
//! A record holds a whole number of samples of every channel and its duration has eight characters.
//! First choice is a duration that divides every span without rest; otherwise the last record of a
//! span is padded. EDF+ recommends records of at most 61440 bytes; larger ones are used only when
//! nothing smaller divides.

use super::field::format_number;

/// Records stay below this, so that writing needs bounded memory.
const MAX_RECORD_BYTES: u64 = 16 << 20;
const RECOMMENDED_BYTES: u64 = 61_440;

/// A record duration with what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// Duration as written.
    pub record: String,
    pub record_s: f64,
    /// Samples a record, by channel.
    pub per_record: Vec<u64>,
    /// Records in each span.
    pub records: Vec<u64>,
    /// Samples of padding over all channels and spans.
    pub padding: u64,
    /// Largest relative error of a sampling rate.
    pub rate_error: f64,
}

/// Finds a layout for channels with rates `fs_hz` and `counts[span][channel]` samples of `width`
/// bytes, where span `k` may take up to `room_s[k]` seconds before the next one begins;
/// `preferred_s` is tried first.
pub(super) fn choose(fs_hz: &[f64], counts: &[Vec<u64>], room_s: &[f64], width: u64, preferred_s: Option<f64>) -> Option<Layout> {
    if fs_hz.is_empty() {
        return Some(Layout { record: "0".into(), record_s: 0.0, per_record: Vec::new(), records: vec![1], padding: 0, rate_error: 0.0 });
    }
    let mut best: Option<(Layout, [u64; 5])> = None;
    for (order, candidate) in candidates(fs_hz, counts, preferred_s).into_iter().enumerate() {
        let Some(layout) = lay_out(candidate, fs_hz, counts) else { continue };
        let bytes = layout.per_record.iter().sum::<u64>() * width;
        let total: u64 = counts.iter().flatten().sum();
        // An inexact rate is worth accepting only where it costs nothing else.
        // A padded record must end before the next span begins.
        let overlaps = layout.records.iter().zip(room_s).any(|(&n, room)| n as f64 * layout.record_s > room + 1e-6);
        if overlaps {
            continue;
        }
        if bytes > MAX_RECORD_BYTES || (layout.rate_error > 1e-9 && layout.padding > total / 10) {
            continue;
        }
        // The records of a source may be its sweeps, so its own duration comes first.
        let own = order == 0 && preferred_s.is_some();
        let rank = [
            u64::from(layout.rate_error > 1e-9),
            layout.padding,
            u64::from(!own),
            u64::from(bytes > RECOMMENDED_BYTES),
            // Long records waste less on annotations, but none needs to be longer than a second or so.
            ((layout.record_s.log2().abs()) * 1e3) as u64,
        ];
        if best.as_ref().is_none_or(|(_, lowest)| rank < *lowest) {
            best = Some((layout, rank));
        }
    }
    best.map(|(layout, _)| layout)
}

fn candidates(fs_hz: &[f64], counts: &[Vec<u64>], preferred_s: Option<f64>) -> Vec<f64> {
    let mut all: Vec<f64> = preferred_s.into_iter().chain([1.0]).collect();
    // Durations that divide every span: each channel's common divisor, cut by a divisor of all of them.
    let channel_gcd = |c: usize| counts.iter().filter_map(|span| span.get(c)).fold(0, |a, &b| gcd(a, b));
    let each: Vec<u64> = (0..fs_hz.len()).map(channel_gcd).collect();
    let common = each.iter().fold(0, |a, &b| gcd(a, b));
    if let (Some(&first), true) = (each.first(), common > 0) {
        for q in divisors(common) {
            all.push((first / q) as f64 / fs_hz[0]);
        }
    }
    let decades = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
    all.extend(decades.iter().flat_map(|scale| (1..=250).map(move |j| f64::from(j) / scale)));
    all
}

/// Divisors of `n`, as far as trial division goes in bounded time.
fn divisors(n: u64) -> Vec<u64> {
    let mut all = Vec::new();
    let mut d = 1;
    while d <= 200_000 && d * d <= n {
        if n.is_multiple_of(d) {
            all.extend([d, n / d]);
        }
        d += 1;
    }
    all
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn lay_out(duration_s: f64, fs_hz: &[f64], counts: &[Vec<u64>]) -> Option<Layout> {
    let record = format_number(duration_s, 8)?;
    let record_s: f64 = record.parse().ok().filter(|s| *s > 0.0)?;
    let mut per_record = Vec::with_capacity(fs_hz.len());
    let mut rate_error = 0.0f64;
    for &fs in fs_hz {
        let n = (fs * record_s).round();
        if !(1.0..1e8).contains(&n) {
            return None;
        }
        rate_error = rate_error.max((n / record_s / fs - 1.0).abs());
        per_record.push(n as u64);
    }
    if rate_error > 1e-6 {
        return None;
    }
    let mut padding = 0;
    let mut records = Vec::with_capacity(counts.len());
    for span in counts {
        let n = span.iter().zip(&per_record).map(|(&count, &per)| count.div_ceil(per)).max().unwrap_or(0);
        padding += span.iter().zip(&per_record).map(|(&count, &per)| n * per - count).sum::<u64>();
        records.push(n);
    }
    Some(Layout { record, record_s, per_record, records, padding, rate_error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_that_divides_is_preferred() {
        let layout = choose(&[4000.0], &[vec![50_860]], &[f64::INFINITY], 2, None).unwrap();
        assert_eq!(layout.padding, 0);
        assert_eq!(layout.records[0] * layout.per_record[0], 50_860);
        let layout = choose(&[23_437.5], &[vec![262_124]], &[f64::INFINITY], 2, None).unwrap();
        assert!(layout.rate_error <= 1e-9 && layout.padding < 2000, "{layout:?}");
        let layout = choose(&[1000.0, 100.0, 0.25], &[vec![60_000, 6000, 15]], &[f64::INFINITY], 2, None).unwrap();
        assert_eq!(layout.padding, 0);
    }

    #[test]
    fn the_duration_of_the_source_is_kept() {
        let layout = choose(&[10_000.0], &[vec![500], vec![500]], &[0.05, 0.05], 2, Some(0.05)).unwrap();
        assert_eq!((layout.record.as_str(), layout.per_record[0]), ("0.05", 500));
        assert_eq!(layout.records, [1, 1]);
    }

    #[test]
    fn padding_never_reaches_into_the_next_span() {
        let layout = choose(&[1000.0], &[vec![401], vec![500]], &[0.45, f64::INFINITY], 2, None).unwrap();
        assert!(layout.records[0] as f64 * layout.record_s <= 0.45, "{layout:?}");
    }

    #[test]
    fn rates_that_fit_no_duration_are_refused() {
        let rates = [std::f64::consts::PI, std::f64::consts::E, std::f64::consts::SQRT_2].map(|x| x * 1e4);
        assert_eq!(choose(&rates, &[vec![100, 100, 100]], &[f64::INFINITY], 2, None), None);
    }
}
