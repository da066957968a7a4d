//! The resources that a process uses, as Linux reports them.

use std::fs;

/// The resources that a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of its own memory (`RssAnon`).
    pub memory: u64,
    /// Open files, including sockets.
    pub descriptors: usize,
    /// Threads.
    pub threads: u64,
    /// Tasks of its runtime, if its metrics were read.
    pub tasks: Option<u64>,
}

impl Usage {
    /// The usage of a running process.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel tells it");
            line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).expect("a number")
        };
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).expect("it is our child").count();
        Self { memory: field("RssAnon:") * 1024, descriptors, threads: field("Threads:"), tasks: None }
    }

    /// The median of each number.
    #[must_use]
    pub fn median(usages: &[Self]) -> Self {
        Self {
            memory: middle(usages, |usage| usage.memory),
            descriptors: middle(usages, |usage| usage.descriptors),
            threads: middle(usages, |usage| usage.threads),
            tasks: middle(usages, |usage| usage.tasks),
        }
    }
}

fn middle<T: Ord + Copy>(usages: &[Usage], of: impl Fn(&Usage) -> T) -> T {
    let mut all: Vec<T> = usages.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}
