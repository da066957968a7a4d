//! A load balancer without sticky sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Gives each connection to the next server in turn; to the one after it, if that one can't be
/// reached.
#[derive(Debug)]
pub struct Balancer {
    /// Where it listens: `host:port`.
    pub address: String,
    cuts: watch::Sender<u64>,
    servers: watch::Sender<Vec<String>>,
    accepting: JoinHandle<()>,
}

impl Balancer {
    /// Starts a balancer in front of servers at these addresses.
    pub async fn start(servers: Vec<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let (cuts, servers) = (watch::Sender::new(0), watch::Sender::new(servers));
        let accepting = tokio::spawn(accept(listener, servers.subscribe(), cuts.subscribe()));
        Self { address, cuts, servers, accepting }
    }

    /// Ends all connections. Clients that connect again get another server.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Gives new connections to these servers. The others' connections go on.
    pub fn lead_to(&self, servers: &[&str]) {
        self.servers.send_replace(servers.iter().map(|server| (*server).to_owned()).collect());
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, servers: watch::Receiver<Vec<String>>, cuts: watch::Receiver<u64>) {
    let turn = Arc::new(AtomicUsize::new(0));
    while let Ok((client, _)) = listener.accept().await {
        let (servers, turn, mut cuts) = (servers.borrow().clone(), Arc::clone(&turn), cuts.clone());
        cuts.mark_unchanged();
        tokio::spawn(async move {
            tokio::select! {
                () = forward(client, &servers, &turn) => {}
                // Dropping both sockets is the cut.
                _ = cuts.changed() => {}
            }
        });
    }
}

async fn forward(mut client: TcpStream, servers: &[String], turn: &AtomicUsize) {
    for _ in 0..servers.len() {
        let server = &servers[turn.fetch_add(1, Ordering::Relaxed) % servers.len()];
        let Ok(mut server) = TcpStream::connect(server).await else { continue };
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a connected socket takes options");
        }
        // A client whose server has ended ends too.
        drop(copy_bidirectional(&mut client, &mut server).await);
        return;
    }
}
