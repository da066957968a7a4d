//! Peers on a table of rooms, without a server: what each client is sent, in the order of the wire.

mod answers;
mod audience;
mod codes;
mod losses;
mod ownership;
mod pace;
mod permissions;
mod reopening;
mod shutdown;

use std::collections::VecDeque;
use std::task::Poll;

use super::reading::MAX_REFUSALS_PER_FRAME;
use super::*;
use crate::{Claim, KeyDigest, Limits, Operation, OwnerKey, Permissions, RoomCode, RoomCodes, Rooms, Scope};

/// Above all seqs and epochs of lost rooms.
const END: u64 = 1_000;

/// A server without sockets. Its rooms have the ids 1, 2 and so on, and the owner keys `key-1`,
/// `key-2` and so on.
struct TestHost {
    rooms: Rooms<Room>,
    /// Closed rooms. Connections may still be in them.
    closed: Vec<Room>,
    limits: Limits,
    opened: u8,
    guesses_left: u8,
    codes: RoomCodes,
    may_look_up_codes: bool,
    /// Lost rooms whose owners may open them anew, with their owner keys.
    lost: Vec<(RoomId, &'static str)>,
    /// What it decides about the next entries. It lets all others in.
    decisions: VecDeque<Poll<Result<(), Refusal>>>,
}

impl Host for TestHost {
    /// The token says what is permitted: `own`, `follow`, or both. Without a token, both are.
    fn permissions(&mut self, _operation: Operation, token: Option<&str>) -> Result<Permissions, Refusal> {
        let scope = |word| match token {
            Some(token) if !token.contains(word) => Scope::Nowhere,
            _ => Scope::Everywhere,
        };
        match token {
            Some("expired") => Err(Refusal::with_message(RefusalCode::Unauthorized, "the token has expired")),
            _ => Ok(Permissions { own: scope("own"), follow: scope("follow") }),
        }
    }

    fn may_enter(&mut self, _entry: &RequestedEntry<'_>) -> Poll<Result<(), Refusal>> {
        self.decisions.pop_front().unwrap_or(Poll::Ready(Ok(())))
    }

    fn may_ask_for_room(&mut self, _now: Timestamp) -> Result<(), Refusal> {
        match self.guesses_left {
            0 => Err(Refusal::until_later(RefusalCode::RateLimited, 5_000)),
            _ => Ok(()),
        }
    }

    fn note_unknown_room(&mut self, _room: RoomId, _now: Timestamp) {
        self.guesses_left -= 1;
    }

    fn find_code(&mut self, code: RoomCode, _now: Timestamp) -> Result<Option<RoomId>, Refusal> {
        if self.may_look_up_codes {
            Ok(self.codes.find(code))
        } else {
            Err(Refusal::until_later(RefusalCode::RateLimited, 5_000))
        }
    }

    fn create(&mut self, session: Option<&str>, has_code: bool) -> Result<(RoomId, OwnerKey), Refusal> {
        self.opened += 1;
        let (id, key) = (RoomId::from_random(u128::from(self.opened)), format!("key-{}", self.opened));
        let digest = self.digest(&key);
        let mut room = Room::new(id, digest, session, self.limits.clone());
        if has_code {
            let code = RoomCode::from_random(u128::from(self.opened), self.limits.code_length);
            assert!(self.codes.give(code, id, Timestamp(0)));
            room = room.with_code(code);
        }
        self.rooms.insert(id, room)?;
        Ok((id, OwnerKey(key)))
    }

    fn may_reopen(&mut self, room: RoomId, owner_key: &str) -> bool {
        self.lost.contains(&(room, owner_key))
    }

    fn reopen(&mut self, room: RoomId, claim: &Claim<'_>) -> Result<(), Refusal> {
        let digest = self.digest(&claim.owner_key);
        self.lost.retain(|(lost, _)| *lost != room);
        let reopened = Room::reopened(room, digest, claim, END, self.limits.clone());
        Ok(self.rooms.insert(room, reopened)?)
    }

    fn awaits_owner(&mut self, room: RoomId, _now: Timestamp) -> bool {
        self.lost.iter().any(|(lost, _)| *lost == room)
    }

    fn time_ms(&self, now: Timestamp) -> u64 {
        now.0
    }

