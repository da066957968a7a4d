//! The measured process, as /proc shows it.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// A running process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    pub(crate) process: u32,
}

impl Observed {
    /// CPU time of all its threads so far. It comes from the scheduler's accounts, which are exact
    /// to the nanosecond; /proc/PID/stat counts ticks of 10 ms.
    pub(crate) fn cpu(self) -> anyhow::Result<Duration> {
        let folder = format!("/proc/{}/task", self.process);
        let mut nanos = 0;
        for thread in fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))? {
            // A thread may end between the listing and the reading. It has then done almost
            // nothing.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += first_number(&text).context("schedstat has no numbers")?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// CPU time since an earlier [`Observed::cpu`], without threads that have ended since then.
    pub(crate) fn cpu_since(self, earlier: Duration) -> anyhow::Result<Duration> {
        Ok(self.cpu()?.saturating_sub(earlier))
    }

    /// Its memory, in which shared pages count in part; KiB.
    pub(crate) fn memory(self) -> anyhow::Result<u64> {
        let file = format!("/proc/{}/smaps_rollup", self.process);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        line.and_then(first_number).with_context(|| format!("{file} has no Pss"))
    }

    /// CPU time that all of the machine's processes have used so far, and that its host has
    /// withheld.
    pub(crate) fn machine() -> anyhow::Result<Duration> {
        let text = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        let ticks = busy_ticks(&text).context("/proc/stat has no first line as it should be")?;
        Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    }

    /// Whether it has ended and left everything, such as the port that it listened on. Its parent
    /// may not have noticed yet.
    pub(crate) fn has_ended(self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process)).unwrap_or_default();
        // The state comes after the name, which stands in brackets.
        let is_zombie = stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'));
        // Its other threads may still be there, with its files.
        let threads = fs::read_dir(format!("/proc/{}/task", self.process)).map_or(0, Iterator::count);
        is_zombie && threads <= 1
    }

    /// Connections that the kernel has dropped so far because the queue of an `accept` was full.
    pub(crate) fn connections_dropped() -> anyhow::Result<u64> {
        let text = fs::read_to_string("/proc/net/netstat").context("cannot read /proc/net/netstat")?;
        named_number(&text, "TcpExt:", "ListenDrops").context("/proc/net/netstat has no ListenDrops")
    }

    /// This process.
    pub(crate) fn own() -> Self {
        Self { process: std::process::id() }
    }
}

/// The ticks of `cpu  user nice system idle iowait irq softirq steal …`, without `idle` and
/// `iowait`.
fn busy_ticks(text: &str) -> Option<u64> {
    let numbers = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let ticks: Vec<u64> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(ticks.iter().sum::<u64>() - ticks.get(3)? - ticks.get(4)?)
}

/// A number of a table with one line of names and one of numbers, both after a prefix.
fn named_number(text: &str, prefix: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with(prefix)).map(str::split_whitespace);
    let index = lines.next()?.position(|other| other == name)?;
    lines.next()?.nth(index)?.parse().ok()
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
    fn a_number_is_found_by_its_name() {
        let text = "IpExt: ListenDrops\nIpExt: 9\nTcpExt: A ListenDrops\nTcpExt: 1 2\n";
        assert_eq!(named_number(text, "TcpExt:", "ListenDrops"), Some(2));
        assert_eq!(named_number(text, "TcpExt:", "B"), None);
        assert!(Observed::connections_dropped().is_ok());
    }

    #[test]
    fn idle_time_is_not_busy() {
        assert_eq!(busy_ticks("cpu  1 2 3 1000 2000 4 5 6 0 0\ncpu0 9\n"), Some(21));
        assert_eq!(busy_ticks("intr 5"), None);
        assert!(Observed::machine().unwrap() > Duration::ZERO);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        let nobody = Observed { process: u32::MAX };
        assert!(nobody.cpu().is_err() && nobody.memory().is_err());
        assert!(nobody.has_ended() && !Observed::own().has_ended());
    }
}
