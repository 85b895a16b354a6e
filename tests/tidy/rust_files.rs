//! What every Rust file looks like: it says what it is, it is one room, and it leaves nothing half done.

use std::path::{Path, PathBuf};

use crate::house;

const FILE_LINES_MAX: usize = 500;
/// Files above this are rare enough to be counted.
const LARGE_FILE_LINES: usize = 350;
const LARGE_FILES_MAX: usize = 8;
const FUNCTION_LINES_MAX: usize = 70;
/// A scenario may be told in one go.
const TEST_LINES_MAX: usize = 85;

fn rust_files() -> Vec<PathBuf> {
    house::files(&[".rs"])
}

fn is_product(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let for_tests = ["tests/", "/tests.rs", "/tests/", "xtask/", "benches/"];
    !for_tests.iter().any(|part| text.contains(part))
}

#[test]
fn a_file_says_what_it_is() {
    let silent = |path: &PathBuf| {
        let text = house::read(path);
        let first = text.lines().next().unwrap_or_default();
        !first.starts_with("//! ") || first.contains("(being written)")
    };
    let findings: Vec<String> = rust_files()
        .into_iter()
        .filter(silent)
        .map(|path| path.display().to_string())
        .collect();
    house::assert_none(
        &findings,
        "a file opens with `//!`: what it is, and what it is not",
    );
}

#[test]
fn a_file_is_one_room() {
    let mut findings = Vec::new();
    let mut large = Vec::new();
    for path in rust_files() {
        let lines = house::read(&path).lines().count();
        if lines > FILE_LINES_MAX {
            findings.push(format!(
                "{} has {lines} lines, more than {FILE_LINES_MAX}",
                path.display()
            ));
        } else if lines > LARGE_FILE_LINES {
            large.push(format!("{} ({lines})", path.display()));
        }
    }
    if large.len() > LARGE_FILES_MAX {
        findings.push(format!(
            "more than {LARGE_FILES_MAX} files above {LARGE_FILE_LINES} lines: {}",
            large.join(", ")
        ));
    }
    house::assert_none(&findings, "small rooms");
}

#[test]
fn a_function_fits_on_a_screen() {
    let mut findings = Vec::new();
    for path in rust_files() {
        let path_text = path.to_string_lossy();
        let is_test = path_text.contains("/tests/") || path_text.contains("/contract/");
        let most = if is_test {
            TEST_LINES_MAX
        } else {
            FUNCTION_LINES_MAX
        };
        for (name, lines) in functions(&house::read(&path)) {
            if lines > most {
                findings.push(format!(
                    "{}: {name} has {lines} lines, more than {most}",
                    path.display()
                ));
            }
        }
    }
    house::assert_none(&findings, "small functions");
}

/// Names and lengths of functions in formatted code: a body ends with `}` at the indentation of its `fn`.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indentation = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.trim_start().split([' ', '(', '<']).collect();
        let keyword = words.iter().position(|word| *word == "fn");
        let is_declaration = keyword.is_some_and(|at| {
            words[..at].iter().all(|word| {
                matches!(*word, "pub" | "async" | "const")
                    || word.starts_with("pub")
                    || *word == "crate)"
                    || *word == "super)"
            })
        });
        let Some(name) = keyword
            .filter(|_| is_declaration)
            .and_then(|at| words.get(at + 1))
        else {
            continue;
        };
        let closing = format!("{}}}", " ".repeat(indentation));
        let length = lines[start..]
            .iter()
            .position(|line| *line == closing)
            .map_or(1, |end| end + 1);
        found.push(((*name).to_owned(), length));
    }
    found
}

#[test]
fn function_lengths_are_measured() {
    let text = "fn one() {\n    two();\n}\n\nimpl X {\n    pub(crate) async fn two() {\n        if a {\n        }\n    }\n}\n";
    assert_eq!(functions(text), [("one".to_owned(), 3), ("two".to_owned(), 4)]);
}

#[test]
fn nothing_is_left_half_done() {
    // Spelled in two parts, so that this file does not find itself.
    let words = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("dbg", "!("),
        concat!("FIX", "ME"),
        concat!("#[ign", "ore"),
        concat!("#[should_", "panic"),
    ];
    let mut findings = Vec::new();
    for path in rust_files() {
        for (number, line) in house::read(&path).lines().enumerate() {
            findings.extend(
                words
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{}:{}: {word}", path.display(), number + 1)),
            );
        }
    }
    house::assert_none(&findings, "nothing half done");
}

#[test]
fn a_lint_is_switched_off_only_with_a_reason() {
    let mut findings = Vec::new();
    for path in rust_files() {
        let text = house::read(&path);
        for attribute in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (at, _) in text
                .match_indices(attribute)
                .filter(|(at, _)| !text[..*at].ends_with('"'))
            {
                let rest = &text[at..];
                let end = rest.find(")]").unwrap_or(rest.len());
                if !rest[..end].contains("reason") {
                    findings.push(format!(
                        "{}:{}: {attribute}",
                        path.display(),
                        text[..at].lines().count() + 1
                    ));
                }
            }
        }
    }
    house::assert_none(&findings, "a lint that is switched off says why");
}

/// Floats are for measurements (seconds, rates). In the path of money they are one documented conversion, where the contract of
/// the bank before this one is read.
#[test]
fn money_is_never_a_float() {
    let may_measure = [
        "benches/",
        "xtask/",
        "telemetry",
        "metrics",
        "health",
        "committer.rs",
        "operations",
        "tests/",
        "worker",
    ];
    let mut findings = Vec::new();
    for path in rust_files().into_iter().filter(|path| is_product(path)) {
        let name = path.to_string_lossy().into_owned();
        if may_measure.iter().any(|part| name.contains(part)) {
            continue;
        }
        for (number, line) in house::read(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let is_money = ["amount", "money", "minor", "price", "total", "limit"]
                .iter()
                .any(|word| code.to_lowercase().contains(word));
            if is_money
                && (code.contains("f64") || code.contains("f32"))
                && !name.starts_with("command-api/src/grpc/parse/")
            {
                findings.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    house::assert_none(&findings, "no float in the path of money");
}
