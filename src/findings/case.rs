//! What was measured and seen in one examination, as a reader of findings gets it: values without
//! waveforms. Rows that cannot be are left out and named; nothing here stops the rest.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::Side;
use crate::norms::{Person, by_id, find_muscles, late_responses, muscle_by_id};

/// An examination.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// Who: age, height, sex.
    pub person: Person,
    /// Since the first symptom, days.
    pub onset_days: Option<f64>,
    /// Skin of the hand, degrees Celsius.
    pub hand_c: Option<f64>,
    /// Skin of the foot, degrees Celsius.
    pub foot_c: Option<f64>,
    /// Whether stimuli were shown to be supramaximal; `None`: not said.
    pub supramaximal: Option<bool>,
    /// Motor responses, one a stimulation site.
    pub motor: Vec<Motor>,
    /// Short segments of a motor nerve, one a step.
    pub steps: Vec<Step>,
    /// Sensory and mixed responses.
    pub sensory: Vec<Sensory>,
    /// F waves and H reflexes.
    pub late: Vec<Late>,
    /// Differences between two nerves of a hand.
    pub comparison: Vec<Comparison>,
    /// Muscles seen with the needle.
    pub needle: Vec<Needle>,
    /// Trains of stimuli.
    pub rns: Vec<Train>,
    /// Jitter.
    pub jitter: Vec<Jitter>,
    /// Stimuli for an anomaly.
    pub extra: Vec<Extra>,
}

/// Whether a stimulus was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// There was one.
    Present,
    /// There was none.
    Absent,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    id: String,
    age_years: Option<f64>,
    sex: Option<String>,
    height_cm: Option<f64>,
    weeks_since_onset: Option<f64>,
    #[serde(rename = "hand_temp_C")]
    hand_c: Option<f64>,
    #[serde(rename = "foot_temp_C")]
    foot_c: Option<f64>,
    supramaximal_documented: Option<bool>,
}

/// One motor response.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Motor {
    /// Study (`median_motor_apb`).
    pub study: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// Stimulation site (`wrist`).
    pub site: String,
    /// Whether there was one; `None`: by the amplitude.
    pub response: Option<Response>,
    /// Onset, ms.
    pub latency_ms: Option<f64>,
    /// Negative peak, mV.
    #[serde(rename = "amp_mV")]
    pub amp_mv: Option<f64>,
    /// Duration of the negative peak, ms.
    pub duration_ms: Option<f64>,
    /// Area of the negative peak, mV ms.
    #[serde(rename = "area_mVms")]
    pub area_mvms: Option<f64>,
    /// From the next distal site, cm.
    pub segment_cm: Option<f64>,
    /// From the next distal site, m/s.
    pub segment_cv_m_per_s: Option<f64>,
}

/// One step of a short-segment study of a motor nerve.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Step {
    /// Study (`ulnar_motor_adm`).
    pub study: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// The two places, distal first, in the examiner's words.
    #[serde(default)]
    pub place: String,
    /// Length, cm.
    pub step_cm: f64,
    /// Difference of the latencies, ms.
    pub step_ms: f64,
}

/// One sensory or mixed response.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sensory {
    /// Study (`sural`).
    pub study: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// Whether there was one; `None`: by the amplitude.
    pub response: Option<Response>,
    /// Onset, ms.
    pub onset_ms: Option<f64>,
    /// Negative peak, ms.
    pub peak_ms: Option<f64>,
    /// Amplitude, uV.
    #[serde(rename = "amp_uV")]
    pub amp_uv: Option<f64>,
    /// `onset_peak` or `peak_peak`.
    pub amp_kind: Option<String>,
    /// Velocity, m/s.
    pub cv_m_per_s: Option<f64>,
}

/// One late response.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Late {
    /// Study (`f_median`, `h_soleus`).
    pub study: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// Whether there was one; `None`: by the amplitude.
    pub response: Option<Response>,
    /// Smallest latency, ms.
    pub min_latency_ms: Option<f64>,
    /// Of the stimuli, per cent.
    pub persistence_percent: Option<f64>,
}

