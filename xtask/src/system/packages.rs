//! The Debian packages the servers and tools come from: found, or installed when root runs us, or named in one command to type.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{folders, tool};

/// A thing of the machine that something here needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Postgres,
    Jdk,
    Maven,
    Node,
    Compose,
    Promtool,
    Chromium,
    Poppler,
}

impl Need {
    /// What the servers of the stack need.
    pub(crate) const OF_THE_STACK: [Self; 3] = [Self::Postgres, Self::Jdk, Self::Maven];
    /// What the tests need beside.
    pub(crate) const OF_THE_TESTS: [Self; 8] = [
        Self::Postgres,
        Self::Jdk,
        Self::Maven,
        Self::Node,
        Self::Compose,
        Self::Promtool,
        Self::Chromium,
        Self::Poppler,
    ];

    fn debian_packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql"],
            Self::Jdk => &["default-jdk-headless"],
            Self::Maven => &["maven"],
            Self::Node => &["nodejs", "npm"],
            Self::Compose => &["docker-compose"],
            // Only its checker is used. Debian starts the server too; whoever does not want that runs `systemctl disable --now prometheus`.
            Self::Promtool => &["prometheus"],
            Self::Chromium => &["chromium"],
            // Reads the text of a PDF back.
            Self::Poppler => &["poppler-utils"],
        }
    }

    fn is_there(self) -> bool {
        match self {
            Self::Postgres => postgres_programs().is_ok(),
            Self::Jdk => java_home().is_ok_and(|home| home.join("bin/javac").is_file()),
            Self::Maven => tool::find("mvn").is_some(),
            Self::Node => tool::find("node").is_some() && tool::find("npm").is_some(),
            Self::Compose => tool::find("docker-compose").is_some(),
            Self::Promtool => tool::find("promtool").is_some(),
            Self::Chromium => tool::find("chromium").is_some(),
            Self::Poppler => tool::find("pdftotext").is_some(),
        }
    }
}

/// Installs what is missing, as root; tells an ordinary user how to. Going on without is the caller's decision, so this cannot fail.
pub(crate) fn provide(needs: &[Need], log: &Path) {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_there()).collect();
    if missing.is_empty() {
        return;
    }
    if !folders::is_root() {
        println!(
            "Packages are missing. Install them with:\n\n    sudo {}\n",
            install_command(&missing)
        );
        return;
    }
    println!(
        "Packages are missing; as root, running: {}",
        install_command(&missing)
    );
    if let Err(error) = install(&missing, log) {
        println!("{error:#}");
    }
}

fn install(missing: &[Need], log: &Path) -> Result<()> {
    // A broken third-party list must not keep Debian's own packages out: its failure is in the log, the install decides.
    let _ = tool::run("apt-get update", apt_get().arg("update"), log);
    let packages = missing.iter().flat_map(|need| need.debian_packages());
    tool::run(
        "apt-get install",
        apt_get()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
        log,
    )
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn install_command(missing: &[Need]) -> String {
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.debian_packages())
        .copied()
        .collect();
    format!("apt-get install --no-install-recommends {}", packages.join(" "))
}

/// The folder of PostgreSQL's own programs, which Debian keeps off the search path; of the newest version there is.
pub(crate) fn postgres_programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    newest_with_programs(versions).context("PostgreSQL's programs are not in /usr/lib/postgresql")
}

fn newest_with_programs(versions: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let number = |version: &PathBuf| version.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .filter(|version| {
            ["initdb", "postgres", "psql"]
                .iter()
                .all(|program| version.join("bin").join(program).is_file())
        })
        .max_by_key(number)
        .map(|version| version.join("bin"))
}

/// The folder of the JDK: as the user says, or the one whose `java` is on the search path.
pub(crate) fn java_home() -> Result<PathBuf> {
    let stated = std::env::var_os("JAVA_HOME")
        .map(PathBuf::from)
        .filter(|home| home.join("bin/java").is_file());
    if let Some(home) = stated {
        return Ok(home);
    }
    let java = tool::find("java").context("no java on the search path")?;
    let program = java.canonicalize().context("java leads nowhere")?;
    program
        .parent()
        .and_then(Path::parent)
        .map(Path::to_path_buf)
        .context("java is not in a JDK's folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_installs_all_that_is_missing() {
        assert_eq!(
            install_command(&[Need::Postgres, Need::Node]),
            "apt-get install --no-install-recommends postgresql nodejs npm"
        );
    }

    #[test]
    fn the_newest_version_is_by_number_and_must_be_whole() {
        let folder = tempfile::tempdir().unwrap();
        for (version, programs) in [("9", 3), ("15", 3), ("17", 1)] {
            let bin = folder.path().join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            for program in ["initdb", "postgres", "psql"].iter().take(programs) {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        let versions = || {
            fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
        };
        assert_eq!(
            newest_with_programs(versions()),
            Some(folder.path().join("15/bin"))
        );
        assert_eq!(
            newest_with_programs(versions().filter(|version| version.ends_with("17"))),
            None
        );
    }
}
