//! How much processor time a process took, as the system counts it: what a figure costs, beside how fast it is.

use std::time::Duration;

use anyhow::{Context, Result};

/// The unit of `/proc/PID/stat`, the same on every Linux: `USER_HZ`.
const TICKS_PER_SECOND: u64 = 100;
/// Fields of it after the program's name: its own time, and what the system did for it.
const USER_AND_SYSTEM: [usize; 2] = [11, 12];

/// Since the process started, in its own code and in the system's.
pub(crate) fn time_of(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let ticks = ticks(&text).with_context(|| format!("{path} is not as expected"))?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

fn ticks(stat: &str) -> Option<u64> {
    // The name is in parentheses and may have anything in it.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    USER_AND_SYSTEM
        .iter()
        .map(|at| fields.get(*at)?.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_read_behind_the_name() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("42"), None);
        assert!(time_of(std::process::id()).is_ok());
        assert!(time_of(0).is_err());
    }
}
