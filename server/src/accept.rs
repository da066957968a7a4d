//! The program's own accept loop: what warp's server leaves out and the open internet needs.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rtbroadcaster::RemoteAddress;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tracing::{debug, warn};
use warp::filters::BoxedFilter;
use warp::reply::Response;

/// Connections that may wait to be accepted. With tokio's 1,024 a storm of 2,000 joins overflows, and whoever is
/// over waits a second for a retransmission (measured).
const BACKLOG: u32 = 4_096;
/// Pause after an accept that failed for want of descriptors or memory, so that the loop doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long requests that are under way may take to finish once the server stops.
const LAST_REQUESTS_TIMEOUT: Duration = Duration::from_millis(500);

/// Opens the listening socket.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves routes until `stop` resolves, then lets requests that are under way finish. Websockets are the manager's
/// to end: hyper has let go of them.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: BoxedFilter<(Response,)>,
    header_timeout: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(header_timeout);
    let requests = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        answer(&http, &requests, stream, remote, &routes);
    }
    drop(listener);
    // A request that is only half sent would hold the process until its header timeout.
    drop(tokio::time::timeout(LAST_REQUESTS_TIMEOUT, requests.shutdown()).await);
}

/// Answers the requests of one client, in a task of its own.
fn answer(
    http: &auto::Builder<TokioExecutor>,
    requests: &GracefulShutdown,
    stream: TcpStream,
    remote: SocketAddr,
    routes: &BoxedFilter<(Response,)>,
) {
    // An action is sent when it is there, not when more has gathered; without this a late join took 48 ms.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%remote, %error, "TCP_NODELAY could not be set");
    }
    let routes = TowerToHyperService::new(warp::service(routes.clone()));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(RemoteAddress(remote));
        routes.call(request)
    });
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let connection = requests.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%remote, %error, "a request ended with an error");
        }
    });
}
