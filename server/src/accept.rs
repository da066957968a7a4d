//! The program's own accept loop: what warp's server leaves out and the open internet needs.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rtbroadcaster::{HangUp, RemoteAddress};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
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
    // Not hyper-util's automatic choice of version: it waits for the first byte without any timeout.
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(header_timeout);
    // Every request's task holds a receiver, so the sender knows when they are through.
    let stopping = watch::Sender::new(false);
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
        answer(&http, stopping.subscribe(), stream, remote, &routes);
    }
    drop(listener);
    // A request that is only half sent would hold the process until its header timeout.
    stopping.send_replace(true);
    drop(tokio::time::timeout(LAST_REQUESTS_TIMEOUT, stopping.closed()).await);
}

/// Answers the requests of one client, in a task of its own.
fn answer(
    http: &http1::Builder,
    mut stopping: watch::Receiver<bool>,
    stream: TcpStream,
    remote: SocketAddr,
    routes: &BoxedFilter<(Response,)>,
) {
    // An action is sent when it is there, not when more has gathered; without this a late join took 48 ms.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%remote, %error, "TCP_NODELAY could not be set");
    }
    let routes = TowerToHyperService::new(warp::service(routes.clone()));
    let hang_up = HangUp::new();
    let hang_up_of_requests = hang_up.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(RemoteAddress(remote));
        request.extensions_mut().insert(hang_up_of_requests.clone());
        routes.call(request)
    });
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::spawn(async move {
        tokio::pin!(connection);
        let answered = tokio::select! {
            answered = connection.as_mut() => Some(answered),
            _ = stopping.wait_for(|is| *is) => None,
            () = hang_up.wanted() => return debug!(%remote, "a client that takes no events is cut off"),
        };
        let answered = match answered {
            Some(answered) => answered,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = answered {
            debug!(%remote, %error, "a request ended with an error");
        }
    });
}
