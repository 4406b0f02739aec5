//! The command line as a person or a script meets it: the real binary.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn golden(name: &str) -> String {
    format!("{}/tests/golden/wfdb/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_myoscope"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn with_stdin(arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn help_and_version() {
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stdout).contains("myoscope info") && help.stderr.is_empty());
    assert_eq!(text(&run(&["--version"]).stdout), format!("myoscope {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_64_and_says_why() {
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["info"],
        &["info", "--colour", "x"],
        &["info", "--rate", "-3", "x"],
        &["info", "--rate", "fast", "x"],
        &["info", "x", "-o", "y.edf"],
        &["export", "x"],
        &["export", "x", "y", "-o", "z.hea"],
        &["export", &golden("f16.hea"), "-o", "out.xyz"],
        &["export", &golden("f16.hea"), "-o", &golden("f16.hea")],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && text(&output.stderr).starts_with("myoscope: "), "{arguments:?}");
    }
}

#[test]
fn info_of_a_record_with_its_companions() {
    let file = golden("f16.hea");
    let output = run(&["info", &file, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let [info] = &lines(&output)[..] else { panic!("one line") };
    let keys: Vec<&String> = info.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["annotations", "channels", "duration_s", "file", "format", "start", "warnings"], "sorted by the parser");
    assert!(text(&output.stdout).starts_with(r#"{"file":"#));
    assert_eq!((info["file"].as_str().unwrap(), info["format"].as_str().unwrap()), (file.as_str(), "WFDB"));
    assert_eq!(info["duration_s"], 0.101);
    let channel = &info["channels"][1];
    assert_eq!((channel["name"].as_str().unwrap(), channel["unit"].as_str().unwrap()), ("signal 1, format 16", "mV"));
    assert_eq!((channel["fs_hz"].as_f64(), channel["n"].as_u64()), (Some(1000.0), Some(101)));
    assert_eq!(channel["first5"].as_array().unwrap().len(), 5);
    assert_eq!(channel["first5"][0], 32.772);
    assert!(channel["first5"][2].is_null(), "an invalid sample is null");
    assert_eq!(channel["max"], 32.772);
    assert_eq!(info["annotations"].as_array().unwrap().len(), 5);
    assert_eq!(info["annotations"][1], serde_json::json!({"onset_s": 0.01, "duration_s": null, "text": "StimA"}));
    assert_eq!(info["warnings"], serde_json::json!([]));

    let plain = text(&run(&["info", &file]).stdout);
    assert!(plain.contains("WFDB, 0.101 s") && plain.contains("StimA"), "{plain}");
    // The signal file leads to the same recording, and both together are one.
    assert_eq!(lines(&run(&["info", &golden("f16.dat"), &file, "--json"])).len(), 1);
    // Segments are found by the names in the header.
    let fixed = &lines(&run(&["info", "--json", &golden("fixed.hea")]))[0];
    assert_eq!(fixed["channels"][0]["n"], 90);
    let relative = command(&["info", "--json", "fixed.hea"]).current_dir(Path::new(&file).parent().unwrap()).output().unwrap();
    assert_eq!(lines(&relative)[0]["channels"], fixed["channels"]);
    // A folder holds all of them.
    let all = run(&["info", "--json", Path::new(&file).parent().unwrap().to_str().unwrap()]);
    assert!(lines(&all).len() >= 15 && all.status.code() == Some(0), "{}", text(&all.stdout));
}

#[test]
fn refused_files_are_2_and_the_others_are_still_read() {
    let place = folder("refused");
    let path = |name: &str| place.join(name).to_str().unwrap().to_owned();
    std::fs::write(path("broken.hea"), "broken 1 fast 4\nbroken.dat 16\n").unwrap();
    std::fs::write(path("alone.dat"), [0, 1, 2, 3]).unwrap();
    std::fs::write(path("odd.bin"), [0xffu8, 0, 7, 1]).unwrap();
    std::fs::write(path("empty.hea"), "").unwrap();
    let files = [path("broken.hea"), golden("f24.hea"), path("alone.dat"), path("odd.bin"), path("gone.hea"), path("empty.hea")];
    let arguments: Vec<&str> = ["info", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.is_empty());
    let got = lines(&output);
    let kinds: Vec<Option<&str>> = got.iter().map(|line| line["error"]["kind"].as_str()).collect();
    assert_eq!(kinds, [Some("malformed"), None, Some("missing"), Some("not_this_format"), Some("source"), Some("not_this_format")]);
    assert_eq!(got[0]["file"], files[0].as_str());
    assert_eq!(got[0]["error"]["offset"], 0);
    assert!(got[0]["error"]["what"].as_str().unwrap().contains("sampling frequency"));
    assert!(got[2]["error"]["offset"].is_null());
    let plain = run(&["info", &files[0]]);
    assert_eq!(plain.status.code(), Some(2));
    assert!(plain.stdout.is_empty() && text(&plain.stderr).contains("sampling frequency"));
}

#[test]
fn standard_input() {
    let refused = with_stdin(&["info", "--json", "-"], &[0xff, 0, 1, 9]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(lines(&refused)[0]["file"], "-");
    // A header alone is recognised by content and misses its signals.
    let header = std::fs::read(golden("f16.hea")).unwrap();
    let missing = with_stdin(&["info", "--json", "-"], &header);
    assert_eq!(lines(&missing)[0]["error"]["kind"], "missing");
}

#[test]
fn a_closed_pipe_is_quiet() {
    let files: Vec<String> = vec![golden("f16.hea"); 1];
    let mut arguments = vec!["info", "--json"];
    let (folder, _) = files[0].rsplit_once('/').unwrap();
    arguments.extend(std::iter::repeat_n(folder, 40));
    let mut child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(141));
}

#[test]
fn what_is_exported_reads_back_equal() {
    let place = folder("export");
    for name in ["f16", "f212", "multi212", "f32", "skewed", "fixed"] {
        let target = place.join(format!("{name}_out.hea"));
        let output = run(&["export", &golden(&format!("{name}.hea")), "-o", target.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        let before = &lines(&run(&["info", "--json", &golden(&format!("{name}.hea"))]))[0];
        let after = &lines(&run(&["info", "--json", "--verify", target.to_str().unwrap()]))[0];
        assert_eq!((&before["channels"], &before["annotations"]), (&after["channels"], &after["annotations"]), "{name}");
        assert_eq!(after["warnings"], serde_json::json!([]), "{name}");
    }
    let left: Vec<String> = std::fs::read_dir(&place)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.contains("partial"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
    let nowhere = run(&["export", &golden("f16.hea"), "-o", place.join("no/such/x.hea").to_str().unwrap()]);
    assert_eq!(nowhere.status.code(), Some(1), "{}", text(&nowhere.stderr));
    let missing = run(&["export", place.join("none.hea").to_str().unwrap(), "-o", place.join("y.hea").to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(!place.join("y.hea").exists());
}

#[test]
fn measurements_of_a_recording_with_a_sidecar() {
    let place = folder("measure");
    let file = place.join("case.hea");
    // A response that begins 3 ms after a stimulus at 5 ms, 20 kHz, 10 uV a step.
    let wave = |delay_ms: f64| {
        (0..1000i32).flat_map(move |k| {
            let t = f64::from(k) / 20.0 - 5.0 - delay_ms;
            let v = if (0.0..12.0).contains(&t) { 500.0 * (std::f64::consts::PI * t / 6.0).sin() * (-t / 12.0).exp() } else { 0.0 };
            ((v + f64::from(k * 7919 % 5) * 0.1).round() as i16).to_le_bytes()
        })
    };
    let (distal, proximal): (Vec<u8>, Vec<u8>) = (wave(3.0).collect(), wave(7.0).collect());
    let both: Vec<u8> = distal.chunks(2).zip(proximal.chunks(2)).flat_map(|(a, b)| [a[0], a[1], b[0], b[1]]).collect();
    std::fs::write(place.join("case.dat"), both).unwrap();
    std::fs::write(&file, "case 2 20000 1000\ncase.dat 16 0.1/uV 16 0 0 0 0 wrist\ncase.dat 16 0.1/uV 16 0 0 0 0 elbow\n").unwrap();
    let file = file.to_str().unwrap();
    let none = run(&["measure", "--json", file]);
    assert_eq!((none.status.code(), lines(&none)[0]["sweeps"].as_array().unwrap().len()), (Some(0), 0));
    let told = run(&["measure", "--json", "--stim-ms", "5", file]);
    let onset = |v: &Value| v["onset_ms"].as_f64().unwrap();
    assert!((onset(&lines(&told)[0]["sweeps"][0]) - 3.0).abs() < 0.3, "{}", text(&told.stdout));
    std::fs::write(place.join("case.meta.json"), r#"{"kind":"motor","stim_ms":5,"sites":["wrist","elbow"],"distance_mm":200}"#).unwrap();
    let output = run(&["measure", "--json", file]);
    let got = &lines(&output)[0];
    let [a, b] = &got["sweeps"].as_array().unwrap()[..] else { panic!("two sweeps") };
    assert!((onset(a) - 3.0).abs() < 0.3 && (onset(b) - 7.0).abs() < 0.3, "{got}");
    for key in ["peak_ms", "neg_end_ms", "amp_uv", "area_uvms"] {
        assert!(a[key].is_number(), "{key}");
    }
    assert_eq!((a["site"].as_str(), a["present"].as_bool(), a["stimulus_known"].as_bool()), (Some("wrist"), Some(true), Some(true)));
    let velocity = got["segments"][0]["velocity_mps"].as_f64().unwrap();
    assert!((velocity - 50.0).abs() < 3.0, "{velocity}");
    let plain = text(&run(&["measure", file]).stdout);
    assert!(plain.contains("wrist") && plain.contains("m/s"), "{plain}");
    assert_eq!(run(&["measure", "--stim-ms", "x", file]).status.code(), Some(64));
    assert!(got.get("needle").is_none(), "no table, no word of it");
    let table = place.join("needle.json");
    let typed = r#"{"fibrillation":"2+"}"#;
    let row = format!(r#"{{"id":1,"muscle":{{"listed":"tibialis_anterior"}},"side":"left","typed":{typed}}}"#);
    std::fs::write(&table, format!(r#"{{"edits":{{"muscles":[{row}]}}}}"#)).unwrap();
    let table = table.to_str().unwrap();
    let got = &lines(&run(&["measure", "--json", "--needle", table, file]))[0];
    assert_eq!(
        (got["needle"]["rows"][0]["name"].as_str(), got["needle"]["rows"][0]["roots"].as_str()),
        (Some("Tibialis anterior"), Some("L5 (L4)"))
    );
    let plain = text(&run(&["measure", "--needle", table, file]).stdout);
    assert!(plain.contains("Needle EMG") && plain.contains("2+*"), "{plain}");
    assert_eq!(run(&["measure", "--needle", file, file]).status.code(), Some(64), "no such file of a table");
    assert_eq!(run(&["info", "--needle", table, file]).status.code(), Some(64));
}

/// Two channels of 2 s at 10 kHz: a force, and a potential that comes ten times a second.
fn needle(place: &Path) -> String {
    let (mut bytes, mut seed) = (Vec::new(), 1_u32);
    for k in 0..20_000_i32 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let z = f64::from((k + 300) % 1000 + k / 1000 % 3 * 17 - 500) / 4.0;
        let uv = 800.0 * (1.0 - z * z) * (-0.5 * z * z).exp() + f64::from(seed >> 24) / 16.0;
        for value in [k as i16, uv.round() as i16] {
            bytes.extend(value.to_le_bytes());
        }
    }
    std::fs::write(place.join("needle.dat"), bytes).unwrap();
    let header = "needle 2 10000 20000\nneedle.dat 16 100/N 16 0 0 0 0 force\nneedle.dat 16 1/uV 16 0 0 0 0 needle\n";
    std::fs::write(place.join("needle.hea"), header).unwrap();
    place.join("needle.hea").to_str().unwrap().to_owned()
}

#[test]
fn stretches_are_analysed_as_in_the_page() {
    let place = folder("analyse");
    let file = needle(&place);
    let output = run(&["analyse", "--json", "--task", "units", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let got = &lines(&output)[0];
    assert!(text(&output.stdout).starts_with(r#"{"file":"#));
    // The first channel of a potential, all of it.
    assert_eq!((got["file"].as_str(), got["channel"].as_str()), (Some(file.as_str()), Some("needle")));
    let (key, measured) = (&got["activity"]["key"], &got["activity"]["measurement"]);
    assert_eq!((key["channel"].as_u64(), key["task"].as_str(), key["to_s"].as_f64()), (Some(1), Some("units"), Some(2.0)));
    assert_eq!(got["activity"]["done"], true);
    assert_eq!(measured["trains"].as_array().unwrap().len(), 1, "{}", measured["verdict"]);
    assert!(measured["trains"][0]["times_s"].as_array().unwrap().len() >= 18);
    // By name and by number, a part of it; times are those of the recording.
    for channel in ["needle", "2"] {
        let part = run(&["analyse", "--json", "--task", "units", "--channel", channel, "--from", "0.5", "--to", "1.75", &file]);
        let part = &lines(&part)[0]["activity"];
        assert_eq!((part["key"]["from_s"].as_f64(), part["key"]["to_s"].as_f64()), (Some(0.5), Some(1.75)));
        let times = part["measurement"]["trains"][0]["times_s"].as_array().unwrap();
        assert!(times.iter().all(|t| (0.5..1.75).contains(&t.as_f64().unwrap())) && times.len() >= 10, "{times:?}");
    }
    for task in ["rest", "pattern", "jitter", "surface"] {
        let output = run(&["analyse", "--json", "--task", task, &file]);
        assert_eq!(output.status.code(), Some(0), "{task}: {}", text(&output.stderr));
        assert!(!lines(&output)[0]["activity"]["measurement"]["method"].as_str().unwrap().is_empty(), "{task}");
    }
    let plain = text(&run(&["analyse", "--task", "units", &file]).stdout);
    assert!(plain.contains("needle, 0.000 to 2.000 s: Motor units") && plain.contains("MU A: Voluntary motor unit"), "{plain}");
    assert!(plain.contains("Motor unit potentials") && plain.contains("Amplitude \u{b5}V"), "{plain}");
    for wrong in [
        &["analyse", &file][..],
        &["analyse", "--task", "everything", &file],
        &["analyse", "--task", "units", "--channel", "3", &file],
        &["analyse", "--task", "units", "--channel", "force", &file],
        &["analyse", "--task", "units", "--from", "1", "--to", "0.5", &file],
        &["analyse", "--task", "units", "--from", "7", &file],
        &["analyse", "--task", "units", "--width", "300", &file],
        &["analyse", "--task", "units", "-o", "x.svg", &file],
        &["measure", "--task", "units", &file],
        &["info", "--channel", "2", &file],
        &["measure", "--from", "1", &file],
    ] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(64), "{wrong:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && text(&output.stderr).starts_with("myoscope: "), "{wrong:?}");
    }
    let gone = place.join("gone.hea");
    let refused = run(&["analyse", "--json", "--task", "rest", gone.to_str().unwrap(), &file]);
    assert_eq!((refused.status.code(), lines(&refused).len()), (Some(2), 2), "the other is analysed");
    assert_eq!(lines(&refused)[0]["error"]["kind"], "source");
}

#[test]
fn plots_are_drawn_by_the_scenes() {
    let place = folder("plot");
    let path = |name: &str| place.join(name).to_str().unwrap().to_owned();
    let motor = format!("{}/tests/golden/edf/motor_conduction/input.edf", env!("CARGO_MANIFEST_DIR"));
    let svg = run(&["plot", &motor, "-o", "-", "--width", "800", "--height", "400"]);
    assert_eq!(svg.status.code(), Some(0), "{}", text(&svg.stderr));
    let svg = text(&svg.stdout);
    assert!(svg.starts_with("<svg width=\"800\" height=\"400\"") && svg.trim_end().ends_with("</svg>"), "{}", &svg[..200]);
    for words in ["StimA", "StimB", "negative up", " mV</text>", " ms</text>"] {
        assert!(svg.contains(words), "{words}");
    }
    // Lanes when they are asked for, with the annotations in place of markers.
    let lanes = text(&run(&["plot", &motor, "--continuous", "-o", "-"]).stdout);
    assert!(lanes.contains(" a division") && !lanes.contains("negative up"));
    let theme = text(&run(&["plot", &motor, "--theme", "scope", "-o", "-"]).stdout);
    assert!(theme.contains("#07090B"), "the ground of the dark theme");

    let png = path("f16.png");
    let drawn = run(&["plot", &golden("f16.hea"), "--from", "0.01", "--to", "0.05", "--width", "640", "-o", &png]);
    assert_eq!(drawn.status.code(), Some(0), "{}", text(&drawn.stderr));
    let bytes = std::fs::read(&png).unwrap();
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(u32::from_be_bytes(bytes[16..20].try_into().unwrap()), 640);

    for arguments in [
        &["plot", &motor][..],
        &["plot", &motor, "-o", &path("x.jpg")],
        &["plot", &motor, "-o", "-", "--test", "0"],
        &["plot", &motor, "-o", "-", "--test", "2"],
        &["plot", &motor, "-o", "-", "--theme", "pink"],
        &["plot", &motor, "-o", "-", "--width", "20"],
        &["plot", &motor, "-o", "-", "--from", "2", "--to", "1"],
        &["plot", &motor, "-o", "-", "--continuous", "--from", "1e9"],
        &["info", &motor, "--theme", "paper"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!(run(&["plot", &path("none.edf"), "-o", &path("y.svg")]).status.code(), Some(2));
    assert_eq!(run(&["plot", &motor, "-o", &path("no/such/y.svg")]).status.code(), Some(1));
}

#[test]
fn reports_of_every_form_and_depth() {
    let place = folder("report");
    let file = format!("{}/tests/golden/study/median.edf", env!("CARGO_MANIFEST_DIR"));
    for depth in ["summary", "full", "patient"] {
        for (form, begins) in [("html", &b"<!doctype html>"[..]), ("txt", b""), ("pdf", b"%PDF-")] {
            let target = place.join(format!("{depth}.{form}"));
            let done = run(&["report", &file, "--depth", depth, "-o", target.to_str().unwrap()]);
            assert_eq!(done.status.code(), Some(0), "{depth} {form}: {}", text(&done.stderr));
            let bytes = std::fs::read(&target).unwrap();
            assert!(bytes.len() > 500 && bytes.starts_with(begins), "{depth} {form}");
        }
    }
    let words = text(&run(&["report", &file, "--without-names", "-o", "-"]).stdout);
    assert!(words.contains("Median neuropathy at the wrist") && !words.contains("DEMO-3") && !words.contains("median.edf"), "{words}");
    let letterhead = place.join("ours.toml");
    let given = |said: &str| {
        std::fs::write(&letterhead, said).unwrap();
        run(&["report", &file, "--letterhead", letterhead.to_str().unwrap(), "-o", "-"])
    };
    assert!(text(&given("[clinic]\nname = \"Clinic of Nerves\"\n").stdout).starts_with("Clinic of Nerves\n"));
    let wrong = given("[text]\nclosing = \"{pateint}\"\n");
    assert!(wrong.status.code() == Some(64) && text(&wrong.stderr).contains("line 2: closing: {pateint} is no placeholder"));
    let unknown = run(&["report", &file, "-o", place.join("x.docx").to_str().unwrap()]);
    assert!(unknown.status.code() == Some(64) && text(&unknown.stderr).contains("no form of a report"));
}

#[test]
fn a_study_goes_into_one_file_and_comes_out_of_it() {
    let place = folder("pack");
    let at = |name: &str| place.join(name).to_str().unwrap().to_owned();
    let source = format!("{}/tests/golden/study/median.edf", env!("CARGO_MANIFEST_DIR"));
    let packed = run(&["pack", &source, "-o", &at("a.myo")]);
    assert_eq!(packed.status.code(), Some(0), "{}", text(&packed.stderr));
    // What is measured of it is what is measured of the recording.
    let measured = |file: &str| {
        let mut got = lines(&run(&["measure", "--json", file]));
        got.iter_mut().for_each(|one| one["file"] = Value::Null);
        got
    };
    assert_eq!(measured(&at("a.myo")), measured(&source));
    let verified = run(&["verify", &at("a.myo"), "--json"]);
    assert_eq!((verified.status.code(), lines(&verified)[0]["whole"].as_bool()), (Some(0), Some(true)));
    assert_eq!(run(&["unpack", &at("a.myo"), "-o", &at("parts")]).status.code(), Some(0));
    let edf = format!("{}/recordings/01.edf", at("parts"));
    assert_eq!(lines(&run(&["info", "--json", &edf]))[0]["channels"], lines(&run(&["info", "--json", &source]))[0]["channels"]);
    assert_eq!(run(&["unpack", &at("a.myo"), "-o", &at("parts")]).status.code(), Some(64), "nothing is overwritten");
    // Damaged, it says so, and gives what is left.
    let mut bytes = std::fs::read(at("a.myo")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(at("b.myo"), &bytes).unwrap();
    let damaged = run(&["verify", &at("b.myo")]);
    assert_eq!(damaged.status.code(), Some(2));
    assert!(text(&damaged.stdout).contains("NOT what was written"), "{}", text(&damaged.stdout));
    std::fs::write(at("c.myo"), &bytes[..middle]).unwrap();
    let rescued = run(&["unpack", &at("c.myo"), "-o", &at("rest")]);
    assert_eq!(rescued.status.code(), Some(2));
    assert!(place.join("rest/study.json").exists() && text(&rescued.stderr).contains("damaged"), "{}", text(&rescued.stderr));
    for wrong in [
        &["pack", &source, "-o", &at("x.zip")][..],
        &["pack", &source],
        &["pack", &source, "-o", &at("x.myo"), "--depth", "full"],
        &["pack", &source, "-o", &at("x.myo"), "--shift-days", "3"],
        &["pack", &source, "-o", &at("x.myo"), "--without-names", "--shift-days", "3.5"],
        &["pack", &at("a.myo"), "-o", &at("a.myo")],
        &["verify", &at("a.myo"), "-o", &at("x")],
    ] {
        assert_eq!(run(wrong).status.code(), Some(64), "{wrong:?}");
    }
    assert_eq!(run(&["verify", &source]).status.code(), Some(2));
    assert_eq!(run(&["pack", &at("none.edf"), "-o", &at("x.myo")]).status.code(), Some(2));
    assert!(!place.join("x.myo").exists());
    let nowhere = run(&["pack", &source, "-o", &at("no/such/x.myo")]);
    assert_eq!(nowhere.status.code(), Some(1), "{}", text(&nowhere.stderr));
    // Without names the person is in none of its parts.
    let named = text(&run(&["info", &source]).stdout);
    assert_eq!(run(&["pack", &source, "-o", &at("n.myo"), "--without-names", "--shift-days", "-40"]).status.code(), Some(0), "{named}");
    assert_eq!(run(&["unpack", &at("n.myo"), "-o", &at("nameless")]).status.code(), Some(0));
    let subject: Value = serde_json::from_slice(&std::fs::read(place.join("nameless/subject.json")).unwrap()).unwrap();
    assert_eq!((subject["name"].as_str(), subject["code"].as_str()), (Some(""), Some("")));
}
