//! The name of this machine, for those who look after several.

use std::fs;

/// The name of the host. None where the operating system doesn't say it as Linux does.
pub(super) fn host_name() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    text.split_whitespace().next().map(str::to_owned)
}
