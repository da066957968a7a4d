//! The program's own accept loop. It has what the open internet needs and warp's server lacks:
//! timeouts, limits, TLS, proxies and an orderly stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rtbroadcaster::{HttpStream, Limits, RemoteAddress, Socket, Sockets, TlsStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{debug, warn};
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::proxies::Proxies;
use crate::tls::Tls;

/// Connections that may wait to be accepted. tokio's 1,024 overflow in a storm of 2,000 joins, and
/// each connection beyond waits a second for a retransmission (measured).
const BACKLOG: u32 = 4_096;
/// The pause after an accept that failed for lack of descriptors or memory, so that the loop
/// doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The pause between two lines about accepts that failed.
const WARN_PAUSE: Duration = Duration::from_secs(10);
/// How long running requests may take to finish once the server stops.
const LAST_REQUESTS_TIMEOUT: Duration = Duration::from_millis(500);

/// The largest head of a request, and the largest part of an answer that is buffered for a client
/// which takes no bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// Opens the listening socket.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Makes the kernel end connections whose client takes no bytes and acknowledges none for as long
/// as the manager's longest timeout; the manager itself comes first, because it knows the reason. A
/// client that reads events sends nothing, so its absence shows in no other way, and by itself the
/// kernel waits a quarter of an hour. The option of the listening socket holds for all its
/// connections.
pub(crate) fn end_silent_connections(listener: &TcpListener, limits: &Limits) {
    let user_timeout = Duration::from_millis(limits.idle_timeout_ms.max(limits.stall_timeout_ms));
    #[cfg(target_os = "linux")]
    if let Err(error) = socket2::SockRef::from(listener).set_tcp_user_timeout(Some(user_timeout)) {
        warn!(%error, "TCP_USER_TIMEOUT could not be set: event streams live on for minutes after their client is gone");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (listener, user_timeout);
}

/// The answer to HTTP without TLS at a port for https.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 78\r\n\
    Connection: close\r\n\r\nthis port speaks TLS only: use an address that begins with https:// or wss://\n";

/// A TCP connection is refused.
struct TooManySockets;

/// The server behind a listening socket.
pub(crate) struct Server {
    http: http1::Builder,
    routes: BoxedFilter<(Response,)>,
    tls: Option<Arc<Tls>>,
    proxies: Arc<Proxies>,
    /// Bounds the TCP connections. None at an address that only operators use.
    sockets: Option<Sockets>,
    /// How long a TLS handshake may take, and then the head of a request.
    handshake_timeout: Duration,
}

impl Server {
    pub(crate) fn new(
        routes: BoxedFilter<(Response,)>,
        tls: Option<Arc<Tls>>,
        proxies: Proxies,
        sockets: Option<Sockets>,
        handshake_timeout: Duration,
    ) -> Self {
        // hyper-util's automatic choice of a version waits for the first byte without any timeout.
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(handshake_timeout).max_buf_size(BUFFER_BYTES);
        Self { http, routes, tls, proxies: Arc::new(proxies), sockets, handshake_timeout }
    }

    /// Serves until `stop` resolves, then lets running requests finish. The manager ends websockets
    /// and event streams; hyper doesn't hold them any more.
    pub(crate) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let server = Arc::new(self);
        // Each connection's task holds a receiver, so the sender knows when all have ended.
        let stopping = watch::Sender::new(false);
        tokio::pin!(stop);
        let mut told: Option<Instant> = None;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            let (stream, remote) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Clients can cause this by their number, and must not fill the log.
                    if told.is_none_or(|told| told.elapsed() >= WARN_PAUSE) {
                        told = Some(Instant::now());
                        warn!(%error, "a connection could not be accepted");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            if let Ok(socket) = server.admit(remote) {
                tokio::spawn(Arc::clone(&server).handle_connection(
                    stream,
                    remote,
                    socket,
                    stopping.subscribe(),
                ));
            }
        }
        drop(listener);
        // Otherwise a half-sent request would hold the process until its header timeout.
        stopping.send_replace(true);
        drop(timeout(LAST_REQUESTS_TIMEOUT, stopping.closed()).await);
    }

    /// Admits a TCP connection or refuses it. A proxy connects for many clients, so it isn't held
    /// to the limits of an address.
    fn admit(&self, remote: SocketAddr) -> Result<Option<Socket>, TooManySockets> {
        let Some(sockets) = &self.sockets else { return Ok(None) };
        let address = Some(remote.ip()).filter(|address| !self.proxies.are_at(*address));
        sockets.admit(remote, address).map(Some).ok_or(TooManySockets)
    }

    /// Serves one TCP connection in a task of its own, so that a slow handshake delays no other
    /// connection.
    async fn handle_connection(
        self: Arc<Self>,
        stream: TcpStream,
        remote: SocketAddr,
        socket: Option<Socket>,
        mut stopping: watch::Receiver<bool>,
    ) {
        // Sends an action at once instead of gathering more. Without this a late join took 48 ms.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%remote, %error, "TCP_NODELAY could not be set");
        }
        let Some(tls) = &self.tls else { return self.serve_requests(stream, remote, socket, stopping).await };
        let handshake = timeout(self.handshake_timeout, accept_tls(tls, stream));
        let accepted = tokio::select! {
            accepted = handshake => accepted,
            _ = stopping.wait_for(|is| *is) => return,
        };
        match accepted {
            Ok(Ok(Some(stream))) => self.serve_requests(stream, remote, socket, stopping).await,
            Ok(Ok(None)) => debug!(%remote, "a request without TLS came to the port for https"),
            Ok(Err(error)) => debug!(%remote, %error, "the TLS handshake failed"),
            Err(_) => debug!(%remote, "the TLS handshake took too long"),
        }
    }

    /// Answers the requests of one client, or of the clients behind a proxy.
    async fn serve_requests<S>(
        &self,
        stream: S,
        remote: SocketAddr,
        socket: Option<Socket>,
        mut stopping: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let routes = TowerToHyperService::new(warp::service(self.routes.clone()));
        let proxies = Arc::clone(&self.proxies);
        let stream = HttpStream::new(stream);
        let takeover = stream.takeover();
        let request_takeover = takeover.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            let client = proxies.client(remote, request.headers());
            request.extensions_mut().insert(RemoteAddress(client));
            request.extensions_mut().insert(request_takeover.clone());
            if let Some(socket) = &socket {
                request.extensions_mut().insert(socket.clone());
            }
            routes.call(request)
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::pin!(connection);
        let answered = tokio::select! {
            // In this order, so that a connection that was taken over is dropped before other tasks
            // run. In a storm of clients its buffers are needed again at once.
            biased;
            answered = connection.as_mut() => Some(answered),
            () = takeover.done() => return,
            _ = stopping.wait_for(|is| *is) => None,
        };
        let answered = match answered {
            Some(answered) => answered,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        // An idle connection that is kept for further requests ends by the same timeout as the head
        // of a request.
        let error = answered.err().filter(|error| !error.is_timeout());
        if let Some(error) = error {
            debug!(%remote, %error, "a request ended with an error");
        }
    }
}

/// The server's half of a TLS handshake. None if the client speaks HTTP without TLS; it was told
/// so.
async fn accept_tls(tls: &Tls, mut stream: TcpStream) -> io::Result<Option<TlsStream>> {
    let mut first = [0];
    stream.peek(&mut first).await?;
    // A handshake begins with the byte 22 (RFC 8446 section 5.1), a request with its method.
    if !first[0].is_ascii_uppercase() {
        return tls.accept(stream).await.map(Some);
    }
    stream.write_all(PLAIN_HTTP).await?;
    stream.shutdown().await?;
    // If it were dropped with bytes that weren't read, the kernel would take the answer back.
    tokio::io::copy(&mut stream.take(BUFFER_BYTES as u64), &mut tokio::io::sink()).await?;
    Ok(None)
}
