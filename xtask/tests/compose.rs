//! docker-compose.yml, as far as it can be judged without a container engine: Compose accepts it, and it runs the versions and reads the
//! files that the native stack is tested with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::require;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    let path = workspace().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn compose_accepts_it() {
    let compose = require!(docker_compose);
    let output = Command::new(compose)
        .args(["config", "--quiet"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_image_is_pinned() {
    for line in read("docker-compose.yml")
        .lines()
        .chain(read("infra/docker/Dockerfile").lines())
    {
        let from = line.strip_prefix("FROM ").and_then(|rest| rest.split(' ').next());
        let Some(image) = line.trim().strip_prefix("image: ").or(from) else {
            continue;
        };
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        assert!(
            tag.is_some_and(|tag| tag != "latest"),
            "{image} may be another one tomorrow"
        );
    }
}

#[test]
fn the_versions_are_those_that_are_tested() {
    let pom = read("infra/native/pom.xml");
    let version = |name: &str| {
        let (_, after) = pom.split_once(&format!("<{name}.version>")).unwrap();
        after.split('<').next().unwrap().to_owned()
    };
    let compose = read("docker-compose.yml");
    let (kafka, elasticsearch) = (version("kafka"), version("elasticsearch"));
    for image in [
        format!("image: apache/kafka:{kafka}\n"),
        format!("/elasticsearch:{elasticsearch}\n"),
        format!("/kibana:{elasticsearch}\n"),
    ] {
        assert!(compose.contains(&image), "no {image:?} in docker-compose.yml");
    }
    assert!(read("infra/docker/Dockerfile").contains(&format!("FROM apache/kafka:{kafka} AS connect")));
    let toolchain = read("rust-toolchain.toml");
    let rust = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = "))
        .unwrap()
        .trim_matches('"');
    assert!(read("infra/docker/Dockerfile").contains(&format!("FROM rust:{rust}-")));
}

#[test]
fn what_it_mounts_exists() {
    let compose = read("docker-compose.yml");
    let mounts: Vec<&str> = compose
        .split("./")
        .skip(1)
        .filter_map(|rest| rest.split(':').next())
        .filter(|path| path.starts_with("infra"))
        .collect();
    assert!(mounts.len() >= 5, "{mounts:?}");
    for mount in mounts {
        assert!(
            workspace().join(mount).exists(),
            "{mount} is mounted and is not there"
        );
    }
}

#[test]
fn what_the_settings_take_from_the_environment_is_given() {
    let compose = read("docker-compose.yml");
    for settings in [
        "infra/kafka/server.properties",
        "infra/kafka/connect-worker.properties",
        "infra/native/elasticsearch.yml",
    ] {
        let text = read(settings);
        let settings_proper = text.lines().filter(|line| !line.starts_with('#'));
        for variable in settings_proper
            .filter_map(|line| line.split_once("${"))
            .filter_map(|(_, rest)| rest.split('}').next())
        {
            let variable = variable.trim_start_matches("env:");
            assert!(
                compose.contains(&format!("{variable}: ")),
                "{settings} needs {variable}, which docker-compose.yml does not give"
            );
        }
    }
}

#[test]
fn what_stays_running_reports_its_health() {
    let compose = read("docker-compose.yml");
    let (_, services) = compose.split_once("\nservices:\n").unwrap();
    let (services, _) = services.split_once("\nvolumes:\n").unwrap();
    for service in sections(services) {
        let name = service.lines().next().unwrap_or_default();
        let one_shot = service.contains("restart: \"no\"");
        assert!(
            one_shot || service.contains("healthcheck:"),
            "{name} has no health check"
        );
    }
}

/// The services, each from its name to the next one's.
fn sections(services: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in services
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        let is_name = line.starts_with("  ") && !line.starts_with("   ");
        if is_name {
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push_str(line);
            section.push('\n');
        }
    }
    assert!(sections.len() >= 10, "{sections:?}");
    sections
}
