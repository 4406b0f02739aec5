//! Patient and recording identification: the subfields of EDF+ section 2.1.3 items 3 and 4.
//!
//! Plain EDF puts free text there; it is kept as the name or description as it stands.

use jiff::civil::Date;

use crate::model::Subject;

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// `dd-MMM-yyyy` with English months.
fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    Date::new(year.parse().ok()?, i8::try_from(month).ok()? + 1, day.parse().ok()?).ok()
}

/// `date` as `dd-MMM-yyyy`.
pub(super) fn format_date(date: Date) -> String {
    let month = usize::try_from(date.month()).ok().and_then(|m| MONTHS.get(m.wrapping_sub(1))).copied().unwrap_or("JAN");
    format!("{:02}-{month}-{:04}", date.day(), date.year())
}

/// The date in a recording identification (`Startdate 02-MAR-2002 ...`).
pub(super) fn start_date(recording: &str) -> Option<Date> {
    let mut words = recording.split_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("Startdate"))?;
    parse_date(words.next()?)
}

/// Reads the patient identification.
pub(super) fn subject(patient: &str) -> Subject {
    let words: Vec<&str> = patient.split_whitespace().collect();
    let known = |word: &str| if word == "X" { String::new() } else { word.replace('_', " ") };
    match words.as_slice() {
        [code, sex @ ("F" | "M" | "X"), birth, name, ..] if *birth == "X" || parse_date(birth).is_some() => Subject {
            code: known(code),
            name: known(name),
            sex: (*sex).to_owned(),
            birth_date: if *birth == "X" { String::new() } else { (*birth).to_owned() },
            ..Subject::default()
        },
        _ => Subject { name: patient.trim().to_owned(), ..Subject::default() },
    }
}

/// Writes the patient identification.
pub(super) fn patient(subject: &Subject) -> String {
    let field = |text: &str| if text.trim().is_empty() { "X".to_owned() } else { text.trim().replace(char::is_whitespace, "_") };
    let sex = match subject.sex.as_str() {
        "F" | "M" => subject.sex.as_str(),
        _ => "X",
    };
    let birth = parse_date(&subject.birth_date).map_or_else(|| "X".to_owned(), format_date);
    format!("{} {sex} {birth} {}", field(&subject.code), field(&subject.name))
}

/// Writes the recording identification. A description that already is one is kept.
pub(super) fn recording(description: &str, start: Option<Date>) -> String {
    let date = start.map_or_else(|| "X".to_owned(), format_date);
    let mut words = description.split_whitespace();
    if words.next().is_some_and(|word| word.eq_ignore_ascii_case("Startdate")) {
        let rest: Vec<&str> = words.skip(1).collect();
        return format!("Startdate {date} {}", rest.join(" ")).trim_end().to_owned();
    }
    format!("Startdate {date} X X X {}", description.trim()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let text = "MCH-0234567 F 02-MAY-1951 Haagse_Harry";
        let read = subject(text);
        assert_eq!((read.code.as_str(), read.sex.as_str(), read.name.as_str()), ("MCH-0234567", "F", "Haagse Harry"));
        assert_eq!(patient(&read), text);
        assert_eq!(subject("somebody at the clinic").name, "somebody at the clinic");
        assert_eq!(patient(&Subject::default()), "X X X X");
    }

    #[test]
    fn the_start_date_of_the_recording_field_is_read() {
        let text = "Startdate 02-MAR-2002 PSG-1234/2002 NN Telemetry03";
        let date = start_date(text);
        assert_eq!(date, Date::new(2002, 3, 2).ok());
        assert_eq!(recording(text, date), text);
        assert_eq!(start_date("Startdate X X X X"), None);
        assert_eq!(recording("wrist", None), "Startdate X X X X wrist");
    }
}
