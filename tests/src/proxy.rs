//! A network between clients and a server, which a test can make worse.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How many bytes are forwarded at a time.
const CHUNK_BYTES: usize = 4 * 1024;

/// Forwards TCP connections to a server, until the test cuts, stalls or throttles them.
#[derive(Debug)]
pub struct Proxy {
    /// `host:port`, to use in place of the server's.
    pub address: String,
    network: Arc<Network>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Network {
    /// Counts the cuts: a cut ends every connection that is older.
    cuts: watch::Sender<u64>,
    weather: watch::Sender<Weather>,
    /// How many chunks may still be forwarded to throttled clients.
    allowance: Semaphore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// Nothing is forwarded in either direction, and neither side notices.
    Stalled,
    /// Clients get as many chunks as the test allows.
    Throttled,
}

impl Proxy {
    /// Starts a proxy in front of this server.
    pub async fn start(server: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let network = Arc::new(Network {
            cuts: watch::Sender::new(0),
            weather: watch::Sender::new(Weather::Fair),
            allowance: Semaphore::new(0),
        });
        let accepting = tokio::spawn(accept(listener, server.to_owned(), Arc::clone(&network)));
        Self { address, network, accepting }
    }

    /// Ends all connections. New ones work as before.
    pub fn cut(&self) {
        self.network.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Forwards nothing until [`Proxy::heal`]; neither side notices.
    pub fn stall(&self) {
        self.network.weather.send_replace(Weather::Stalled);
    }

    /// Forwards to the clients only as many chunks as [`Proxy::allow`] allows.
    pub fn throttle(&self) {
        self.network.weather.send_replace(Weather::Throttled);
    }

    /// Allows this many more chunks, of at most 4 KiB each, to throttled clients.
    pub fn allow(&self, chunks: usize) {
        self.network.allowance.add_permits(chunks);
    }

    /// Forwards everything again.
    pub fn heal(&self) {
        self.network.weather.send_replace(Weather::Fair);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: String, network: Arc<Network>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut cuts = network.cuts.subscribe();
        let (server, network) = (server.clone(), Arc::clone(&network));
        tokio::spawn(async move {
            tokio::select! {
                () = forward(client, &server, &network) => {}
                // Dropping both sockets is the cut.
                _ = cuts.changed() => {}
            }
        });
    }
}

async fn forward(client: TcpStream, server: &str, network: &Network) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("a connected socket takes options");
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(read @ 1..) = from_client.read(&mut chunk).await {
            network.until_not_stalled().await;
            if to_server.write_all(&chunk[..read]).await.is_err() {
                break;
            }
        }
    };
    let down = async {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(read @ 1..) = from_server.read(&mut chunk).await {
            network.until_allowed().await;
            if to_client.write_all(&chunk[..read]).await.is_err() {
                break;
            }
        }
    };
    // Whichever side ends first, the connection is over.
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

impl Network {
    async fn until_not_stalled(&self) {
        let mut weather = self.weather.subscribe();
        weather
            .wait_for(|weather| *weather != Weather::Stalled)
            .await
            .expect("the network outlives its connections");
    }

    async fn until_allowed(&self) {
        let mut weather = self.weather.subscribe();
        loop {
            self.until_not_stalled().await;
            if *weather.borrow_and_update() == Weather::Fair {
                return;
            }
            tokio::select! {
                permit = self.allowance.acquire() => {
                    permit.expect("the allowance is never closed").forget();
                    return;
                }
                _ = weather.changed() => {}
            }
        }
    }
}
