//! The connection of a node to its NATS servers.

use std::error::Error;
use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectErrorKind, ConnectOptions, Event, ServerAddr, ServerError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::rustls;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

use super::error::ClusterError;
use super::files;
use super::server_address::{NatsServer, User};
use super::settings::ClusterSettings;

/// How long the servers, and then JetStream, may take to answer at the start. An operator who waits
/// for longer thinks that it works. The messages of [`ClusterError`] name it.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one server may take to let the node in. Three that are cut off must fit into
/// [`START_TIMEOUT`].
const ONE_SERVER_TIMEOUT: Duration = Duration::from_secs(2);

/// The pause between two attempts at the start.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts to come back. There are few nodes, and each waits for
/// nothing else.
const MAX_RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// The pause between two pings. A connection whose other end is gone without a word is given up
/// after the third: then the streams have other leaders too.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// Events that may wait. async-nats lets 128 more wait, and drops those beyond.
const EVENTS: usize = 64;

/// The oldest nats-server that has all that a node needs: since 2.11 several messages are read by
/// one request.
const OLDEST_SERVER: (i64, i64) = (2, 11);

/// The smallest message that servers must take, in bytes. Larger groups of records are split.
const SMALLEST_PAYLOAD: usize = 65_536;

/// A connection to the servers, which comes back by itself whenever it is lost.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// What happens to it. The first event is that it is there.
    pub(crate) events: mpsc::Receiver<ConnectionEvent>,
    /// What this node has shown the servers, for messages.
    pub(super) user: String,
    /// What the servers have last refused this node, if anything.
    pub(super) last_refusal: watch::Receiver<Option<String>>,
}

/// What happens to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConnectionEvent {
    /// It is there, for the first time or again. What was published in between has not arrived.
    Connected,
    /// It is lost.
    Disconnected,
    /// A subscription had more messages than were taken: some are lost.
    SlowConsumer,
    /// The server is about to end: the connection moves to another one soon.
    LameDuck,
    /// The server has refused something, and said this.
    Refused(String),
}

impl Connection {
    /// Connects to one of the servers. It waits for them at most 10 s.
    ///
    /// # Errors
    /// If the settings or their files can't be, or no server lets this node in.
    pub(crate) async fn open(settings: &ClusterSettings) -> Result<Self, ClusterError> {
        settings.check()?;
        use_ring();
        let (sender, events) = mpsc::channel(EVENTS);
        let (refusal, last_refusal) = watch::channel(None);
        let options = with_user(settings, options(settings, sender, refusal));
        let options = files::read(settings, options)?;
        let client = connect(settings, &options).await?;
        check_server(&client)?;
        Ok(Self { client, events, user: user(settings), last_refusal })
    }
}

/// Connects, and tries again until [`START_TIMEOUT`].
async fn connect(settings: &ClusterSettings, options: &ConnectOptions) -> Result<Client, ClusterError> {
    let addresses: Vec<ServerAddr> = settings.servers.iter().map(|server| server.address().clone()).collect();
    let deadline = Instant::now() + START_TIMEOUT;
    let mut reason = "timed out".to_owned();
    loop {
        match timeout_at(deadline, options.clone().connect(&addresses[..])).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) => match permanent(settings, &error) {
                Some(error) => return Err(error),
                None => reason = error.to_string(),
            },
            Err(_) => {}
        }
        if Instant::now() + RETRY_PAUSE >= deadline {
            return Err(ClusterError::Unreachable { servers: servers(settings), reason });
        }
        sleep(RETRY_PAUSE).await;
    }
}

/// The error of a failure that another attempt won't mend.
fn permanent(settings: &ClusterSettings, error: &ConnectError) -> Option<ClusterError> {
    let reason = error.to_string();
    let is_refusal =
        matches!(error.kind(), ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation)
            || causes(error).any(<dyn Error>::is::<ServerError>);
    if is_refusal {
        return Some(ClusterError::Refused { servers: servers(settings), user: user(settings), reason });
    }
    let is_tls = error.kind() == ConnectErrorKind::Tls || causes(error).any(<dyn Error>::is::<rustls::Error>);
    is_tls.then(|| ClusterError::Tls { servers: servers(settings), reason })
}

