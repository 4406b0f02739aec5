//! Examinations built from healthy values and what a lesion changes of them.

#![allow(dead_code, reason = "every test uses a part of it")]

pub mod table;

use myoscope::findings::{Answer, Case, conclude};
use serde_json::{Value, json};

/// A case under construction: a `[[vignette]]` as JSON.
#[derive(Clone)]
pub struct Vignette(pub Value);

/// Healthy adults' values of this program's own making: motor study, sites with latency, mV, cm.
type Sites = &'static [(&'static str, f64, f64, f64)];
const MOTOR: &[(&str, Sites)] = &[
    ("median_motor_apb", &[("wrist", 3.5, 9.5, 0.0), ("antecubital", 7.5, 9.2, 22.0)]),
    ("ulnar_motor_adm", &[("wrist", 2.8, 11.0, 0.0), ("below_elbow", 6.4, 10.6, 21.0), ("above_elbow", 8.2, 10.3, 10.0)]),
    ("fibular_motor_edb", &[("ankle", 4.6, 5.5, 0.0), ("below_fibular_head", 11.4, 5.2, 32.0), ("popliteal", 13.5, 5.1, 10.0)]),
    ("tibial_motor_ah", &[("ankle", 4.4, 12.0, 0.0), ("popliteal", 12.9, 9.0, 40.0)]),
];
const SENSORY: &[(&str, f64, f64, f64)] = &[
    ("median_sensory_d2", 2.6, 3.3, 28.0),
    ("median_sensory_d1", 2.1, 2.7, 25.0),
    ("ulnar_sensory_d5", 2.5, 3.2, 22.0),
    ("dorsal_ulnar_cutaneous", 1.8, 2.4, 16.0),
    ("radial_sensory_snuffbox", 1.8, 2.4, 28.0),
    ("lac", 1.7, 2.2, 18.0),
    ("mac", 1.7, 2.2, 12.0),
    ("sural", 2.9, 3.7, 14.0),
    ("superficial_fibular", 2.8, 3.5, 11.0),
];

fn list<'a>(value: &'a mut Value, table: &str) -> &'a mut Vec<Value> {
    if value.get(table).is_none() {
        value[table] = json!([]);
    }
    value[table].as_array_mut().unwrap()
}

impl Vignette {
    /// A person of 48 years, 170 cm, weeks after onset, warm.
    pub fn new(weeks: f64) -> Self {
        Self(json!({
            "id": "case", "age_years": 48, "sex": "male", "height_cm": 168, "weeks_since_onset": weeks,
            "hand_temp_C": 33.0, "foot_temp_C": 31.5, "supramaximal_documented": true,
        }))
    }

    /// Sets a value of the head.
    pub fn head(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0[key] = value.into();
        self
    }

    /// Healthy nerves of an arm.
    pub fn arm(self, side: &str) -> Self {
        self.motors(side, &["median_motor_apb", "ulnar_motor_adm"])
            .responses(side, &["median_sensory_d2", "ulnar_sensory_d5", "radial_sensory_snuffbox"])
    }

    /// Healthy nerves of a leg.
    pub fn leg(self, side: &str) -> Self {
        self.motors(side, &["fibular_motor_edb", "tibial_motor_ah"]).responses(side, &["sural", "superficial_fibular"])
    }

    pub fn motors(mut self, side: &str, studies: &[&str]) -> Self {
        for (study, sites) in MOTOR.iter().filter(|(study, _)| studies.contains(study)) {
            for (site, latency_ms, amp_mv, cm) in *sites {
                let row =
                    json!({"study": study, "side": side, "site": site, "response": "present", "latency_ms": latency_ms, "amp_mV": amp_mv});
                let mut row = row;
                if *cm > 0.0 {
                    row["segment_cm"] = (*cm).into();
                }
                list(&mut self.0, "motor").push(row);
            }
        }
        self
    }

    pub fn responses(mut self, side: &str, studies: &[&str]) -> Self {
        for study in studies {
            let (_, onset, peak, amp) = SENSORY.iter().find(|row| row.0 == *study).unwrap();
            let row = json!({"study": study, "side": side, "response": "present", "onset_ms": onset, "peak_ms": peak, "amp_uV": amp, "amp_kind": "onset_peak"});
            list(&mut self.0, "sensory").push(row);
        }
        self
    }

