//! EDF and BDF files byte by byte, written independently of the writer under test.
#![allow(dead_code)]

/// One signal to be written.
#[derive(Debug, Clone)]
pub struct Signal {
    pub label: String,
    pub transducer: String,
    pub unit: String,
    /// Physical minimum and maximum, digital minimum and maximum, as texts.
    pub limits: [String; 4],
    pub prefilter: String,
    /// Samples of each record; an annotation signal has none.
    pub records: Vec<Vec<i32>>,
    /// Bytes of each record of an annotation signal.
    pub tals: Option<Vec<Vec<u8>>>,
    pub per_record: usize,
}

/// A whole file.
#[derive(Debug, Clone)]
pub struct File {
    pub bdf: bool,
    pub patient: String,
    pub recording: String,
    pub date: String,
    pub time: String,
    pub reserved: String,
    pub records: String,
    pub duration: String,
    pub signals: Vec<Signal>,
}

/// An ordinary signal.
pub fn signal(label: &str, unit: &str, limits: [&str; 4], per_record: usize, samples: &[i32]) -> Signal {
    Signal {
        label: label.into(),
        transducer: "Ag-AgCl electrodes".into(),
        unit: unit.into(),
        limits: limits.map(str::to_owned),
        prefilter: "HP:10Hz LP:10kHz".into(),
        records: samples.chunks(per_record).map(<[i32]>::to_vec).collect(),
        tals: None,
        per_record,
    }
}

/// An annotation signal with one text (`[20]`, `[21]` and `[0]` stand for the bytes) a record.
pub fn annotations(label: &str, bytes: usize, texts: &[&str]) -> Signal {
    let tal = |text: &&str| text.replace("[20]", "\u{14}").replace("[21]", "\u{15}").replace("[0]", "\0").into_bytes();
    Signal {
        label: label.into(),
        transducer: String::new(),
        unit: String::new(),
        limits: ["-1", "1", "-32768", "32767"].map(str::to_owned),
        prefilter: String::new(),
        records: Vec::new(),
        tals: Some(texts.iter().map(tal).collect()),
        per_record: bytes,
    }
}

impl File {
    /// A file of these signals with a plausible header.
    pub fn new(reserved: &str, duration: &str, signals: Vec<Signal>) -> Self {
        let records = signals.first().map_or(0, |s| s.tals.as_ref().map_or(s.records.len(), Vec::len));
        Self {
            bdf: false,
            patient: "X M 29-JAN-1956 X".into(),
            recording: "Startdate 01-JAN-2002 emg1 jop N1".into(),
            date: "01.01.02".into(),
            time: "10.30.00".into(),
            reserved: reserved.into(),
            records: records.to_string(),
            duration: duration.into(),
            signals,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let field = |out: &mut Vec<u8>, text: &str, width: usize| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.resize(width, b' ');
            out.extend_from_slice(&bytes);
        };
        if self.bdf {
            out.extend_from_slice(b"\xffBIOSEMI");
        } else {
            field(&mut out, "0", 8);
        }
        field(&mut out, &self.patient, 80);
        field(&mut out, &self.recording, 80);
        field(&mut out, &self.date, 8);
        field(&mut out, &self.time, 8);
        field(&mut out, &(256 * (self.signals.len() + 1)).to_string(), 8);
        field(&mut out, &self.reserved, 44);
        field(&mut out, &self.records, 8);
        field(&mut out, &self.duration, 8);
        field(&mut out, &self.signals.len().to_string(), 4);
        let width = if self.bdf { 3 } else { 2 };
        type Column = (usize, fn(&Signal, usize) -> String);
        let columns: [Column; 10] = [
            (16, |s, _| s.label.clone()),
            (80, |s, _| s.transducer.clone()),
            (8, |s, _| s.unit.clone()),
            (8, |s, _| s.limits[0].clone()),
            (8, |s, _| s.limits[1].clone()),
            (8, |s, _| s.limits[2].clone()),
            (8, |s, _| s.limits[3].clone()),
            (80, |s, _| s.prefilter.clone()),
            (8, |s, w| if s.tals.is_some() { s.per_record / w } else { s.per_record }.to_string()),
            (32, |_, _| String::new()),
        ];
        for (len, text) in columns {
            for signal in &self.signals {
                field(&mut out, &text(signal, width), len);
            }
        }
        let records = self.signals.iter().map(|s| s.tals.as_ref().map_or(s.records.len(), Vec::len)).max().unwrap_or(0);
        for record in 0..records {
            for signal in &self.signals {
                match &signal.tals {
                    Some(tals) => {
                        let mut bytes = tals[record].clone();
                        assert!(bytes.len() <= signal.per_record, "{} > {}", bytes.len(), signal.per_record);
                        bytes.resize(signal.per_record, 0);
                        out.extend_from_slice(&bytes);
                    }
                    None => {
                        for k in 0..signal.per_record {
                            let value = signal.records[record].get(k).copied().unwrap_or(0);
                            out.extend_from_slice(&value.to_le_bytes()[..width]);
                        }
                    }
                }
            }
        }
        out
    }
}

/// A response-like wave: one period of a sine behind a flat beginning.
pub fn wave(n: usize, from: usize, len: usize, height: f64) -> Vec<i32> {
    (0..n)
        .map(|k| {
            let phase = (k as f64 - from as f64) / len as f64;
            if (0.0..1.0).contains(&phase) { ((phase * std::f64::consts::TAU).sin() * height).round() as i32 } else { 0 }
        })
        .collect()
}
