//! Comparison studies of the hand and the Combined Sensory Index (CSI).
//!
//! Two nerves are compared over the same distance in the same hand, so that temperature, age and
//! size cancel: median and ulnar from palm to wrist (8 cm) and to the ring finger (14 cm), median
//! and radial to the thumb (10 cm), by negative-peak latency; median to the second lumbrical and
//! ulnar to the second interosseous by onset latency. Differences are median less the other nerve,
//! with their sign: positive when the median nerve is slower. The index is the sum of the three
//! sensory differences (Robinson, Micklesen and Wang, Muscle Nerve 1998;21:1166).
//!
//! Contract: a comparison is made when both tests of one side are there; a nerve without a response
//! gives no difference but is named. Cost: none to speak of.

use serde::{Deserialize, Serialize};

use super::conditions;
use crate::model::{
    Cell, Column, NerveTest, QualityFlag, QualityKind, Response, Side, Summary, SweepId, Table, TableRow, TestKind, TestMeasurement,
};

/// A published limit: never without where it stands and how far that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PublishedLimit {
    /// Value, ms.
    pub ms: f64,
    /// The value itself is already abnormal.
    pub inclusive: bool,
    /// Where it is published.
    pub source: &'static str,
    /// How sure that the figure is as published: `high`, `medium`, `low`.
    pub confidence: &'static str,
    /// `primary`, `secondary` or `recall` (not re-read in its source).
    pub verified: &'static str,
}

impl PublishedLimit {
    /// Whether a difference, as it is shown (two decimals), is beyond.
    pub fn beyond(&self, ms: f64) -> bool {
        let shown = (ms * 100.0).round();
        let limit = (self.ms * 100.0).round();
        if self.inclusive { shown >= limit } else { shown > limit }
    }
}

const PAIR_SOURCE: &str = "AAEM/AAN/AAPM&R, Muscle Nerve 2002;25:918; Robinson 1998; Preston and Shapiro";

const fn at_least(ms: f64) -> PublishedLimit {
    PublishedLimit { ms, inclusive: true, source: PAIR_SOURCE, confidence: "high", verified: "recall" }
}

/// Limit of the index: the figure is recalled; the index's sensitivity (0.83) and specificity (0.95)
/// were re-read in the abstract.
pub const CSI_LIMIT: PublishedLimit = PublishedLimit {
    ms: 0.9,
    inclusive: false,
    source: "Robinson, Micklesen and Wang, Muscle Nerve 1998;21:1166",
    confidence: "high",
    verified: "recall",
};

/// Sensitivity and specificity of one, two and three abnormal comparisons (Robinson 1998, re-read in
/// the abstract).
const OF_THREE: [(f64, f64); 3] = [(0.848, 0.923), (0.742, 0.985), (0.561, 1.0)];
/// Distances that differ by more than this are not the same, mm: at 50 m/s they shift a
/// difference by 0.1 ms.
const SAME_MM: f64 = 5.0;

/// Which comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonKind {
    /// Median and ulnar from palm to wrist.
    Palm,
    /// Median and ulnar to the ring finger.
    Ring,
    /// Median and radial to the thumb.
    Thumb,
    /// Second lumbrical and second interosseous.
    LumbricalInterosseous,
}

