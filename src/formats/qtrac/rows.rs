//! The lines of a Qtrac file: header, tables, variables.

use super::MAX_ROWS;
use crate::model::{Electrotonus, Excitability, ScanPoint, Warning};

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Rows {
    header: Vec<(String, String, u64)>,
    /// Of a scan.
    pub(super) points: Vec<ScanPoint>,
    /// Of the other tables, and all stated values.
    pub(super) excitability: Excitability,
}

/// Where in the file a line stands.
#[derive(PartialEq, Clone, Copy)]
enum Part {
    Header,
    Tables,
    Derived,
    Extra,
    /// Waveforms and models: left out.
    Rest,
}

/// Warnings of one kind are given at most this often.
const MOST_WARNINGS: usize = 20;
/// Most lines of the header and most stated values.
const MOST_KEYS: usize = 1000;

impl Rows {
    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty() && self.excitability.is_empty()
    }

    /// Text of a header line; empty when there is none.
    pub(super) fn header(&self, key: &str) -> String {
        self.header.iter().find(|(name, ..)| name.eq_ignore_ascii_case(key)).map_or_else(String::new, |(_, value, _)| value.clone())
    }

    /// Number of a header line; a value that is none is a warning (which does not tell the value).
    pub(super) fn number(&self, key: &str, warnings: &mut Vec<Warning>) -> Option<f64> {
        let (_, value, offset) = self.header.iter().find(|(name, ..)| name.eq_ignore_ascii_case(key))?;
        let number = value.parse::<f64>().ok().filter(|n| n.is_finite());
        if number.is_none() && !value.is_empty() {
            warnings.push(Warning::at(key, *offset, format!("{key} is no number and was left out")));
        }
        number
    }

    /// Reads all lines.
    pub(super) fn read(text: &str, warnings: &mut Vec<Warning>) -> Self {
        let mut rows = Self::default();
        let (mut part, mut offset, mut told) = (Part::Header, 0_u64, 0_usize);
        // Sizes of a scan are in mV unless the heading says otherwise.
        let mut uv_per_unit = 1e3;
        for (index, line) in text.split('\n').enumerate() {
            let at = offset;
            offset += line.len() as u64 + 1;
            let line = line.trim();
            let upper = line.to_ascii_uppercase();
            if upper.starts_with("DERIVED EXCITABILITY VARIABLES") {
                part = Part::Derived;
            } else if upper.starts_with("EXTRA VARIABLES") {
                part = Part::Extra;
            } else if upper.starts_with("EXTRA WAVEFORMS") || line.starts_with('!') {
                part = Part::Rest;
            } else if upper.contains(" DATA (") || upper.ends_with(" DATA") {
                part = Part::Tables;
            } else if upper.starts_with("STIM.") && upper.contains("AMP.") {
                uv_per_unit = if upper.contains("(UV)") { 1.0 } else { 1e3 };
            } else if upper.starts_with("MAX CMAP") {
                rows.max_cmap(line);
            } else if part == Part::Derived {
                rows.derived(line);
            } else if part == Part::Extra {
                rows.extra(line);
            } else if let (Part::Header | Part::Tables, Some((table, cells))) = (part, table_row(line)) {
                let numbers: Option<Vec<f64>> = cells.iter().map(|cell| cell.parse().ok().filter(|n: &f64| n.is_finite())).collect();
                let taken = numbers.is_some_and(|numbers| rows.row(table, &numbers, uv_per_unit));
                told += usize::from(!taken);
                if !taken && told <= MOST_WARNINGS {
                    let what = format!("line {} of table {table} is not what this table holds and was left out", index + 1);
                    warnings.push(Warning::at(table, at, what));
                }
            } else if let (Part::Header, Some((key, value))) = (part, line.split_once(':'))
                && rows.header.len() < MOST_KEYS
            {
                rows.header.push((key.trim().to_owned(), value.trim().to_owned(), at));
            }
        }
        if told > MOST_WARNINGS {
            warnings.push(Warning::new(format!("{} more lines were left out", told - MOST_WARNINGS)));
        }
        rows.excitability.protocol = rows.header("Protocol");
        rows
    }

    /// Takes a row of a table; `false` when it does not fit.
    fn row(&mut self, table: &str, numbers: &[f64], uv_per_unit: f64) -> bool {
        let e = &mut self.excitability;
        let pair = |numbers: &[f64]| numbers.first().copied().zip(numbers.get(1).copied()).map(|(a, b)| [a, b]);
        let list = match table.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "MS" => {
                let Some([current_ma, amp]) = pair(numbers) else { return false };
                if self.points.len() < MAX_ROWS {
                    self.points.push(ScanPoint { current_ma, amp_uv: amp * uv_per_unit });
                    return true;
                }
                return false;
            }
            "TE" => {
                let [delay, current, reduction] = *numbers else { return false };
                let at = e.threshold_electrotonus.iter().position(|te| te.name == table).unwrap_or_else(|| {
                    e.threshold_electrotonus.push(Electrotonus { name: table.to_owned(), points: Vec::new() });
                    e.threshold_electrotonus.len() - 1
                });
                let points = &mut e.threshold_electrotonus[at].points;
                if points.len() < MAX_ROWS {
                    points.push([delay, current, reduction]);
                    return true;
                }
                return false;
            }
            "SR" => &mut e.stimulus_response,
            "QT" => &mut e.charge_duration,
            "RC" => &mut e.recovery_cycle,
            "IV" => &mut e.current_threshold,
            _ => return false,
        };
        match pair(numbers) {
            Some(values) if list.len() < MAX_ROWS => list.push(values),
            _ => return false,
        }
        true
    }

    /// `Max CMAP  1 ms =  1.161296 mV`.
    fn max_cmap(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, _, pulse, "ms", "=", size, unit] = words.as_slice()
            && let (Ok(pulse), Ok(size)) = (pulse.parse::<f64>(), size.parse::<f64>())
        {
            let scale = if unit.eq_ignore_ascii_case("uv") { 1.0 } else { 1e3 };
            self.excitability.max_cmap.push([pulse, size * scale]);
        }
    }

    /// `19.<tab>8.063<tab>Latency (ms)`.
    fn derived(&mut self, line: &str) {
        let mut cells = line.splitn(3, '\t').map(str::trim);
        if let (Some(_), Some(value), Some(name)) = (cells.next(), cells.next(), cells.next())
            && let Ok(value) = value.parse()
        {
            self.state(name, value);
        }
    }

    /// `MScPeak(mV) = 6.62`.
    fn extra(&mut self, line: &str) {
        if let Some((name, value)) = line.split_once('=')
            && let Ok(value) = value.trim().parse()
        {
            self.state(name, value);
        }
    }

    fn state(&mut self, name: &str, value: f64) {
        if value.is_finite() && self.excitability.stated.len() < MOST_KEYS {
            let (name, unit) = unit_of(name);
            self.excitability.stated.push((name, unit, value));
        }
    }
}

