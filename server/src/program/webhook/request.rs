//! One event as a request to the application.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use rtbroadcaster::{RoomChange, RoomEvent};
use serde_json::json;

use super::key::SigningKey;

/// An event that the application is told.
#[derive(Debug)]
pub(super) struct Notification {
    /// The same each time it is sent, so that the application knows it again.
    id: String,
    pub(super) kind: &'static str,
    body: String,
}

impl Notification {
    /// None for an event that the application isn't told.
    pub(super) fn of(event: &RoomEvent) -> Option<Self> {
        let kind = super::kind(&event.change)?;
        // Without random numbers two events of a moment might look like one.
        let random = getrandom::u64().unwrap_or_default();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut body = json!({
            "type": kind,
            "timestampMs": u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
            "data": {"room": event.room.to_string()},
        });
        if let RoomChange::Closed { reason, .. } = event.change {
            body["data"]["reason"] = reason.into();
        }
        Some(Self {
            id: format!("evt_{random:016x}{:x}", since_1970.as_nanos()),
            kind,
            body: body.to_string(),
        })
    }

    /// The request, signed now.
    pub(super) fn request(&self, path: &str, key: &SigningKey) -> anyhow::Result<Request<Full<Bytes>>> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Request::post(path)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", key.sign(&self.id, seconds, &self.body))
            .body(Full::from(self.body.clone()))
            .context("the request")
    }
}
