//! The signals of the operating system: to end, and to reload files.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster::Manager;
use tracing::{info, warn};

use crate::log_writer::LogWriter;
use crate::tls::Tls;

/// How long the rest of a shutdown may take after its own time: the last clients are cut, and their
/// sockets closed.
const LAST_FAREWELLS: Duration = Duration::from_secs(4);

/// How long an end at once waits for the reader of the log.
const LAST_LINE_TIMEOUT: Duration = Duration::from_millis(100);

/// A signal that asks for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// The signal that service managers send.
    #[cfg(unix)]
    Terminate,
}

impl Stop {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "interrupt",
            #[cfg(unix)]
            Self::Terminate => "terminate",
        }
    }

    /// The exit code that shells use for a process that a signal has ended: 128 and the signal's
    /// number.
    fn exit_code(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            #[cfg(unix)]
            Self::Terminate => 143,
        }
    }
}

/// The signals that the program listens to.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// Listens from now on. The signals then don't end the program by themselves.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Listens from now on. Ctrl-C then doesn't end the program by itself.
    #[cfg(windows)]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for a signal that asks for an end. Returns its name.
    pub(crate) async fn stop(&mut self) -> &'static str {
        self.next().await.name()
    }

    /// Waits for one more signal that asks for an end, and ends the program.
    async fn end_at_once(mut self, log: LogWriter) {
        let stop = self.next().await;
        warn!(signal = stop.name(), "told again to end: clients that are still connected are cut");
        // Lines that nobody reads hold nothing up.
        let _ = log.flush(LAST_LINE_TIMEOUT);
        std::process::exit(stop.exit_code());
    }

    #[cfg(unix)]
    async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = self.terminate.recv() => Stop::Terminate,
        }
    }

    #[cfg(windows)]
    async fn next(&mut self) -> Stop {
        self.interrupt.recv().await;
        Stop::Interrupt
    }

    /// Waits for a signal that asks for an end, then shuts the manager down. From the signal on no
    /// connection is let in. After `delay` the clients are sent away, spread over `time`. A second
    /// signal ends the program at once.
    pub(crate) async fn drain(mut self, manager: Manager, log: LogWriter, delay: Duration, time: Duration) {
        // Awaited outside of the log line, which isn't evaluated where its level is off.
        let signal = self.stop().await;
        // Comes before anything else: whatever hangs, a second signal ends the program.
        tokio::spawn(self.end_at_once(log));
        // Counted before, because this sends away who is in no room.
        let connections = manager.connected();
        manager.refuse_newcomers();
        info!(signal, connections, rooms = manager.rooms(), "shutting down");
        tokio::time::sleep(delay).await;
        shut_down(&manager, time).await;
    }
}

/// Shuts the manager down at once.
pub(crate) async fn cut(manager: &Manager) {
    shut_down(manager, Duration::ZERO).await;
}

/// Shuts the manager down over a time. The end of the process cuts what takes longer.
async fn shut_down(manager: &Manager, time: Duration) {
    let drained = tokio::time::timeout(time + LAST_FAREWELLS, manager.shut_down_over(time)).await;
    manager.log_lost_rooms();
    let (cut, rooms) = (manager.connected(), manager.rooms());
    let fate = if manager.stores_rooms() { "stored" } else { "lost" };
    match drained {
        Ok(()) => info!(rooms, "all clients were sent away, and the rooms are {fate}"),
        Err(_) => {
            warn!(cut, rooms, "some clients did not go in time and are cut, and the rooms are {fate}");
        }
    }
}

/// SIGHUP, on which the certificate with its key and the keys for tokens are read again. If
/// something is wrong with them, the log says so, and the previous ones stay in force. Systems
/// other than Unix have no such signal.
pub(crate) struct ReloadSignal {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl ReloadSignal {
    /// Listens from now on. The signal then doesn't end the program.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { hangup: signal(SignalKind::hangup())? })
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Reads the files again each time the signal comes, and at once if it came since
    /// [`ReloadSignal::listen`].
    #[cfg(unix)]
    pub(crate) fn reload(mut self, manager: Manager, tls: Option<Arc<Tls>>) {
        tokio::spawn(async move {
            while self.hangup.recv().await.is_some() {
                if let Some(tls) = tls.clone() {
                    reload_certificate(tls).await;
                }
                match manager.load_keys().await {
                    Ok(()) => info!("reloaded"),
                    Err(error) => warn!(%error, "the keys for tokens could not be read again"),
                }
            }
        });
    }

    #[cfg(not(unix))]
    pub(crate) fn reload(self, _manager: Manager, _tls: Option<Arc<Tls>>) {}
}

#[cfg(unix)]
async fn reload_certificate(tls: Arc<Tls>) {
    match tokio::task::spawn_blocking(move || tls.reload()).await {
        Ok(Ok(())) => info!("the certificate was read again"),
        Ok(Err(error)) => {
            warn!(%error, "the certificate could not be read again: the one before stays in force");
        }
        Err(error) => tracing::error!(%error, "reading the certificate panicked"),
    }
}
