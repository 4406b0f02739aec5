//! Published sets of criteria for demyelination, side by side: EAN/PNS 2021 and EFNS/PNS 2010 (rules
//! `cidp21_*`, `efns2010_definite`), Hadden 1998, Rajabally 2015 and Albers 1985 (`gbs_*`). They say how well
//! values fit a pattern; the disease is a clinical diagnosis (`cidp21_combine`).

use serde::{Deserialize, Serialize};

use crate::norms::criteria::{criterion, param};

use super::blocks::NARROW;
use super::evidence::{Held, MotorStudy, letter};
use super::reader::{Reader, study_name};
use super::{Reason, evidence};

/// A set of criteria and how the values fit it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// Its name (`EAN/PNS 2021`).
    pub set: String,
    /// `strongly supportive`, `primary axonal`, `not met`, ...
    pub verdict: String,
    /// Which item each nerve meets.
    pub items: Vec<Reason>,
    /// Its figures were not all read again at their source.
    pub unverified: bool,
}

/// One nerve as the sets see it.
struct Nerve<'a> {
    motor: &'a MotorStudy,
    /// Distal amplitude as a share of its lower limit; 1 where there is no limit.
    share: f64,
    latency: Option<Held>,
    /// The slowest piece outside of narrow places.
    velocity: Option<Held>,
    late: Option<Held>,
    late_absent: bool,
    /// Largest fall of amplitude and growth of duration outside of narrow places, per cent.
    fall: f64,
    rise: f64,
}

/// Items of a set: nerve by nerve, which it meets.
#[derive(Default)]
struct Met {
    items: Vec<(char, usize, Reason)>,
}

impl Met {
    fn note(&mut self, item: char, at: usize, nerve: &Nerve, rule: &str, words: &str) {
        let name = format!("{} {}: {words}", study_name(&nerve.motor.study), letter(nerve.motor.side));
        self.items.push((item, at, Reason::new(rule, name).about(&nerve.motor.study, nerve.motor.side)));
    }

    fn nerves(&self, item: char) -> Vec<usize> {
        self.items.iter().filter(|(of, ..)| *of == item).map(|(_, at, _)| *at).collect()
    }

