//! The machine that a figure was taken on, and how busy it was before.

use serde::Serialize;

use crate::settings;

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    /// Of one minute, before anything was started. Nothing where the machine does not tell.
    load_average_at_start: Option<f64>,
}

impl Machine {
    pub(crate) fn now() -> Self {
        Self {
            cores: settings::cores(),
            load_average_at_start: settings::load_average(),
        }
    }

    pub(crate) fn in_words(self) -> String {
        let load = self
            .load_average_at_start
            .map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2}"));
        format!("{} cores, load average {load} before the start", self.cores)
    }
}
