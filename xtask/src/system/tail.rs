//! The end of a log, for an error message.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// More than any tail that is asked for.
const LAST_BYTES: u64 = 64 * 1024;

/// The last lines of what was written since the file had this length, indented; a sentence when there are none.
pub(crate) fn of(log: &Path, since: u64, lines: usize) -> String {
    let start = length(log).saturating_sub(LAST_BYTES).max(since);
    let text = from(log, start);
    let kept: Vec<&str> = text.lines().collect();
    let kept = &kept[kept.len().saturating_sub(lines)..];
    if kept.is_empty() {
        return format!("  (nothing in {})", log.display());
    }
    kept.iter()
        .map(|line| format!("  | {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What was written since the file had this length. Empty when it cannot be read.
pub(crate) fn from(log: &Path, start: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

pub(crate) fn length(log: &Path) -> u64 {
    fs::metadata(log).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(&log, "one\ntwo\nthree\n").unwrap();
        assert_eq!(of(&log, 0, 2), "  | two\n  | three");
        assert_eq!(of(&log, 8, 2), "  | three");
        assert_eq!(from(&log, 8), "three\n");
        assert!(of(&folder.path().join("absent"), 0, 2).contains("nothing in"));
    }
}
