//! The library, mounted into a warp application as its users mount it.

use std::path::PathBuf;

use rtbroadcaster::{Limits, Manager, Settings, StoreSettings, SyncMode};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::METRICS_PATH;

/// The path of the rooms, here and by default in the program.
pub const PATH: &str = "/broadcasting";

/// A server in this process on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct Server {
    /// `host:port`.
    pub address: String,
    /// Its manager, for tests that look inside.
    pub manager: Manager,
    task: JoinHandle<()>,
    /// The file of its Unix socket and the task that bridges to it, if it listens on one.
    bridge: Option<(PathBuf, JoinHandle<()>)>,
    /// Where it stores its rooms, if it does.
    store: Option<PathBuf>,
}

impl Server {
    /// Starts a server with the default settings.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// Starts a server with the default settings except for some limits.
    pub async fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings.limits);
        Self::with(settings).await
    }

    /// Starts a server with these settings.
    pub async fn with(settings: Settings) -> Self {
        Self::of(Manager::new(settings)).await
    }

    /// Starts a server that stores its rooms, in a new directory for this test.
    pub async fn with_store(test: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("rtbroadcaster-{}-{test}", std::process::id()));
        Self::on_store(directory).await
    }

    /// Shuts the server down, and starts another one on the same store.
    pub async fn restart(mut self) -> Self {
        let directory = self.store.take().expect("a server with a store");
        self.manager.shut_down().await;
        self.task.abort();
        // It has ended by the abort.
        drop((&mut self.task).await);
        drop(self);
        Self::on_store(directory).await
    }

    async fn on_store(directory: PathBuf) -> Self {
        let store = StoreSettings::new(&directory).with_sync(SyncMode::Os);
        let manager = Manager::with_store(Settings::default(), &store).expect("a store");
        let mut server = Self::of(manager).await;
        server.store = Some(directory);
        server
    }

    async fn of(manager: Manager) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let task = tokio::spawn(warp::serve(routes(&manager)).incoming(listener).run());
        Self { address, manager, task, bridge: None, store: None }
    }

    /// Starts a server on a Unix socket, and a bridge from the address to it. None of the server's
    /// own streams is a TCP connection.
    pub async fn on_a_unix_socket() -> Self {
        let entrance = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = entrance.local_addr().expect("a listener has an address");
        let path = std::env::temp_dir().join(format!("rtbroadcaster-{}.socket", address.port()));
        // A killed run leaves its file.
        drop(std::fs::remove_file(&path));
        let listener = UnixListener::bind(&path).expect("a free path");
        let manager = Manager::new(Settings::default());
        let task = tokio::spawn(warp::serve(routes(&manager)).incoming(listener).run());
        let file = path.clone();
        let bridge = tokio::spawn(async move {
            let mut crossings = JoinSet::new();
            while let Ok((mut client, _)) = entrance.accept().await {
                let mut server = UnixStream::connect(&file).await.expect("the server listens");
                crossings.spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        });
        Self { address: address.to_string(), manager, task, bridge: Some((path, bridge)), store: None }
    }
}

fn routes(manager: &Manager) -> BoxedFilter<(Response,)> {
    let metrics = warp::path(&METRICS_PATH[1..]).and(manager.metrics_routes());
    warp::path(&PATH[1..]).and(manager.routes()).or(metrics).unify().boxed()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        if let Some((path, bridge)) = &self.bridge {
            bridge.abort();
            // Nothing depends on whether this works.
            drop(std::fs::remove_file(path));
        }
        if let Some(directory) = &self.store {
            drop(std::fs::remove_dir_all(directory));
        }
    }
}
