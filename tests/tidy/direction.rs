//! Who may stand on whom. Adding an arrow here is a decision, not a fix.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::house;

/// What each crate may depend on within the house. Tests, benches and developer commands may look at anything.
const LAW: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("proto", &[]),
    ("connections", &[]),
    ("command-api", &["domain", "proto", "connections"]),
    ("projections", &["domain", "proto", "connections"]),
    ("look", &[]),
    ("store", &["proto", "look"]),
    ("bank-pages", &["proto", "look"]),
    (
        "codebank",
        &[
            "domain",
            "proto",
            "command-api",
            "projections",
            "look",
            "store",
            "bank-pages",
        ],
    ),
];

/// Nothing looks at these, but a crate's own tests may use the test support.
const LOOKERS: [&str; 4] = ["tests", "test-support", "benches", "xtask"];

#[test]
fn dependencies_follow_the_law() {
    let metadata = MetadataCommand::new()
        .manifest_path(house::root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo describes the workspace");
    let members: BTreeSet<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some((_, allowed)) = LAW.iter().find(|(member, _)| *member == name) else {
            if !LOOKERS.contains(&name) {
                findings.push(format!("{name} has no place in the law"));
            }
            continue;
        };
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| members.contains(dependency.name.as_str()))
        {
            let for_its_tests =
                dependency.kind == DependencyKind::Development && dependency.name == "test-support";
            if !for_its_tests && !allowed.contains(&dependency.name.as_str()) {
                findings.push(format!("{name} must not depend on {}", dependency.name));
            }
        }
    }
    house::assert_none(&findings, "dependencies point from the outside in");
}

/// `projections` uses the vocabulary of the domain. If a read model needs a rule, the fact is missing from the event.
#[test]
fn the_read_side_uses_no_rule() {
    let rules = [
        "decide",
        "evolve",
        "replay",
        "State",
        "Command",
        "Rejection",
        "CardAccount",
    ];
    let mut findings = Vec::new();
    for path in house::files(&[".rs"]) {
        let Ok(inside) = path.strip_prefix("projections/src") else {
            continue;
        };
        for line in house::read(&path)
            .lines()
            .filter(|line| line.contains("domain::account::"))
        {
            let names = line.split(|character: char| !character.is_alphanumeric() && character != '_');
            findings.extend(
                names
                    .filter(|name| rules.contains(name))
                    .map(|name| format!("{}: {name}", inside.display())),
            );
        }
    }
    house::assert_none(&findings, "projections use events, money and ids only");
}

#[test]
fn the_top_level_is_as_drawn() {
    let drawn: BTreeSet<&str> = [
        ".cargo",
        ".ci",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "benches",
        "clippy.toml",
        "codebank",
        "command-api",
        "connections",
        "deny.toml",
        "docker-compose.yml",
        "docs",
        "domain",
        "infra",
        "projections",
        "proto",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "tests",
        "web",
        "xtask",
        ".dockerignore",
    ]
    .into();
    let found: BTreeSet<String> = house::files(&[""])
        .iter()
        .filter_map(|path| path.components().next())
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .collect();
    let findings: Vec<String> = found
        .into_iter()
        .filter(|name| !drawn.contains(name.as_str()))
        .collect();
    house::assert_none(
        &findings,
        "the top level of the house is drawn in docs/ARCHITECTURE.md",
    );
}
