//! The rooms over plain HTTP.

use serde_json::{Value, json};

use crate::{Events, PATH, Request, Response};

/// A room that was opened over HTTP, and its owner key.
#[derive(Debug)]
pub struct Edge {
    /// Its server's `host:port`.
    pub address: String,
    /// Its uuid.
    pub uuid: String,
    /// Its owner key.
    pub key: String,
    /// The server's answer to its opening.
    pub reply: Value,
}

impl Edge {
    /// The path at which rooms are opened.
    #[must_use]
    pub fn rooms() -> String {
        format!("{PATH}/rooms")
    }

    /// Opens a room.
    pub async fn open(address: &str) -> Self {
        let response = Request::new("POST", &Self::rooms()).send(address).await;
        assert_eq!(response.status, 201, "{}", response.body);
        let reply = response.json();
        let text =
            |field: &str| reply[field].as_str().unwrap_or_else(|| panic!("{field} in {reply}")).to_owned();
        Self { address: address.to_owned(), uuid: text("uuid"), key: text("ownerKey"), reply }
    }

    /// The path of this room, or one below it.
    #[must_use]
    pub fn path(&self, below: &str) -> String {
        format!("{}/{}{below}", Self::rooms(), self.uuid)
    }

    /// A request with one action.
    #[must_use]
    pub fn post(&self, action: &Value) -> Request {
        Request::post(&self.path("/actions"), "application/json", &action.to_string()).bearing(&self.key)
    }

    /// A request with several actions.
    #[must_use]
    pub fn post_lines(&self, lines: &str) -> Request {
        Request::post(&self.path("/actions"), "application/x-ndjson", lines).bearing(&self.key)
    }

    /// Sends a request.
    pub async fn send(&self, request: &Request) -> Response {
        request.send(&self.address).await
    }

    /// Appends an action, which must be accepted, and returns its seq.
    pub async fn act(&self, key: &str) -> u64 {
        let response = self.send(&self.post(&json!({"funcKey": key}))).await;
        assert_eq!(response.status, 200, "{}", response.body);
        response.json()["seq"].as_u64().expect("a seq")
    }

    /// A request for the room's events.
    #[must_use]
    pub fn events(&self) -> Request {
        Request::get(&self.path("/events"))
    }

    /// Follows the room and reads the reply.
    pub async fn follow(&self, request: &Request) -> Events {
        let mut events = Events::open(request, &self.address).await;
        assert_eq!(events.message().await["status"]["value"], 3);
        events
    }

    /// Follows the room while no state message is retained, and reads everything. The owner is
    /// away, because it has no connection.
    pub async fn follow_from(&self, head: u64) -> Events {
        let mut events = self.follow(&self.events()).await;
        events.hears(&json!({"synced": head})).await;
        events.hears(&json!({"owner": "away"})).await;
        events
    }

    /// Follows the room again, as a browser's `EventSource` does, and reads the reply.
    pub async fn resume(&self, last_id: &str) -> Events {
        let mut events = self.follow(&self.events().with("Last-Event-ID", last_id)).await;
        events.last_id.get_or_insert_with(|| last_id.to_owned());
        events
    }
}