/// The difference of two latencies.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Comparison {
    /// `palmdiff`, `ringdiff`, `thumbdiff`, `csi`, `lumbrical_interosseous`.
    pub study: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// Median minus the other, ms.
    pub value_ms: f64,
}

/// One muscle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Needle {
    /// Muscle.
    pub muscle: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// Fibrillation potentials, 0 to 4; `None`: rest was not looked at.
    pub fib: Option<u8>,
    /// Positive sharp waves, 0 to 4.
    pub psw: Option<u8>,
    /// `none`, `few`, `many`.
    #[serde(default)]
    pub fasciculations: String,
    /// Other activity (`myotonic`, `crd`, `none`).
    #[serde(default)]
    pub other: String,
    /// `normal`, `high`, `low`.
    #[serde(default)]
    pub mup_amp: String,
    /// `normal`, `long`, `short`.
    #[serde(default)]
    pub mup_dur: String,
    /// `normal`, `increased`.
    #[serde(default)]
    pub polyphasia: String,
    /// `normal`, `reduced`, `early`, `none`.
    #[serde(default)]
    pub recruitment: String,
}

/// A train at a low rate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Train {
    /// Muscle recorded from.
    pub muscle: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// Stimuli a second.
    #[serde(rename = "rate_Hz")]
    pub rate_hz: Option<f64>,
    /// At rest, per cent.
    pub decrement_percent: Option<f64>,
    /// Three minutes after exercise, per cent.
    pub post_exercise_3min_decrement_percent: Option<f64>,
    /// At rest, mV.
    #[serde(rename = "rest_amp_mV")]
    pub rest_amp_mv: Option<f64>,
    /// Ten seconds after exercise, mV.
    #[serde(rename = "post_exercise_10s_amp_mV")]
    pub post_amp_mv: Option<f64>,
    /// After exercise or at a high rate, per cent.
    pub increment_percent: Option<f64>,
}

/// A jitter study.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Jitter {
    /// Muscle.
    pub muscle: String,
    /// Mean of the mean consecutive differences, us.
    pub mean_mcd_us: Option<f64>,
    /// Of the pairs, 0 to 1.
    pub pairs_abnormal_fraction: Option<f64>,
    /// Of the pairs, 0 to 1.
    pub blocking_fraction: Option<f64>,
}

/// One nerve stimulated, a muscle of another recorded.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Extra {
    /// `median_stim_record_adm`.
    pub study: String,
    /// Side.
    #[serde(deserialize_with = "side")]
    pub side: Side,
    /// Stimulation site.
    pub site: String,
    /// Negative peak, mV.
    #[serde(rename = "amp_mV")]
    pub amp_mv: Option<f64>,
}

fn side<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Side, D::Error> {
    let word = String::deserialize(from)?;
    match word.trim().to_ascii_lowercase().as_str() {
        "r" | "right" => Ok(Side::Right),
        "l" | "left" => Ok(Side::Left),
        _ => Err(serde::de::Error::custom(format!("the side '{word}' is neither R nor L"))),
    }
}

impl Motor {
    /// Whether there was no response.
    pub fn absent(&self) -> bool {
        self.response == Some(Response::Absent) || self.amp_mv == Some(0.0)
    }
}

impl Sensory {
    /// Whether there was no response.
    pub fn absent(&self) -> bool {
        self.response == Some(Response::Absent) || self.amp_uv == Some(0.0)
    }
}

impl Late {
    /// Whether there was no response.
    pub fn absent(&self) -> bool {
        self.response == Some(Response::Absent) || self.persistence_percent == Some(0.0)
    }
}

/// A name in the reference's words: other names of nerves, sides and sites.
fn canonical(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace([' ', '-'], "_").replace("peroneal", "fibular").replace("peroneus", "fibularis")
}

