//! Rooms that are ready for tests.

use serde_json::{Value, json};

use crate::{Client, message};

/// Opens a room as the original's client does. Returns its owner and its uuid.
pub async fn open_room(address: &str) -> (Client, String) {
    let mut owner = Client::connect(address).await;
    owner.send(message::create()).await;
    let reply = owner.next().await;
    let uuid = reply["uuid"].as_str().unwrap_or_else(|| panic!("a uuid in {reply}")).to_owned();
    (owner, uuid)
}

/// Joins a room as the original's client does, and reads the reply but not the state messages.
pub async fn follow(address: &str, uuid: &str) -> Client {
    let mut follower = Client::connect(address).await;
    follower.send(message::join(uuid)).await;
    follower.hears(&message::connected(uuid)).await;
    follower
}

/// A room whose owner speaks session fields.
#[derive(Debug)]
pub struct Room {
    /// Its server's `host:port`.
    pub address: String,
    /// Its owner, whose session is `"first"`.
    pub owner: Client,
    /// Its uuid.
    pub uuid: String,
    /// Its owner key.
    pub key: String,
}

impl Room {
    /// Opens a room.
    pub async fn open(address: &str) -> Self {
        let mut owner = Client::connect(address).await;
        owner.send(message::session_create("first")).await;
        let reply = owner.next().await;
        let text =
            |field: &str| reply[field].as_str().unwrap_or_else(|| panic!("{field} in {reply}")).to_owned();
        Self { address: address.to_owned(), uuid: text("uuid"), key: text("ownerKey"), owner }
    }

    /// Joins the room with session fields, and reads the reply but neither the state messages nor
    /// `synced`.
    pub async fn join(&self) -> Client {
        self.join_at(&self.address).await
    }

    /// As [`Room::join`], at another server that has the room.
    pub async fn join_at(&self, address: &str) -> Client {
        let mut follower = Client::connect(address).await;
        follower.send(message::session_join(&self.uuid)).await;
        assert_eq!(follower.next().await["uuid"], self.uuid.as_str());
        follower
    }

    /// Joins the room while no state message is retained, and reads everything.
    pub async fn join_synced(&self, head: u64) -> Client {
        let mut follower = self.join().await;
        follower.hears(&json!({"synced": head})).await;
        follower
    }

    /// Joins the room again with `since`, and reads the reply.
    pub async fn rejoin(&self, since: u64) -> Client {
        self.rejoin_at(&self.address, since).await
    }

    /// As [`Room::rejoin`], at another server that has the room.
    pub async fn rejoin_at(&self, address: &str, since: u64) -> Client {
        let mut follower = Client::connect(address).await;
        follower.send(message::session_rejoin(&self.uuid, since)).await;
        assert_eq!(follower.next().await["status"]["value"], 3);
        follower
    }

    /// Claims the room at a server, as this session. Returns the new owner and the reply.
    pub async fn claim_at(&self, address: &str, session: &str) -> (Client, Value) {
        let mut owner = Client::connect(address).await;
        owner.send(message::session_claim(&self.uuid, &self.key, session)).await;
        let reply = owner.next().await;
        (owner, reply)
    }

    /// The owner sends actions without params, with ids from `first` to `last`, and waits until
    /// they are in the log.
    pub async fn act(&mut self, first: u64, last: u64) {
        for id in first..=last {
            self.owner.send(message::numbered(id, "act")).await;
        }
        while self.owner.next().await["ack"] != last {}
    }
}

/// A room with one follower, which must not notice what others do on the same server.
#[derive(Debug)]
pub struct Witness {
    owner: Client,
    follower: Client,
    uuid: String,
}

impl Witness {
    /// Opens the room.
    pub async fn start(address: &str) -> Self {
        let (owner, uuid) = open_room(address).await;
        let follower = follow(address, &uuid).await;
        Self { owner, follower, uuid }
    }

    /// Fails unless an action, and nothing else, reaches the follower.
    pub async fn still_works(&mut self) {
        let action = message::action(&self.uuid, "witness", &json!(["here"]));
        self.owner.send(&action).await;
        self.follower.hears(&action).await;
        self.owner.hears_nothing().await;
        self.follower.hears_nothing().await;
    }
}
