//! What a server answers, and what that means for the request.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::{Response, StatusCode};
use serde_json::Value;

use super::{text, tls};

/// Why a request was not carried out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may be repeated: nobody answered, or the server could not carry it out now.
    Passing { reason: String, wait: Option<Duration> },
    /// The server will not carry it out, however often it is asked.
    Final {
        /// Its answer, if it is one of HTTP.
        status: Option<StatusCode>,
        message: String,
    },
}

impl Failure {
    /// Nobody answered, or not to the end. A certificate that isn't trusted doesn't get better.
    pub(crate) fn lost(error: &anyhow::Error) -> Self {
        let reason = format!("{error:#}");
        if error.chain().any(tls::is_untrusted) {
            Self::Final { status: None, message: reason }
        } else {
            Self::Passing { reason, wait: None }
        }
    }

    /// The answer of a server that has refused a request.
    pub(crate) async fn of(response: Response<Incoming>) -> Self {
        let status = response.status();
        let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = text(response).await.unwrap_or_default();
        let error: Value = serde_json::from_str(&body).unwrap_or_default();
        // A proxy in between answers with a page of its own, which says no more than the status.
        let reason = status.canonical_reason().unwrap_or_default();
        let message = format!("{} {}", status.as_u16(), error["error"]["message"].as_str().unwrap_or(reason));
        let is_passing = status.is_server_error()
            || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
        if is_passing {
            Self::Passing { reason: message, wait: seconds.map(Duration::from_secs) }
        } else {
            Self::Final { status: Some(status), message }
        }
    }
}
