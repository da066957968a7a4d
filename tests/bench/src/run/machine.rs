//! The machine: figures mean nothing without it.

use std::fs;
use std::process::Command;

use anyhow::Context;

/// The processor's model, as it says itself.
pub(super) fn processor() -> anyhow::Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo cannot be read")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    Ok(model.map_or("an unknown processor", |(_, name)| name.trim()).to_owned())
}

/// Today, as 2026-11-30.
pub(super) fn date() -> anyhow::Result<String> {
    let date = Command::new("date").args(["-u", "+%F"]).output().context("date cannot be started")?;
    Ok(String::from_utf8_lossy(&date.stdout).trim().to_owned())
}

/// One line: processor, cores, kernel, compiler.
pub(super) fn description() -> anyhow::Result<String> {
    let model = processor()?;
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
