//! What followers say on lanes, and what the owner is told.

use super::*;

const OPEN: [&str; 3] = [
    r#"{"id":1,"lane":"q","as":{"kind":"vote","options":3}}"#,
    r#"{"id":2,"lane":"react","as":{"kind":"count","symbols":["❤","+1"],"per":500}}"#,
    r#"{"id":3,"lane":"hand","as":{"kind":"say","per":2000}}"#,
];

/// A host with a room that has lanes, its owner, and a follower who was sent everything.
fn opened() -> (TestHost, Peer, Peer) {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    for lane in OPEN {
        send(&mut owner, &mut host, lane);
    }
    drain(&mut owner, &mut host);
    let mut follower = session_follower(&mut host);
    drain(&mut follower, &mut host);
    (host, owner, follower)
}

fn vote(option: u64, number: u64, session: &str) -> String {
    format!(r#"{{"lane":"q","vote":{option},"n":{number},"session":"{session}"}}"#)
}

fn send_at(peer: &mut Peer, host: &mut TestHost, frame: &str, at: u64) -> Vec<String> {
    peer.receive_frame(frame, Timestamp(at), host);
    drain(peer, host)
}

/// What the owner is told of its lanes once this moment has come.
fn told_at(owner: &mut Peer, host: &mut TestHost, at: u64) -> Vec<String> {
    host.tick(Timestamp(at));
    let mut told = drain(owner, host);
    told.retain(|message| message.contains("counts") || message.contains("said"));
    told
}

#[test]
fn the_owner_is_told_once_a_second_how_many_said_what() {
    let (mut host, mut owner, mut follower) = opened();
    assert!(send(&mut follower, &mut host, r#"{"lane":"react","react":"❤"}"#).is_empty(), "no answer");
    send(&mut follower, &mut host, r#"{"lane":"hand","say":{ "why": [1, "é"] }}"#);
    assert_eq!(
        told_at(&mut owner, &mut host, 1_000),
        [
            r#"{"counts":{"q":[0,0,0],"react":{"❤":1,"+1":0}}}"#,
            r#"{"said":[{"lane":"hand","value":{"why":[1,"é"]}}]}"#,
        ]
    );
    send_at(&mut follower, &mut host, r#"{"lane":"react","react":"+1"}"#, 1_600);
    assert!(told_at(&mut owner, &mut host, 1_999).is_empty(), "not within the same second");
    assert_eq!(told_at(&mut owner, &mut host, 2_000), [r#"{"counts":{"q":[0,0,0],"react":{"❤":1,"+1":1}}}"#]);
    assert!(told_at(&mut owner, &mut host, 9_000).is_empty(), "nothing new");
}

#[test]
fn a_vote_counts_once_for_its_voter_and_may_be_changed() {
    let (mut host, mut owner, mut follower) = opened();
    assert!(send(&mut follower, &mut host, &vote(2, 1, "v1")).is_empty(), "it isn't kept yet");
    host.tick(Timestamp(1_000));
    assert_eq!(drain(&mut follower, &mut host), [r#"{"lane":"q","voted":2,"n":1}"#]);
    let mut other = session_follower(&mut host);
    send(&mut other, &mut host, &vote(0, 1, "v2"));
    send(&mut follower, &mut host, &vote(0, 2, "v1"));
    // An older vote that comes late, on a connection that was lost meanwhile.
    send(&mut follower, &mut host, &vote(1, 1, "v1"));
    assert_eq!(
        told_at(&mut owner, &mut host, 2_000)[0].split_once(",\"react").unwrap().0,
        r#"{"counts":{"q":[2,0,0]"#
    );
    assert_eq!(drain(&mut follower, &mut host), [r#"{"lane":"q","voted":0,"n":2}"#], "the newest counts");
    follower.disconnected(Timestamp(2_100), &mut host);
    let mut again = session_follower(&mut host);
    send(&mut again, &mut host, &vote(1, 3, "v1"));
    assert!(told_at(&mut owner, &mut host, 3_000)[0].starts_with(r#"{"counts":{"q":[1,1,0]"#));
}

#[test]
fn a_voter_is_the_subject_of_its_token_or_else_its_session() {
    let (mut host, mut owner, mut follower) = opened();
    let nameless = send(&mut follower, &mut host, r#"{"lane":"q","vote":1,"n":1}"#);
    assert_eq!(refusal_code(&nameless[0]), Some("malformed"));
    assert!(nameless[0].contains(r#""lane":"q","n":1"#), "{nameless:?}");
    send(&mut follower, &mut host, &vote(1, 1, "v1"));
    let another = send(&mut follower, &mut host, &vote(1, 2, "v2"));
    assert_eq!(refusal_code(&another[0]), Some("malformed"), "one voter a connection");
    host.token_subject = Some("ann");
    for (session, number) in [("v3", 1), ("v4", 2)] {
        follower.disconnected(Timestamp(1_000), &mut host);
        follower = session_follower(&mut host);
        send(&mut follower, &mut host, &vote(2, number, session));
    }
    assert!(told_at(&mut owner, &mut host, 2_000)[0].starts_with(r#"{"counts":{"q":[0,1,1]"#));
}

#[test]
fn a_follower_that_says_too_much_is_told_once_a_second_and_the_rest_is_dropped() {
    let (mut host, mut owner, mut follower) = opened();
    let say = r#"{"lane":"hand","say":1}"#;
    assert!(send(&mut follower, &mut host, say).is_empty());
    let refused = send(&mut follower, &mut host, say);
    assert_eq!(refusal_code(&refused[0]), Some("rate_limited"));
    assert!(refused[0].contains(r#""retryAfterMs":2000"#), "{refused:?}");
    assert!(send(&mut follower, &mut host, say).is_empty(), "it was told");
    let told = told_at(&mut owner, &mut host, 1_000);
    assert!(told[0].ends_with(r#","dropped":{"hand":2}}"#), "{told:?}");
    assert!(send_at(&mut follower, &mut host, say, 3_000).is_empty());
    assert_eq!(told_at(&mut owner, &mut host, 3_000).len(), 2, "it is told again");
}

#[test]
fn a_follower_that_floods_is_not_read_for_a_moment() {
    let (mut host, _owner, mut follower) = opened();
    let frame = r#"{"lane":"react","react":"❤"}"#.repeat(30);
    send(&mut follower, &mut host, &frame);
    let pause = follower.pause(Timestamp(1_000)).expect("it pauses").milliseconds();
    assert!((1..=1_000).contains(&pause) && follower.has_unread(), "{pause}");
    let lanes = host.with(RoomId::from_random(1), |room| room.shared_lanes()).unwrap();
    let tried: u64 = lanes.with(|lanes| lanes.report()).iter().map(|lane| lane.tried).sum();
    assert_eq!(tried, 11, "those of five seconds, and the one that was too much");
}

#[test]
fn what_cannot_be_said_is_refused() {
    let (mut host, mut owner, mut follower) = opened();
    let long = format!(r#"{{"lane":"hand","say":"{}"}}"#, "x".repeat(1_023));
    for (sent, code) in [
        (r#"{"lane":"nowhere","react":"❤"}"#, "forbidden"),
        (r#"{"lane":"react","react":"?"}"#, "malformed"),
        (r#"{"lane":"react","say":1}"#, "malformed"),
        (r#"{"lane":"q","vote":3,"n":1,"session":"v"}"#, "malformed"),
        (r#"{"lane":"q","vote":1,"session":"v"}"#, "malformed"),
        (r#"{"lane":"q"}"#, "malformed"),
        (&long, "malformed"),
    ] {
        follower.disconnected(Timestamp(1_000), &mut host);
        follower = session_follower(&mut host);
        let received = send(&mut follower, &mut host, sent);
        assert_eq!(received.last().and_then(|last| refusal_code(last)), Some(code), "{sent}");
    }
    let by_owner = send(&mut owner, &mut host, r#"{"lane":"react","react":"❤"}"#);
    assert_eq!(refusal_code(&by_owner[0]), Some("forbidden"));
    let outside = send(&mut Peer::default(), &mut host, r#"{"lane":"react","react":"❤"}"#);
    assert!(outside[0].contains("error"), "{outside:?}");
}

#[test]
fn a_lane_that_is_set_anew_counts_from_zero_and_one_that_has_ended_takes_nothing() {
    let (mut host, mut owner, mut follower) = opened();
    send(&mut follower, &mut host, &vote(2, 1, "v1"));
    host.tick(Timestamp(1_000));
    drain(&mut owner, &mut host);
    let anew = send(&mut owner, &mut host, r#"{"id":4,"lane":"q","as":{"kind":"vote","options":2}}"#);
    assert!(anew[1].starts_with(r#"{"counts":{"react":{"❤":0,"+1":0},"q":[0,0]}"#), "{anew:?}");
    send(&mut owner, &mut host, r#"{"id":5,"lane":"q","as":null}"#);
    drain(&mut follower, &mut host);
    let refused = send(&mut follower, &mut host, &vote(1, 2, "v1"));
    assert_eq!(refusal_code(&refused[0]), Some("forbidden"));
}

#[test]
fn what_is_said_while_the_owner_is_away_is_dropped_and_votes_are_not() {
    let (mut host, mut owner, mut follower) = opened();
    owner.disconnected(Timestamp(1_000), &mut host);
    send(&mut follower, &mut host, r#"{"lane":"hand","say":1}"#);
    send(&mut follower, &mut host, &vote(1, 1, "v1"));
    host.tick(Timestamp(1_000));
    let mut back = Peer::default();
    let claim = join(r#","v":2,"session":"s1","ownerKey":"key-1","ack":3,"epoch":1"#);
    let told = send(&mut back, &mut host, &claim);
    let counts = r#"{"counts":{"q":[0,1,0],"react":{"❤":0,"+1":0}},"dropped":{"hand":1}}"#;
    assert_eq!(told.last().unwrap(), counts, "it is told all counts at once");
}

#[test]
fn more_voters_than_a_lane_may_have_are_refused_and_those_it_has_may_choose_again() {
    let mut host = host();
    (host.limits.voters_per_lane, host.limits.followers_per_room) = (2, 10);
    let mut owner = session_owner(&mut host);
    send(&mut owner, &mut host, OPEN[0]);
    let mut voters: Vec<Peer> = (0..3).map(|_| session_follower(&mut host)).collect();
    for (index, voter) in voters.iter_mut().enumerate() {
        drain(voter, &mut host);
        let received = send(voter, &mut host, &vote(1, 1, &format!("v{index}")));
        let refused = received.first().and_then(|first| refusal_code(first));
        assert_eq!(refused, (index == 2).then_some("room_full"));
    }
    assert!(send(&mut voters[0], &mut host, &vote(2, 2, "v0")).is_empty());
    assert!(told_at(&mut owner, &mut host, 2_000)[0].starts_with(r#"{"counts":{"q":[0,1,1]}"#));
}

#[test]
fn an_answer_to_a_vote_waits_for_the_journal() {
    let (mut host, mut owner, mut follower) = opened();
    let room = RoomId::from_random(1);
    host.with(room, |room| room.stage_records(0));
    send(&mut follower, &mut host, &vote(1, 1, "v1"));
    host.tick(Timestamp(1_000));
    assert!(!drain(&mut follower, &mut host).concat().contains("voted"));
    let (_, mark) = host.with(room, Room::take_staged).flatten().unwrap();
    host.with(room, |room| room.committed(mark));
    assert_eq!(drain(&mut follower, &mut host).last().unwrap(), r#"{"lane":"q","voted":1,"n":1}"#);
    assert!(told_at(&mut owner, &mut host, 2_000).len() <= 1);
}

#[test]
fn a_vote_that_is_sent_once_more_is_answered_again() {
    let (mut host, _owner, mut follower) = opened();
    let room = RoomId::from_random(1);
    host.with(room, |room| room.stage_records(0));
    let keep = |host: &mut TestHost| {
        let taken = host.with(room, Room::take_staged).flatten();
        taken.map(|(_, mark)| host.with(room, |room| room.committed(mark))).is_some()
    };
    send(&mut follower, &mut host, &vote(1, 1, "v1"));
    host.tick(Timestamp(1_000));
    assert!(keep(&mut host));
    follower.disconnected(Timestamp(1_500), &mut host);
    let mut again = session_follower(&mut host);
    drain(&mut again, &mut host);
    send(&mut again, &mut host, &vote(1, 1, "v1"));
    let before = host.with(room, |room| room.version());
    host.tick(Timestamp(2_000));
    assert!(!keep(&mut host), "there is nothing new to keep");
    assert!(host.with(room, |room| room.version()) > before, "so the room itself says that there is news");
    assert_eq!(drain(&mut again, &mut host), [r#"{"lane":"q","voted":1,"n":1}"#]);
}

#[test]
fn a_vote_on_a_lane_that_was_set_anew_meanwhile_is_refused() {
    let (mut host, mut owner, mut follower) = opened();
    send(&mut owner, &mut host, r#"{"id":4,"lane":"q","as":{"kind":"vote","options":2}}"#);
    drain(&mut follower, &mut host);
    let vote = |seq: u64| format!(r#"{{"lane":"q","vote":1,"n":{seq},"seq":{seq},"session":"v1"}}"#);
    let refused = send(&mut follower, &mut host, &vote(1));
    assert_eq!(refusal_code(&refused[0]), Some("forbidden"));
    assert!(send(&mut follower, &mut host, &vote(4)).is_empty());
    assert!(told_at(&mut owner, &mut host, 1_000)[0].contains(r#""q":[0,1]"#));
}

#[test]
fn many_votes_are_staged_at_once_and_the_owner_is_told_when_the_second_is_over() {
    let (mut host, mut owner, mut follower) = opened();
    send(&mut follower, &mut host, r#"{"lane":"react","react":"❤"}"#);
    assert_eq!(told_at(&mut owner, &mut host, 1_000).len(), 1);
    let lanes = host.with(RoomId::from_random(1), |room| room.shared_lanes()).unwrap();
    let now = Timestamp(1_100);
    for voter in 0..600_u64 {
        let mut speaker = crate::Speaker::default();
        speaker.voter = Some(voter.to_be_bytes());
        let word = crate::LaneWord::Vote { option: 1, number: 1, session: None, seq: None };
        let message = crate::LaneMessage { lane: "q".into(), word };
        let (_, alarm) = lanes.with(|lanes| lanes.take(&message, &mut speaker, now));
        alarm.into_iter().for_each(|alarm| host.wake_at(RoomId::from_random(1), alarm));
    }
    send_at(&mut follower, &mut host, r#"{"lane":"hand","say":1}"#, 1_100);
    host.with(RoomId::from_random(1), |room| {
        room.stage_records(0);
        room.take_staged();
    });
    assert!(told_at(&mut owner, &mut host, 1_100).is_empty(), "not within the same second");
    assert_eq!(host.with(RoomId::from_random(1), |room| room.has_staged()), Some(true));
    let told = told_at(&mut owner, &mut host, 2_000);
    assert!(told[0].starts_with(r#"{"counts":{"q":[0,600,0]"#) && told.len() == 2, "{told:?}");
}

#[test]
fn a_value_of_a_lane_that_was_set_anew_is_not_dropped_from_its_counts() {
    let (mut host, mut owner, mut follower) = opened();
    send(&mut follower, &mut host, r#"{"lane":"hand","say":1}"#);
    send(&mut owner, &mut host, r#"{"id":4,"lane":"hand","as":{"kind":"say"}}"#);
    owner.disconnected(Timestamp(1_000), &mut host);
    host.tick(Timestamp(1_000));
    let lanes = host.with(RoomId::from_random(1), |room| room.shared_lanes()).unwrap();
    let report = lanes.with(|lanes| lanes.report());
    let hand = report.iter().find(|lane| lane.name == "hand").unwrap();
    assert_eq!((hand.tried, hand.dropped, &hand.counts[..]), (0, 0, &[0][..]));
}

#[test]
fn a_lane_that_is_not_open_cannot_be_ended() {
    let mut host = host();
    let mut owner = session_owner(&mut host);
    let ended = send(&mut owner, &mut host, r#"{"id":1,"lane":"x","as":null}"#);
    assert_eq!(refusal_code(ended.last().unwrap()), Some("forbidden"), "{ended:?}");
    assert_eq!(host.with(RoomId::from_random(1), |room| room.head()), Some(0), "it takes no seq");
}

#[test]
fn an_owner_whose_answers_wait_for_the_journal_is_told_what_was_said() {
    let (mut host, mut owner, mut follower) = opened();
    host.with(RoomId::from_random(1), |room| room.stage_records(0));
    send(&mut follower, &mut host, r#"{"lane":"react","react":"❤"}"#);
    owner.receive_frame(r#"{"id":4,"funcKey":"f"}"#, Timestamp(1_000), &mut host);
    let told = told_at(&mut owner, &mut host, 1_000);
    assert_eq!(told, [r#"{"counts":{"q":[0,0,0],"react":{"❤":1,"+1":0}}}"#]);
}
