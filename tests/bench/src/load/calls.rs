//! Counting the system calls of another process.
//!
//! /proc has no such number (its `syscw` leaves out `send` and `io_uring`), so this needs a tool.
//! perf costs the process almost nothing. strace slows it down so much that it can only count a
//! paced run.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

const EVENT: &str = "raw_syscalls:sys_enter";

/// A tool that counts system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    Perf,
    Strace,
}

impl Tool {
    /// The best tool that this machine has and allows.
    pub(crate) fn find() -> Option<Self> {
        let works = |command: &mut Command| {
            let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            quiet.status().is_ok_and(|status| status.success())
        };
        if works(Command::new("perf").args(["stat", "-e", EVENT, "--", "true"])) {
            return Some(Self::Perf);
        }
        works(Command::new("strace").args(["-c", "-f", "true"])).then_some(Self::Strace)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf",
            Self::Strace => "strace",
        }
    }
}

/// A running count.
pub(crate) struct Calls {
    tool: Tool,
    child: Child,
}

impl Calls {
    /// Begins to count. When it returns, every further call is counted.
    pub(crate) fn begin(tool: Tool, process: u32) -> anyhow::Result<Self> {
        let mut command = match tool {
            // perf counts as long as `cat` runs, and `cat` ends with its input.
            Tool::Perf => {
                let mut perf = Command::new("perf");
                perf.args(["stat", "-x,", "-e", EVENT, "-p"]).arg(process.to_string()).args(["--", "cat"]);
                perf
            }
            Tool::Strace => {
                let mut strace = Command::new("strace");
                strace.args(["-c", "-f", "-p"]).arg(process.to_string());
                strace
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut calls =
            Self { tool, child: command.spawn().with_context(|| format!("cannot start {}", tool.name()))? };
        calls.wait_until_it_counts().with_context(|| format!("{} does not count", tool.name()))?;
        Ok(calls)
    }

    fn wait_until_it_counts(&mut self) -> anyhow::Result<()> {
        match self.tool {
            Tool::Perf => {
                // The byte that comes back from `cat` shows that it runs.
                self.child.stdin.as_mut().context("no stdin")?.write_all(b"!")?;
                self.child.stdout.as_mut().context("no stdout")?.read_exact(&mut [0])?;
            }
            Tool::Strace => {
                // strace prints one line for each attached thread. The first one shows that it has
                // started.
                let stderr = self.child.stderr.as_mut().context("no stderr")?;
                let mut line = String::new();
                BufReader::with_capacity(1, stderr).read_line(&mut line)?;
                if !line.contains("attached") {
                    bail!("{line}");
                }
            }
        }
        Ok(())
    }

    /// Ends the count and returns the number of calls.
    pub(crate) fn end(mut self) -> anyhow::Result<u64> {
        drop(self.child.stdin.take());
        if self.tool == Tool::Strace {
            let process = self.child.id().to_string();
            Command::new("kill").args(["-s", "INT", &process]).status().context("there is no `kill`")?;
        }
        let output = self.child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        let count = match self.tool {
            Tool::Perf => perf_count(&text),
            Tool::Strace => strace_count(&text),
        };
        count.with_context(|| format!("{} said: {text}", self.tool.name()))
    }
}

/// `4001,,raw_syscalls:sys_enter,5020,100.00,,`
fn perf_count(text: &str) -> Option<u64> {
    text.lines().find(|line| line.contains(EVENT))?.split(',').next()?.parse().ok()
}

/// `100.00    0.000000           0       144        18 total`
fn strace_count(text: &str) -> Option<u64> {
    let total = text.lines().rev().find(|line| line.ends_with(" total"))?;
    total.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_are_understood() {
        assert_eq!(perf_count("4001,,raw_syscalls:sys_enter,5020,100.00,,\n"), Some(4001));
        assert_eq!(perf_count("<not counted>,,raw_syscalls:sys_enter,0,100.00,,\n"), None);
        let table = "------\n100.00    0.000000           0       144        18 total\n";
        assert_eq!(strace_count(table), Some(144));
        assert_eq!(strace_count("nothing"), None);
    }
}
