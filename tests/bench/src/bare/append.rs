//! The least that waiting for a disk takes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use hdrhistogram::Histogram;

use crate::measurement::{Measurement, Metric};

const APPENDS: usize = 500;
const BYTES: usize = 4096;
/// The longest time that is told apart: a minute.
const MAX_NANOSECONDS: u64 = 60_000_000_000;

/// Appends one block after the other.
pub(super) fn measure(directory: &Path) -> anyhow::Result<Measurement> {
    let path = directory.join("appended");
    let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut nanoseconds = Histogram::<u64>::new_with_bounds(1, MAX_NANOSECONDS, 3).context("no histogram")?;
    for _ in 0..APPENDS {
        let began = Instant::now();
        file.write_all(&[b'x'; BYTES]).context("cannot append")?;
        file.sync_data().context("the disk does not take what was appended")?;
        nanoseconds.saturating_record(u64::try_from(began.elapsed().as_nanos())?);
    }
    let milliseconds = |quantile| nanoseconds.value_at_quantile(quantile) as f64 / 1e6;
    Ok(Measurement::from([(Metric::AppendP50, milliseconds(0.5)), (Metric::AppendP99, milliseconds(0.99))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_append_takes_time() {
        let directory = crate::bare::commit::tests::directory("append");
        let measurement = measure(&directory).unwrap();
        assert!(measurement[&Metric::AppendP50] > 0.0);
        assert_eq!(std::fs::metadata(directory.join("appended")).unwrap().len() as usize, APPENDS * BYTES);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