/// Table and cells of `TE1.3<tab> 10 <tab>40<tab>40.02`.
fn table_row(line: &str) -> Option<(&str, Vec<&str>)> {
    let mut words = line.split_whitespace();
    let (table, number) = words.next()?.split_once('.')?;
    let is_name = (2..=4).contains(&table.len()) && table.starts_with(|c: char| c.is_ascii_uppercase());
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    (is_name && is_number && table.chars().all(|c| c.is_ascii_alphanumeric())).then(|| (table, words.collect()))
}

/// A name such as `Superexcitability (%)` without its unit, and the unit.
fn unit_of(name: &str) -> (String, String) {
    const UNITS: [&str; 9] = ["mA", "ms", "mV", "uV", "%", "C", "m", "min", "years"];
    let name = name.replace('\\', " ");
    for unit in UNITS {
        for written in [format!("({unit})"), format!("( {unit})")] {
            if let Some(at) = name.find(&written) {
                let rest = format!("{}{}", name[..at].trim_end(), &name[at + written.len()..]);
                return (rest.split_whitespace().collect::<Vec<_>>().join(" "), unit.to_owned());
            }
        }
    }
    (name.split_whitespace().collect::<Vec<_>>().join(" "), String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_taken_out_of_names() {
        let of = |name| unit_of(name);
        assert_eq!(of("Superexcitability (%)"), ("Superexcitability".into(), "%".into()));
        assert_eq!(of("Stimulus (mA) for 50% max response"), ("Stimulus for 50% max response".into(), "mA".into()));
        assert_eq!(of("TEh(90-100ms)"), ("TEh(90-100ms)".into(), String::new()));
        assert_eq!(of("Strength-duration\\time constant (ms)"), ("Strength-duration time constant".into(), "ms".into()));
        assert_eq!(of("Temperature ( C)"), ("Temperature".into(), "C".into()));
    }

    #[test]
    fn every_table_is_read() {
        let text = "Protocol:\tTROND\n STIMULUS-RESPONSE DATA (2.4m)\n Max CMAP  1 ms =  1.16 mV\n Max CMAP .2 ms = 61.3 uV\nSR.2 2 3.9\nQT.1 .2 9.79 1.95\n\
            TE1.1 0 0 0\nTE1.2 10 40 40.02\nTE2.1 10 -40 -39\nRC1.1 3.2 4.99\nIV1.1 50 49.28\nXX.1 1 2\nTE1.9 1 2\n DERIVED EXCITABILITY VARIABLES\n 4.\t4.026\tRheobase (mA)\n";
        let mut warnings = Vec::new();
        let rows = Rows::read(text, &mut warnings);
        let e = rows.excitability;
        assert_eq!(
            (e.stimulus_response.len(), e.charge_duration[0], e.recovery_cycle.len(), e.current_threshold.len()),
            (1, [0.2, 9.79], 1, 1)
        );
        assert_eq!(e.max_cmap, [[1.0, 1160.0], [0.2, 61.3]]);
        assert_eq!(e.threshold_electrotonus.iter().map(Electrotonus::current_pct).collect::<Vec<_>>(), [40.0, -40.0]);
        assert_eq!(e.stated, [("Rheobase".to_owned(), "mA".to_owned(), 4.026)]);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
    }
}