/// What an error comes from, step by step.
fn causes<'a>(error: &'a ConnectError) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error: &&'a (dyn Error + 'static)| {
        match error.downcast_ref::<std::io::Error>() {
            // Its source would be that of the error in it.
            Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The servers, for messages.
fn servers(settings: &ClusterSettings) -> String {
    settings.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What this node shows the servers, for messages.
fn user(settings: &ClusterSettings) -> String {
    match (&settings.credentials, settings.servers.iter().find_map(NatsServer::user)) {
        (Some(path), _) => format!("the credentials in {}", path.display()),
        (None, Some(User::Password { .. })) => "the user in cluster.nats".to_owned(),
        (None, Some(User::Token(_))) => "the token in cluster.nats".to_owned(),
        (None, None) if settings.tls_certificate.is_some() => "a node with its certificate alone".to_owned(),
        (None, None) => "a node without a user".to_owned(),
    }
}

fn with_user(settings: &ClusterSettings, options: ConnectOptions) -> ConnectOptions {
    match settings.servers.iter().find_map(NatsServer::user) {
        Some(User::Password { name, password }) => {
            options.user_and_password(name.expose().to_owned(), password.expose().to_owned())
        }
        Some(User::Token(token)) => options.token(token.expose().to_owned()),
        None => options,
    }
}

fn options(
    settings: &ClusterSettings,
    events: mpsc::Sender<ConnectionEvent>,
    last_refusal: watch::Sender<Option<String>>,
) -> ConnectOptions {
    ConnectOptions::new()
        .name(format!("rtbroadcaster {}", settings.node))
        .connection_timeout(ONE_SERVER_TIMEOUT)
        .ping_interval(PING_INTERVAL)
        .reconnect_delay_callback(reconnect_pause)
        .event_callback(move |event| {
            let event = event_of(event);
            if let Some(ConnectionEvent::Refused(reason)) = &event {
                last_refusal.send_replace(Some(reason.clone()));
            }
            let events = events.clone();
            async move {
                if let Some(event) = event {
                    // Nobody may listen: then the connection is about to end.
                    let _ = events.send(event).await;
                }
            }
        })
}

/// The pause before the attempt of this number.
fn reconnect_pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = if attempt <= 1 { Duration::ZERO } else { Duration::from_millis(1 << doublings) };
    pause.min(MAX_RECONNECT_PAUSE)
}

/// What an event is for a node. None if it is nothing.
fn event_of(event: Event) -> Option<ConnectionEvent> {
    match event {
        Event::Connected => Some(ConnectionEvent::Connected),
        Event::Disconnected => Some(ConnectionEvent::Disconnected),
        Event::LameDuckMode => Some(ConnectionEvent::LameDuck),
        Event::SlowConsumer(_) | Event::ServerError(ServerError::SlowConsumer(_)) => {
            Some(ConnectionEvent::SlowConsumer)
        }
        Event::ServerError(ServerError::Other(reason)) => Some(ConnectionEvent::Refused(reason)),
        Event::ServerError(error @ ServerError::AuthorizationViolation) => {
            Some(ConnectionEvent::Refused(error.to_string()))
        }
        // Those of an attempt are in its error, the others come of our own calls.
        Event::ClientError(_) | Event::Draining | Event::Closed => None,
    }
}

/// Checks what a server says of itself.
fn check_server(client: &Client) -> Result<(), ClusterError> {
    let info = client.server_info();
    let server = format!("{} ({}:{})", info.server_name, info.host, info.port);
    let (major, minor) = OLDEST_SERVER;
    if !client.is_server_compatible(major, minor, 0) {
        return Err(ClusterError::OldServer { server, version: info.version });
    }
    if info.max_payload < SMALLEST_PAYLOAD {
        return Err(ClusterError::SmallPayload { server, max_payload: info.max_payload });
    }
    Ok(())
}

/// Makes ring the cryptography of this process, unless the application has chosen another one.
/// async-nats takes what the process has. Without a choice rustls would make one by what is built
/// in, and panic where that is more than one.
fn use_ring() {
    if CryptoProvider::get_default().is_none() {
        // If another thread was faster, there is a choice now.
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_comes_back_soon_and_does_not_spin() {
        let pauses = [0, 1, 2, 5, 9, 10, 11, 1_000, usize::MAX].map(reconnect_pause);
        assert_eq!(pauses.map(|pause| pause.as_millis()), [0, 0, 2, 16, 256, 500, 500, 500, 500]);
    }
}
