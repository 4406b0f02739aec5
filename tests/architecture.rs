//! The house rules that a compiler does not check: who may import whom, which crates may touch the
//! browser, how long a file may be. Every checker is itself tried on a made-up violation.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A layer and what it may import: a layer, or paths within one. This is the only table.
const LAYERS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("model", &["units"]),
    ("formats", &["model", "units"]),
    ("device", &["model", "units"]),
    ("dsp", &["units"]),
    ("analysis", &["model", "dsp", "units"]),
    ("norms", &["model", "units"]),
    ("findings", &["model", "norms", "units"]),
    ("simulate", &["model", "device", "dsp", "units"]),
    ("scene", &["model", "units"]),
    ("report", &["scene", "model", "units"]),
    ("engine", &["findings", "report", "formats", "device", "analysis", "norms", "simulate", "scene", "dsp", "model", "units"]),
    ("web", &["engine", "device", "scene", "formats::ByteSource", "formats::SourceError", "formats::Files", "formats::NamedSource"]),
    ("ui", &["engine::protocol", "scene", "model", "units", "web"]),
    ("cli", &["engine", "findings", "formats", "device", "analysis", "norms", "simulate", "scene", "dsp", "model", "units"]),
    // The two programs.
    ("main", &["ui::mount", "cli::run"]),
    ("bin", &["web::make_pdfs", "web::work"]),
];

/// Crates that exist only in a browser: they stand under the wasm32 target table and nowhere else.
const BROWSER_CRATES: &[&str] = &[
    "web-sys",
    "js-sys",
    "wasm-bindgen",
    "wasm-bindgen-futures",
    "serde-wasm-bindgen",
    "plotters-canvas",
    "leptos",
    "idb",
    "console_error_panic_hook",
    "wasm-bindgen-test",
];

/// Longest file, in lines.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files under `src`, with their path from the root of the package.
fn sources() -> Vec<(String, String)> {
    let mut open = vec![root().join("src")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The layer that a file belongs to: `src/units.rs` and `src/units/x.rs` to `units`; none for `lib.rs`.
fn layer_of(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    let name = inside.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    (name != "lib").then_some(name)
}

/// Code without comments, strings and the file's own tests, which may reach anywhere.
fn code_of(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\") {
            rest[2..].find('\'').map_or(rest.len(), |end| end + 3)
        } else if rest.starts_with('"') {
            end_of_string(rest)
        } else {
            code.push_str(&rest[..1]);
            1
        };
        rest = &rest[skip..];
    }
    code + rest
}

/// Bytes of the string literal that `text` begins with.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Every path below `crate::` (or `myoscope::`) in code, use trees spread out: `formats::edf::open`.
fn paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for base in ["crate::", "myoscope::"] {
        for (at, _) in code.match_indices(base) {
            let before = code[..at].chars().next_back();
            if before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '$')) {
                spread("", &code[at + base.len()..], &mut found);
            }
        }
    }
    found
}

/// Adds the paths of the use tree that `text` begins with; returns the bytes it takes.
fn spread(prefix: &str, text: &str, found: &mut BTreeSet<String>) -> usize {
    if let Some(group) = text.strip_prefix('{') {
        let mut at = 1;
        loop {
            at += text[at..].len() - text[at..].trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
            if at >= text.len() || text[at..].starts_with('}') {
                return (at + 1).min(group.len() + 1);
            }
            let taken = spread(prefix, &text[at..], found);
            if taken == 0 {
                return at;
            }
            at += taken;
        }
    }
    let word = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '*')).unwrap_or(text.len());
    let path = if prefix.is_empty() { text[..word].to_owned() } else { format!("{prefix}::{}", &text[..word]) };
    if let Some(rest) = text[word..].strip_prefix("::").filter(|_| word > 0) {
        return word + 2 + spread(&path, rest, found);
    }
    found.insert(path);
    // `a as b` names nothing else.
    let renamed = text[word..].trim_start().strip_prefix("as ").map(|rest| {
        let skipped = text[word..].len() - rest.len();
        skipped + rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
    });
    word + renamed.unwrap_or(0)
}

/// Imports of a file that the table does not allow.
fn forbidden(file: &str, text: &str) -> Vec<String> {
    let Some(layer) = layer_of(file) else { return Vec::new() };
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{file}: the layer '{layer}' has no row in the table")];
    };
    let within = |path: &str, allowed: &str| path.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    // `self` as a last part stands for what comes before it.
    let wrong = |path: &String| {
        let path = path.strip_suffix("::self").unwrap_or(path);
        !within(path, layer) && !allowed.iter().any(|allowed| within(path, allowed))
    };
    paths(&code_of(text)).into_iter().filter(wrong).map(|path| format!("{file}: {layer} may not import {path}")).collect()
}

/// Browser crates that a manifest names outside the wasm32 target table.
fn misplaced(manifest: &str) -> Vec<String> {
    let mut table = String::new();
    let mut found = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            line.trim().clone_into(&mut table);
            continue;
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default().trim_matches('"');
        let dependencies = table.contains("dependencies]");
        let wasm = table.starts_with("[target.'cfg(target_arch = \"wasm32\")'.");
        if dependencies && !wasm && BROWSER_CRATES.contains(&name) {
            found.push(format!("{name} stands under {table}"));
        }
    }
    found
}

