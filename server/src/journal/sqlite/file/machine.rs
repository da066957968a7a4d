//! What the operating system says of this machine and this boot. Systems other than Linux say
//! nothing here, and the store does without.

use std::fs;

use crate::journal::host::host_name;

/// The id of this boot: another one after each start of the machine.
pub(crate) fn boot() -> Option<String> {
    first_word("/proc/sys/kernel/random/boot_id")
}

/// Milliseconds since the machine was started. Whoever sets the machine's clock doesn't change
/// them.
pub(crate) fn since_boot_ms() -> Option<u64> {
    let seconds: f64 = first_word("/proc/uptime")?.parse().ok()?;
    Some((seconds * 1_000.0) as u64)
}

/// The name of the host.
pub(crate) fn host() -> String {
    host_name().unwrap_or_else(|| "this host".to_owned())
}

fn first_word(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.split_whitespace().next().map(str::to_owned)
}
