//! Qtrac `.MEM`: results of threshold tracking (nerve excitability, CMAP scans) as text.
//!
//! There is no public specification; this follows files written by QtracP of 2016 to 2020. Lines end
//! with CR LF. A header of `Key: value` lines; then tables whose rows begin with the name of the table
//! and a number (`SR.2`, `TE1.3`, `MS.17`); `DERIVED EXCITABILITY VARIABLES` (number, value, name) and
//! `EXTRA VARIABLES` (`name = value`), both computed by the program that wrote the file; waveforms and
//! models behind them are left out. A file holds no samples: its points become a test of kind scan
//! or excitability.
//!
//! Reads at most [`MAX_BYTES`]; tables longer than [`MAX_ROWS`] are cut, with a warning. Rows that
//! are no numbers are left out with a warning that names line and table.
//!
//! A `.MEF` lists the names of `.MEM` files that make a group; it is refused with a sentence.

mod rows;
mod sites;

use super::{Files, OpenOptions, Opened, ReadError, Reader};
use crate::model::{Examination, NerveTest, Study, TestKind, Warning};
use rows::Rows;

/// Largest file.
pub const MAX_BYTES: u64 = 8 << 20;
/// Most rows of one table.
pub const MAX_ROWS: usize = 20_000;

/// Reader of Qtrac results.
#[derive(Debug, Clone, Copy)]
pub struct Qtrac;

impl Reader for Qtrac {
    fn name(&self) -> &'static str {
        "Qtrac"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["mem", "mef"]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let lower = name.to_ascii_lowercase();
        let by_name = [".mem", ".mef"].iter().any(|ending| lower.ends_with(ending));
        if head.contains(&0) {
            return 0;
        }
        let text = text_of(head);
        let keys = ["File:", "Protocol:", "S/R sites:"].iter().filter(|key| text.lines().any(|line| line.trim_start().starts_with(**key)));
        match keys.count() {
            3 => 95,
            2 if by_name => 80,
            _ if by_name => 20,
            _ => 0,
        }
    }

    fn open(&self, files: &Files, main: usize, _: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::malformed(0, "there is no such file"))?;
        if file.source.len() > MAX_BYTES {
            return Err(ReadError::Limit { what: "the size of the file".into(), max: MAX_BYTES });
        }
        let text = text_of(&file.source.read_vec(0, MAX_BYTES as usize)?);
        let mut warnings = Vec::new();
        let rows = Rows::read(&text, &mut warnings);
        if rows.is_empty() {
            if file.name.to_ascii_lowercase().ends_with(".mef") || looks_like_group(&text) {
                let members = text.lines().filter(|line| !line.trim().is_empty()).count();
                let feature =
                    format!("a list of the members of a group ({members} lines): open the .MEM files that it names; the list itself");
                return Err(ReadError::Unsupported { feature });
            }
            return Err(ReadError::malformed(0, "there is no row of a scan or of an excitability test"));
        }
        Ok(Opened { study: study(rows, &mut warnings), samples: Vec::new(), warnings, used: vec![file.name.clone()], ..Opened::default() })
    }
}

/// Text of any bytes: UTF-8, or else each byte a character.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// One name a line, nothing else.
fn looks_like_group(text: &str) -> bool {
    let mut names = text.lines().map(str::trim).filter(|line| !line.is_empty());
    names.by_ref().take(3).count() > 0 && names.take(50).all(|line| !line.contains(char::is_whitespace) && !line.contains(':'))
}

