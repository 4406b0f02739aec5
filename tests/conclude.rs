//! Conclusions from values: constructed examinations with what an experienced reader would say of them,
//! and properties that hold for all of them.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;

use cases::Vignette;
use cases::table::table;
use myoscope::findings::{Answer, Certainty, Severity};
use serde_json::{Value, json};

fn told(answer: &Answer) -> Vec<(&str, &str, &str, &str, Severity, &str)> {
    answer
        .conclusions
        .iter()
        .map(|done| {
            (
                done.diagnosis.as_str(),
                done.side.as_str(),
                done.localisation.as_str(),
                done.pathophysiology.as_str(),
                done.severity,
                done.chronicity.as_str(),
            )
        })
        .collect()
}

#[test]
fn examinations_are_concluded_as_a_reader_would() {
    let table = table();
    assert!(table.len() >= 40, "{} cases", table.len());
    let mut wrong = Vec::new();
    for (name, vignette, expected) in &table {
        let answer = vignette.answer();
        let got = told(&answer);
        let same = got.len() == expected.len()
            && got.iter().zip(expected).all(|(got, want)| {
                got.0 == want.0 && got.1 == want.1 && got.2.contains(want.2) && got.3 == want.3 && got.4 == want.4 && got.5 == want.5
            });
        if !same {
            wrong.push(format!("{name}\n   got {got:?}\n  want {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}

/// Right for left, everywhere.
fn mirrored(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let side = key == "side";
                let turned = match value.as_str() {
                    Some("R") if side => "L".into(),
                    Some("L") if side => "R".into(),
                    Some("left" | "l") if side => "right".into(),
                    _ => mirrored(value),
                };
                (key.clone(), turned)
            })
            .collect(),
        Value::Array(list) => list.iter().map(mirrored).collect(),
        other => other.clone(),
    }
}

#[test]
fn left_and_right_are_alike() {
    for (name, vignette, _) in table() {
        let turn = |side: &str| match side {
            "R" => "L".to_owned(),
            "L" => "R".to_owned(),
            other => other.to_owned(),
        };
        let key = |answer: &Answer, turned: bool| {
            let side = |side: &str| if turned { turn(side) } else { side.to_owned() };
            let of = |done: &myoscope::findings::Conclusion| {
                format!(
                    "{} {} {} {} {:?} {} {} {:?}",
                    done.diagnosis,
                    side(&done.side),
                    done.localisation,
                    done.pathophysiology,
                    done.severity,
                    done.chronicity,
                    done.scale,
                    done.certainty
                )
            };
            let mut all: Vec<String> = answer.conclusions.iter().map(of).collect();
            all.sort();
            all
        };
        let there = Vignette(mirrored(&vignette.0)).answer();
        assert_eq!(key(&vignette.answer(), false), key(&there, true), "{name}");
    }
}

/// Every value of a case, one at a time, a step further from normal.
fn worse(case: &Value) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    let times = |row: &Value, key: &str, by: f64| row[key].as_f64().map(|value| json!(value * by));
    for table in ["motor", "sensory", "comparison", "needle", "rns"] {
        for at in 0..case[table].as_array().map_or(0, Vec::len) {
            let row = &case[table][at];
            let mut steps: Vec<(&str, Option<Value>)> = Vec::new();
            match table {
                // Of the distal site: a fall at a proximal one alone is another finding.
                "motor" if row["segment_cm"].is_null() && row["response"] == "present" => {
                    steps.push(("latency_ms", times(row, "latency_ms", 1.25)));
                }
                "sensory" if row["response"] == "present" => {
                    steps.extend([("peak_ms", times(row, "peak_ms", 1.3)), ("amp_uV", times(row, "amp_uV", 0.3))]);
                }
                "comparison" => steps.push(("value_ms", times(row, "value_ms", 1.5))),
                "rns" => steps.push(("decrement_percent", times(row, "decrement_percent", 1.6))),
                "needle" if row["fib"].as_u64().is_some_and(|grade| (1..4).contains(&grade)) => {
                    steps.push(("fib", row["fib"].as_u64().map(|grade| json!(grade + 1))));
                }
                _ => {}
            }
            for (key, value) in steps {
                let Some(value) = value else { continue };
                let mut changed = case.clone();
                changed[table][at][key] = value;
                out.push((format!("{table} {at} {key}"), changed));
            }
        }
    }
    out
}

#[test]
fn a_worse_value_never_makes_it_milder() {
    let mut tried = 0;
    for (name, vignette, _) in table() {
        let before = vignette.answer();
        for (what, changed) in worse(&vignette.0) {
            let after = Vignette(changed).answer();
            for done in &before.conclusions {
                // The same diagnosis on the same side; where the finding makes another one of it, that one counts.
                let Some(same) = after.conclusions.iter().find(|after| after.diagnosis == done.diagnosis && after.side == done.side) else {
                    continue;
                };
                tried += 1;
                assert!(same.severity >= done.severity, "{name}, {what}: {:?} from {:?}", same.severity, done.severity);
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn less_evidence_never_makes_it_surer() {
    let mut tried = 0;
    for (name, vignette, _) in table() {
        let before = vignette.answer();
        let sure = |answer: &Answer, diagnosis: &str, side: &str| -> Option<Certainty> {
            answer.conclusions.iter().filter(|done| done.diagnosis == diagnosis && done.side == side).map(|done| done.certainty).max()
        };
        for table in ["motor", "sensory", "comparison", "needle", "rns", "jitter", "late"] {
            for at in 0..vignette.0[table].as_array().map_or(0, Vec::len) {
                let mut fewer = vignette.0.clone();
                fewer[table].as_array_mut().unwrap().remove(at);
                let after = Vignette(fewer).answer();
                for done in &before.conclusions {
                    // What is not found is found in what is left all the more: normal and nothing are not claims.
                    if matches!(done.diagnosis.as_str(), "normal" | "no_conclusion" | "technical") {
                        continue;
                    }
                    tried += 1;
                    let now = sure(&after, &done.diagnosis, &done.side);
                    assert!(now.is_none_or(|now| now <= done.certainty), "{name} without {table} {at}: {now:?} from {:?}", done.certainty);
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn what_cannot_be_is_named_and_stops_nothing() {
    let absurd = Vignette::new(-3.0)
        .head("age_years", "old")
        .head("hand_temp_C", 300)
        .arm("R")
        .sensory("median_sensory_d2", "R", 0.9, 0.8)
        .row("motor", json!({"study": "median_motor_apb", "side": "up", "site": "wrist"}))
        .row("motor", json!({"study": "warp_drive", "side": "R", "site": "wrist", "latency_ms": 3.0}))
        .row(
            "motor",
            json!({"study": "ulnar_motor_fdi", "side": "R", "site": "wrist", "response": "present", "latency_ms": -4.0, "amp_mV": 1e9}),
        )
        .row("sensory", json!({"study": "sural", "side": "R", "response": "present", "onset_ms": 4.0, "peak_ms": 2.0, "amp_uV": null}))
        .row("needle", json!({"muscle": "flux_capacitor", "side": "R", "fib": 1, "psw": 0}))
        .row("needle", json!({"muscle": "tibialis_anterior", "side": "R", "fib": 200, "psw": 0}))
        .row("needle", json!(["not", "a", "row"]))
        .row("rns", json!({"muscle": "nasalis", "side": "R", "decrement_percent": 1e300}))
        .row("comparison", json!({"study": "palmdiff", "side": "R", "value_ms": 1e12}));
    let answer = absurd.answer();
    assert!(answer.conclusions.iter().any(|done| done.diagnosis == "cts"), "{:?}", told(&answer));
    for named in [
        "age_years",
        "weeks since onset",
        "temperature of the hand",
        "motor row",
        "warp_drive",
        "ulnar_motor_fdi",
        "peak comes before the onset",
        "flux_capacitor",
        "grade above 4",
        "needle row",
    ] {
        assert!(answer.caveats.iter().any(|caveat| caveat.contains(named)), "{named}: {:?}", answer.caveats);
    }
    for table in ["motor", "sensory", "late", "comparison", "needle", "rns", "jitter", "extra"] {
        for junk in [json!(7), json!("x"), json!({}), json!([null, 1, {"study": 3}])] {
            let mut case = Vignette::new(1.0).0;
            case[table] = junk;
            assert!(!Vignette(case).answer().conclusions.is_empty(), "{table}");
        }
    }
}

#[test]
fn no_cause_and_no_bare_word_is_ever_said() {
    for (name, vignette, _) in table() {
        let answer = vignette.answer();
        let text = serde_json::to_string(&answer).unwrap().to_lowercase();
        for word in ["herniation", "diabetic neuropathy", "due to", "caused by", "suggestive of disc", "myasthenia gravis"] {
            assert!(!text.contains(word), "{name} says '{word}'");
        }
        assert!(answer.caveats.iter().any(|caveat| caveat.contains("does not show the cause")), "{name}");
    }
}

#[test]
fn every_conclusion_says_why_and_every_rule_that_is_named_exists() {
    for (name, vignette, _) in table() {
        for done in vignette.answer().conclusions {
            let empty = done.because.is_empty() && !matches!(done.diagnosis.as_str(), "no_conclusion");
            assert!(!empty, "{name}: {} without a reason", done.diagnosis);
            for reason in done.because.iter().filter(|reason| !reason.rule.is_empty()) {
                assert!(myoscope::norms::criteria::criterion(&reason.rule).is_some(), "{name}: no rule '{}'", reason.rule);
            }
        }
    }
}

/// The reference's own cases, where they are at hand.
#[test]
fn the_cases_of_the_reference() {
    let Ok(data) = std::env::var("MYOSCOPE_DATA") else {
        eprintln!("skipped: MYOSCOPE_DATA is not set");
        return;
    };
    let path = std::path::Path::new(&data).join("../reference/cases.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases: toml::Table = text.parse().unwrap();
    let cases = cases["vignette"].as_array().unwrap();
    assert!(cases.len() >= 15);
    for case in cases {
        let value = serde_json::to_value(case).unwrap();
        let expected = &value["expected"][0];
        let answer = Vignette(value.clone()).answer();
        let diagnoses: Vec<Value> = answer.conclusions.iter().map(|done| json!(done.diagnosis)).collect();
        assert_eq!(json!(diagnoses), expected["diagnosis"], "{}", value["id"]);
        let got = serde_json::to_value(&answer.conclusions[0]).unwrap();
        for key in ["side", "localisation", "pathophysiology", "severity", "chronicity", "scale"] {
            assert_eq!(got[key], expected[key], "{} {key}", value["id"]);
        }
    }
}

#[test]
fn rules_beside_the_main_ones_are_said_where_they_apply() {
    let because = |answer: &Answer, rule: &str| {
        answer.conclusions.iter().flat_map(|done| &done.because).find(|reason| reason.rule == rule).map(|reason| reason.words.clone())
    };
    // Control-based limits add to a conclusion, and are a caveat where the main rule says nothing.
    let slow = cases::table::hand("L").motor("ulnar_motor_adm", "L", "above_elbow", 1.0, 1.2, 0.78).answer();
    assert!(because(&slow, "une_control_limits").unwrap().contains("54 m/s"), "{slow:?}");
    let hardly = cases::table::hand("L").motor("ulnar_motor_adm", "L", "above_elbow", 1.0, 0.1, 1.0).answer();
    assert_eq!(hardly.conclusions[0].diagnosis, "normal", "{hardly:?}");
    assert!(hardly.caveats.iter().any(|caveat| caveat.contains("within the limits of AAEM 1999")), "{:?}", hardly.caveats);
    // Two of three comparisons.
    let two = cases::table::hand("R").compare("R", &[("palmdiff", 0.5), ("ringdiff", 0.6), ("thumbdiff", 0.2)]).answer();
    assert!(because(&two, "cts_one_of_three").unwrap().contains("specificity 98.5 %"), "{two:?}");
    let unmade = cases::table::hand("R").compare("R", &[("palmdiff", 0.5), ("ringdiff", 0.6)]).answer();
    assert!(because(&unmade, "cts_one_of_three").is_none());
    // A cold hand explains slow steps.
    let step = json!({"study": "ulnar_motor_adm", "side": "L", "place": "x", "step_cm": 2.0, "step_ms": 1.4});
    let cold = cases::table::hand("L").head("hand_temp_C", 29.0).row("steps", step).answer();
    assert!(because(&cold, "une_inching").is_none());
    // What cannot be a step is named.
    let long = json!({"study": "ulnar_motor_adm", "side": "L", "step_cm": 12.0, "step_ms": 1.4});
    let odd = cases::table::hand("L").row("steps", long).answer();
    assert!(odd.caveats.iter().any(|caveat| caveat.contains("short segment of 12 cm")), "{:?}", odd.caveats);
}