    /// Changes a motor response: latency and amplitude are multiplied, the latency then shifted by ms.
    pub fn motor(mut self, study: &str, side: &str, site: &str, latency: f64, plus_ms: f64, amplitude: f64) -> Self {
        let rows = list(&mut self.0, "motor");
        let row = rows.iter_mut().find(|row| row["study"] == study && row["side"] == side && row["site"] == site).unwrap();
        row["latency_ms"] = (row["latency_ms"].as_f64().unwrap() * latency + plus_ms).into();
        row["amp_mV"] = (row["amp_mV"].as_f64().unwrap() * amplitude).into();
        if amplitude <= 0.0 {
            row["response"] = "absent".into();
            row.as_object_mut().unwrap().remove("latency_ms");
        }
        self
    }

    /// All sites of a motor study: latencies shifted from the distal one on, amplitudes multiplied.
    pub fn distal(mut self, study: &str, side: &str, plus_ms: f64, amplitude: f64) -> Self {
        for row in list(&mut self.0, "motor").iter_mut().filter(|row| row["study"] == study && row["side"] == side) {
            row["latency_ms"] = (row["latency_ms"].as_f64().unwrap() + plus_ms).into();
            row["amp_mV"] = (row["amp_mV"].as_f64().unwrap() * amplitude).into();
            if amplitude <= 0.0 {
                row["response"] = "absent".into();
            }
        }
        self
    }

    /// Latencies of a motor study multiplied.
    pub fn slow(mut self, study: &str, side: &str, times: f64) -> Self {
        for row in list(&mut self.0, "motor").iter_mut().filter(|row| row["study"] == study && row["side"] == side) {
            row["latency_ms"] = (row["latency_ms"].as_f64().unwrap() * times).into();
        }
        self
    }

    /// A sensory response: latencies shifted, amplitude multiplied; 0 is no response.
    pub fn sensory(mut self, study: &str, side: &str, plus_ms: f64, amplitude: f64) -> Self {
        let rows = list(&mut self.0, "sensory");
        let row = rows.iter_mut().find(|row| row["study"] == study && row["side"] == side).unwrap();
        for key in ["onset_ms", "peak_ms"] {
            row[key] = (row[key].as_f64().unwrap() + plus_ms).into();
        }
        row["amp_uV"] = (row["amp_uV"].as_f64().unwrap() * amplitude).into();
        if amplitude <= 0.0 {
            *row = json!({"study": study, "side": side, "response": "absent"});
        }
        self
    }

    pub fn late(mut self, study: &str, side: &str, min_latency_ms: Option<f64>) -> Self {
        let row = match min_latency_ms {
            Some(ms) => json!({"study": study, "side": side, "response": "present", "min_latency_ms": ms}),
            None => json!({"study": study, "side": side, "response": "absent"}),
        };
        list(&mut self.0, "late").push(row);
        self
    }

    pub fn compare(mut self, side: &str, values: &[(&str, f64)]) -> Self {
        for (study, value_ms) in values {
            list(&mut self.0, "comparison").push(json!({"study": study, "side": side, "value_ms": value_ms}));
        }
        self
    }

    /// Muscles: `0` normal, `1` to `4` fibrillation of that grade with reduced recruitment, `r` recruitment
    /// alone, `c` large and long without fibrillation, `o` both (grade 2), `m` myopathic, `i` that with
    /// fibrillation (grade 2), `n` no unit.
    pub fn needle(mut self, side: &str, muscles: &[(&str, char)]) -> Self {
        for (muscle, kind) in muscles {
            let grade = match kind {
                'o' | 'i' => 2,
                'n' => 3,
                kind => kind.to_digit(10).unwrap_or(0),
            };
            let (amp, dur, poly) = match kind {
                'c' | 'o' => ("high", "long", "increased"),
                'm' | 'i' => ("low", "short", "increased"),
                _ => ("normal", "normal", "normal"),
            };
            let recruitment = match kind {
                '0' => "normal",
                'm' | 'i' => "early",
                'n' => "none",
                _ => "reduced",
            };
            list(&mut self.0, "needle").push(json!({
                "muscle": muscle, "side": side, "insertional": if grade > 0 { "increased" } else { "normal" }, "fib": grade, "psw": grade,
                "fasciculations": "none", "other": "none", "mup_amp": amp, "mup_dur": dur, "polyphasia": poly, "recruitment": recruitment,
            }));
        }
        self
    }

    pub fn row(mut self, table: &str, row: Value) -> Self {
        list(&mut self.0, table).push(row);
        self
    }

    pub fn answer(&self) -> Answer {
        let (case, ignored) = Case::read(&self.0);
        conclude(&case, ignored)
    }
}