/// A number that can be; else it goes, with a word.
fn keep(value: &mut Option<f64>, low: f64, high: f64, what: &str, ignored: &mut Vec<String>) {
    if let Some(number) = *value
        && !(low..=high).contains(&number)
    {
        ignored.push(format!("{what} {number} cannot be and was left out"));
        *value = None;
    }
}

/// The rows of one table that can be read; the others are named.
fn rows<T: DeserializeOwned>(case: &Value, table: &str, ignored: &mut Vec<String>) -> Vec<T> {
    let Some(list) = case.get(table) else { return Vec::new() };
    let Some(list) = list.as_array() else {
        ignored.push(format!("'{table}' is not a table and was left out"));
        return Vec::new();
    };
    let mut out = Vec::new();
    for (at, row) in list.iter().enumerate() {
        match serde_json::from_value(row.clone()) {
            Ok(row) => out.push(row),
            Err(error) => ignored.push(format!("{table} row {} was left out: {error}", at + 1)),
        }
    }
    out
}

impl Case {
    /// Reads a `[[vignette]]` of the case schema. What cannot be is left out and named in the second
    /// value; `expected` and unknown keys are not read.
    pub fn read(case: &Value) -> (Self, Vec<String>) {
        let mut ignored = Vec::new();
        let head = |key: &str| case.get(key).cloned().unwrap_or(Value::Null);
        let number = |key: &str, ignored: &mut Vec<String>| {
            let value = head(key);
            let read = value.as_f64();
            if read.is_none() && !value.is_null() {
                ignored.push(format!("{key} is no number and was left out"));
            }
            read
        };
        let mut head = Head {
            id: head("id").as_str().unwrap_or_default().to_owned(),
            sex: head("sex").as_str().map(str::to_ascii_lowercase),
            supramaximal_documented: head("supramaximal_documented").as_bool(),
            age_years: number("age_years", &mut ignored),
            height_cm: number("height_cm", &mut ignored),
            weeks_since_onset: number("weeks_since_onset", &mut ignored),
            hand_c: number("hand_temp_C", &mut ignored),
            foot_c: number("foot_temp_C", &mut ignored),
        };
        keep(&mut head.age_years, 0.0, 120.0, "the age in years", &mut ignored);
        keep(&mut head.height_cm, 40.0, 250.0, "the height in cm", &mut ignored);
        keep(&mut head.weeks_since_onset, 0.0, 6000.0, "weeks since onset", &mut ignored);
        keep(&mut head.hand_c, 5.0, 45.0, "the temperature of the hand", &mut ignored);
        keep(&mut head.foot_c, 5.0, 45.0, "the temperature of the foot", &mut ignored);
        let mut out = Self {
            id: head.id,
            person: Person {
                age_years: head.age_years,
                height_cm: head.height_cm,
                leg_length_cm: None,
                female: head.sex.as_deref().and_then(|sex| match sex {
                    "female" | "f" => Some(true),
                    "male" | "m" => Some(false),
                    _ => None,
                }),
                own: None,
            },
            onset_days: head.weeks_since_onset.map(|weeks| 7.0 * weeks),
            hand_c: head.hand_c,
            foot_c: head.foot_c,
            supramaximal: head.supramaximal_documented,
            motor: rows(case, "motor", &mut ignored),
            steps: rows(case, "steps", &mut ignored),
            sensory: rows(case, "sensory", &mut ignored),
            late: rows(case, "late", &mut ignored),
            comparison: rows(case, "comparison", &mut ignored),
            needle: rows(case, "needle", &mut ignored),
            rns: rows(case, "rns", &mut ignored),
            jitter: rows(case, "jitter", &mut ignored),
            extra: rows(case, "extra", &mut ignored),
        };
        out.settle_nerves(&mut ignored);
        out.settle_muscles(&mut ignored);
        (out, ignored)
    }

