//! A laboratory's own limits: a table as any spreadsheet saves it (docs/limits.md).

use super::limits::{Bound, Limit, Profile, published};
use super::rows::{Table, first, heading};
use super::studies::{by_id, late_responses};

/// Largest table, bytes.
const MOST_BYTES: usize = 4 << 20;

/// Columns, as they are written; the first five must be there.
const COLUMNS: [&str; 15] = [
    "study",
    "measure",
    "unit",
    "bound",
    "value",
    "segment",
    "amp_kind",
    "sex",
    "age_min",
    "age_max",
    "height_min_cm",
    "height_max_cm",
    "source",
    "verified",
    "note",
];

/// Units, and the largest value that can be meant in them.
const MOST: [(&str, f64); 6] = [("ms", 300.0), ("mV", 100.0), ("uV", 1000.0), ("m_per_s", 120.0), ("percent", 200.0), ("ratio", 100.0)];

/// Units that the published limits of a measure are in: what values are compared in.
fn units(measure: &str) -> Vec<&'static str> {
    let mut out: Vec<&str> = published().rows.iter().filter(|row| row.measure == measure).map(|row| row.unit.as_str()).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// Comparisons between nerves are judged by the rules of their diagnosis, not by a table.
fn is_study(id: &str) -> bool {
    by_id(id).is_some() || late_responses().iter().any(|late| late.id == id)
}

/// Whether a text begins like a table of limits.
pub fn is_table(text: &str) -> bool {
    let head = heading(text).to_lowercase();
    COLUMNS[..5].iter().all(|column| head.contains(column))
}

/// Reads a table; `name` is what the profile is called where the table has no `# name:` of its own.
/// What is wrong with a row is said in the second value, and the row left out.
///
/// # Errors
/// A sentence where there is no usable row at all.
pub fn read(text: &str, name: &str) -> Result<(Profile, Vec<String>), String> {
    if text.len() > MOST_BYTES {
        return Err(format!("A table of limits of {} MB cannot be one; the most is 4 MB.", text.len() >> 20));
    }
    let text = text.trim_start_matches('\u{feff}');
    let own = text.lines().find_map(|line| line.strip_prefix('#')?.trim().strip_prefix("name:")).map(str::trim);
    let name = own.filter(|own| !own.is_empty()).unwrap_or(name).to_owned();
    let table = Table::open(text).map_err(|error| format!("The heading cannot be read: {error}."))?;
    if let Some(missing) = COLUMNS[..5].iter().find(|name| !table.has(name)) {
        return Err(format!("There is no column '{missing}'. A table of limits has: {}.", COLUMNS[..5].join(", ")));
    }
    let comma = table.comma;
    let (rows, problems) = table.rows(usize::MAX, |of| row(&|column: &str| of.cell(column), comma, &name));
    if rows.is_empty() {
        return Err(format!("No row of it can be used.{}", first(&problems)));
    }
    Ok((Profile { name, rows }, problems))
}

fn row<'a>(cell: &impl Fn(&str) -> &'a str, comma: bool, name: &str) -> Result<Limit, String> {
    let number = |of: &str| number(cell(of), of, comma);
    let Subject { study, measure, unit, segment, amp_kind } = subject(cell)?;
    let bound = match cell("bound").to_lowercase().as_str() {
        "upper" | "max" | "<=" => Bound::Upper,
        "lower" | "min" | ">=" => Bound::Lower,
        other => return Err(format!("the bound '{other}' is neither upper nor lower")),
    };
    let value = number("value")?.ok_or("there is no value")?;
    let most = MOST.iter().find(|(of, _)| *of == unit).map_or(f64::INFINITY, |(_, most)| *most);
    if value <= 0.0 || value > most {
        return Err(format!("{value} {unit} cannot be a limit of {measure}"));
    }
    let verified = Some(cell("verified")).filter(|text| !text.is_empty()).map_or_else(|| "own".to_owned(), str::to_lowercase);
    Ok(Limit {
        id: format!("own_{study}_{measure}"),
        profile: name.to_owned(),
        study,
        measure,
        unit: unit.to_owned(),
        bound,
        value,
        segment,
        amp_kind,
        sex: sex(cell("sex"))?,
        age_min: number("age_min")?,
        age_max: number("age_max")?,
        height_min_cm: number("height_min_cm")?,
        height_max_cm: number("height_max_cm")?,
        source: vec![
            Some(cell("source")).filter(|text| !text.is_empty()).map_or_else(|| name.to_owned(), |source| format!("{name}: {source}")),
        ],
        confidence: "high".into(),
        verified,
        note: cell("note").to_owned(),
    })
}

