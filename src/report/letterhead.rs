//! A clinic's letterhead and the sentences that it puts into reports: a file in TOML (docs/report.md).
//!
//! Everything in it is checked when it is read, so that a report never fails on it: placeholders are
//! known, the logo is a picture of a bounded size that holds no script and fetches nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Largest file, bytes; largest logo, bytes; most lines below the name; longest text, characters.
pub const MOST_BYTES: usize = 512 << 10;
const MOST_LOGO: usize = 256 << 10;
const MOST_LINES: usize = 6;
const LONGEST: usize = 2_000;

/// What a text may ask for.
pub const PLACEHOLDERS: [&str; 13] =
    ["patient", "number", "born", "age", "sex", "height", "weight", "hand", "affected", "onset", "tested", "question", "answer"];

/// A file to begin with.
pub const TEMPLATE: &str = r#"# Letterhead and texts of reports. Take it as it is, change it, and drop it on the page,
# or name it on the command line: myoscope report FILE -o OUT.html --letterhead THIS.toml

[clinic]
name = "Name of the clinic"
lines = ["Street 1, 12345 Town", "Telephone 0000 00000"]
# A PNG or SVG of at most 256 kB as a data address; shown in the page, in HTML and in print.
# logo = "data:image/png;base64,..."

# Placeholders in the texts: {patient} {number} {born} {age} {sex} {height} {weight} {hand}
# {affected} {onset} {tested} {question} {answer}. {{ and }} are braces. An empty text says nothing.
[text]
# In front of the answer, in the summary.
introduction = "We report on {patient}, {age}, examined on {tested}. Question: {question}."
# How examinations are done, at the end of the full report.
technique = ""
# At the end of summary and full report.
closing = ""
# At the end of the page for the patient.
patient = ""
"#;

/// A letterhead with its texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letterhead {
    /// Name of the clinic.
    pub name: String,
    /// Address and the like, line by line.
    pub lines: Vec<String>,
    /// The logo as a data address; empty: none.
    pub logo: String,
    /// In front of the answer.
    pub introduction: String,
    /// How examinations are done.
    pub technique: String,
    /// At the end.
    pub closing: String,
    /// At the end of the page for the patient.
    pub patient: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    clinic: Clinic,
    #[serde(default)]
    text: Texts,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Clinic {
    name: String,
    lines: Vec<String>,
    logo: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Texts {
    introduction: String,
    technique: String,
    closing: String,
    patient: String,
}

/// Whether a file looks like a letterhead: it has the table `[clinic]` or `[text]`.
pub fn is_letterhead(text: &str) -> bool {
    text.lines().any(|line| matches!(line.trim(), "[clinic]" | "[text]"))
}

/// Reads a file.
///
/// # Errors
/// What is wrong, with its line, in a sentence.
pub fn read(text: &str) -> Result<Letterhead, String> {
    if text.len() > MOST_BYTES {
        return Err(format!("a letterhead has at most {} kB", MOST_BYTES >> 10));
    }
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| format!("line {}: ", line_at(text, span.start))).unwrap_or_default();
        format!("{line}{}", error.message().lines().collect::<Vec<_>>().join(" "))
    })?;
    if file.clinic.lines.len() > MOST_LINES {
        return Err(format!("line {}: a letterhead has at most {MOST_LINES} lines below its name", line_of(text, "lines")));
    }
    let texts = &file.text;
    let said = [
        ("introduction", &texts.introduction),
        ("technique", &texts.technique),
        ("closing", &texts.closing),
        ("patient", &texts.patient),
        ("name", &file.clinic.name),
    ];
    let lines = file.clinic.lines.iter().map(|line| ("lines", line));
    for (key, said) in said.into_iter().chain(lines) {
        if said.chars().count() > LONGEST {
            return Err(format!("line {}: {key} has at most {LONGEST} characters", line_of(text, key)));
        }
    }
    for (key, said) in said.iter().take(4) {
        fill(said, &|name| PLACEHOLDERS.contains(&name).then(String::new)).map_err(|wrong| {
            let known = PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ");
            format!("line {}: {key}: {wrong}; known are {known}", line_of_piece(text, key, &wrong))
        })?;
    }
    if !file.clinic.logo.is_empty() {
        check_logo(&file.clinic.logo).map_err(|what| format!("line {}: logo: {what}", line_of(text, "logo")))?;
    }
    Ok(Letterhead {
        name: file.clinic.name,
        lines: file.clinic.lines,
        logo: file.clinic.logo,
        introduction: file.text.introduction,
        technique: file.text.technique,
        closing: file.text.closing,
        patient: file.text.patient,
    })
}

