//! Looks for card numbers in bytes of any kind: as digits, in groups, and in the forms in which bytes are written down as text.
//!
//! All patterns are looked for at once, by two bytes at a time (Wu and Manber, "A fast algorithm for multi-pattern searching",
//! 1994): data directories have gigabytes, and most of their bytes are never looked at.

mod forms;
mod security_code;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use security_code::SecurityCodes;

/// How much of a file is looked at together.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Every pair of bytes has its own place.
const PAIRS: usize = 1 << 16;

/// A number that was found: which, in what form, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The number as it was given to the scanner.
    pub number: String,
    pub form: &'static str,
    /// The first byte of it.
    pub at: usize,
    /// What stands around it, to find out how it got there.
    pub around: String,
}

/// Something to look for.
#[derive(Debug)]
struct Pattern {
    number: String,
    form: &'static str,
    bytes: Vec<u8>,
}

/// Looks for some card numbers.
#[derive(Debug)]
pub struct Scanner {
    patterns: Vec<Pattern>,
    shortest: usize,
    longest: usize,
    /// How far the window may move when it ends in this pair of bytes.
    shifts: Vec<usize>,
}

impl Scanner {
    /// For these numbers, digits only.
    pub fn of(numbers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut patterns = Vec::new();
        for number in numbers {
            let number = number.into();
            for (form, bytes) in forms::of(&number) {
                let number = number.clone();
                patterns.push(Pattern { number, form, bytes });
            }
        }
        let lengths = || patterns.iter().map(|pattern| pattern.bytes.len());
        let shortest = lengths().min().expect("a number to look for");
        let longest = lengths().max().unwrap_or_default();
        let mut shifts = vec![shortest - 1; PAIRS];
        for pattern in &patterns {
            for (place, two) in pattern.bytes[..shortest].windows(2).enumerate() {
                let shift = &mut shifts[pair(two[0], two[1])];
                *shift = (*shift).min(shortest - 2 - place);
            }
        }
        Self {
            patterns,
            shortest,
            longest,
            shifts,
        }
    }

    /// Every place where a number is.
    pub fn find(&self, bytes: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut end = self.shortest;
        while end <= bytes.len() {
            let shift = self.shifts[pair(bytes[end - 2], bytes[end - 1])];
            if shift == 0 {
                let start = end - self.shortest;
                hits.extend(self.beginning_at(bytes, start));
                end += 1;
            } else {
                end += shift;
            }
        }
        hits
    }

    fn beginning_at(&self, bytes: &[u8], start: usize) -> Option<Hit> {
        let found = |pattern: &&Pattern| bytes[start..].starts_with(&pattern.bytes);
        let pattern = self.patterns.iter().find(found)?;
        let around = start.saturating_sub(60)..(start + pattern.bytes.len() + 30).min(bytes.len());
        Some(Hit {
            number: pattern.number.clone(),
            form: pattern.form,
            at: start,
            around: bytes[around].escape_ascii().to_string(),
        })
    }

    /// Every place in a file, however long it is.
    pub fn find_in_file(&self, path: &Path) -> io::Result<Vec<Hit>> {
        let mut file = File::open(path)?;
        let mut hits = Vec::new();
        let mut window = Vec::new();
        let mut start = 0;
        loop {
            let read = (&mut file).take(CHUNK_BYTES as u64).read_to_end(&mut window)?;
            for hit in self.find(&window) {
                let at = start + hit.at;
                // What lies in the overlap was seen before, with less around it.
                if hits.iter().all(|seen: &Hit| seen.at != at) {
                    hits.push(Hit { at, ..hit });
                }
            }
            if read == 0 {
                return Ok(hits);
            }
            // A number may stand across the seam.
            let done = window.len().saturating_sub(self.longest);
            window.drain(..done);
            start += done;
        }
    }

    /// Every place in every file below a folder, with the file; and how many files and bytes were looked at.
    pub fn find_below(&self, folder: &Path) -> io::Result<Found> {
        let mut found = Found::default();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir()? {
                let path = entry?.path();
                // A server that works meanwhile may remove what was just listed.
                let Ok(metadata) = path.symlink_metadata() else {
                    continue;
                };
                if metadata.is_dir() {
                    folders.push(path);
                } else if metadata.is_file() {
                    let Ok(hits) = self.find_in_file(&path) else {
                        continue;
                    };
                    found.files += 1;
                    found.bytes += metadata.len();
                    let named = hits.into_iter().map(|hit| (path.display().to_string(), hit));
                    found.hits.extend(named);
                }
            }
        }
        Ok(found)
    }
}

/// What a folder was found to hold.
#[derive(Debug, Default)]
pub struct Found {
    pub files: usize,
    pub bytes: u64,
    pub hits: Vec<(String, Hit)>,
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "4111111111111111";
    const OTHER: &str = "378282246310005";

    fn forms_found(bytes: &[u8]) -> Vec<&'static str> {
        let hits = Scanner::of([NUMBER, OTHER]).find(bytes);
        hits.iter().map(|hit| hit.form).collect()
    }

    #[test]
    fn a_planted_number_is_found_in_each_of_its_forms() {
        let noise: Vec<u8> = (0..=250).cycle().step_by(31).take(5_000).collect();
        for number in [NUMBER, OTHER] {
            for (form, bytes) in forms::of(number) {
                for gap in 0..40 {
                    let mut text = noise[..2_000 + gap].to_vec();
                    text.extend(&bytes);
                    text.extend(&noise);
                    let hits = Scanner::of([NUMBER, OTHER]).find(&text);
                    let wanted = hits
                        .iter()
                        .any(|hit| hit.at == 2_000 + gap && hit.number == number);
                    assert!(wanted, "{form} at {gap}: {hits:?}");
                }
            }
        }
    }

    #[test]
    fn forms_are_what_programs_write() {
        for (text, form) in [
            ("paid with 4111111111111111 today", "digits"),
            ("{\"number\":4111111111111111}", "digits"),
            ("4111 1111 1111 1111", "groups of four"),
            ("3782-822463-10005", "groups of American Express"),
            ("4111%201111%201111%201111", "groups of four"),
            ("NDExMTExMTExMTExMTExMQ==", "base64"),
            ("x4111\u{a0}1111\u{a0}1111\u{a0}1111x", "groups of four"),
            ("34313131313131313131313131313131", "hex of the digits"),
        ] {
            assert_eq!(forms_found(text.as_bytes()), [form], "{text}");
        }
        let number: u64 = NUMBER.parse().expect("a number");
        assert_eq!(forms_found(&number.to_be_bytes()), ["a big-endian integer"]);
    }

    #[test]
    fn what_is_masked_or_another_number_is_not_found() {
        for text in [
            "************1111",
            "4111 11** **** 1111",
            "5555555555554444",
            "411111111111111",
            "",
            "4",
        ] {
            assert_eq!(forms_found(text.as_bytes()), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_number_across_the_seam_of_two_chunks_is_found_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("deep");
        let mut bytes = vec![b'.'; CHUNK_BYTES - 7];
        bytes.extend(NUMBER.as_bytes());
        bytes.extend(vec![b'.'; CHUNK_BYTES]);
        bytes.extend(OTHER.as_bytes());
        std::fs::write(&file, bytes).expect("written");
        let found = Scanner::of([NUMBER, OTHER])
            .find_below(folder.path())
            .expect("read");
        let numbers: Vec<&str> = found.hits.iter().map(|(_, hit)| hit.number.as_str()).collect();
        assert_eq!(numbers, [NUMBER, OTHER]);
        assert_eq!(found.files, 1);
    }
}
