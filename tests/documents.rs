//! The documents against the code: links lead somewhere, keys and options are the real ones.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Pictures that are made from the running page and may be missing in a fresh tree.
const MADE: &[&str] = &["docs/screenshot.png"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let folder = |path: PathBuf| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let all = folder(root()).chain(folder(root().join("docs")));
    all.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || MADE.contains(&link) {
                continue;
            }
            let target = document.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{}: {link}", document.display());
        }
    }
}

#[test]
fn files_that_are_named_exist() {
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            let path = ["src/", "tests/", "scripts/", "docs/", "www/"].iter().any(|folder| name.starts_with(folder));
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if path && plain {
                assert!(Path::new(&root()).join(name).exists(), "{}: {name}", document.display());
            }
        }
    }
}

/// The list of keys in the page is a table in the code; it is written for wasm, so it is read as text.
#[test]
fn keys_are_those_of_the_page() {
    let code = read("src/ui/commands.rs");
    let table = code.split("pub const KEYS").nth(1).unwrap().split("\n];").next().unwrap();
    let shown = |text: &str| text.replace("\\u{2190}", "\u{2190}").replace("\\u{2192}", "\u{2192}").replace("\\u{2191}", "\u{2191}");
    let shown = |text: &str| shown(text).replace("\\u{2193}", "\u{2193}").replace("\\u{2212}", "\u{2212}").replace("\\u{2013}", "\u{2013}");
    let rows: Vec<String> = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(\"")?.strip_suffix("\"),")?.split_once("\", \""))
        .map(|(key, what)| format!("| {} | {} |", shown(key), shown(what)))
        .collect();
    assert!(rows.len() > 20);
    let document = read("docs/keys.md");
    let written: Vec<&str> = document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| key")).collect();
    assert_eq!(written, rows);
}

#[test]
fn commands_of_the_read_me_are_those_of_the_help() {
    let help = String::from_utf8(Command::new(env!("CARGO_BIN_EXE_myoscope")).arg("--help").output().unwrap().stdout).unwrap();
    let read_me = read("README.md");
    for command in [
        "info FILE... [--json]",
        "measure FILE... [--json]",
        "analyse FILE... --task TASK [--json]",
        "export FILE -o OUT.EXT",
        "plot FILE -o OUT.(svg|png)",
        "simulate --condition ID (-o OUT.EXT | --pty)",
    ] {
        let words = format!("myoscope {command}");
        assert!(help.contains(&words) && read_me.contains(&words), "{command}");
    }
    let formats = read("docs/formats.md");
    for option in formats.split("`--").skip(1).filter_map(|rest| rest.split(['`', ' ']).next()) {
        assert!(help.contains(&format!("--{option}")), "--{option}");
    }
}

#[test]
fn the_hosting_page_states_the_policy_and_headers_that_are_used() {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let build = read("scripts/finish-dist.mjs");
    let policy: String =
        build.split("export const policy = ").nth(1).unwrap().split(";\n").next().unwrap().split('"').skip(1).step_by(2).collect();
    assert!(policy.contains("connect-src 'self'"));
    let page = flat(&read("docs/hosting.md"));
    assert!(page.contains(&flat(&policy)), "{policy}");
    for header in read("scripts/serve.mjs").split("setHeader('").skip(1).filter_map(|rest| rest.split('\'').next()) {
        assert!(page.contains(header), "{header}");
    }
}
