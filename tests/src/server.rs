//! The library, mounted into a warp application as its users do it.

use std::path::PathBuf;

use rtbroadcaster::{Limits, Manager, Settings};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::METRICS_PATH;

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
    /// The file of its socket and what leads there, if it has no address itself.
    bridge: Option<(PathBuf, JoinHandle<()>)>,
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
        let task = tokio::spawn(warp::serve(routes(&manager)).incoming(listener).run());
        Self { address, manager, task, bridge: None }
    }

    /// On a Unix socket, to which a bridge leads from the address: no stream of it is a TCP connection.
    pub async fn on_a_unix_socket() -> Self {
        let entrance = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = entrance.local_addr().expect("a listener has an address");
        let path = std::env::temp_dir().join(format!("rtbroadcaster-{}.socket", address.port()));
        // That of a run that was killed.
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
        Self { address: address.to_string(), manager, task, bridge: Some((path, bridge)) }
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
            // Nothing depends on whether the file is gone.
            drop(std::fs::remove_file(path));
        }
    }
}
