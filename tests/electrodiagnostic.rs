//! The electrodiagnostic coding of EDF+: files put together as the specification (sections 3.4 and
//! 3.7) and its co-author's published examples describe them.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking

mod common;

use common::{edf, open_bytes};
use myoscope::formats::{OpenOptions, Opened};
use myoscope::model::{Side, TestKind};

fn open(file: &edf::File) -> Opened {
    open_bytes("case.edf", file.bytes(), &OpenOptions::default()).unwrap()
}

fn motor() -> edf::File {
    let mut samples = edf::wave(500, 32, 120, 3000.0);
    samples.extend(edf::wave(500, 72, 120, 2800.0));
    let note = |temperature: &str, position: &str, cm: &str| {
        format!(
            "<EDF_XMLnote><!--example-->{temperature}<recording>APB</recording><position>{position}</position>\
             <intensity mode=\"current\" unit=\"mA\">8.2</intensity><distance mode=\"stimulus to recording\" unit=\"cm\">{cm}</distance></EDF_XMLnote>"
        )
    };
    let first = format!(
        "+0[20][20]StimA[20]{}[20][0]",
        note("<temperature unit=\"degree C\" position=\"left hand\">32.6</temperature>", "left wrist", "6.5")
    );
    let second = format!("+10[20][20]StimB[20]{}[20][0]", note("", "left elbow", "28.5"));
    let mut file = edf::File::new(
        "EDF+D",
        "0.05",
        vec![
            edf::signal("NC L_APB", "mV", ["-25", "25", "-8985", "10265"], 500, &samples),
            edf::annotations("EDF Annotations", 1000, &[&first, &second]),
        ],
    );
    file.recording = "Startdate 01-JAN-2002 emg1 jop N1 MNC_L_Median_Nerve".into();
    file
}

#[test]
fn motor_conduction_becomes_a_nerve_test() {
    let opened = open(&motor());
    assert_eq!(opened.warnings, []);
    let recording = &opened.study.recordings[0];
    assert_eq!((recording.format.as_str(), recording.channels[0].fs_hz), ("EDF+D", 10_000.0));
    assert_eq!(recording.timeline.spans.len(), 2);
    assert_eq!(recording.timeline.spans[1].onset_s, 10.0);
    let examination = &opened.study.examination;
    let [test] = examination.tests.as_slice() else { panic!("{examination:?}") };
    assert_eq!((test.kind, test.side, test.nerve.as_str()), (TestKind::Motor, Some(Side::Left), "Median"));
    assert_eq!((test.recorded_from.as_str(), test.temperature_c), ("APB", Some(32.6)));
    let sites: Vec<_> = test.sites.iter().map(|s| (s.name.as_str(), s.distance_mm, s.sweeps.clone())).collect();
    assert_eq!(sites, [("Wrist", Some(65.0), vec![0]), ("Elbow", Some(220.0), vec![1])]);
    let sweeps: Vec<_> = examination.sweeps.iter().map(|s| (s.start, s.n, s.stimulus_s, s.stimulus.current_ma)).collect();
    assert_eq!(sweeps, [(0, 500, Some(0.0), Some(8.2)), (500, 500, Some(0.0), Some(8.2))]);
}

#[test]
fn antidromic_sensory_conduction_keeps_the_number_of_averages() {
    let mut samples = edf::wave(500, 60, 40, 4000.0);
    samples.extend(edf::wave(500, 150, 40, 3000.0));
    let first = "+0[20][20]StimA[20]<EDF_XMLnote>\n  <temperature unit=\"degree C\">33.2</temperature>\n  <recording>Second finger</recording>\n\
        <distance mode=\"stimulus to recording\" unit=\"mm\">140</distance><accepted>14</accepted>\n</EDF_XMLnote>[20][0]";
    let second = "+60[20][20]StimB[20]<EDF_XMLnote><recording>Second finger</recording><sweeps>13</sweeps></EDF_XMLnote>[20][0]";
    let mut file = edf::File::new(
        "EDF+D",
        "0.02",
        vec![
            edf::signal("NC Second Finger", "uV", ["-250", "250", "-9625", "9625"], 500, &samples),
            edf::annotations("EDF Annotations", 1000, &[first, second]),
        ],
    );
    file.recording = "Startdate 01-JAN-2002 emg1 jop N1 SNC_L_Median_Nerve".into();
    let opened = open(&file);
    let test = &opened.study.examination.tests[0];
    assert_eq!((test.kind, test.recorded_from.as_str(), test.temperature_c), (TestKind::Sensory, "Second finger", Some(33.2)));
    assert_eq!(test.sites.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["StimA", "StimB"]);
    assert_eq!(test.sites[0].distance_mm, Some(140.0));
    assert_eq!(opened.study.examination.sweeps.iter().map(|s| s.averaged).collect::<Vec<_>>(), [Some(14), Some(13)]);
    assert_eq!(opened.study.recordings[0].channels[0].fs_hz, 25_000.0);
}

