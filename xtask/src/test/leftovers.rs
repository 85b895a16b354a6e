//! What a test run that was killed left behind: most servers died with it, but those that a test had started again did not.
//!
//! Only folders of this user are looked at, and only the processes written down in them are ended, if they still are the same.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::throwaway::{self, PREFIX};
use crate::stack::Stack;
use crate::system::folders;

pub(super) fn sweep() {
    for folder in folders_of_test_runs() {
        let Ok(stack) = Stack::open(&folder) else { continue };
        if stack.owner.is_some_and(|owner| !owner.alive()) {
            println!(
                "A test run ended without cleaning up; removing {}",
                folder.display()
            );
            throwaway::remove(&stack);
        }
    }
}

fn folders_of_test_runs() -> Vec<PathBuf> {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .filter(|entry| entry.metadata().ok().map(|metadata| metadata.uid()) == folders::user())
        .map(|entry| entry.path())
        .collect()
}
