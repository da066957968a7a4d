//! Rooms whose changes aren't kept yet, and may be lost to another server.

use super::*;
use crate::{LogEntry, Mark, Record, Replica, ReplicaLoader};

fn id() -> RoomId {
    RoomId::from_random(1)
}

/// A room with a log, and an owner with a kept claim.
struct World {
    host: TestHost,
    owner: Peer,
    /// All records in the log.
    log: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let mut host = host();
        let digest = host.digest("key-1");
        let mut room = Room::new(id(), digest, None, host.limits.clone());
        room.stage_records(0);
        host.rooms.insert(id(), room).unwrap();
        let mut world = Self { host, owner: Peer::default(), log: Vec::new() };
        let mut owner = Peer::default();
        world.say(&mut owner, &claim("page"));
        world.keep();
        drain(&mut owner, &mut world.host);
        Self { owner, ..world }
    }

    fn say(&mut self, peer: &mut Peer, frame: &str) -> Vec<String> {
        send(peer, &mut self.host, frame)
    }

    fn room(&mut self) -> &mut Room {
        self.host.rooms.get_mut(id()).unwrap()
    }

    /// The log takes what the room has staged.
    fn keep(&mut self) {
        let (bytes, mark): (_, Mark) = self.room().take_staged().unwrap();
        self.log.extend(bytes);
        self.room().committed(mark);
    }

    /// The log has taken this from another server instead.
    fn lose_to(&mut self, record: &Record<'_>) {
        record.encode(&mut self.log);
        let entry = LogEntry {
            writer: 2,
            number: 1,
            previous: 0,
            holder: 2,
            goes_on: false,
            continues: false,
            records: &self.log,
        };
        let mut loader = ReplicaLoader::new(id(), self.host.limits.clone(), false);
        loader.take(1, &entry).unwrap();
        let loaded = loader.finish(0, Timestamp(1_000)).unwrap();
        Replica::new(1, 0).rebuild(self.room(), loaded);
    }
}

fn claim(session: &str) -> String {
    join(&format!(r#","v":2,"ownerKey":"key-1","session":"{session}""#))
}

#[test]
fn what_an_owner_sends_behind_something_that_was_lost_is_not_taken() {
    let mut world = World::new();
    let mut owner = std::mem::take(&mut world.owner);
    assert!(world.say(&mut owner, r#"{"id":1,"funcKey":"a","funcParams":[1]}"#).is_empty());
    world.lose_to(&Record::SharesAudience(true));
    assert_eq!(world.say(&mut owner, r#"{"id":2,"funcKey":"a","funcParams":[2]}"#), ["closed 4005"]);
    assert_eq!(world.room().head(), 0, "the second without the first");
}

#[test]
fn a_connection_with_a_lost_claim_is_not_that_of_the_claim_with_its_epoch() {
    let mut world = World::new();
    let mut second = Peer::default();
    world.say(&mut second, &claim("second"));
    world.lose_to(&Record::Claimed { session: Some("third"), epoch: 3 });
    assert_eq!(world.room().epoch(), 3);
    second.disconnected(Timestamp(2_000), &mut world.host);
    assert_eq!(world.room().owner_presence(), OwnerPresence::Here);
}

#[test]
fn a_close_that_is_lost_is_told_to_nobody() {
    let mut world = World::new();
    let mut owner = std::mem::take(&mut world.owner);
    assert!(world.say(&mut owner, r#"{"status":{"value":4}}"#).is_empty());
    let refused = world.say(&mut Peer::default(), &join(r#","v":2"#));
    assert_eq!(refusal_code(&refused[0]), Some("unavailable"), "it isn't closed before that is kept");
    world.lose_to(&Record::SharesAudience(true));
    assert_eq!(drain(&mut owner, &mut world.host), ["closed 4005"]);
}

#[test]
fn nobody_is_superseded_by_a_claim_that_may_be_lost() {
    let mut world = World::new();
    let mut first = std::mem::take(&mut world.owner);
    let mut second = Peer::default();
    world.say(&mut second, &claim("second"));
    assert!(drain(&mut first, &mut world.host).is_empty());
    let again = join(r#","v":2,"ownerKey":"key-1","session":"page","epoch":2"#);
    let refused = world.say(&mut Peer::default(), &again);
    assert_eq!(refusal_code(&refused[0]), Some("unavailable"));
    world.keep();
    assert_eq!(drain(&mut first, &mut world.host), ["closed 4502"]);
    assert_eq!(world.say(&mut Peer::default(), &again), ["closed 4502"]);
}

#[test]
fn a_session_is_not_superseded_by_a_claim_of_its_own_at_another_server() {
    for (session, code) in [("page", "closed 4005"), ("another", "closed 4502")] {
        let mut world = World::new();
        let mut owner = std::mem::take(&mut world.owner);
        let mut claimed = Vec::new();
        Record::Claimed { session: Some(session), epoch: 3 }.encode(&mut claimed);
        world.room().repeat(&claimed, false, Timestamp(2_000)).unwrap();
        assert_eq!(drain(&mut owner, &mut world.host), [code]);
    }
}

#[test]
fn an_owner_that_counts_as_away_comes_back() {
    let mut world = World::new();
    let mut owner = std::mem::take(&mut world.owner);
    world.room().owner_vanished(Timestamp(2_000));
    world.keep();
    assert_eq!(drain(&mut owner, &mut world.host), ["closed 4005"]);
    world.say(&mut Peer::default(), &claim("page"));
    assert_eq!(world.room().owner_presence(), OwnerPresence::Here);
}
