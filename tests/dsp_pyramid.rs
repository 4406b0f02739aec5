//! The pyramid against the slow definition, in blocks of any length, and through storage.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have

use myoscope::dsp::pyramid::{BUCKET, PAGE, Pages, Pyramid};
use proptest::prelude::*;

fn slow(x: &[f64], level: usize) -> Vec<f32> {
    let bucket = Pyramid::bucket(level) as usize;
    let pair = |part: &[f64]| {
        let valid: Vec<f32> = part.iter().filter(|v| !v.is_nan()).map(|v| *v as f32).collect();
        if valid.is_empty() {
            return [f32::NAN; 2];
        }
        [valid.iter().copied().fold(f32::INFINITY, f32::min), valid.iter().copied().fold(f32::NEG_INFINITY, f32::max)]
    };
    x.chunks(bucket).flat_map(pair).collect()
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn agrees_with_the_definition(n in 0usize..9000, sizes in prop::collection::vec(1usize..900, 1..5), hole in 0usize..9000, seed in any::<u32>()) {
        let mut x: Vec<f64> = (0..n as u64).map(|k| ((k * 2_654_435_761 + u64::from(seed)) % 10_007) as f64 - 5000.0).collect();
        for v in x.iter_mut().skip(hole).take(600) {
            *v = f64::NAN;
        }
        let mut pyramid = Pyramid::new();
        let (mut at, mut turn) = (0, 0);
        while at < n {
            let end = (at + sizes[turn % sizes.len()]).min(n);
            pyramid.push(&x[at..end]);
            (at, turn) = (end, turn + 1);
        }
        prop_assert_eq!(pyramid.samples(), n as u64);
        let half = Pyramid::from_bytes(&pyramid.to_bytes(&())).unwrap();
        prop_assert_eq!(half.to_bytes(&()), pyramid.to_bytes(&()));
        pyramid.finish();
        for level in 0..pyramid.levels() {
            prop_assert!(same(&pyramid.columns(level, 0, usize::MAX, &()), &slow(&x, level)), "level {}", level);
        }
        prop_assert!(n == 0 || pyramid.buckets(pyramid.levels() - 1) == 1);
        let bytes = pyramid.to_bytes(&());
        let again = Pyramid::from_bytes(&bytes).unwrap();
        prop_assert_eq!(again.to_bytes(&()), bytes);
        for level in 0..pyramid.levels() {
            prop_assert!(same(&pyramid.columns(level, 0, usize::MAX, &()), &again.columns(level, 0, usize::MAX, &())));
        }
    }

    #[test]
    fn damage_is_noticed(n in 0usize..2000, at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>()) {
        let mut pyramid = Pyramid::new();
        pyramid.push(&vec![1.5f32; n]);
        let bytes = pyramid.to_bytes(&());
        let mut flipped = bytes.clone();
        flipped[at.index(bytes.len())] ^= 1 << bit;
        prop_assert_eq!(Pyramid::from_bytes(&flipped), None);
        prop_assert_eq!(Pyramid::from_bytes(&bytes[..cut.index(bytes.len())]), None);
    }
}

#[test]
fn levels_and_queries() {
    let mut pyramid = Pyramid::new();
    pyramid.push(&(0..10 * BUCKET).map(|k| k as f32).collect::<Vec<_>>());
    assert_eq!(pyramid.buckets(0), 10);
    assert_eq!(pyramid.columns(0, 1, 1, &()), [256.0, 511.0]);
    assert_eq!(pyramid.columns(1, 4, 9, &()), [2048.0, 2559.0]);
    assert_eq!(pyramid.columns(9, 0, 9, &()), [0.0; 0]);
    assert_eq!(pyramid.columns(0, usize::MAX, usize::MAX, &()), [0.0; 0]);
    assert_eq!(pyramid.level_for(255.0), None);
    assert_eq!(pyramid.level_for(600.0), Some(1));
    assert_eq!(pyramid.extremes(), [0.0, 2559.0]);
    assert!(Pyramid::new().extremes()[0].is_nan());
}

/// Pages in memory, of which only some are taken, and some cannot be read again.
#[derive(Default)]
struct Book {
    pages: Vec<Vec<f32>>,
    room: usize,
    torn: Option<u32>,
}

impl Pages for Book {
    fn keep(&mut self, page: &[f32]) -> Option<u32> {
        assert_eq!(page.len(), 2 * PAGE);
        (self.pages.len() < self.room).then(|| self.pages.push(page.to_vec()))?;
        Some(self.pages.len() as u32 - 1)
    }

    fn page(&self, number: u32) -> Option<Vec<f32>> {
        self.pages.get(number as usize).filter(|_| self.torn != Some(number)).cloned()
    }
}

#[test]
fn what_lies_in_pages_is_the_same() {
    let x: Vec<f64> = (0..3_000_017).map(|k| f64::from(k % 70_001) * f64::from(k % 13 - 6)).collect();
    let mut whole = Pyramid::new();
    whole.push(&x);
    whole.finish();
    for room in [0, 5, usize::MAX] {
        let mut book = Book { room, ..Book::default() };
        let mut pyramid = Pyramid::new();
        for piece in x.chunks(77_777) {
            pyramid.push(piece);
            pyramid.shelve(&mut book);
        }
        pyramid.finish();
        assert_eq!(book.pages.len(), room.min(15), "10 of 11,718 buckets, 4 of 5,859, 1 of 2,929: a page of each stays");
        assert_eq!((pyramid.levels(), pyramid.extremes(), pyramid.samples()), (whole.levels(), whole.extremes(), whole.samples()));
        for level in 0..whole.levels() {
            for (first, n) in [(0, usize::MAX), (1000, 2000), (1023, 1), (1024, 1024), (5000, 3), (11_700, 100)] {
                let expected = whole.columns(level, first, n, &());
                assert_eq!(pyramid.columns(level, first, n, &book), expected, "level {level}, {n} from {first}, room for {room}");
            }
        }
        assert_eq!(pyramid.to_bytes(&book), whole.to_bytes(&()));
        if room > 0 {
            book.torn = Some(0);
            let columns = pyramid.columns(0, 1000, 30, &book);
            assert!(columns[..48].iter().all(|value| value.is_nan()) && columns[48..] == whole.columns(0, 1024, 6, &()));
        }
    }
}