    fn with<R>(&mut self, room: RoomId, act: impl FnOnce(&mut Room) -> R) -> Option<R> {
        let closed = self.closed.iter_mut().find(|closed| closed.id() == room);
        self.rooms.get_mut(room).or(closed).map(act)
    }

    fn close(&mut self, room: RoomId) {
        if let Some(mut room) = self.rooms.remove(room) {
            room.close();
            room.code().inspect(|code| self.codes.end(*code, Timestamp(0)));
            self.closed.push(room);
        }
    }

    fn wake_at(&mut self, room: RoomId, moment: Timestamp) {
        self.rooms.wake_at(moment, room);
    }

    fn params_depth(&self) -> usize {
        self.limits.params_depth
    }

    fn digest(&mut self, owner_key: &str) -> KeyDigest {
        let mut digest = [0; 32];
        digest[..owner_key.len()].copy_from_slice(owner_key.as_bytes());
        KeyDigest(digest)
    }
}

impl TestHost {
    /// Does what a server does when time has passed.
    fn tick(&mut self, now: Timestamp) {
        for id in self.rooms.take_due(now) {
            let Some(room) = self.rooms.get_mut(id) else { continue };
            if !room.tick(now) {
                self.close(id);
            } else if let Some(alarm) = room.take_alarm() {
                self.rooms.wake_at(alarm, id);
            }
        }
    }
}

fn host() -> TestHost {
    let limits =
        Limits { ring_actions: 4, rooms: 2, followers_per_room: 2, slots_per_room: 2, ..Limits::default() };
    TestHost {
        rooms: Rooms::new(limits.rooms),
        closed: Vec::new(),
        limits,
        opened: 0,
        guesses_left: 3,
        codes: RoomCodes::default(),
        may_look_up_codes: true,
        lost: Vec::new(),
        decisions: VecDeque::new(),
    }
}

fn send(peer: &mut Peer, host: &mut TestHost, frame: &str) -> Vec<String> {
    peer.receive_frame(frame, Timestamp(1_000), host);
    drain(peer, host)
}

/// The messages that a client is sent now. `closed CODE` comes last if its connection is closed.
fn drain(peer: &mut Peer, host: &mut TestHost) -> Vec<String> {
    let mut frame = Frame::default();
    let mut received = Vec::new();
    loop {
        match peer.poll_output(&mut frame, host) {
            PeerOutput::Send => {
                let text = String::from_utf8(frame.payload().to_vec()).unwrap();
                received.extend(text.split('\n').map(str::to_owned));
            }
            PeerOutput::Wait => return received,
            PeerOutput::Close(code) => {
                received.push(format!("closed {}", code.value()));
                return received;
            }
        }
    }
}

const ROOM: &str = "00000000-0000-4000-8000-000000000001";

fn original(value: u64, text: &str) -> String {
    format!(
        r#"{{"uuid":"{ROOM}","status":{{"value":{value},"text":"{text}"}},"funcKey":"","funcParams":[],"stateMessage":false}}"#
    )
}

fn session_owner(host: &mut TestHost) -> Peer {
    let mut owner = Peer::default();
    send(&mut owner, host, r#"{"status":{"value":1},"v":2,"session":"s1"}"#);
    owner
}

fn session_follower(host: &mut TestHost) -> Peer {
    let mut follower = Peer::default();
    let received = send(&mut follower, host, &join(r#","v":2"#));
    assert!(received[0].contains(r#""value":3"#), "{received:?}");
    follower
}

fn join(more: &str) -> String {
    format!(r#"{{"uuid":"{ROOM}","status":{{"value":2}}{more}}}"#)
}

fn refusal_code(received: &str) -> Option<&str> {
    received.split_once(r#""error":{"code":""#)?.1.split('"').next()
}

#[test]
fn a_client_of_the_original_creates_broadcasts_and_closes() {
    let mut host = host();
    let (mut owner, mut follower) = (Peer::default(), Peer::default());
    assert_eq!(send(&mut owner, &mut host, r#"{"status":{"value":1}}"#), [original(3, "connected")]);
    assert_eq!(send(&mut follower, &mut host, &join("")), [original(3, "connected")]);
    let sent = r#"{"uuid":"","status":{"value":3},"funcKey":"f","funcParams":["a"],"stateMessage":true}"#;
    assert_eq!(send(&mut owner, &mut host, sent), Vec::<String>::new(), "no echo");
    let action = format!(
        r#"{{"uuid":"{ROOM}","status":{{"value":3,"text":"connected"}},"funcKey":"f","funcParams":["a"],"stateMessage":true}}"#
    );
    assert_eq!(drain(&mut follower, &mut host), [action.as_str()]);
    let mut late = Peer::default();
    assert_eq!(send(&mut late, &mut host, &join("")), [original(3, "connected"), action]);

    let end = [original(0, "not connected"), "closed 4500".to_owned()];
    assert_eq!(send(&mut owner, &mut host, r#"{"status":{"value":4}}"#), end);
    assert_eq!(drain(&mut follower, &mut host), end);
    assert_eq!(drain(&mut late, &mut host), end);
    assert_eq!(refusal_code(&send(&mut Peer::default(), &mut host, &join(""))[0]), Some("unknown_room"));
}

#[test]
fn a_follower_with_session_fields_gets_reply_snapshot_synced_and_then_the_next_seq() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(
        &mut owner,
        &mut host,
        r#"{"id":1,"funcKey":"a","stateMessage":true}{"id":2,"funcKey":"b","slot":"s"}"#,
    );
    let mut follower = Peer::default();
    let received = send(&mut follower, &mut host, &join(r#","v":2"#));
    assert!(
        received[0].contains(r#""v":2,"seq":2,"limits":{"messageBytes":65536,"paramsDepth":120"#),
        "{received:?}"
    );
    assert_eq!(
        received[1..],
        [
            r#"{"seq":1,"funcKey":"a","stateMessage":true}"#,
            r#"{"seq":2,"funcKey":"b","stateMessage":true,"slot":"s"}"#,
            r#"{"synced":2}"#
        ]
    );
    send(&mut owner, &mut host, r#"{"id":3,"clear":"s"}"#);
    assert_eq!(drain(&mut follower, &mut host), [r#"{"seq":3,"clear":"s"}"#]);
}

#[test]
fn a_rejoin_resumes_from_the_ring_or_is_resynced() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, r#"{"id":1,"funcKey":"s","stateMessage":true}"#);
    for id in 2..=8 {
        send(&mut owner, &mut host, &format!(r#"{{"id":{id},"funcKey":"a"}}"#));
    }
    let since = |seq: u64, host: &mut TestHost| {
        let mut follower = Peer::default();
        let received = send(&mut follower, host, &join(&format!(r#","v":2,"since":{seq}"#)));
        follower.disconnected(Timestamp(0), host);
        let (owner, served) = received[1..].split_last().unwrap();
        assert_eq!(owner, r#"{"owner":"back"}"#, "the page may believe that the owner is away");
        served.to_vec()
    };
    assert_eq!(since(8, &mut host), Vec::<String>::new());
    assert_eq!(since(6, &mut host), [r#"{"seq":7,"funcKey":"a"}"#, r#"{"seq":8,"funcKey":"a"}"#]);
    let resync =
        [r#"{"resync":true,"seq":8}"#, r#"{"seq":1,"funcKey":"s","stateMessage":true}"#, r#"{"synced":8}"#];
    assert_eq!(since(3, &mut host), resync, "fallen off a ring of four");
    assert_eq!(since(9, &mut host), resync, "beyond the head");
}

#[test]
fn a_follower_that_falls_off_the_ring_while_live_is_resynced() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    for id in 1..=9 {
        send(&mut owner, &mut host, &format!(r#"{{"id":{id},"funcKey":"a","stateMessage":true}}"#));
    }
    assert_eq!(
        drain(&mut follower, &mut host),
        [r#"{"resync":true,"seq":9}"#, r#"{"seq":9,"funcKey":"a","stateMessage":true}"#, r#"{"synced":9}"#]
    );
}

#[test]
fn joining_the_same_room_again_gives_reply_and_snapshot_again() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, r#"{"funcKey":"a","stateMessage":true}"#);
    let mut follower = Peer::default();
    let once = send(&mut follower, &mut host, &join(""));
    assert_eq!(once.len(), 2);
    assert_eq!(send(&mut follower, &mut host, &join("")), once);
    assert_eq!(host.with(RoomId::parse(ROOM).unwrap(), |room| room.followers()), Some(1));
}

#[test]
fn forbidden_messages_are_refused_and_the_connection_stays_open() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    session_owner(&mut host);
    let mut follower = session_follower(&mut host);
    let mut outside = Peer::default();
    let other = join("").replace("0001", "0002");
    let create = r#"{"status":{"value":1}}"#;
    let mut refused =
        |peer: &mut Peer, frame: &str| refusal_code(&send(peer, &mut host, frame)[0]).map(str::to_owned);
    assert_eq!(refused(&mut owner, create).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut owner, &join("")).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut follower, create).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut follower, &other).as_deref(), Some("already_in_room"));
    assert_eq!(refused(&mut follower, r#"{"funcKey":"a"}"#).as_deref(), Some("not_owner"));
    assert_eq!(refused(&mut follower, r#"{"clear":"a"}"#).as_deref(), Some("not_owner"));
    assert_eq!(refused(&mut outside, r#"{"funcKey":"a"}"#).as_deref(), Some("not_in_room"));
    assert_eq!(refused(&mut outside, r#"{"status":{"value":4}}"#).as_deref(), Some("not_in_room"));
    for peer in [&owner, &follower, &outside] {
        assert!(!peer.is_ending());
    }
}

#[test]
fn beyond_a_limit_new_things_are_refused_and_old_ones_go_on() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    session_owner(&mut host);
    let third = send(&mut Peer::default(), &mut host, r#"{"status":{"value":1},"v":2}"#);
    assert_eq!((refusal_code(&third[0]), third[1].as_str()), (Some("too_many_rooms"), "closed 4004"));
    let (_first, _second) = (session_follower(&mut host), session_follower(&mut host));
    let third = send(&mut Peer::default(), &mut host, &join(r#","v":2"#));
    assert_eq!((refusal_code(&third[0]), third[1].as_str()), (Some("room_full"), "closed 4004"));
    let frame = r#"{"id":1,"funcKey":"a","slot":"1"}{"id":2,"funcKey":"a","slot":"2"}{"id":3,"funcKey":"a","slot":"3"}"#;
    let received = send(&mut owner, &mut host, frame);
    assert_eq!(
        (received[0].as_str(), refusal_code(&received[1])),
        (r#"{"ack":2,"seq":2}"#, Some("too_many_slots"))
    );
    assert_eq!(send(&mut owner, &mut host, r#"{"id":4,"funcKey":"a","slot":"2"}"#), [r#"{"ack":4,"seq":3}"#]);
}

#[test]
fn an_older_version_is_refused() {
    let received = send(&mut Peer::default(), &mut host(), r#"{"status":{"value":1},"v":1}"#);
    assert_eq!(
        (refusal_code(&received[0]), received[1].as_str()),
        (Some("unsupported_version"), "closed 4504")
    );
}

#[test]
fn a_follower_that_leaves_gets_the_confirmation_alone() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let (mut leaving, mut staying) = (session_follower(&mut host), session_follower(&mut host));
    let received = send(&mut leaving, &mut host, r#"{"status":{"value":4}}"#);
    assert_eq!(received, [r#"{"status":{"value":0,"text":"not connected"}}"#, "closed 4501"]);
    leaving.disconnected(Timestamp(0), &mut host);
    send(&mut owner, &mut host, r#"{"funcKey":"a"}"#);
    assert_eq!(drain(&mut staying, &mut host).len(), 1);
    assert_eq!(host.with(RoomId::parse(ROOM).unwrap(), |room| room.followers()), Some(1));
}

#[test]
fn the_original_rendering_is_kept_only_while_a_follower_needs_it() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, r#"{"funcKey":"before","stateMessage":true}"#);
    let mut legacy = Peer::default();
    assert_eq!(send(&mut legacy, &mut host, &join("")).len(), 2);
    send(&mut owner, &mut host, r#"{"clear":"before"}{"funcKey":"live"}"#);
    let received = drain(&mut legacy, &mut host);
    assert_eq!(received.len(), 1, "it would not understand a clear: {received:?}");
    assert!(received[0].contains(r#""funcKey":"live""#));
    legacy.disconnected(Timestamp(0), &mut host);
    let mut next = Peer::default();
    assert_eq!(send(&mut next, &mut host, &join("")), [original(3, "connected")]);
}
