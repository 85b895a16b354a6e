//! How much processor time and memory a process took, as the system counts them: what a figure costs, beside how fast it is.

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

/// Bytes that are resident.
pub(crate) fn memory_of(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    let kibibytes = kibibytes(&text).with_context(|| format!("{path} is not as expected"))?;
    Ok(kibibytes * 1024)
}

fn kibibytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
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

    #[test]
    fn memory_is_what_is_resident() {
        assert_eq!(kibibytes("VmPeak:\t 9 kB\nVmRSS:\t    1234 kB\n"), Some(1234));
        assert_eq!(kibibytes("VmRSS: much"), None);
        assert!(memory_of(std::process::id()).is_ok_and(|bytes| bytes > 0));
    }
}