/// A cell as a number; `comma`: with decimal commas.
pub(super) fn number(cell: &str, of: &str, comma: bool) -> Result<Option<f64>, String> {
    let text = if comma { cell.replace(',', ".") } else { cell.to_owned() };
    match text.as_str() {
        "" => Ok(None),
        text => text.parse().ok().filter(|value: &f64| value.is_finite()).map(Some).ok_or(format!("{of} '{text}' is no number")),
    }
}

/// `female`, `male` or neither.
pub(super) fn sex(cell: &str) -> Result<Option<String>, String> {
    match cell.to_lowercase().as_str() {
        "" => Ok(None),
        "f" | "female" => Ok(Some("female".to_owned())),
        "m" | "male" => Ok(Some("male".to_owned())),
        other => Err(format!("the sex '{other}' is neither female nor male")),
    }
}

/// What a row of a table speaks of.
pub(super) struct Subject {
    pub study: String,
    pub measure: String,
    pub unit: &'static str,
    pub segment: Option<String>,
    pub amp_kind: Option<String>,
}

/// The study, measure, unit, segment and kind of amplitude of a row.
///
/// # Errors
/// What of it is not known.
pub(super) fn subject<'a>(cell: &impl Fn(&str) -> &'a str) -> Result<Subject, String> {
    let study = cell("study").to_lowercase().replace([' ', '-'], "_").replace("peroneal", "fibular");
    let definition = by_id(&study);
    if !is_study(&study) {
        return Err(format!("the study '{}' is not known", cell("study")));
    }
    let measure = cell("measure").to_lowercase().replace(' ', "_");
    let units = units(&measure);
    if units.is_empty() {
        return Err(format!("the measure '{measure}' is not one that the published table has"));
    }
    let unit = cell("unit").replace(['\u{b5}', '\u{3bc}'], "u").replace("m/s", "m_per_s").replace('%', "percent");
    let Some(unit) = units.iter().copied().find(|of| of.eq_ignore_ascii_case(&unit)) else {
        return Err(format!("the unit '{}' is not that of {measure} ({})", cell("unit"), units.join(" or ")));
    };
    // A motor response is held in mV, a sensory one in uV: what is in the other unit would be a thousand times off.
    let motor = definition.is_some_and(|study| study.kind == "motor");
    if measure == "amplitude" && (unit == "mV") != motor {
        return Err(format!("amplitudes of {study} are in {}", if motor { "mV" } else { "uV" }));
    }
    let text = |of: &str| Some(cell(of)).filter(|text| !text.is_empty()).map(str::to_lowercase);
    let segment = text("segment");
    if let (Some(segment), Some(study)) = (&segment, definition) {
        let known = |id: &str| study.sites.iter().any(|site| site.id == id);
        if segment.split('-').count() > 2 || !segment.split('-').all(known) {
            return Err(format!("the segment '{segment}' is not between two sites of {} (as wrist-below_elbow)", study.id));
        }
    }
    if measure == "conduction_velocity" && motor && segment.is_none() {
        return Err("a motor velocity needs its segment (as wrist-below_elbow)".into());
    }
    Ok(Subject { study, measure, unit, segment, amp_kind: text("amp_kind") })
}

/// The published limits as such a table, to begin one's own with.
pub fn template() -> String {
    let rows: Vec<&Limit> = published().rows.iter().filter(|row| is_study(&row.study)).collect();
    write(
        "Our laboratory",
        &["Rows of one study here replace all published rows of that study. What each column means: docs/limits.md"],
        &rows,
    )
}