#[test]
fn the_file_of_section_3_7_is_read_in_both_spellings() {
    let samples = edf::wave(2000, 200, 200, 70.0);
    let words = [
        "+0[20][20]Stimulus right wrist 0.2ms x 8.2mA at 6.5cm from recording site[20]Response 7.2mV at 3.8ms[20][0]",
        "+10[20][20]Stimulus right elbow 0.2ms x 15.3mA at 28.5cm from recording site[20]Response 7.2mV at 7.8ms (55.0m/s)[20][0]",
    ];
    let xml = [
        words[0],
        "+10[20][20][0]+10[20]Stimulus_elbow[20][0]+10[20]<EDF_XMLnote> <Stimulus_elbow><duration unit=\"ms\" >0.2</duration> \
         <intensity mode=\"current\" unit=\"mA\">15.3</intensity> <position>right elbow</position> \
         <distance mode=\"stimulus to recording\" unit=\"cm\">28.5</distance> </Stimulus_elbow> </EDF_XMLnote>[20][0]\
         +10[20]<EDF_XMLnote> <measurements><latency unit=\"ms\">7.8</latency><duration unit=\"ms\">5</duration></measurements> </EDF_XMLnote>[20][0]",
    ];
    for texts in [words, xml] {
        let mut file = edf::File::new(
            "EDF+D",
            "0.050",
            vec![
                edf::signal("R APB", "mV", ["-100", "100", "-2048", "2047"], 1000, &samples),
                edf::annotations("EDF Annotations", 700, &texts),
            ],
        );
        file.recording = "Startdate 02-MAR-2002 EMG561 BK/JOP Sony. MNC R Median Nerve.".into();
        file.date = "17.04.01".into();
        let opened = open(&file);
        assert_eq!(opened.warnings.len(), 1, "the dates contradict each other: {:?}", opened.warnings);
        assert_eq!(opened.study.recordings[0].start.as_ref().unwrap().iso, "2002-03-02T10:30:00");
        let test = &opened.study.examination.tests[0];
        assert_eq!(
            (test.kind, test.side, test.nerve.as_str(), test.recorded_from.as_str()),
            (TestKind::Motor, Some(Side::Right), "Median", "APB")
        );
        let sites: Vec<_> = test.sites.iter().map(|s| (s.name.as_str(), s.distance_mm)).collect();
        assert_eq!(sites, [("Wrist", Some(65.0)), ("Elbow", Some(220.0))]);
        let stimuli: Vec<_> = opened.study.examination.sweeps.iter().map(|s| (s.stimulus.current_ma, s.stimulus.pulse_ms)).collect();
        assert_eq!(stimuli, [(Some(8.2), Some(0.2)), (Some(15.3), Some(0.2))]);
    }
}

#[test]
fn evoked_potentials_have_a_test_for_each_signal() {
    let samples = edf::wave(1000, 190, 100, 500.0);
    let mut file = edf::File::new(
        "EDF+D",
        "0.100",
        vec![
            edf::signal("EP CZ'-FZ", "uV", ["-100", "100", "-9625", "9625"], 500, &samples),
            edf::signal("EP L1-IC", "uV", ["-100", "100", "-9625", "9625"], 500, &samples),
            edf::annotations("EDF Annotations", 200, &["+0[20][20][0]+0.01[20]StimA[20][0]", "+30.5[20][20][0]+30.51[20]StimA[20][0]"]),
        ],
    );
    file.recording = "Startdate 01-JAN-2002 emg1 jop N1 SEP_L_Tibial_Nerve".into();
    let examination = open(&file).study.examination;
    assert_eq!(examination.tests.iter().map(|t| t.recorded_from.as_str()).collect::<Vec<_>>(), ["CZ'-FZ", "L1-IC"]);
    assert!(examination.tests.iter().all(|t| t.kind == TestKind::Sep && t.sites.len() == 1 && t.sites[0].sweeps.len() == 2));
    assert_eq!(
        examination.sweeps.iter().map(|s| (s.channel, s.start, s.stimulus_s)).collect::<Vec<_>>(),
        [(0, 0, Some(0.01)), (0, 500, Some(0.01)), (1, 0, Some(0.01)), (1, 500, Some(0.01)),]
    );
}