#[test]
fn imports_point_down() {
    let sources = sources();
    assert!(sources.len() > 80, "only {} files were found", sources.len());
    let wrong: Vec<String> = sources.iter().flat_map(|(file, text)| forbidden(file, text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let layers: BTreeSet<&str> = sources.iter().filter_map(|(file, _)| layer_of(file)).collect();
    let stale: Vec<&str> = LAYERS.iter().map(|(layer, _)| *layer).filter(|layer| !layers.contains(layer)).collect();
    assert!(stale.is_empty(), "rows without files: {stale:?}");
    let edges: usize = sources.iter().map(|(_, text)| paths(&code_of(text)).len()).sum();
    assert!(edges > 200, "only {edges} imports were seen: the checker reads too little");
}

#[test]
fn the_table_has_no_circle() {
    let table: BTreeMap<&str, Vec<&str>> =
        LAYERS.iter().map(|(layer, allowed)| (*layer, allowed.iter().map(|path| path.split("::").next().unwrap()).collect())).collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < table.len() {
        let ready: Vec<&str> = table
            .iter()
            .filter(|(layer, below)| !done.contains(*layer) && below.iter().all(|b| done.contains(b)))
            .map(|(l, _)| *l)
            .collect();
        assert!(!ready.is_empty(), "a circle among {:?}", table.keys().filter(|layer| !done.contains(*layer)).collect::<Vec<_>>());
        done.extend(ready);
    }
}

#[test]
fn a_made_up_violation_is_found() {
    let count = |file: &str, text: &str| forbidden(file, text).len();
    assert_eq!(count("src/dsp/iir.rs", "use crate::units::Hertz;\n"), 0);
    assert_eq!(count("src/dsp/iir.rs", "use crate::model::Study;\n"), 1);
    assert_eq!(count("src/dsp.rs", "fn f() { crate::model::Study::default(); }\n"), 1);
    assert_eq!(count("src/formats/edf/mod.rs", "use crate::{model::Study, analysis::{self, quality}, units};\n"), 2);
    assert_eq!(count("src/formats/edf/mod.rs", "pub(crate) fn f() {}\n// use crate::analysis;\nconst A: &str = \"crate::analysis\";\n"), 0);
    assert_eq!(count("src/formats/edf/mod.rs", "const Q: char = '\"';\nuse crate::analysis;\nconst R: char = '\"';\n"), 1);
    assert_eq!(count("src/ui/home.rs", "use crate::engine::protocol::{self, Demo};\n"), 0);
    assert_eq!(count("src/ui/home.rs", "use crate::engine::Engine;\n"), 1);
    assert_eq!(count("src/ui/home.rs", "use crate::engine::protocols;\n"), 1);
    assert_eq!(count("src/web/files.rs", "use crate::formats::{ByteSource, open as read};\nuse crate::scene;\n"), 1);
    assert_eq!(
        count("src/units.rs", "#[cfg(test)]\nmod tests {\n    use crate::model::Study;\n}\n"),
        1,
        "only a module at the end counts as tests"
    );
    assert_eq!(count("src/units.rs", "\n#[cfg(test)]\nmod tests {\n    use crate::model::Study;\n}\n"), 0);
    assert_eq!(count("src/novel/mod.rs", ""), 1);
    assert_eq!(count("src/lib.rs", "use crate::ui;\n"), 0);
}

#[test]
fn browser_crates_are_for_the_browser_only() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert_eq!(misplaced(&manifest), Vec::<String>::new());
    for name in BROWSER_CRATES {
        assert!(manifest.lines().any(|line| line.split(['=', ' ']).next() == Some(*name)), "{name} is not a dependency: strike it here");
    }
    let wrong = "[dependencies]\nserde = \"1\"\nweb-sys = { version = \"0.3\" }\n[target.'cfg(not(target_arch = \"wasm32\"))'.dependencies]\njs-sys.workspace = true\n";
    assert_eq!(misplaced(wrong).len(), 2);
    assert_eq!(misplaced("[target.'cfg(target_arch = \"wasm32\")'.dependencies]\nweb-sys = \"0.3\"\n"), Vec::<String>::new());
}

#[test]
fn lints_forbid_what_bad_input_must_not_reach() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in ["unsafe_code", "unwrap_used", "expect_used", "panic", "todo", "unimplemented", "dbg_macro"] {
        let level = manifest.lines().find_map(|line| line.strip_prefix(lint)?.trim_start().strip_prefix('=')).unwrap_or_default();
        assert!(level.contains("\"warn\"") || level.contains("\"deny\""), "no lint for {lint}");
    }
    // The lints are worth what their exceptions leave of them: only tests may unwrap, and each
    // exception within the code says why.
    for (file, text) in sources() {
        let exceptions = code_of(&text).matches("#![allow(clippy::unwrap_used").count();
        assert_eq!(exceptions, 0, "{file} unwraps at large");
    }
}

#[test]
fn files_stay_readable() {
    for (file, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= MAX_LINES, "{file} has {lines} lines: divide it");
        assert!(text.starts_with("//!"), "{file} does not begin by saying what it is");
    }
}

#[test]
fn nothing_of_this_computer_is_in_the_sources() {
    for (file, text) in sources() {
        for (at, line) in text.lines().enumerate() {
            assert!(!line.contains("/home/") && !line.contains("/root/"), "{file}:{}: a path of one computer", at + 1);
        }
    }
}