/// Limits as a table that [`read`] reads, with its name and remarks above.
pub fn write(name: &str, remarks: &[&str], rows: &[&Limit]) -> String {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut out = format!("# name: {}\n", one_line(name)).into_bytes();
    for remark in remarks {
        out.extend(format!("# {}\n", one_line(remark)).into_bytes());
    }
    {
        let mut writer = csv::Writer::from_writer(&mut out);
        let _ = writer.write_record(COLUMNS);
        for row in rows {
            let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            let word = |text: &Option<String>| text.clone().unwrap_or_default();
            let bound = if row.bound == Bound::Upper { "upper" } else { "lower" };
            let sources = row.source.iter().map(|key| super::citation(key)).collect::<Vec<_>>().join("; ");
            let cells = [
                row.study.clone(),
                row.measure.clone(),
                row.unit.clone(),
                bound.into(),
                row.value.to_string(),
                word(&row.segment),
                word(&row.amp_kind),
                word(&row.sex),
                number(row.age_min),
                number(row.age_max),
                number(row.height_min_cm),
                number(row.height_max_cm),
                sources,
                row.verified.clone(),
                row.note.clone(),
            ];
            let _ = writer.write_record(&cells);
        }
        let _ = writer.flush();
    }
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{is_table, read, template};
    use crate::norms::{Person, limits};

    const HEAD: &str = "study,measure,unit,bound,value,segment,age_min,age_max\n";

    #[test]
    fn the_template_is_read_back_as_the_published_limits() {
        let text = template();
        assert!(is_table(&text));
        let (profile, problems) = read(&text, "x.csv").unwrap();
        assert_eq!((profile.name.as_str(), problems), ("Our laboratory", Vec::new()));
        let person = Person { age_years: Some(50.0), female: Some(true), ..Person::default() };
        let own = Person { own: Some(Arc::new(profile)), ..person.clone() };
        for study in ["median_motor_apb", "sural", "ulnar_motor_adm", "f_median"] {
            let values = |person| limits(study, person).iter().map(|row| (row.measure.clone(), row.value)).collect::<Vec<_>>();
            assert!(!values(&person).is_empty());
            assert_eq!(values(&person), values(&own), "{study}");
        }
    }

    #[test]
    fn own_rows_replace_a_whole_study_and_no_other() {
        let (profile, problems) = read(&format!("{HEAD}Median motor APB,onset_latency,ms,upper,4.1,,,\n"), "ours.csv").unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        let person = Person { own: Some(Arc::new(profile)), ..Person::default() };
        let rows = limits("median_motor_apb", &person);
        assert_eq!(rows.len(), 1, "profiles are never mixed");
        assert!((rows[0].value - 4.1).abs() < 1e-9 && rows[0].source == ["ours.csv"] && !rows[0].unverified());
        assert!(limits("sural", &person).len() > 1);
    }

    #[test]
    fn what_is_wrong_is_said_by_line_and_the_rest_is_read() {
        let rows = "warp_motor,onset_latency,ms,upper,4,,,\nsural,amplitude,mV,lower,6,,,\nsural,amplitude,uV,lower,-6,,,\nsural,amplitude,uV,sideways,6,,,\n\
            sural,colour,uV,lower,6,,,\nsural,amplitude,uV,lower,six,,,\nulnar_motor_adm,conduction_velocity,m/s,lower,50,,,\n\
            ulnar_motor_adm,conduction_velocity,m/s,lower,50,wrist-moon,,\nsural,amplitude,uV,lower,6,,20,old\nsural,amplitude,\u{b5}V,lower,6,,,\n";
        let (profile, problems) = read(&format!("{HEAD}{rows}"), "x.csv").unwrap();
        assert_eq!((profile.rows.len(), problems.len()), (1, 9), "{problems:?}");
        assert!(problems[0].starts_with("line 2: the study 'warp_motor'"), "{problems:?}");
        assert!(problems[1].contains("in uV") && problems[6].contains("segment") && problems[8].contains("age_max"));
        assert!(read("study,measure\n", "x").unwrap_err().contains("no column 'unit'"));
        assert!(read(HEAD, "x").unwrap_err().contains("No row"));
        assert!(read(&"x".repeat(5 << 20), "x").is_err());
        assert!(!is_table("time,ch1,ch2\n0,1,2\n"));
    }

    #[test]
    fn spreadsheets_with_semicolons_and_decimal_commas_are_read() {
        let text = "\u{feff}# name: Unser Labor\nStudy;Measure;Unit;Bound;Value;Sex\nsural;amplitude;uV;min;5,5;F\n";
        let (profile, problems) = read(text, "x.csv").unwrap();
        assert!(problems.is_empty() && profile.name == "Unser Labor" && (profile.rows[0].value - 5.5).abs() < 1e-9);
    }
}
