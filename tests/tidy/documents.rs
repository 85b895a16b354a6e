//! What the documents promise: the paths they name exist, and nothing in the tree holds a card number that is not a
//! documented test number.

use std::path::Path;

use crate::house;

/// Test numbers that card schemes and processors publish for this purpose.
const TEST_NUMBERS: [&str; 15] = [
    "4111111111111111",
    "4242424242424242",
    "4000056655665556",
    "4000002500003155",
    "4012888888881881",
    "4222222222222",
    "5555555555554444",
    "5105105105105100",
    "5200828282828210",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6205500000000000004",
    "30569309025904",
];

#[test]
fn named_paths_exist() {
    let mut findings = Vec::new();
    for path in house::files(&[".md"]) {
        let text = house::read(&path);
        for named in text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|named| looks_like_a_path(named))
        {
            let named = named.trim_end_matches('/');
            let beside = path.parent().unwrap_or(Path::new("")).join(named);
            if !house::root().join(named).exists() && !house::root().join(beside).exists() {
                findings.push(format!("{}: `{named}`", path.display()));
            }
        }
    }
    house::assert_none(&findings, "a path named in a document exists");
}

/// A path of the tree, as opposed to a command, a URL path or a setting.
fn looks_like_a_path(text: &str) -> bool {
    let tops = [
        "domain/",
        "proto/",
        "command-api/",
        "projections/",
        "codebank/src",
        "infra/",
        "docs/",
        "tests/",
        "benches/",
        "xtask/",
        "web/",
        ".ci/",
    ];
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_'));
    plain
        && tops.iter().any(|top| text.starts_with(top))
        && !text.contains("/target/")
        && !text.ends_with("/target")
}

#[test]
fn no_card_number_but_documented_test_numbers() {
    let endings = [
        ".rs",
        ".md",
        ".proto",
        ".json",
        ".toml",
        ".yml",
        ".yaml",
        ".sql",
        ".java",
        ".sh",
        ".graphql",
        ".properties",
        ".xml",
    ];
    let mut findings = Vec::new();
    for path in house::files(&endings) {
        for (number, line) in house::read(&path).lines().enumerate() {
            let digits = line.split(|character: char| !character.is_ascii_digit());
            for run in digits.filter(|run| domain::card::mask_card_numbers(run) != **run) {
                if !TEST_NUMBERS.contains(&run) {
                    findings.push(format!("{}:{}: {run}", path.display(), number + 1));
                }
            }
        }
    }
    house::assert_none(&findings, "card numbers are documented test numbers");
}

#[test]
fn paths_are_told_from_commands() {
    assert!(looks_like_a_path("domain/src/money.rs"));
    assert!(!looks_like_a_path("cargo xtask test"));
    assert!(!looks_like_a_path("/graphiql"));
    assert!(!looks_like_a_path("domain/src/<read model>"));
}