/// How a comparison is done.
struct Definition {
    kind: ComparisonKind,
    name: &'static str,
    studies: [&'static str; 2],
    nerves: [&'static str; 2],
    motor: bool,
    /// Words that recording or stimulation site of both tests must hold.
    words: [&'static [&'static str]; 2],
    distance_mm: Option<f64>,
    limit: PublishedLimit,
    /// Differences between which one test does not predict the index (Robinson, Micklesen and Wang,
    /// Muscle Nerve 2000;23:1880; re-read in the abstract).
    indeterminate_ms: Option<[f64; 2]>,
}

const RING: &[&str] = &["d4", "digit 4", "dig 4", "dig iv", "digit_4", "ring"];
const THUMB: &[&str] = &["d1", "digit 1", "dig 1", "digit_1", "thumb", "pollex"];

static DEFINITIONS: [Definition; 4] = [
    Definition {
        kind: ComparisonKind::Palm,
        name: "Palm: median - ulnar",
        studies: ["median_palmar_mixed", "ulnar_palmar_mixed"],
        nerves: ["median", "ulnar"],
        motor: false,
        words: [&["palm"], &["palm"]],
        distance_mm: Some(80.0),
        limit: at_least(0.4),
        indeterminate_ms: Some([0.0, 0.3]),
    },
    Definition {
        kind: ComparisonKind::Ring,
        name: "Ring finger: median - ulnar",
        studies: ["median_sensory_d4", "ulnar_sensory_d4"],
        nerves: ["median", "ulnar"],
        motor: false,
        words: [RING, RING],
        distance_mm: Some(140.0),
        limit: at_least(0.5),
        indeterminate_ms: Some([0.1, 0.4]),
    },
    Definition {
        kind: ComparisonKind::Thumb,
        name: "Thumb: median - radial",
        studies: ["median_sensory_d1", "radial_sensory_d1"],
        nerves: ["median", "radial"],
        motor: false,
        words: [THUMB, THUMB],
        distance_mm: Some(100.0),
        limit: at_least(0.5),
        indeterminate_ms: Some([0.2, 0.7]),
    },
    Definition {
        kind: ComparisonKind::LumbricalInterosseous,
        name: "2nd lumbrical - interosseous",
        studies: ["median_motor_lumbrical2", "ulnar_motor_interosseous2"],
        nerves: ["median", "ulnar"],
        motor: true,
        words: [&["lumbrical", "2l"], &["interosse", "2io"]],
        distance_mm: None,
        limit: at_least(0.5),
        indeterminate_ms: None,
    },
];

/// One comparison of one hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Which.
    pub kind: ComparisonKind,
    /// Side, when known.
    pub side: Option<Side>,
    /// In the field's words.
    pub name: &'static str,
    /// Latencies of the median and of the other nerve, ms; `None`: no response.
    pub latencies_ms: [Option<f64>; 2],
    /// Sweeps that they were measured on.
    pub sweeps: [Option<SweepId>; 2],
    /// Distances, mm.
    pub distances_mm: [Option<f64>; 2],
    /// Median less the other nerve, ms; positive: the median nerve is slower.
    pub difference_ms: Option<f64>,
    /// The limit that it was held against.
    pub limit: PublishedLimit,
    /// Beyond the limit.
    pub abnormal: bool,
    /// Where this test alone does not predict the index.
    pub indeterminate: bool,
    /// What weakens it.
    pub quality: Vec<QualityFlag>,
}

/// The Combined Sensory Index of one hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CombinedSensoryIndex {
    /// Side, when known.
    pub side: Option<Side>,
    /// Sum of the three differences with their signs, ms.
    pub ms: f64,
    /// The limit that it was held against.
    pub limit: PublishedLimit,
    /// Beyond the limit.
    pub abnormal: bool,
    /// How many of the three differences are abnormal.
    pub abnormal_of_three: usize,
}

/// All comparisons that a study allows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparisons {
    /// One a comparison and side.
    pub differences: Vec<Difference>,
    /// One a side with all three sensory comparisons.
    pub indices: Vec<CombinedSensoryIndex>,
}

/// Finds the pairs among a study's tests and compares them.
pub fn compare(tests: &[(&NerveTest, &TestMeasurement)]) -> Comparisons {
    let mut sides: Vec<Option<Side>> = Vec::new();
    for (test, _) in tests {
        if !sides.contains(&test.side) {
            sides.push(test.side);
        }
    }
    let mut out = Comparisons::default();
    for side in sides {
        let of_side: Vec<_> = tests.iter().copied().filter(|(test, _)| test.side == side).collect();
        let found: Vec<Difference> = DEFINITIONS.iter().filter_map(|definition| difference(definition, side, &of_side)).collect();
        out.indices.extend(index(side, &found));
        out.differences.extend(found);
    }
    out
}

