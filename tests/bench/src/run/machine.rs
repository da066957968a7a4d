//! The machine: figures mean nothing without it.

use std::fs;
use std::process::Command;

use anyhow::Context;

/// One line: processor, cores, kernel, compiler.
pub(super) fn description() -> anyhow::Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo cannot be read")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("an unknown processor", |(_, name)| name.trim());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").context("the kernel has no name")?;
    let rustc = Command::new("rustc").arg("--version").output().context("rustc cannot be started")?;
    let rustc = String::from_utf8_lossy(&rustc.stdout);
    let cores = cores()?;
    Ok(format!("{model}, {cores} cores; Linux {}; {}.", kernel.trim(), rustc.trim()))
}

/// Cores that this process may use.
pub(super) fn cores() -> anyhow::Result<usize> {
    Ok(std::thread::available_parallelism().context("the cores cannot be counted")?.get())
}
