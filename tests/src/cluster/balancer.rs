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
    lines: watch::Sender<Vec<Line>>,
    accepting: JoinHandle<()>,
}

/// The way to one server.
#[derive(Debug, Clone)]
struct Line {
    server: String,
    is_open: bool,
    /// How often its connections were ended.
    cuts: watch::Sender<u64>,
}

impl Balancer {
    /// Starts a balancer in front of servers at these addresses.
    pub async fn start(servers: Vec<String>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let lines =
            servers.into_iter().map(|server| Line { server, is_open: true, cuts: watch::Sender::new(0) });
        let lines = watch::Sender::new(lines.collect());
        let accepting = tokio::spawn(accept(listener, lines.subscribe()));
        Self { address, lines, accepting }
    }

    /// Ends all connections. Clients that connect again get another server.
    pub fn cut(&self) {
        self.lines.borrow().iter().for_each(Line::cut);
    }

    /// Gives no connections to this server any more, and ends those that it has.
    pub fn lead_away(&self, server: &str) {
        self.open(server, false);
    }

    /// Gives connections to this server again.
    pub fn lead_back(&self, server: &str) {
        self.open(server, true);
    }

    fn open(&self, server: &str, is_open: bool) {
        self.lines.send_modify(|lines| {
            let line = lines.iter_mut().find(|line| line.server == server).expect("one of its servers");
            line.is_open = is_open;
            line.cut();
        });
    }
}

impl Line {
    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, lines: watch::Receiver<Vec<Line>>) {
    let turn = Arc::new(AtomicUsize::new(0));
    while let Ok((client, _)) = listener.accept().await {
        let (mut open, turn) = (lines.borrow().clone(), Arc::clone(&turn));
        open.retain(|line| line.is_open);
        tokio::spawn(async move { forward(client, &open, &turn).await });
    }
}

async fn forward(mut client: TcpStream, lines: &[Line], turn: &AtomicUsize) {
    for _ in 0..lines.len() {
        let line = &lines[turn.fetch_add(1, Ordering::Relaxed) % lines.len()];
        let mut cuts = line.cuts.subscribe();
        let Ok(mut server) = TcpStream::connect(&line.server).await else { continue };
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a connected socket takes options");
        }
        tokio::select! {
            // A client whose server has ended ends too.
            _ = copy_bidirectional(&mut client, &mut server) => {}
            // Dropping both sockets is the cut.
            _ = cuts.changed() => {}
        }
        return;
    }
}