#[test]
fn f_responses_are_many_sweeps_of_one_site() {
    let samples: Vec<i32> = (0..10).flat_map(|k| edf::wave(500, 250 + k, 60, 300.0)).collect();
    let texts: Vec<String> = (0..10).map(|k| format!("+{k}[20][20]StimA[20][0]")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut file = edf::File::new(
        "EDF+D",
        "0.05",
        vec![edf::signal("NC R_EDB", "mV", ["-5", "5", "-32768", "32767"], 500, &samples), edf::annotations("EDF Annotations", 60, &texts)],
    );
    file.recording = "Startdate X X X X F_response_R_Peroneal_Nerve".into();
    let examination = open(&file).study.examination;
    let test = &examination.tests[0];
    assert_eq!(
        (test.kind, test.side, test.nerve.as_str(), test.recorded_from.as_str()),
        (TestKind::FWave, Some(Side::Right), "Peroneal", "EDB")
    );
    assert_eq!((test.sites.len(), test.sites[0].sweeps.len()), (1, 10));
}

#[test]
fn records_that_all_begin_at_zero_follow_each_other() {
    let samples: Vec<i32> = (0..3).flat_map(|k| edf::wave(500, 250 + k, 60, 300.0)).collect();
    let mut file = edf::File::new(
        "EDF+D",
        "0.05",
        vec![
            edf::signal("NC R_EDB", "mV", ["-5", "5", "-32768", "32767"], 500, &samples),
            edf::annotations("EDF Annotations", 60, &["+0[20][20]StimA[20][0]"; 3]),
        ],
    );
    file.recording = "Startdate X X X X F_response_R_Peroneal_Nerve".into();
    let opened = open(&file);
    assert!(opened.warnings.iter().any(|w| w.what.contains("before the one before them ends")), "{:?}", opened.warnings);
    let recording = &opened.study.recordings[0];
    let onsets: Vec<f64> = recording.annotations.iter().map(|a| a.onset_s).collect();
    assert_eq!(onsets, [0.0, 0.05, 0.1]);
    let starts: Vec<_> = opened.study.examination.sweeps.iter().map(|s| (s.start, s.stimulus_s)).collect();
    assert_eq!(starts, [(0, Some(0.0)), (500, Some(0.0)), (1000, Some(0.0))]);
}

#[test]
fn malformed_notes_are_told_and_do_not_hide_the_sweeps() {
    let mut file = motor();
    let broken = "+10[20][20]StimB[20]<EDF_XMLnote><temperature>33[20][0]";
    file.signals[1] = edf::annotations("EDF Annotations", 1000, &["+0[20][20]StimA[20][0]", broken]);
    let opened = open(&file);
    assert!(opened.warnings.iter().any(|w| w.what.contains("EDF_XMLnote")), "{:?}", opened.warnings);
    assert_eq!(opened.study.examination.sweeps.len(), 2);
    assert_eq!(opened.study.examination.tests[0].recorded_from, "APB");
}

#[test]
fn continuous_emg_has_no_nerve_test() {
    let samples = edf::wave(20_000, 100, 300, 1500.0);
    let texts: Vec<String> = (0..10).map(|k| format!("+0.{k}0[20][20][0]")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut file = edf::File::new(
        "EDF+C",
        "0.100",
        vec![
            edf::signal("EMG L_Biceps_Bra", "uV", ["-1000", "1000", "-2000", "2000"], 2000, &samples),
            edf::annotations("EDF Annotations", 1000, &texts),
        ],
    );
    file.recording = "Startdate 01-JAN-2002 EMG jop N1 L_Biceps_Brachii".into();
    let opened = open(&file);
    assert_eq!(opened.warnings, []);
    assert_eq!(opened.study.examination.tests, []);
    assert_eq!(opened.study.recordings[0].channels[0].fs_hz, 20_000.0);
    assert_eq!(opened.study.subject.birth_date, "29-JAN-1956");
}
