//! An application's own decision about who may open, follow and own rooms.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rtbroadcaster_protocol::{Operation, Refusal, RefusalCode, RequestedEntry};
use tokio::time::timeout;
use warp::http::request::Parts;

/// When a client should come back if the application has not decided in time, in milliseconds.
const RETRY_AFTER_MS: u64 = 1_000;

/// What a client asks for, as an [`Authoriser`] sees it.
///
/// Its text for debugging has no token and no headers.
#[derive(Clone)]
#[non_exhaustive]
pub struct EntryRequest {
    /// What the client wants: to open a room, to claim it, or to follow it. A request over plain
    /// HTTP that needs a room's owner key asks for a claim. With
    /// [`AccessSettings::reopen_secret`](crate::AccessSettings) a claim may open a lost room anew.
    pub operation: Operation,
    /// The token of the first message, or of the header over plain HTTP.
    pub token: Option<String>,
    /// The name of the session in the first message, if it has one.
    pub session: Option<String>,
    /// The seq from which a follower wants to go on.
    pub since: Option<u64>,
    /// The client's address, if it is known.
    pub remote: Option<IpAddr>,
    /// Method, path, headers and, behind a [`RoomsService`](crate::RoomsService), the extensions of
    /// the request: the upgrade of a websocket, or the request over plain HTTP itself.
    pub request: Arc<Parts>,
    /// Whether the room that it opens is to have a code.
    has_code: bool,
}

impl EntryRequest {
    /// Whether the room that it opens is to have a code.
    pub(crate) fn has_code(&self) -> bool {
        self.has_code
    }

    /// What the first message of a connection asks for.
    pub(crate) fn of_message(
        entry: &RequestedEntry<'_>,
        remote: Option<IpAddr>,
        request: Arc<Parts>,
    ) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            operation: entry.operation(),
            token: owned(entry.token()),
            session: owned(entry.session()),
            since: entry.since(),
            remote,
            request,
            has_code: matches!(entry, RequestedEntry::Create(create) if create.code),
        }
    }

    /// What a request over plain HTTP asks for.
    pub(crate) fn of_request(
        operation: Operation,
        token: Option<&str>,
        remote: Option<IpAddr>,
        request: Arc<Parts>,
    ) -> Self {
        let token = token.map(str::to_owned);
        Self { operation, token, session: None, since: None, remote, request, has_code: false }
    }
}

impl fmt::Debug for EntryRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EntryRequest")
            .field("operation", &self.operation)
            .field("session", &self.session)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// What an [`Authoriser`] has decided: nothing, or the refusal that the client is told.
pub(crate) type Decision = Result<(), Refusal>;

/// A decision that may take a while.
pub(crate) type Deciding = Pin<Box<dyn Future<Output = Decision> + Send>>;

/// An application's own authorisation: an async function that decides who may open, claim and
/// follow rooms. It is asked once for each entry, after the gates of
/// [`AccessSettings`](crate::AccessSettings) have let the client pass.
///
/// It lets the client in with `Ok`. Otherwise it returns the [`Refusal`] that the client is told,
/// with a text of its own:
///
/// - [`RefusalCode::Unauthorized`] or [`RefusalCode::Forbidden`]: the client is not to come back.
/// - [`Refusal::until_later`] with [`RefusalCode::RateLimited`]: it is to come back later.
///
/// It has as long as a client has to send its first message
/// ([`Limits::handshake_timeout_ms`](crate::Limits)). After that the client is told to come back
/// soon (`keys_unavailable`). Meanwhile nothing else is read from the client.
///
/// Two authorisers are equal if one is a clone of the other.
///
/// ```
/// use rtbroadcaster::{AccessSettings, Authoriser, Operation, Refusal, RefusalCode, Settings};
///
/// let authoriser = Authoriser::new(|entry| async move {
///     let has_session = entry.request.headers.contains_key("cookie");
///     match entry.operation {
///         Operation::Join(_) => Ok(()),
///         _ if has_session => Ok(()),
///         _ => Err(Refusal::with_message(RefusalCode::Unauthorized, "log in to present")),
///     }
/// });
/// let mut settings = Settings::default();
/// settings.access.authoriser = Some(authoriser);
/// let rooms = rtbroadcaster::Manager::new(settings);
/// # drop(rooms);
/// ```
#[derive(Clone)]
pub struct Authoriser(Arc<dyn Fn(EntryRequest) -> Deciding + Send + Sync>);

impl Authoriser {
    /// Makes an authoriser of an async function.
    #[must_use]
    pub fn new<F, D>(decide: F) -> Self
    where
        F: Fn(EntryRequest) -> D + Send + Sync + 'static,
        D: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        Self(Arc::new(move |entry| Box::pin(decide(entry))))
    }

    /// Asks for a decision, which comes in this time.
    pub(super) fn ask(&self, entry: EntryRequest, longest: Duration) -> Deciding {
        let deciding = (self.0)(entry);
        Box::pin(async move { timeout(longest, deciding).await.unwrap_or_else(|_| Err(undecided())) })
    }
}

impl PartialEq for Authoriser {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Authoriser {}

impl fmt::Debug for Authoriser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Authoriser(…)")
    }
}

/// The refusal of a client about which the application has not decided in time.
fn undecided() -> Refusal {
    Refusal {
        retry_after_ms: Some(RETRY_AFTER_MS),
        ..Refusal::with_message(
            RefusalCode::KeysUnavailable,
            "the server could not find out in time whether this is allowed: try again soon",
        )
    }
}
