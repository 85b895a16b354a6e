//! A cache of what comes from the package registries: one folder per thing and definition, complete or absent.
//!
//! A folder is named after a hash of what defines it (a pom, a lock file, sources): another definition is another folder, and nothing has
//! to be compared. It is filled beside its place and then renamed, so a run that was cut short leaves no half a server.

use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{folders, interrupt, tool, wait};

#[derive(Debug, Clone)]
pub(crate) struct Registry {
    cache: PathBuf,
    pub(crate) log: PathBuf,
}

impl Registry {
    pub(crate) fn below(stack_root: &Path) -> Result<Self> {
        let cache = stack_root.join("cache");
        folders::create(&cache)?;
        Ok(Self {
            log: cache.join("downloads.log"),
            cache,
        })
    }

    /// The jars of the broker and of Connect.
    pub(crate) fn kafka(&self) -> Result<PathBuf> {
        self.maven_profile("kafka")
    }

    /// The unpacked distribution.
    pub(crate) fn elasticsearch(&self) -> Result<PathBuf> {
        let folder = self.maven_profile("elasticsearch")?;
        let entries = fs::read_dir(&folder)?.flatten().map(|entry| entry.path());
        let home = entries
            .into_iter()
            .find(|entry| entry.join("bin/elasticsearch").is_file());
        home.with_context(|| format!("no distribution was unpacked into {}", folder.display()))
    }

    fn maven_profile(&self, profile: &str) -> Result<PathBuf> {
        let pom = folders::infra().join("native/pom.xml");
        self.filled(profile, std::slice::from_ref(&pom), |folder| {
            let mut maven = maven(&pom);
            maven
                .arg(format!("-P{profile}"))
                .arg(format!("-Dstack.folder={}", folder.display()));
            tool::run(&format!("fetching {profile} with Maven"), &mut maven, &self.log)
        })
    }

    /// A folder that holds the project's Connect plugin and nothing else; none while the project has no plugin.
    pub(crate) fn connect_plugin(&self) -> Result<Option<PathBuf>> {
        let project = folders::infra().join("connect");
        let pom = project.join("pom.xml");
        if !pom.is_file() {
            return Ok(None);
        }
        let mut sources = vec![pom.clone()];
        files_below(&project.join("src"), &mut sources)?;
        let folder = self.filled("connect-plugin", &sources, |folder| {
            tool::run(
                "building the Connect plugin with Maven",
                &mut maven(&pom),
                &self.log,
            )?;
            copy(&project.join("target/plugin"), &folder.join("codebank"))
        })?;
        Ok(Some(folder))
    }

    /// The folder `node_modules` of the tools that are written for Node.
    pub(crate) fn node_modules(&self) -> Result<PathBuf> {
        let definitions =
            ["package.json", "package-lock.json"].map(|name| folders::infra().join("native").join(name));
        let folder = self.filled("node", &definitions, |folder| {
            for definition in &definitions {
                fs::copy(
                    definition,
                    folder.join(definition.file_name().unwrap_or_default()),
                )?;
            }
            let mut npm = Command::new("npm");
            // Not `npm ci`: it wants every platform's binary in the lock file, and a registry need not have those of other platforms.
            npm.args(["install", "--no-save", "--no-audit", "--no-fund"])
                .current_dir(folder);
            tool::run("fetching Node's tools with npm", &mut npm, &self.log)
        })?;
        Ok(folder.join("node_modules"))
    }

    fn filled(
        &self,
        name: &str,
        definition: &[PathBuf],
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let folder = self
            .cache
            .join(format!("{name}-{:016x}", fingerprint(definition)?));
        let _one_at_a_time = self.lock()?;
        if !folder.exists() {
            println!("  fetching {name} (log: {})", self.log.display());
            let beside = tempfile::Builder::new()
                .prefix("filling-")
                .tempdir_in(&self.cache)?;
            let inner = beside.path().join(name);
            folders::create(&inner)?;
            fill(&inner)?;
            fs::rename(&inner, &folder)
                .with_context(|| format!("cannot put {} in place", folder.display()))?;
        }
        Ok(folder)
    }

    /// Held while the cache may change. Maven's own repository is not made for two at a time either.
    fn lock(&self) -> Result<File> {
        let file = File::create(self.cache.join("lock")).context("the cache cannot be locked")?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => wait::pause(),
                Err(TryLockError::Error(error)) => return Err(error).context("the cache cannot be locked"),
            }
            interrupt::check()?;
        }
    }
}

fn maven(pom: &Path) -> Command {
    let mut maven = Command::new("mvn");
    maven
        .args(["--quiet", "--batch-mode", "--file"])
        .arg(pom)
        .arg("package");
    maven
}

fn fingerprint(files: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        hasher.write(file.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.write(&fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    Ok(hasher.finish())
}

/// In an order that does not depend on the file system's.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files_below(&entry, found)?;
        } else {
            found.push(entry);
        }
    }
    Ok(())
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    folders::create(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let destination = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &destination)?;
        } else {
            fs::copy(entry.path(), &destination)
                .with_context(|| format!("cannot write {}", destination.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_folder_is_filled_once_per_definition_and_never_half() {
        let root = tempfile::tempdir().unwrap();
        let registry = Registry::below(root.path()).unwrap();
        let definition = root.path().join("definition");
        fs::write(&definition, "one").unwrap();
        let definitions = [definition.clone()];
        let fill = |folder: &Path| Ok(fs::write(folder.join("file"), "content")?);

        registry
            .filled("thing", &definitions, |_| bail!("the registry is away"))
            .unwrap_err();
        let first = registry.filled("thing", &definitions, fill).unwrap();
        assert!(first.join("file").is_file());
        assert_eq!(
            registry
                .filled("thing", &definitions, |_| bail!("filled twice"))
                .unwrap(),
            first
        );
        fs::write(&definition, "two").unwrap();
        assert_ne!(registry.filled("thing", &definitions, fill).unwrap(), first);
    }
}
