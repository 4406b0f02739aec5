//! Who was examined stands in no error and no warning, however the file is damaged, and in no key
//! under which something is kept.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::desk::{Desk, Kept};
use common::edf::{File, annotations, signal, wave};
use myoscope::engine::protocol::Edit;
use myoscope::formats::OpenOptions;
use myoscope::model::Annotation;

const SECRETS: [&str; 4] = ["Haagse", "Harry", "0234567", "MAY-1951"];

fn file() -> Vec<u8> {
    let signals = vec![
        signal("EMG APB", "uV", ["-100", "100", "-2048", "2047"], 20, &wave(40, 4, 25, 1500.0)),
        annotations("EDF Annotations", 80, &["+0[20][20][0]+0.2[20]StimA[20][0]", "+0.5[20][20][0]"]),
    ];
    let file = File {
        patient: "MCH-0234567 F 02-MAY-1951 Haagse_Harry".into(),
        recording: "Startdate 02-MAR-2002 EMG561 BK/JOP Sony".into(),
        date: "02.03.02".into(),
        ..File::new("EDF+C", "0.5", signals)
    };
    file.bytes()
}

fn silent(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} stands in: {text}");
    }
}

#[test]
fn errors_and_warnings_do_not_tell_who_was_examined() {
    let whole = file();
    let check = |bytes: Vec<u8>| match common::open_bytes("a.edf", bytes, &OpenOptions::default()) {
        Ok(opened) => silent(&format!("{:?}", opened.warnings)),
        Err(error) => silent(&format!("{error} {error:?}")),
    };
    assert_eq!(common::open_bytes("a.edf", whole.clone(), &OpenOptions::default()).unwrap().study.subject.name, "Haagse Harry");
    for at in 0..whole.len() {
        for byte in [0, b' ', b'9', b'x', 0xff] {
            let mut broken = whole.clone();
            broken[at] = byte;
            check(broken);
        }
        check(whole[..at].to_vec());
    }
    // Fields moved by a byte: the person's name stands where a date or a number is looked for.
    for at in [8, 88, 168, 176, 184, 236, 244] {
        let mut moved = whole.clone();
        moved.insert(at, b'x');
        check(moved);
        let mut moved = whole.clone();
        moved.drain(at..at + 1);
        check(moved);
        let mut moved = whole.clone();
        moved.drain(at.saturating_sub(70)..at);
        check(moved);
    }
}

#[test]
fn what_is_kept_is_kept_under_a_hash() {
    let mut desk = Desk::open(vec![("Haagse_Harry.edf", file())], Kept::new());
    desk.edit(Edit::AddAnnotation {
        recording: 0,
        annotation: Annotation { onset_s: 0.1, duration_s: None, text: "x".into(), channel: None },
    });
    desk.work();
    let (_, key, bytes) = &desk.keeps[0];
    silent(key);
    silent(&String::from_utf8_lossy(bytes));
    assert!(key.chars().all(|c| c.is_ascii_hexdigit()));
}