    /// Nerves that meet anything.
    fn any(&self) -> usize {
        let mut all: Vec<usize> = self.items.iter().map(|(_, at, _)| *at).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Whether an item in one nerve is joined by another item in another nerve.
    fn joined(&self, item: char, without: &[char]) -> bool {
        let beside = |at: usize| self.items.iter().any(|(of, other, _)| *other != at && *of != item && !without.contains(of));
        self.nerves(item).into_iter().any(beside)
    }

    fn reasons(self) -> Vec<Reason> {
        self.items.into_iter().map(|(.., reason)| reason).collect()
    }
}

/// Figures of a set in the manner of the consensus for chronic demyelination.
struct Chronic {
    name: &'static str,
    latency: (&'static str, f64),
    velocity: (&'static str, f64),
    late: (&'static str, f64, f64),
    absent: &'static str,
    fall: (&'static str, f64),
    rise: (&'static str, f64, f64),
    /// Rule and beginning of the names of limits of distal duration.
    duration: (&'static str, &'static str),
}

fn chronic_sets() -> [Chronic; 2] {
    let ean = |item: &str, name: &str| param(&format!("cidp21_motor_{item}"), name);
    let efns = |name: &str| param("efns2010_definite", name);
    [
        Chronic {
            name: "EAN/PNS 2021",
            latency: ("cidp21_motor_a", ean("a", "ratio")),
            velocity: ("cidp21_motor_b", ean("b", "ratio")),
            late: ("cidp21_motor_c", ean("c", "ratio"), ean("c", "ratio_low_amp")),
            absent: "cidp21_motor_d",
            fall: ("cidp21_motor_e", ean("e", "drop_percent")),
            rise: ("cidp21_motor_f", ean("f", "duration_percent"), ean("f", "tibial_duration_percent")),
            // The filter of the recording is not part of a case: the most lenient row.
            duration: ("cidp21_motor_g", "lff2"),
        },
        Chronic {
            name: "EFNS/PNS 2010",
            latency: ("efns2010_definite", efns("dml_ratio")),
            velocity: ("efns2010_definite", efns("mcv_ratio")),
            late: ("efns2010_definite", efns("f_ratio"), ean("c", "ratio_low_amp")),
            absent: "efns2010_definite",
            fall: ("efns2010_definite", efns("block_percent_definite")),
            rise: ("efns2010_definite", efns("td_percent"), efns("td_percent")),
            duration: ("efns2010_definite", "dur"),
        },
    ]
}

/// Figures of a set for acute disease: ratios of limits, at normal and at low amplitude.
struct Acute {
    name: &'static str,
    rule: &'static str,
    velocity: [f64; 2],
    /// Share of the lower limit of amplitude below which velocity has its second figure.
    velocity_low: f64,
    latency: [f64; 2],
    late: f64,
    fall: f64,
    rise: f64,
}

fn acute_sets() -> [Acute; 3] {
    let hadden = |name: &str| param("gbs_hadden_aidp", name);
    let rajabally = |name: &str| param("gbs_rajabally", name);
    [
        Acute {
            name: "Hadden 1998",
            rule: "gbs_hadden_aidp",
            velocity: [hadden("mcv"), hadden("mcv_low_amp")],
            velocity_low: 0.5,
            latency: [hadden("dml"), hadden("dml_low_amp")],
            late: hadden("f"),
            fall: 100.0 * (1.0 - hadden("ratio")),
            rise: f64::INFINITY,
        },
        Acute {
            name: "Rajabally 2015",
            rule: "gbs_rajabally",
            velocity: [rajabally("mcv"); 2],
            velocity_low: 0.0,
            latency: [rajabally("dml"); 2],
            late: f64::INFINITY,
            fall: f64::INFINITY,
            rise: f64::INFINITY,
        },
        // The row gives its figures in words alone.
        Acute {
            name: "Albers 1985",
            rule: "gbs_albers_1985",
            velocity: [0.95, 0.85],
            velocity_low: 0.5,
            latency: [1.1, 1.2],
            late: 1.2,
            fall: 30.0,
            rise: 30.0,
        },
    ]
}

fn unverified(rules: &[&str]) -> bool {
    rules.iter().filter_map(|rule| criterion(rule)).any(crate::norms::criteria::Criterion::unverified)
}

impl Reader<'_> {
    /// Motor nerves that the sets were made for, one entry a nerve and side.
    fn nerves(&self) -> Vec<Nerve<'_>> {
        let mut out: Vec<Nerve> = Vec::new();
        for motor in self.evidence.motor.iter().filter(|motor| super::diffuse::COUNTED.contains(&motor.study.as_str())) {
            if out.iter().any(|other| (other.motor.nerve, other.motor.side) == (motor.nerve, motor.side)) {
                continue;
            }
            let crossed = matches!(motor.nerve, "ulnar" | "median") && self.crossed.contains(&motor.side);
            let wide: Vec<&evidence::Piece> = motor.pieces.iter().filter(|piece| !NARROW.contains(&piece.segment.id.as_str())).collect();
            let tunnel = motor.nerve == "median" && self.median_alone_late(motor);
            let late = self.late_of(motor);
            out.push(Nerve {
                motor,
                share: if motor.absent { 0.0 } else { motor.amplitude.map_or(1.0, |held| held.ratio()) },
                latency: motor.latency.filter(|_| !tunnel),
                velocity: wide.iter().filter_map(|piece| piece.velocity).min_by(|a, b| a.ratio().total_cmp(&b.ratio())),
                late: late.and_then(|late| late.latency),
                late_absent: late.is_some_and(|late| late.absent),
                fall: wide.iter().filter_map(|piece| piece.drop_percent.filter(|_| !crossed)).fold(0.0, f64::max),
                rise: wide.iter().filter_map(|piece| piece.dispersion_percent).fold(0.0, f64::max),
            });
        }
        out
    }

    /// How the values fit the sets that the time since onset asks for.
    pub fn fits(&self, acute: bool) -> Vec<Fit> {
        let nerves = self.nerves();
        if nerves.is_empty() {
            return Vec::new();
        }
        if acute {
            acute_sets().iter().map(|set| acute_fit(set, &nerves, self)).collect()
        } else {
            chronic_sets().iter().map(|set| chronic_fit(set, &nerves)).collect()
        }
    }

    /// Sensory nerves that are abnormal, for what the chronic sets say of them (rule `cidp21_sensory`).
    pub fn sensory_fit(&self) -> Fit {
        let found: Vec<&evidence::SensoryStudy> = self.evidence.sensory.iter().filter(|sensory| sensory.abnormal()).collect();
        let mut nerves: Vec<(&str, &str)> = found.iter().map(|sensory| (sensory.nerve, letter(sensory.side))).collect();
        nerves.sort_unstable();
        nerves.dedup();
        let least = param("cidp21_sensory", "min_nerves");
        let verdict = if nerves.len() as f64 >= least {
            "met"
        } else if nerves.len() == 1 {
            "met in one nerve"
        } else {
            "not met"
        };
        let words = |sensory: &&evidence::SensoryStudy| {
            Reason::new("cidp21_sensory", format!("{} {}: abnormal", study_name(&sensory.study), letter(sensory.side)))
                .about(&sensory.study, sensory.side)
        };
        Fit {
            set: "EAN/PNS 2021, sensory".into(),
            verdict: verdict.into(),
            items: found.iter().map(words).collect(),
            unverified: unverified(&["cidp21_sensory"]),
        }
    }
}

fn chronic_fit(set: &Chronic, nerves: &[Nerve]) -> Fit {
    let least = param("cidp21_motor_d", "min_amp_fraction_lln");
    let low = param("cidp21_motor_c", "low_amp_fraction_lln");
    let mut met = Met::default();
    for (at, nerve) in nerves.iter().enumerate() {
        if nerve.share <= 0.0 {
            continue;
        }
        let percent = |held: Held| format!("{:.0} % of its limit", 100.0 * held.ratio());
        if let Some(held) = nerve.latency.filter(|held| held.ratio() >= set.latency.1) {
            met.note('a', at, nerve, set.latency.0, &format!("distal latency {:.1} ms, {}", held.value, percent(held)));
        }
        if let Some(held) = nerve.velocity.filter(|held| held.ratio() <= set.velocity.1) {
            met.note('b', at, nerve, set.velocity.0, &format!("{:.1} m/s, {}", held.value, percent(held)));
        }
        let most = if nerve.share < low { set.late.2 } else { set.late.1 };
        if let Some(held) = nerve.late.filter(|held| held.ratio() >= most) {
            met.note('c', at, nerve, set.late.0, &format!("F wave {:.1} ms, {}", held.value, percent(held)));
        }
        if nerve.late_absent && nerve.share >= least {
            met.note('d', at, nerve, set.absent, "F wave absent");
        }
        if nerve.motor.nerve != "tibial" && nerve.fall >= set.fall.1 && nerve.share >= least {
            met.note('e', at, nerve, set.fall.0, &format!("amplitude falls by {:.0} %", nerve.fall));
        }
        let most = if nerve.motor.nerve == "tibial" { set.rise.2 } else { set.rise.1 };
        if nerve.rise > most {
            met.note('f', at, nerve, set.rise.0, &format!("duration grows by {:.0} %", nerve.rise));
        }
        let longest = param(set.duration.0, &format!("{}_{}_ms", set.duration.1, nerve.motor.nerve));
        if let Some(ms) = nerve.motor.duration_ms.filter(|ms| *ms > longest) {
            met.note('g', at, nerve, set.duration.0, &format!("distal duration {ms:.1} ms (limit {longest:.1} ms)"));
        }
    }
    let two = |item: char| met.nerves(item).len() >= 2;
    let strong = two('a') || two('b') || two('c') || two('f');
    let absent = two('d') && met.joined('d', &[]);
    let blocks = two('e') || met.joined('e', &['d']);
    let verdict = if strong || absent || blocks || met.joined('g', &[]) {
        "strongly supportive of demyelination"
    } else if met.any() > 0 {
        "weakly supportive"
    } else {
        "not met"
    };
    let rules = [set.latency.0, set.velocity.0, set.late.0, set.fall.0, set.rise.0, set.duration.0];
    Fit { set: set.name.into(), verdict: verdict.into(), items: met.reasons(), unverified: unverified(&rules) }
}

fn acute_fit(set: &Acute, nerves: &[Nerve], reader: &Reader) -> Fit {
    let mut met = Met::default();
    let tenth = 0.1;
    for (at, nerve) in nerves.iter().enumerate() {
        if nerve.share <= 0.0 {
            continue;
        }
        let percent = |held: Held| format!("{:.0} % of its limit", 100.0 * held.ratio());
        let velocity = set.velocity[usize::from(nerve.share < set.velocity_low)];
        if let Some(held) = nerve.velocity.filter(|held| held.ratio() < velocity) {
            met.note('v', at, nerve, set.rule, &format!("{:.1} m/s, {}", held.value, percent(held)));
        }
        let latency = set.latency[usize::from(nerve.share < 1.0)];
        if let Some(held) = nerve.latency.filter(|held| held.ratio() > latency) {
            met.note('l', at, nerve, set.rule, &format!("distal latency {:.1} ms, {}", held.value, percent(held)));
        }
        if nerve.fall > set.fall && nerve.share >= 0.2 {
            met.note('r', at, nerve, set.rule, &format!("amplitude falls by {:.0} %", nerve.fall));
        }
        if nerve.rise > set.rise {
            met.note('t', at, nerve, set.rule, &format!("duration grows by {:.0} %", nerve.rise));
        }
        if let Some(held) = nerve.late.filter(|held| held.ratio() > set.late) {
            met.note('f', at, nerve, set.rule, &format!("F wave {:.1} ms, {}", held.value, percent(held)));
        }
    }
    let answering: Vec<&Nerve> = nerves.iter().filter(|nerve| nerve.share > 0.0).collect();
    let demyelinating = met.any() >= 2
        || (met.items.len() >= 2 && met.any() == 1 && answering.len() == 1 && answering[0].share >= tenth && nerves.len() > 1);
    let hadden = set.rule == "gbs_hadden_aidp";
    let low = nerves.iter().filter(|nerve| nerve.share < param("gbs_hadden_axonal", "dcmap")).count();
    let silent = nerves.len() >= 2 && (answering.is_empty() || (answering.len() == 1 && answering[0].share < tenth));
    // One feature is allowed in a nerve that hardly answers.
    let free = met.items.is_empty() || (met.items.len() == 1 && nerves[met.items[0].1].share < tenth);
    let verdict = match () {
        () if demyelinating => "primary demyelinating",
        () if !hadden => "not met",
        () if silent => "inexcitable",
        () if free && low as f64 >= param("gbs_hadden_axonal", "min_nerves") && reader.sensory_low() => "primary axonal, motor and sensory",
        () if free && low as f64 >= param("gbs_hadden_axonal", "min_nerves") => "primary axonal, motor",
        () if met.items.is_empty() && low == 0 => "normal",
        () => "equivocal: repeat in 2 to 3 weeks",
    };
    Fit { set: set.name.into(), verdict: verdict.into(), items: met.reasons(), unverified: unverified(&[set.rule]) }
}

impl Reader<'_> {
    /// Any sensory response low or absent.
    pub fn sensory_low(&self) -> bool {
        self.evidence.sensory.iter().any(evidence::SensoryStudy::low)
    }
}