    fn settle_nerves(&mut self, ignored: &mut Vec<String>) {
        for row in &mut self.motor {
            row.study = canonical(&row.study);
            row.site = canonical(&row.site);
            let of = format!("{} {}:", row.study, row.site);
            keep(&mut row.latency_ms, 0.3, 100.0, &format!("{of} latency in ms"), ignored);
            keep(&mut row.amp_mv, 0.0, 60.0, &format!("{of} amplitude in mV"), ignored);
            keep(&mut row.area_mvms, 0.0, 600.0, &format!("{of} area in mV ms"), ignored);
            keep(&mut row.duration_ms, 0.5, 100.0, &format!("{of} duration in ms"), ignored);
            keep(&mut row.segment_cm, 0.5, 120.0, &format!("{of} segment in cm"), ignored);
            keep(&mut row.segment_cv_m_per_s, 1.0, 120.0, &format!("{of} velocity in m/s"), ignored);
        }
        for row in &mut self.sensory {
            row.study = canonical(&row.study);
            keep(&mut row.onset_ms, 0.3, 30.0, &format!("{}: onset in ms", row.study), ignored);
            keep(&mut row.peak_ms, 0.3, 40.0, &format!("{}: peak in ms", row.study), ignored);
            keep(&mut row.amp_uv, 0.0, 500.0, &format!("{}: amplitude in uV", row.study), ignored);
            keep(&mut row.cv_m_per_s, 1.0, 120.0, &format!("{}: velocity in m/s", row.study), ignored);
            if let (Some(onset), Some(peak)) = (row.onset_ms, row.peak_ms)
                && peak < onset
            {
                ignored.push(format!("{}: the peak comes before the onset; both latencies were left out", row.study));
                (row.onset_ms, row.peak_ms) = (None, None);
            }
        }
        self.steps.retain_mut(|row| {
            row.study = canonical(&row.study);
            let fits = (0.5..=3.0).contains(&row.step_cm) && (0.0..=20.0).contains(&row.step_ms);
            if !fits {
                ignored.push(format!(
                    "{}: a short segment of {} cm and {} ms cannot be; it was left out",
                    row.study, row.step_cm, row.step_ms
                ));
            }
            fits
        });
        for row in &mut self.late {
            row.study = canonical(&row.study);
            keep(&mut row.min_latency_ms, 5.0, 200.0, &format!("{}: latency in ms", row.study), ignored);
        }
        let known = |study: &str| by_id(study).is_some();
        let mut unknown = |study: &str, known: bool| {
            if !known {
                ignored.push(format!("the study '{study}' is not known and was left out"));
            }
            known
        };
        self.motor.retain(|row| unknown(&row.study, known(&row.study)));
        self.steps.retain(|row| unknown(&row.study, known(&row.study)));
        self.sensory.retain(|row| unknown(&row.study, known(&row.study)));
        self.late.retain(|row| unknown(&row.study, late_responses().iter().any(|late| late.id == row.study)));
    }

    fn settle_muscles(&mut self, ignored: &mut Vec<String>) {
        for row in &mut self.needle {
            let name = canonical(&row.muscle);
            let words = name.replace('_', " ");
            let found = find_muscles(&words);
            let known = muscle_by_id(&name).or_else(|| found.first().copied().filter(|_| found.len() == 1));
            for grade in [&mut row.fib, &mut row.psw] {
                if grade.is_some_and(|grade| grade > 4) {
                    ignored.push(format!("{}: a grade above 4 counts as 4", row.muscle));
                    *grade = Some(4);
                }
            }
            for word in
                [&mut row.fasciculations, &mut row.other, &mut row.mup_amp, &mut row.mup_dur, &mut row.polyphasia, &mut row.recruitment]
            {
                *word = word.trim().to_ascii_lowercase();
            }
            row.muscle = known.map_or(name, |muscle| muscle.id.clone());
        }
        self.needle.retain(|row| {
            let known = muscle_by_id(&row.muscle).is_some();
            if !known {
                ignored.push(format!("the muscle '{}' is not known and was left out", row.muscle));
            }
            known
        });
    }
}