/// The index of one side, when all three sensory differences are there.
pub fn index(side: Option<Side>, differences: &[Difference]) -> Option<CombinedSensoryIndex> {
    let of = |kind: ComparisonKind| differences.iter().find(|d| d.kind == kind && d.side == side);
    let three = [of(ComparisonKind::Palm)?, of(ComparisonKind::Ring)?, of(ComparisonKind::Thumb)?];
    let ms = three[0].difference_ms? + three[1].difference_ms? + three[2].difference_ms?;
    let abnormal_of_three = three.iter().filter(|d| d.abnormal).count();
    Some(CombinedSensoryIndex { side, ms, limit: CSI_LIMIT, abnormal: CSI_LIMIT.beyond(ms), abnormal_of_three })
}

/// Whether a test is half `which` of a comparison, and the site of it that counts.
fn is_half(definition: &Definition, which: usize, test: &NerveTest) -> Option<usize> {
    let motor = test.kind == TestKind::Motor;
    if motor != definition.motor || !(motor || test.kind == TestKind::Sensory) {
        return None;
    }
    let has = |text: &str| {
        let text = text.to_lowercase();
        definition.words[which].iter().any(|word| text.contains(word))
    };
    let site = test.sites.iter().position(|site| has(&site.name));
    match &test.study {
        Some(study) if study == definition.studies[which] => Some(site.unwrap_or(0)),
        Some(study) if DEFINITIONS.iter().any(|d| d.studies.contains(&study.as_str())) => None,
        _ => {
            let nerve = test.nerve.to_lowercase().contains(definition.nerves[which]);
            (nerve && !test.sites.is_empty() && (site.is_some() || has(&test.recorded_from))).then(|| site.unwrap_or(0))
        }
    }
}

/// The response of a site and the sweep that it was measured on.
fn response(test: &NerveTest, measured: &TestMeasurement, site: usize) -> Option<(SweepId, Response)> {
    let of = |id: SweepId| measured.sweep(id).filter(|m| m.left_out.is_none()).and_then(|m| Some((id, m.response?)));
    match &measured.summary {
        Summary::Sensory(sensory) => of(sensory.sites.iter().find(|s| s.site == site)?.sweep),
        _ => test.sites.get(site)?.sweeps.iter().filter_map(|id| of(*id)).max_by(|a, b| a.1.amp_uv.total_cmp(&b.1.amp_uv)),
    }
}

fn difference(definition: &Definition, side: Option<Side>, tests: &[(&NerveTest, &TestMeasurement)]) -> Option<Difference> {
    // Of several tests of one kind the last one counts, a repetition being done for a reason.
    let half = |which: usize| tests.iter().rev().find_map(|(test, measured)| Some((*test, *measured, is_half(definition, which, test)?)));
    let halves = [half(0)?, half(1)?];
    let found = halves.map(|(test, measured, site)| response(test, measured, site));
    let latency = |r: &Response| if definition.motor { r.onset_ms } else { r.peak_ms };
    let latencies_ms = found.map(|f| f.map(|(_, r)| latency(&r)).filter(|ms| ms.is_finite()));
    let distances_mm =
        halves.map(|(test, _, site)| test.sites.get(site).and_then(|s| s.distance_mm).filter(|mm| mm.is_finite() && *mm > 0.0));
    let difference_ms = latencies_ms[0].zip(latencies_ms[1]).map(|(a, b)| a - b);
    let indeterminate =
        definition.indeterminate_ms.zip(difference_ms).is_some_and(|([low, high], ms)| ((low - 0.005)..=(high + 0.005)).contains(&ms));
    Some(Difference {
        kind: definition.kind,
        side,
        name: definition.name,
        latencies_ms,
        sweeps: found.map(|f| f.map(|(id, _)| id)),
        distances_mm,
        difference_ms,
        limit: definition.limit,
        abnormal: difference_ms.is_some_and(|ms| definition.limit.beyond(ms)),
        indeterminate,
        quality: quality(definition, halves.map(|(test, _, _)| test), distances_mm, latencies_ms),
    })
}

