//! A process that cannot be mistaken for another: a number and the moment it started.
//!
//! Process numbers are used again. What this program ends is always the process it started, or a child of it.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::wait;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// In clock ticks since the machine started; field 22 of /proc/PID/stat.
    pub(crate) started: u64,
}

/// What /proc/PID/stat says, as far as we read it.
struct Entry {
    state: char,
    parent: u32,
    threads: u32,
    started: u64,
}

impl Entry {
    /// Ended, though nobody has waited for it yet. The first thread may be a zombie while others still close the ports and files.
    fn ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }
}

impl Process {
    /// The process that has this number now.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        read(pid).map(|entry| Self {
            pid,
            started: entry.started,
        })
    }

    pub(crate) fn this() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Running, and still the same one. A process that ended and was not waited for yet is not alive.
    pub(crate) fn alive(self) -> bool {
        read(self.pid).is_some_and(|entry| entry.started == self.started && !entry.ended())
    }

    /// The name of the program it runs, cut to 15 bytes by the kernel.
    pub(crate) fn program(self) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/comm", self.pid))
            .ok()
            .map(|name| name.trim_end().to_owned())
    }

    pub(crate) fn signal(self, signal: Signal) {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return;
        };
        if self.alive() {
            // It may end between the look and the signal; then there is nothing left to do.
            let _ = kill_process(pid, signal);
        }
    }

    /// Its living descendants, nearest first.
    pub(crate) fn descendants(self) -> Vec<Self> {
        let everyone = everyone();
        let mut family = vec![self];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            let children = everyone
                .iter()
                .filter(|(_, its_parent)| *its_parent == parent.pid)
                .map(|(child, _)| *child);
            family.extend(children);
            next += 1;
        }
        family.remove(0);
        family
    }

    /// SIGKILL to it and to everything it started, and waits until all of them are gone. False when some are not.
    pub(crate) fn kill_tree(self, within: Duration) -> bool {
        // The parent first, so that it cannot replace the children it sees die.
        let mut family = vec![self];
        family.extend(self.descendants());
        for process in &family {
            process.signal(Signal::KILL);
        }
        wait::until(within, || family.iter().all(|process| !process.alive()))
    }
}

fn everyone() -> Vec<(Process, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| {
            read(pid).map(|entry| {
                (
                    Process {
                        pid,
                        started: entry.started,
                    },
                    entry.parent,
                )
            })
        })
        .collect()
}

fn read(pid: u32) -> Option<Entry> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The second field is the program's name in parentheses and may itself hold spaces and parentheses: count from the last one.
fn parse(stat: &str) -> Option<Entry> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let threads = fields.nth(15)?.parse().ok()?;
    let started = fields.nth(1)?.parse().ok()?;
    Some(Entry {
        state,
        parent,
        threads,
        started,
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_name_full_of_parentheses_does_not_shift_the_fields() {
        let stat = "42 (a) b) S 7 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 3 0 9876 0 0";
        let entry = parse(stat).unwrap();
        assert_eq!(
            (entry.state, entry.parent, entry.threads, entry.started),
            ('S', 7, 3, 9876)
        );
    }

    #[test]
    fn a_zombie_has_ended_when_its_threads_have() {
        let entry = |state, threads| Entry {
            state,
            parent: 1,
            threads,
            started: 1,
        };
        assert!(entry('Z', 1).ended());
        assert!(!entry('Z', 2).ended());
        assert!(!entry('S', 1).ended());
    }

    #[test]
    fn a_number_used_again_is_another_process() {
        let this = Process::this().unwrap();
        assert!(this.alive());
        assert!(
            !Process {
                started: this.started + 1,
                ..this
            }
            .alive()
        );
    }

    #[test]
    fn a_tree_dies_whole() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 600 & wait"])
            .spawn()
            .unwrap();
        let parent = Process::of(shell.id()).unwrap();
        assert!(wait::until(Duration::from_secs(10), || parent
            .descendants()
            .len()
            == 1));
        let child = parent.descendants()[0];
        assert!(parent.kill_tree(Duration::from_secs(10)));
        assert!(!child.alive());
        shell.wait().unwrap();
    }
}
