//! What was found to be wrong, gathered, so that one run shows all of it.

use std::fmt::Debug;

const SHOWN_MAX: usize = 40;

#[derive(Debug)]
pub(crate) struct Findings {
    seed: u64,
    all: Vec<String>,
}

impl Findings {
    pub(crate) fn of(seed: u64) -> Self {
        Self {
            seed,
            all: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, finding: impl Into<String>) {
        self.all.push(finding.into());
    }

    pub(crate) fn holds(&mut self, condition: bool, otherwise: impl FnOnce() -> String) {
        if !condition {
            self.add(otherwise());
        }
    }

    pub(crate) fn equal<T: PartialEq + Debug>(&mut self, what: &str, found: &T, wanted: &T) {
        if found != wanted {
            self.add(format!("{what}: {found:?} where {wanted:?} was expected"));
        }
    }

    /// Fails with everything that was found, or the beginning of it.
    #[track_caller]
    pub(crate) fn verdict(&self) {
        let shown: Vec<&str> = self.all.iter().take(SHOWN_MAX).map(String::as_str).collect();
        assert!(
            self.all.is_empty(),
            "{} things are wrong (seed {}):\n  {}",
            self.all.len(),
            self.seed,
            shown.join("\n  ")
        );
    }
}
