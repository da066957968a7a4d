//! What the operating system tells the program to do.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster::Manager;
use tracing::{info, warn};

use crate::tls::Tls;

/// What is left of a shutdown after the time for it: those who were told last are cut, and their sockets closed.
const LAST_FAREWELLS: Duration = Duration::from_secs(4);

/// A signal that asks for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// What service managers send.
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

    /// As shells have it for a process that a signal has ended: 128 and its number.
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
    /// From now on signals don't end the program by themselves.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// From now on ctrl-C doesn't end the program by itself.
    #[cfg(windows)]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for a signal that asks for an end; what it is called.
    pub(crate) async fn stop(&mut self) -> &'static str {
        self.next().await.name()
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

    /// Waits for a signal that asks for an end, and sends the clients away. From the signal on nobody is let in; after
    /// `delay` clients are sent away, over `time`. Another signal ends the program at once.
    pub(crate) async fn drain(mut self, manager: Manager, delay: Duration, time: Duration) {
        // Awaited by itself: what stands in a log line is not evaluated where that level is off.
        let signal = self.stop().await;
        info!(signal, "shutting down");
        manager.refuse_newcomers();
        tokio::spawn(async move {
            let stop = self.next().await;
            warn!(signal = stop.name(), "told again to end: whoever is still connected is cut");
            std::process::exit(stop.exit_code());
        });
        tokio::time::sleep(delay).await;
        // What takes longer than this is cut by the end of the process.
        if tokio::time::timeout(time + LAST_FAREWELLS, manager.shut_down_over(time)).await.is_err() {
            warn!("some connections did not end in time and are cut");
        }
    }
}

/// SIGHUP, at which what may change while the program runs is read again: the certificate with its key, and the keys for
/// tokens. What is wrong with them is told in the log, and those before stay in force. Elsewhere there is no such signal.
pub(crate) struct ReloadSignal {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl ReloadSignal {
    /// From now on it doesn't end the program.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { hangup: signal(SignalKind::hangup())? })
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Reads again whenever it comes, and at once if it has come since [`ReloadSignal::listen`].
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
        Err(error) => tracing::error!(%error, "the reading of the certificate panicked"),
    }
}
