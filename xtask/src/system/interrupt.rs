//! Ctrl-C and termination: noticed, so that what was started is stopped; never a reason to vanish.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, ensure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static ASKED_TO_STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on the three signals set a flag instead of ending the process.
pub(crate) fn watch() -> Result<()> {
    let flag = ASKED_TO_STOP.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(flag)).context("signals cannot be watched")?;
    }
    Ok(())
}

pub(crate) fn asked_to_stop() -> bool {
    ASKED_TO_STOP
        .get()
        .is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// For the places where stopping half-way is right: between steps, never while cleaning up.
pub(crate) fn check() -> Result<()> {
    ensure!(!asked_to_stop(), "interrupted");
    Ok(())
}
