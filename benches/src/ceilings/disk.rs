//! One flush: 8 KiB into a file that has its size already, as PostgreSQL writes its log, and `fdatasync`.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Ceiling;
use crate::statistics::median;

const BLOCK: usize = 8 * 1024;
/// 16 MiB, as a segment of the log.
const BLOCKS: usize = 2_048;
const FLUSHES: usize = 1_000;

/// On the file system that the servers' data is on.
pub(super) async fn measure(folder: &Path) -> Result<Ceiling> {
    let path = folder.join("flushes");
    let seconds = tokio::task::spawn_blocking(move || flush(&path)).await??;
    let total: f64 = seconds.iter().sum();
    Ok(Ceiling::without_processor(
        "8 KiB to the disk (fdatasync)".to_owned(),
        seconds.len() as f64 / total,
        median(&seconds).map(|seconds| seconds * 1e3),
        format!("{FLUSHES} of them, one after another, on the file system of PostgreSQL's data"),
    ))
}

fn flush(path: &Path) -> Result<Vec<f64>> {
    let mut file = File::create(path).with_context(|| path.display().to_string())?;
    for _ in 0..BLOCKS {
        file.write_all(&[0; BLOCK])?;
    }
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let flushes = (0..FLUSHES).map(|_| {
        let begin = Instant::now();
        file.write_all(&[1; BLOCK])?;
        file.sync_data()?;
        Ok(begin.elapsed().as_secs_f64())
    });
    let seconds = flushes.collect::<Result<Vec<f64>>>()?;
    std::fs::remove_file(path)?;
    Ok(seconds)
}
