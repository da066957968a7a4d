//! The library, mounted into a warp application as its users do it.

use rtbroadcaster::{Limits, Manager, Settings};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use warp::Filter;

/// Where the rooms are, here and by default in the program.
pub const PATH: &str = "/broadcasting";

/// A server in this process, on a port of its own; it ends with the test.
#[derive(Debug)]
pub struct Server {
    /// `host:port`.
    pub address: String,
    /// Its rooms, to be looked at from the inside.
    pub manager: Manager,
    task: JoinHandle<()>,
}

impl Server {
    /// With the default settings.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// With the default settings but for some limits.
    pub async fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings.limits);
        Self::with(settings).await
    }

    /// With these settings.
    pub async fn with(settings: Settings) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let manager = Manager::new(settings);
        let routes = warp::path(&PATH[1..]).and(manager.routes());
        let task = tokio::spawn(warp::serve(routes).incoming(listener).run());
        Self { address, manager, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
