//! A higher priority than other programs. Without it, two builds beside the benchmark can make a
//! server look cheaper than the floor: when it is held up, it sends several messages at once.

use std::fs;
use std::io;

/// Nearly thirty times the weight of others: each step adds a quarter.
const NICE: i32 = -15;
/// The file for kernels that first weigh sessions against each other, and then processes within a
/// session.
const SESSION: &str = "/proc/self/autogroup";

/// Until it is dropped, this process and those it starts have the higher priority.
pub(super) struct Priority {
    process: i32,
    session: Option<i32>,
}

impl Priority {
    /// Raises the priority. Fails where that is not allowed; mostly only root may.
    pub(super) fn take() -> io::Result<Self> {
        let process = rustix::process::getpriority_process(None)?;
        rustix::process::setpriority_process(None, NICE)?;
        // Kernels without this file have no such weighing.
        let session = fs::read_to_string(SESSION).ok().and_then(|text| session_nice(&text));
        let taken = Self { process, session };
        if session.is_some() {
            fs::write(SESSION, NICE.to_string())?;
        }
        Ok(taken)
    }
}

impl Drop for Priority {
    fn drop(&mut self) {
        // Lowering the priority is always allowed, and nothing could be done about a failure.
        let _ = rustix::process::setpriority_process(None, self.process);
        if let Some(nice) = self.session {
            let _ = fs::write(SESSION, nice.to_string());
        }
    }
}

/// `/autogroup-932 nice 0`
fn session_nice(text: &str) -> Option<i32> {
    text.rsplit_once("nice ")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_weight_is_understood() {
        assert_eq!(session_nice("/autogroup-932 nice -4\n"), Some(-4));
        assert_eq!(session_nice("/"), None);
    }
}
