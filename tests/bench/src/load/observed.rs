//! The process under test, as /proc shows it.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// A running process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    pub(crate) process: u32,
}

impl Observed {
    /// CPU time of all its threads so far. Of the scheduler's own books, which are exact to the nanosecond, where
    /// /proc/PID/stat counts ticks of 10 ms.
    pub(crate) fn cpu(self) -> anyhow::Result<Duration> {
        let folder = format!("/proc/{}/task", self.process);
        let mut nanos = 0;
        for thread in fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))? {
            // A thread may end between the listing and the reading; it has done next to nothing then.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += first_number(&text).context("schedstat has no numbers")?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Its memory, pages that it shares with others counted in part; KiB.
    pub(crate) fn memory(self) -> anyhow::Result<u64> {
        let file = format!("/proc/{}/smaps_rollup", self.process);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        line.and_then(first_number).with_context(|| format!("{file} has no Pss"))
    }

    /// This process.
    pub(crate) fn own() -> Self {
        Self { process: std::process::id() }
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_taken_time_and_memory() {
        let own = Observed::own();
        let before = own.cpu().unwrap();
        let mut sum = 0_u64;
        while own.cpu().unwrap() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(own.memory().unwrap() > 100);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        let nobody = Observed { process: u32::MAX };
        assert!(nobody.cpu().is_err() && nobody.memory().is_err());
    }
}