/// A text with its placeholders replaced; `value` is `None` for a name that is not known.
///
/// # Errors
/// What stands there instead of a placeholder.
pub fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix("{{") {
            out.push('{');
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix("}}") {
            out.push('}');
            rest = behind;
        } else {
            let end = rest.find('}').filter(|_| rest.starts_with('{'));
            let Some(end) = end else { return Err(format!("a single {} (written twice, it is one)", &rest[..1])) };
            let name = &rest[1..end];
            out.push_str(&value(name.trim()).ok_or_else(|| format!("{{{name}}} is no placeholder"))?);
            rest = &rest[end + 1..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

/// The line on which a key is set.
fn line_of(text: &str, key: &str) -> usize {
    let sets = |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
    text.lines().position(sets).map_or(1, |at| at + 1)
}

/// The line on which what is wrong stands, at or behind its key.
fn line_of_piece(text: &str, key: &str, wrong: &str) -> usize {
    let from = line_of(text, key);
    let piece = wrong.split_once('}').map_or("", |(piece, _)| piece);
    let found = text.lines().skip(from - 1).position(|line| !piece.is_empty() && line.contains(&format!("{piece}}}")));
    from + found.unwrap_or(0)
}

/// Refuses what is no small picture, or more than a picture.
fn check_logo(address: &str) -> Result<(), String> {
    let wants = "it wants a data address (data:image/png;base64,... or data:image/svg+xml;base64,...)";
    let (kind, data) = address.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,")).ok_or(wants)?;
    let bytes = STANDARD.decode(data).map_err(|_| "its base64 cannot be read".to_owned())?;
    if bytes.len() > MOST_LOGO {
        return Err(format!("it has {} kB, at most {} are taken: make it smaller", bytes.len() >> 10, MOST_LOGO >> 10));
    }
    match kind {
        "png" if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => Ok(()),
        "png" => Err("it says that it is a PNG and is none".into()),
        "svg+xml" => check_svg(&String::from_utf8(bytes).map_err(|_| "its SVG is not text".to_owned())?),
        other => Err(format!("a picture of the kind {other} is not taken; {wants}")),
    }
}

/// An SVG that only draws.
fn check_svg(text: &str) -> Result<(), String> {
    let tree = roxmltree::Document::parse(text).map_err(|error| format!("its SVG cannot be read ({error})"))?;
    if tree.root_element().tag_name().name() != "svg" {
        return Err("it says that it is an SVG and is none".into());
    }
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        if matches!(name, "script" | "foreignObject" | "iframe" | "style") {
            return Err(format!("its SVG holds <{name}>; only shapes and plain attributes are taken"));
        }
        for attribute in node.attributes() {
            let (key, value) = (attribute.name(), attribute.value().trim().to_ascii_lowercase());
            let fetches = value.contains("url(") && !value.contains("url(#");
            let leads = key == "href" && !value.starts_with('#');
            if key.to_ascii_lowercase().starts_with("on") || fetches || leads || value.contains("javascript:") {
                return Err(format!("its SVG holds {key}, which does or fetches something; only shapes are taken"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn logo(kind: &str, bytes: &[u8]) -> String {
        format!("[clinic]\nname = \"A\"\nlogo = \"data:image/{kind};base64,{}\"\n", STANDARD.encode(bytes))
    }

    #[test]
    fn the_template_is_taken() {
        let read = read(TEMPLATE).unwrap();
        assert_eq!((read.name.as_str(), read.lines.len()), ("Name of the clinic", 2));
        assert!(is_letterhead(TEMPLATE) && !is_letterhead("time,value\n0,1\n"));
        for name in PLACEHOLDERS {
            assert!(TEMPLATE.contains(&format!("{{{name}}}")), "{name} is not in the template");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let refused = |text: &str| read(text).unwrap_err();
        let wrong = refused("[text]\n\nclosing = \"\"\"\nDear\n{pateint}\"\"\"\n");
        assert!(wrong.starts_with("line 5: closing: {pateint} is no placeholder; known are {patient}, {number}"), "{wrong}");
        assert!(refused("[text]\nclosing = \"a { b\"\n").contains("line 2: closing: a single {"));
        assert!(refused("[clinic]\nnam = 1\n").starts_with("line 2: unknown field `nam`"), "{}", refused("[clinic]\nnam = 1\n"));
        assert!(refused("[clinic]\nname = \n").starts_with("line 2"));
        assert!(refused(&"#".repeat(MOST_BYTES + 1)).contains("512 kB"));
    }

    #[test]
    fn a_logo_draws_and_does_nothing_else() {
        assert!(read(&logo("png", b"\x89PNG\r\n\x1a\nrest")).is_ok());
        assert!(read(&logo("svg+xml", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><path fill=\"url(#a)\" d=\"M0 0\"/></svg>")).is_ok());
        let cases: [(&str, &[u8], &str); 8] = [
            ("png", b"GIF89a", "is none"),
            ("jpeg", b"x", "kind jpeg"),
            ("svg+xml", b"<svg><script/></svg>", "<script>"),
            ("svg+xml", b"<svg onload=\"x()\"/>", "onload"),
            ("svg+xml", b"<svg><image href=\"https://a/b.png\"/></svg>", "href"),
            ("svg+xml", b"<svg><rect fill=\"url(http://a)\"/></svg>", "fill"),
            ("svg+xml", b"<svg", "cannot be read"),
            ("svg+xml", b"<html/>", "is none"),
        ];
        for (kind, bytes, words) in cases {
            let what = read(&logo(kind, bytes)).unwrap_err();
            assert!(what.starts_with("line 3: logo: ") && what.contains(words), "{what}");
        }
        assert!(read(&logo("png", &vec![0; MOST_LOGO + 1])).unwrap_err().contains("make it smaller"));
    }

    #[test]
    fn placeholders_are_filled() {
        let value = |name: &str| (name == "age").then(|| "50 y".to_owned());
        assert_eq!(fill("{age}, {{x}} { age }", &value).unwrap(), "50 y, {x} 50 y");
    }
}
