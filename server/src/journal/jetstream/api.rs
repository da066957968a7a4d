//! Requests to JetStream at the start, when its servers may not have found each other yet.

use std::time::Duration;

use async_nats::jetstream::context::{ContextBuilder, RequestErrorKind};
use async_nats::jetstream::response::Response;
use async_nats::jetstream::{self, Context, ErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::connection::{Connection, RETRY_PAUSE, START_TIMEOUT};
use super::error::ClusterError;

/// How long JetStream may take for one answer. Then the request is repeated: none of those sent
/// here does more when it is done twice.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// What JetStream says of a request.
pub(super) type Answer<T> = Result<T, jetstream::Error>;

/// JetStream as a node asks it at its start, for at most [`START_TIMEOUT`] altogether.
pub(super) struct Api<'a> {
    connection: &'a Connection,
    /// The name of the cluster, for messages.
    name: &'a str,
    context: Context,
    deadline: Instant,
}

impl<'a> Api<'a> {
    pub(super) fn new(connection: &'a Connection, name: &'a str) -> Self {
        let context = ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(connection.client.clone());
        Self { connection, name, context, deadline: Instant::now() + START_TIMEOUT }
    }

    /// What this node has shown the servers, for messages.
    pub(super) fn user(&self) -> String {
        self.connection.user.clone()
    }

    /// Whether the server stands alone. None of its streams can have replicas then.
    pub(super) fn stands_alone(&self) -> bool {
        self.connection.client.server_info().cluster.is_none()
    }

    /// Asks JetStream, again and again while it may only not be ready yet.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        subject: &str,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<Answer<T>, ClusterError> {
        loop {
            let answer = tokio::select! {
                answer = self.context.request(subject.to_owned(), payload) => answer,
                error = self.forbidden() => return Err(error),
            };
            let reason = match answer {
                Ok(Response::Ok(answer)) => return Ok(Ok(answer)),
                Ok(Response::Err { error }) => match error.error_code() {
                    ErrorCode::JETSTREAM_NOT_ENABLED => return Err(self.no_jetstream()),
                    ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT | ErrorCode::NO_ACCOUNT => {
                        return Err(ClusterError::NoJetStreamForAccount { user: self.user() });
                    }
                    code if NOT_READY.contains(&code) => error.to_string(),
                    _ if awaits_peers(&error) && !self.is_over() => {
                        sleep(RETRY_PAUSE).await;
                        continue;
                    }
                    _ => return Ok(Err(error)),
                },
                Err(error) => {
                    let is_unheard = error.kind() == RequestErrorKind::NoResponders;
                    if is_unheard && self.stands_alone() {
                        return Err(self.no_jetstream());
                    }
                    error.to_string()
                }
            };
            if self.is_over() {
                return Err(ClusterError::Unavailable { reason });
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// Whether there is no time for another attempt.
    fn is_over(&self) -> bool {
        Instant::now() + RETRY_PAUSE >= self.deadline
    }

    fn no_jetstream(&self) -> ClusterError {
        let info = self.connection.client.server_info();
        ClusterError::NoJetStream { server: format!("{} ({}:{})", info.server_name, info.host, info.port) }
    }

    /// Resolves when the server has refused a subject. It doesn't answer the request then. If it
    /// never does, this never resolves.
    async fn forbidden(&self) -> ClusterError {
        let mut last = self.connection.last_refusal.clone();
        let is_ours = |last: &Option<String>| last.as_ref().is_some_and(|last| is_of_permissions(last));
        match last.wait_for(is_ours).await {
            Ok(reason) => {
                let reason = reason.clone().unwrap_or_default();
                ClusterError::Forbidden { user: self.user(), reason, name: self.name.to_owned() }
            }
            // The connection has ended, and so will the request.
            Err(_) => std::future::pending().await,
        }
    }
}

fn is_of_permissions(refusal: &str) -> bool {
    refusal.to_ascii_lowercase().contains("permissions violation")
}

/// Whether JetStream can't place a stream because it has not heard of a server lately. One that has
/// just been started counts so for a moment.
fn awaits_peers(error: &jetstream::Error) -> bool {
    error.error_code() == ErrorCode::CLUSTER_NO_PEERS && error.to_string().contains("offline")
}

/// An error that nobody expects.
pub(super) fn refused(what: String, error: &jetstream::Error) -> ClusterError {
    ClusterError::JetStream { what, reason: error.to_string() }
}

/// What JetStream says while its servers look for a leader.
const NOT_READY: [ErrorCode; 4] = [
    ErrorCode::CLUSTER_NOT_AVAILABLE,
    ErrorCode::CLUSTER_NOT_LEADER,
    ErrorCode::CLUSTER_NOT_ACTIVE,
    ErrorCode::STREAM_OFFLINE,
];
