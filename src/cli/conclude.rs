//! `myoscope conclude CASES.toml`: examinations written down as tables, to conclusions.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::args::Options;
use super::{Failure, OK, REFUSED};
use crate::findings::{Answer, Case, conclude};
use crate::norms::{Profile, own};

/// Largest file of cases, bytes.
const MOST: u64 = 64 << 20;

fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MOST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
    };
    read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST {
        return Err("larger than 64 MB: not a file of cases".into());
    }
    String::from_utf8(bytes).map_err(|error| format!("not UTF-8 text, from byte {} on", error.utf8_error().valid_up_to()))
}

/// The cases of a file, each with its name; a second one of the same name gets a number.
fn cases(text: &str, own: Option<&Arc<Profile>>) -> Result<Vec<(String, Answer)>, String> {
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| format!("not TOML: {}", error.to_string().trim().replace('\n', "\n  ")))?;
    let Some(list) = table.get("vignette") else { return Err("there is no [[vignette]] in it".into()) };
    let Some(list) = list.as_array() else { return Err("'vignette' is no list of tables ([[vignette]])".into()) };
    let mut out: Vec<(String, Answer)> = Vec::new();
    for (at, vignette) in list.iter().enumerate() {
        let value = serde_json::to_value(vignette).map_err(|error| format!("case {}: {error}", at + 1))?;
        let (mut case, ignored) = Case::read(&value);
        case.person.own = own.cloned();
        let name = if case.id.is_empty() { format!("case_{}", at + 1) } else { case.id.clone() };
        let same = out.iter().filter(|(other, _)| *other == name || other.starts_with(&format!("{name} ("))).count();
        let name = if same == 0 { name } else { format!("{name} ({})", same + 1) };
        out.push((name, conclude(&case, ignored)));
    }
    Ok(out)
}

/// Concludes from every case of every file.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<u8, Failure> {
    let own = match &options.limits {
        Some(path) => match read(path).and_then(|text| own::read(&text, &path.file_name().unwrap_or_default().to_string_lossy())) {
            Ok((profile, problems)) => {
                for what in problems {
                    eprintln!("{}: {what}; the row was left out", path.display());
                }
                Some(Arc::new(profile))
            }
            Err(what) => {
                eprintln!("{}: {what}", path.display());
                return Ok(REFUSED);
            }
        },
        None => None,
    };
    let mut code = OK;
    let mut all = Map::new();
    for path in &options.files {
        match read(path).and_then(|text| cases(&text, own.as_ref())) {
            Ok(answers) if options.json => {
                for (name, answer) in answers {
                    all.insert(name, serde_json::to_value(answer).map_err(|error| Failure::Write(error.to_string()))?);
                }
            }
            Ok(answers) => {
                for (name, answer) in &answers {
                    text(out, name, answer)?;
                }
            }
            Err(what) => {
                code = REFUSED;
                out.flush()?;
                let _ = writeln!(io::stderr(), "myoscope: {}: {what}", path.display());
            }
        }
    }
    if options.json {
        super::json_line(out, &Value::Object(all))?;
    }
    Ok(code)
}

fn text(out: &mut dyn Write, name: &str, answer: &Answer) -> io::Result<()> {
    writeln!(out, "{name}")?;
    for done in &answer.conclusions {
        writeln!(out, "  {}, {}, {}", done.diagnosis, done.side, done.localisation)?;
        writeln!(
            out,
            "    {}, severity {}, {}, grades: {}, {}",
            done.pathophysiology,
            done.severity.word(),
            done.chronicity,
            done.scale,
            done.certainty.word()
        )?;
        for reason in &done.because {
            let rule = if reason.rule.is_empty() {
                String::new()
            } else {
                format!(" [{}{}]", reason.rule, if reason.unverified { ", unverified" } else { "" })
            };
            writeln!(out, "    + {}{rule}", reason.words)?;
        }
        for against in &done.against {
            writeln!(out, "    - {against}")?;
        }
        for fit in &done.fits {
            writeln!(out, "    {}: {}{}", fit.set, fit.verdict, if fit.unverified { " (unverified)" } else { "" })?;
        }
        if let Some(next) = &done.next {
            writeln!(out, "    next: {next}")?;
        }
    }
    for caveat in &answer.caveats {
        writeln!(out, "  ! {caveat}")?;
    }
    Ok(())
}
