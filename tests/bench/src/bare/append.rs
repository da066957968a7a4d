//! The least that waiting for a disk takes.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use hdrhistogram::Histogram;

use crate::measurement::{Measurement, Metric};

/// Appends one after the other, without a pause.
const APPENDS_IN_A_LOOP: usize = 500;
/// The loop ends after this time.
const LOOP_TIME: Duration = Duration::from_millis(500);
/// So long it appends as often a second as it is told.
const PACED_TIME: Duration = Duration::from_millis(2_500);
const BYTES: usize = 4096;
/// The longest time that is told apart: a minute.
const MAX_NANOSECONDS: u64 = 60_000_000_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory for the file.
    directory: PathBuf,
    /// How often to append.
    #[arg(long)]
    appends_per_second: f64,
}

/// Appends one block after the other: as often as it is told, and then without a pause.
pub(super) fn measure(args: &Args) -> anyhow::Result<Measurement> {
    let path = args.directory.join("appended");
    let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let appends = (args.appends_per_second * PACED_TIME.as_secs_f64()).ceil().max(1.0);
    let paced = append(&mut file, appends as usize, 1.0 / args.appends_per_second, PACED_TIME)?;
    let looped = append(&mut file, APPENDS_IN_A_LOOP, 0.0, LOOP_TIME)?;
    let milliseconds =
        |histogram: &Histogram<u64>, quantile| histogram.value_at_quantile(quantile) as f64 / 1e6;
    Ok(Measurement::from([
        (Metric::AppendP50, milliseconds(&paced, 0.5)),
        (Metric::AppendP99, milliseconds(&paced, 0.99)),
        (Metric::AppendLoopP50, milliseconds(&looped, 0.5)),
    ]))
}

/// Appends so many blocks, each so many seconds after the one before, but none after `time`.
/// Returns how long each took, in nanoseconds.
fn append(file: &mut File, appends: usize, interval: f64, time: Duration) -> anyhow::Result<Histogram<u64>> {
    let mut nanoseconds = Histogram::new_with_bounds(1, MAX_NANOSECONDS, 3).context("no histogram")?;
    let began = Instant::now();
    for number in 0..appends {
        let due = Duration::from_secs_f64(interval * number as f64);
        thread::sleep(due.saturating_sub(began.elapsed()));
        let append_began = Instant::now();
        if number > 0 && began.elapsed() >= time {
            break;
        }
        file.write_all(&[b'x'; BYTES]).context("cannot append")?;
        file.sync_data().context("the disk does not take what was appended")?;
        nanoseconds.saturating_record(u64::try_from(append_began.elapsed().as_nanos())?);
    }
    Ok(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_append_takes_time() {
        let directory = crate::bare::commit::tests::directory("append");
        let measurement = measure(&Args { directory: directory.clone(), appends_per_second: 1e6 }).unwrap();
        assert!(measurement.values().all(|value| *value > 0.0), "{measurement:?}");
        assert_eq!(measurement.len(), 3);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn as_many_appends_are_made_as_are_wanted_and_none_is_too_early() {
        let directory = crate::bare::commit::tests::directory("paced");
        let path = directory.join("appended");
        let mut file = File::create(&path).unwrap();
        let began = Instant::now();
        let nanoseconds = append(&mut file, 5, 0.001, Duration::MAX).unwrap();
        assert!(began.elapsed() >= Duration::from_millis(4));
        assert_eq!(nanoseconds.len(), 5);
        assert_eq!(std::fs::metadata(&path).unwrap().len() as usize, 5 * BYTES);
        assert_eq!(append(&mut file, 5, 0.001, Duration::ZERO).unwrap().len(), 1);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