fn study(rows: Rows, warnings: &mut Vec<Warning>) -> Study {
    let mut study = Study::default();
    study.subject.name = rows.header("Name");
    study.subject.sex = match rows.header("Sex").to_ascii_uppercase().as_str() {
        "1" | "M" => "M".into(),
        "2" | "F" => "F".into(),
        other => other.into(),
    };
    study.subject.age_years = rows.number("Age", warnings).filter(|age| (0.0..=130.0).contains(age));
    let place = sites::parse(&rows.header("S/R sites"));
    let test = |kind| NerveTest {
        kind,
        side: place.side,
        nerve: place.nerve.clone(),
        recorded_from: place.muscle.clone(),
        sites: place.site(),
        ..NerveTest::default()
    };
    let temperature_c = rows.number("Temperature", &mut Vec::new()).filter(|c| (10.0..=45.0).contains(c));
    let Rows { points, excitability, .. } = rows;
    let mut tests = Vec::new();
    if !points.is_empty() {
        // What the file states of the scan stays with the scan.
        let stated = crate::model::Excitability { stated: excitability.stated.clone(), ..Default::default() };
        tests.push(NerveTest { temperature_c, points, excitability: Some(stated), ..test(TestKind::Scan) });
    }
    if !excitability.is_empty() {
        tests.push(NerveTest { temperature_c, excitability: Some(excitability), ..test(TestKind::Excitability) });
    }
    study.examination = Examination { tests, sweeps: Vec::new() };
    study
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{NamedSource, SliceSource};
    use std::rc::Rc;

    const SCAN: &str = "File:  \tX.QZD\r\nName: \tsomeone\r\nProtocol:\tMSCAN\r\nAge:\t43\r\nSex:\tM\r\nTemperature:\t30.7\r\nS/R sites:\tMedian Wr-APB\r\n\
        M-SCAN DATA\r\nStim. (mA)\tAmp. (mV)\r\nMS.1\t14\t6.733\r\nMS.2\tx\t6.7\r\nMS.3\t13,5\t\r\nMS.4\t13\t6\r\n\
        DERIVED EXCITABILITY VARIABLES\r\n6.\t0.5\tPeak response\\(mV)\r\nEXTRA VARIABLES\r\nMScD50 = 43\r\n";

    fn open(name: &str, text: &[u8]) -> Result<Opened, ReadError> {
        let source = Rc::new(SliceSource::from(text.to_vec()));
        Qtrac.open(&Files { all: vec![NamedSource { name: name.into(), source }] }, 0, &OpenOptions::default())
    }

    #[test]
    fn a_scan_is_read_and_bad_rows_are_named() {
        let opened = open("a.MEM", SCAN.as_bytes()).unwrap();
        let test = &opened.study.examination.tests[0];
        assert_eq!((test.kind, test.nerve.as_str(), test.recorded_from.as_str()), (TestKind::Scan, "Median", "APB"));
        assert_eq!((test.sites[0].name.as_str(), test.temperature_c), ("Wrist", Some(30.7)));
        let points: Vec<(f64, f64)> = test.points.iter().map(|p| (p.current_ma, p.amp_uv)).collect();
        assert_eq!(points, [(14.0, 6733.0), (13.0, 6000.0)]);
        let stated = &test.excitability.as_ref().unwrap().stated;
        assert_eq!(stated, &[("Peak response".into(), "mV".into(), 0.5), ("MScD50".into(), String::new(), 43.0)]);
        let told: Vec<&str> = opened.warnings.iter().map(|w| w.what.as_str()).collect();
        assert!(told.len() == 2 && told[0].contains("line 11") && told[1].contains("line 12") && told[0].contains("MS"), "{told:?}");
        assert_eq!((opened.study.subject.age_years, opened.study.subject.sex.as_str()), (Some(43.0), "M"));
        assert!(Qtrac.score("b.txt", SCAN.as_bytes()) > 90);
    }

    #[test]
    fn what_is_none_is_refused_in_a_sentence() {
        let group = open("g.MEF", b"MSCC00128B_OM2\r\nMSCC00201B_OM2\r\n").err().unwrap().to_string();
        assert!(group.contains("open the .MEM files"), "{group}");
        assert!(open("a.mem", b"File:\tx\r\nMS.1\tx\ty\r\n").is_err());
        assert!(open("a.mem", b"").is_err());
        assert_eq!(Qtrac.score("a.csv", b"1,2\n3,4\n"), 0);
    }
}
