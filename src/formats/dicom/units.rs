//! Units of files and of UCUM.

/// Code and name in UCUM; a unit that is not known there is put into braces, which UCUM allows.
pub(super) fn ucum(unit: &str) -> (String, String) {
    let known = match unit.trim() {
        "" => ("1", "no units"),
        "V" => ("V", "volt"),
        "mV" | "mv" => ("mV", "millivolt"),
        "uV" | "uv" | "\u{b5}V" | "\u{3bc}V" => ("uV", "microvolt"),
        "nV" => ("nV", "nanovolt"),
        "mA" => ("mA", "milliampere"),
        "%" => ("%", "percent"),
        "s" => ("s", "second"),
        "ms" => ("ms", "millisecond"),
        other => {
            let plain: String = other.chars().filter(|c| c.is_ascii_graphic() && !"{}\\".contains(*c)).take(14).collect();
            return (format!("{{{plain}}}"), if plain.is_empty() { "other".into() } else { other.to_owned() });
        }
    };
    (known.0.to_owned(), known.1.to_owned())
}

/// The unit of a code.
pub(super) fn unit(code: &str) -> String {
    match code.trim() {
        "1" => String::new(),
        code => code.trim_matches(['{', '}']).to_owned(),
    }
}