fn quality(
    definition: &Definition,
    tests: [&NerveTest; 2],
    distances_mm: [Option<f64>; 2],
    latencies_ms: [Option<f64>; 2],
) -> Vec<QualityFlag> {
    let mut out = Vec::new();
    let mut say = |kind, what: String| out.push(QualityFlag { kind, what });
    for (nerve, latency) in definition.nerves.iter().zip(latencies_ms) {
        if latency.is_none() {
            say(QualityKind::Noise, format!("No {nerve} response: there is no difference to be had."));
        }
    }
    match distances_mm {
        [Some(a), Some(b)] => {
            if (a - b).abs() > SAME_MM {
                say(QualityKind::ImplausibleDistance, format!("Distances differ ({a:.0} and {b:.0} mm): latencies cannot be compared."));
            }
            if let Some(mm) = definition.distance_mm
                && [a, b].iter().any(|d| (d - mm).abs() > SAME_MM)
            {
                say(QualityKind::ImplausibleDistance, format!("The limit holds for {mm:.0} mm; measured over {a:.0} and {b:.0} mm."));
            }
        }
        _ => say(QualityKind::MissingDistance, "A distance is missing: the comparison holds only over equal distances.".to_owned()),
    }
    let cold: Vec<QualityFlag> = tests.iter().filter_map(|test| conditions::cold_limb(test)).collect();
    if let Some(flag) = cold.into_iter().next() {
        say(flag.kind, flag.what);
    } else if tests.iter().any(|test| test.temperature_c.is_none()) {
        say(QualityKind::ColdLimb, "The skin temperature was not noted.".to_owned());
    }
    out
}

impl Comparisons {
    /// Everything as one table; `None` without a comparison.
    pub fn table(&self) -> Option<Table> {
        if self.differences.is_empty() {
            return None;
        }
        let columns = vec![
            Column::new("Median", "ms", 2),
            Column::new("Other", "ms", 2),
            Column::new("Difference", "ms", 2),
            Column::new("Limit", "ms", 1),
        ];
        let beyond = |ms: Option<f64>, abnormal: bool| match ms {
            Some(ms) if abnormal => Cell::Abnormal(ms),
            ms => Cell::maybe(ms),
        };
        let name = |side: Option<Side>, name: &str| match side {
            Some(Side::Left) => format!("L {name}"),
            Some(Side::Right) => format!("R {name}"),
            None => name.to_owned(),
        };
        let mut rows: Vec<TableRow> = self
            .differences
            .iter()
            .map(|d| TableRow {
                name: name(d.side, d.name),
                cells: vec![
                    Cell::maybe(d.latencies_ms[0]),
                    Cell::maybe(d.latencies_ms[1]),
                    beyond(d.difference_ms, d.abnormal),
                    Cell::Number(d.limit.ms),
                ],
                sweep: d.sweeps[0],
                doubt: d.quality.iter().map(|flag| flag.what.as_str()).collect::<Vec<_>>().join(" "),
            })
            .collect();
        rows.extend(self.indices.iter().map(|index| {
            let doubt = match index.abnormal_of_three.checked_sub(1).and_then(|k| OF_THREE.get(k)) {
                Some((sensitivity, specificity)) => format!(
                    "{} of 3 differences abnormal: sensitivity {:.0} %, specificity {:.0} % (Robinson 1998).",
                    index.abnormal_of_three,
                    100.0 * sensitivity,
                    100.0 * specificity
                ),
                None => String::new(),
            };
            TableRow {
                name: name(index.side, "Combined Sensory Index"),
                cells: vec![Cell::Empty, Cell::Empty, beyond(Some(index.ms), index.abnormal), Cell::Number(index.limit.ms)],
                sweep: None,
                doubt,
            }
        }));
        Some(Table {
            title: "Comparison studies".to_owned(),
            columns,
            rows,
            note: format!(
                "Peak latencies (lumbrical: onset); positive: the median nerve is slower. Differences are abnormal from the limit on, the index above it. Sources: {PAIR_SOURCE}; limits recalled, not re-read."
            ),
        })
    }
}
