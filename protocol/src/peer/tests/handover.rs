//! Who may write, and how that passes from one to another.

use super::*;

const CREATOR: &str = r#","v":2,"ownerKey":"key-1","drive":false,"session":"s1""#;
const ANA: &str = "ana-0123456789012345678901";
const BEN: &str = "ben-0123456789012345678901";

/// The creator invites Ana. Returns her seat.
fn invite(creator: &mut Peer, host: &mut TestHost, key: &str, name: &str) -> u64 {
    let ask = format!(r#"{{"ask":4,"invite":{{"key":"{key}","role":"presenter","name":"{name}"}}}}"#);
    seat_in(&send(creator, host, &ask)[0])
}

fn seat_in(answer: &str) -> u64 {
    let fields: serde_json::Value = serde_json::from_str(answer).unwrap();
    fields["seat"].as_u64().unwrap_or_else(|| panic!("no seat in {answer}"))
}

fn member(host: &mut TestHost, key: &str, more: &str) -> (Peer, Vec<String>) {
    let mut peer = Peer::default();
    let told = send(&mut peer, host, &join(&format!(r#","v":2,"invite":"{key}"{more}"#)));
    (peer, told)
}

fn leaves(mut peer: Peer, host: &mut TestHost) {
    peer.disconnected(Timestamp(1_000), host);
}

fn driver(seq: u64, seat: u64, name: &str) -> String {
    format!(
        r#"{{"seq":{seq},"clear":"\u0000","driver":{{"seat":{seat},"name":"{name}","role":"presenter"}}}}"#
    )
}

fn creator_drives(seq: u64) -> String {
    format!(r#"{{"seq":{seq},"clear":"\u0000","driver":{{"seat":0,"role":"creator"}}}}"#)
}

/// A creator that has passed the pen to Ana, who has entered anew: the creator's old connection,
/// Ana as the driver, and her seat.
fn handed_over(host: &mut TestHost) -> (Peer, Peer, u64) {
    let mut creator = session_owner(host);
    let seat = invite(&mut creator, host, ANA, "Ana");
    let (follower, _) = member(host, ANA, r#","session":"a""#);
    let told = send(&mut creator, host, &format!(r#"{{"id":1,"drive":{seat}}}"#));
    assert_eq!(told, [r#"{"ack":1,"seq":1}"#, &driver(1, seat, "Ana"), "closed 4005"]);
    let mut follower = follower;
    assert_eq!(drain(&mut follower, host), [driver(1, seat, "Ana")]);
    follower.disconnected(Timestamp(1_000), host);
    creator.disconnected(Timestamp(1_000), host);
    let (ana, told) = member(host, ANA, r#","session":"a","since":1,"ack":0"#);
    assert!(told[0].contains(r#""epoch":3,"ack":0"#), "{told:?}");
    assert!(told[0].ends_with(&format!(r#""seat":{seat},"role":"presenter"}}"#)), "{told:?}");
    (creator, ana, seat)
}

#[test]
fn the_pen_passes_in_the_order_of_the_log_and_the_former_driver_goes_on_behind_it() {
    let mut host = host();
    let mut hall = {
        let mut creator = session_owner(&mut host);
        let hall = session_follower(&mut host);
        let seat = invite(&mut creator, &mut host, ANA, "Ana");
        let (mut follower, told) = member(&mut host, ANA, r#","session":"a""#);
        assert!(!told[0].contains("epoch"), "{told:?}");
        let frame =
            format!(r#"{{"id":1,"funcKey":"before"}}{{"id":2,"drive":{seat}}}{{"id":3,"funcKey":"after"}}"#);
        let told = send(&mut creator, &mut host, &frame);
        assert_eq!(told, [r#"{"ack":2,"seq":2}"#, &driver(2, seat, "Ana"), "closed 4005"]);
        creator.disconnected(Timestamp(1_000), &mut host);
        drain(&mut follower, &mut host);
        follower.disconnected(Timestamp(1_000), &mut host);
        let (mut ana, _) = member(&mut host, ANA, r#","session":"a","since":2,"ack":0"#);
        assert_eq!(send(&mut ana, &mut host, r#"{"id":1,"funcKey":"hers"}"#), [r#"{"ack":1,"seq":3}"#]);
        // The creator comes back, and knows nothing of its last answers.
        let mut back = Peer::default();
        let told = send(&mut back, &mut host, &join(&format!(r#"{CREATOR},"ack":0,"epoch":1"#)));
        assert!(told[0].ends_with(r#""ack":2,"seat":0,"role":"creator"}"#), "{told:?}");
        assert_eq!(told[1], r#"{"ack":2,"seq":2}"#);
        assert_eq!(told[2..4], [driver(2, seat, "Ana"), r#"{"seq":3,"funcKey":"hers"}"#.to_owned()]);
        hall
    };
    let heard = drain(&mut hall, &mut host).join(" ");
    let at = |what: &str| heard.find(what).unwrap_or_else(|| panic!("{what} in {heard}"));
    assert!(at("before") < at("driver") && at("driver") < at("hers") && !heard.contains("after"));
}

#[test]
fn who_has_not_heard_that_it_may_write_follows_first() {
    let mut host = host();
    let mut creator = session_owner(&mut host);
    let seat = invite(&mut creator, &mut host, ANA, "Ana");
    let (connected, _) = member(&mut host, ANA, r#","session":"a""#);
    send(&mut creator, &mut host, &format!(r#"{{"id":1,"funcKey":"f"}}{{"id":2,"drive":{seat}}}"#));
    leaves(connected, &mut host);
    let (peer, told) = member(&mut host, ANA, r#","session":"a","since":0,"ack":0"#);
    leaves(peer, &mut host);
    assert!(!told[0].contains("epoch"), "{told:?}");
    assert!(told.iter().any(|message| message.contains(r#""driver""#)), "{told:?}");
    let (peer, told) = member(&mut host, ANA, r#","session":"a","since":1,"ack":0"#);
    leaves(peer, &mut host);
    assert!(!told[0].contains("epoch") && told[1] == driver(2, seat, "Ana"), "{told:?}");
    let (_, told) = member(&mut host, ANA, r#","session":"a","since":2,"ack":0"#);
    assert!(told[0].contains(r#""epoch":3"#) && told.len() == 1, "no snapshot: {told:?}");
}

#[test]
fn a_page_whose_turn_ends_before_its_snapshot_came_gets_that_later() {
    let mut host = host();
    let (_, _, seat) = handed_over(&mut host);
    let mut reloaded = Peer::default();
    let claim = join(&format!(r#","v":2,"invite":"{ANA}","session":"reload","since":0"#));
    reloaded.receive_frame(&claim, Timestamp(1_000), &mut host);
    assert!(reloaded.is_owner());
    let mut creator = Peer::default();
    send(&mut creator, &mut host, &join(CREATOR));
    send(&mut creator, &mut host, r#"{"ask":7,"takeBack":true}"#);
    reloaded.disconnected(Timestamp(1_000), &mut host);
    let (_, told) = member(&mut host, ANA, r#","session":"reload","ack":0,"epoch":4,"since":0"#);
    assert!(told[0].contains(&format!(r#""seat":{seat}"#)) && !told[0].contains("epoch"), "{told:?}");
    assert_eq!(told[1..3], [r#"{"seq":2,"driver":{"seat":0,"role":"creator"}}"#, r#"{"synced":2}"#]);
}

#[test]
fn a_page_that_has_driven_misses_nothing_when_a_later_turn_of_its_seat_is_not_begun() {
    let mut host = host();
    let (_, mut ana, seat) = handed_over(&mut host);
    let mut creator = Peer::default();
    send(&mut creator, &mut host, &join(CREATOR));
    send(&mut creator, &mut host, r#"{"ask":7,"takeBack":true}"#);
    creator.disconnected(Timestamp(1_000), &mut host);
    assert_eq!(drain(&mut ana, &mut host)[0], creator_drives(2));
    ana.disconnected(Timestamp(1_000), &mut host);
    let (connected, _) = member(&mut host, ANA, r#","session":"a","ack":0,"epoch":3,"since":2"#);
    let mut creator = Peer::default();
    send(&mut creator, &mut host, &join(&format!(r#"{CREATOR},"ack":1,"epoch":1,"since":2"#)));
    send(&mut creator, &mut host, &format!(r#"{{"id":2,"funcKey":"f"}}{{"id":3,"drive":{seat}}}"#));
    leaves(connected, &mut host);
    let mut creator = Peer::default();
    send(&mut creator, &mut host, &join(&format!(r#"{CREATOR},"ack":3,"epoch":5,"since":4"#)));
    send(&mut creator, &mut host, r#"{"ask":8,"takeBack":true}"#);
    let (_, told) = member(&mut host, ANA, r#","session":"a","ack":0,"epoch":3,"since":2"#);
    let missed = [r#"{"seq":3,"funcKey":"f"}"#.to_owned(), driver(4, seat, "Ana"), creator_drives(5)];
    assert_eq!(told[1..4], missed, "{told:?}");
}

#[test]
fn the_creator_takes_back_and_nothing_of_the_guest_comes_later() {
    let mut host = host();
    let (_, mut ana, seat) = handed_over(&mut host);
    let mut creator = Peer::default();
    let told = send(&mut creator, &mut host, &join(&format!(r#"{CREATOR},"ack":1,"epoch":1"#)));
    assert!(!told[0].contains("epoch"), "its reload steals nothing: {told:?}");
    assert_eq!(told[1], driver(1, seat, "Ana"));
    assert_eq!(send(&mut creator, &mut host, r#"{"ask":7,"takeBack":true}"#)[..1], [r#"{"ask":7,"seq":2}"#]);
    assert_eq!(send(&mut creator, &mut host, r#"{"ask":7,"takeBack":true}"#), [r#"{"ask":7,"seq":2}"#]);
    let told = send(&mut ana, &mut host, r#"{"id":1,"funcKey":"late"}"#);
    assert_eq!(told, [creator_drives(2), "closed 4005".to_owned()]);
    creator.disconnected(Timestamp(1_000), &mut host);
    let (mut creator, told) = {
        let mut creator = Peer::default();
        let told = send(&mut creator, &mut host, &join(&format!(r#"{CREATOR},"ack":1,"epoch":1,"since":2"#)));
        (creator, told)
    };
    assert!(told[0].contains(r#""epoch":5,"ack":1"#), "{told:?}");
    assert_eq!(send(&mut creator, &mut host, r#"{"id":2,"funcKey":"f"}"#), [r#"{"ack":2,"seq":3}"#]);
}

#[test]
fn a_claim_of_a_page_that_knows_no_seats_takes_the_pen() {
    let mut host = host();
    let (_, mut ana, _) = handed_over(&mut host);
    let mut creator = Peer::default();
    let told =
        send(&mut creator, &mut host, &join(r#","v":2,"ownerKey":"key-1","session":"reload","since":0"#));
    assert!(told[0].contains(r#""epoch":5,"ack":0"#) && !told[0].contains("role"), "{told:?}");
    assert_eq!(drain(&mut ana, &mut host), [creator_drives(2), "closed 4005".to_owned()]);
}

#[test]
fn a_claim_of_a_page_that_was_superseded_takes_nothing() {
    let mut host = host();
    let (_, mut ana, _) = handed_over(&mut host);
    let (_newest, told) = {
        let mut newest = Peer::default();
        let told = send(&mut newest, &mut host, &join(CREATOR));
        (newest, told)
    };
    assert!(told[0].contains(r#""seat":0"#), "{told:?}");
    let stale = join(r#","v":2,"ownerKey":"key-1","session":"stale","epoch":1"#);
    assert_eq!(send(&mut Peer::default(), &mut host, &stale), ["closed 4502"]);
    assert_eq!(send(&mut ana, &mut host, r#"{"id":1,"funcKey":"f"}"#), [r#"{"ack":1,"seq":2}"#]);
}

#[test]
fn who_has_a_key_asks_with_no_other_and_nobody_with_the_owner_key() {
    let mut host = host();
    let (_, mut ana, _) = handed_over(&mut host);
    let ask = |key: &str| format!(r#"{{"ask":1,"request":{{"key":"{key}"}}}}"#);
    let mut creator = Peer::default();
    send(&mut creator, &mut host, &join(CREATOR));
    assert_eq!(refusal_code(&send(&mut creator, &mut host, &ask(BEN))[0]), Some("malformed"));
    assert_eq!(drain(&mut ana, &mut host), Vec::<String>::new(), "nobody asks");
}

#[test]
fn a_follower_asks_for_the_pen_and_gets_it_or_is_refused() {
    let mut host = host();
    let mut creator = session_owner(&mut host);
    let mut ben = session_follower(&mut host);
    let ask = format!(r#"{{"ask":5,"request":{{"key":"{BEN}","name":"Ben"}}}}"#);
    let seat = seat_in(&send(&mut ben, &mut host, &ask).pop().unwrap());
    let told = format!(r#"{{"request":{{"seat":{seat},"name":"Ben"}}}}"#);
    assert!(drain(&mut creator, &mut host).contains(&told));
    assert_eq!(seat_in(&send(&mut ben, &mut host, &ask)[0]), seat, "asked again, it is the same request");
    assert_eq!(drain(&mut creator, &mut host), Vec::<String>::new());
    // Until somebody says yes, the key is good for nothing.
    assert_eq!(refusal_code(&member(&mut host, BEN, "").1[0]), Some("wrong_owner_key"));
    assert_eq!(send(&mut creator, &mut host, &format!(r#"{{"ask":6,"refuse":{seat}}}"#)), [r#"{"ask":6}"#]);
    assert_eq!(drain(&mut ben, &mut host), [format!(r#"{{"refused":{seat}}}"#)]);
    let again = send(&mut ben, &mut host, &ask);
    assert!(again[0].contains(r#""code":"rate_limited""#) && again[0].contains(r#""retryAfterMs":30000"#));
    ben.receive_frame(&ask, Timestamp(31_000), &mut host);
    let seat = seat_in(&drain(&mut ben, &mut host)[0]);
    let told = send(&mut creator, &mut host, &format!(r#"{{"id":1,"drive":{seat}}}"#));
    assert!(told.contains(&driver(1, seat, "Ben")), "{told:?}");
    assert_eq!(drain(&mut ben, &mut host), [driver(1, seat, "Ben")]);
    let told = member(&mut host, BEN, r#","session":"b","since":1"#).1;
    assert!(told[0].contains(r#""epoch":3"#), "{told:?}");
}

#[test]
fn a_key_that_is_revoked_is_good_no_longer() {
    let mut host = host();
    let (_, mut ana, seat) = handed_over(&mut host);
    let mut creator = Peer::default();
    send(&mut creator, &mut host, &join(CREATOR));
    let told = send(&mut creator, &mut host, &format!(r#"{{"ask":6,"revoke":{seat}}}"#));
    assert_eq!(told, [r#"{"ask":6}"#.to_owned(), creator_drives(2)]);
    assert_eq!(drain(&mut ana, &mut host), [creator_drives(2), "closed 4005".to_owned()]);
    assert_eq!(refusal_code(&member(&mut host, ANA, "").1[0]), Some("wrong_owner_key"));
}

#[test]
fn a_member_that_follows_is_told_that_its_key_is_revoked_and_follows_on() {
    let mut host = host();
    let mut creator = session_owner(&mut host);
    let seat = invite(&mut creator, &mut host, ANA, "Ana");
    let (mut ana, _) = member(&mut host, ANA, "");
    send(&mut creator, &mut host, &format!(r#"{{"ask":6,"revoke":{seat}}}{{"id":1,"funcKey":"f"}}"#));
    let told = drain(&mut ana, &mut host);
    assert_eq!(told, [r#"{"seq":1,"funcKey":"f"}"#.to_owned(), format!(r#"{{"revoked":{seat}}}"#)]);
}

#[test]
fn a_second_page_with_the_same_key_supersedes_the_first_which_does_not_come_back() {
    let mut host = host();
    let mut creator = session_owner(&mut host);
    let seat = invite(&mut creator, &mut host, ANA, "Ana");
    let (mut first, _) = member(&mut host, ANA, r#","session":"one""#);
    let (_second, _) = member(&mut host, ANA, r#","session":"two""#);
    assert_eq!(drain(&mut first, &mut host), ["closed 4502"]);
    send(&mut creator, &mut host, &format!(r#"{{"id":1,"drive":{seat}}}"#));
    let back = member(&mut host, ANA, r#","session":"one","since":1"#).1;
    assert_eq!(back, ["closed 4502"]);
}

#[test]
fn only_the_creator_invites_and_revokes_and_only_the_driver_hands_over() {
    let mut host = host();
    let (_, mut ana, seat) = handed_over(&mut host);
    let mut follower = session_follower(&mut host);
    drain(&mut follower, &mut host);
    let invite = format!(r#"{{"ask":1,"invite":{{"key":"{BEN}","role":"presenter"}}}}"#);
    for (ask, by_driver) in [
        (invite.as_str(), Some("forbidden")),
        (r#"{"ask":1,"takeBack":true}"#, Some("forbidden")),
        (&format!(r#"{{"ask":1,"revoke":{seat}}}"#), Some("forbidden")),
        (r#"{"ask":1,"refuse":7}"#, None),
    ] {
        assert_eq!(refusal_code(&send(&mut follower, &mut host, ask)[0]), Some("not_owner"), "{ask}");
        assert_eq!(refusal_code(&send(&mut ana, &mut host, ask)[0]), by_driver, "{ask}");
    }
    let drive = format!(r#"{{"id":1,"drive":{seat}}}"#);
    assert_eq!(refusal_code(&send(&mut follower, &mut host, &drive)[0]), Some("not_owner"));
    let gone = send(&mut ana, &mut host, r#"{"id":1,"drive":7}"#);
    assert_eq!(refusal_code(&gone[0]), Some("not_in_room"));
    // The refusal is the answer to that id.
    assert_eq!(send(&mut ana, &mut host, r#"{"id":1,"funcKey":"f"}"#), Vec::<String>::new());
}

#[test]
fn a_guest_that_closes_leaves_the_room_which_goes_on() {
    let mut host = host();
    let (_, mut ana, seat) = handed_over(&mut host);
    let told = send(&mut ana, &mut host, r#"{"status":{"value":4}}"#);
    assert!(told[0].contains(r#""value":0"#) && told[1] == "closed 4501", "{told:?}");
    ana.disconnected(Timestamp(1_000), &mut host);
    let mut late = Peer::default();
    let told = send(&mut late, &mut host, &join(r#","v":2"#));
    assert!(told.contains(&r#"{"owner":"away"}"#.to_owned()), "{told:?}");
    assert!(told[1].contains(&format!(r#""driver":{{"seat":{seat}"#)), "{told:?}");
}

#[test]
fn what_the_creator_wished_for_holds_while_a_guest_drives_and_recordings_are_the_creators() {
    let mut host = host();
    let wishes = r#""shareAudience":true,"shareRoster":true,"clock":true"#;
    let mut creator = Peer::default();
    let create = format!(r#"{{"status":{{"value":1}},"v":2,"session":"s1",{wishes}}}"#);
    send(&mut creator, &mut host, &create);
    let seat = invite(&mut creator, &mut host, ANA, "Ana");
    let (connected, _) = member(&mut host, ANA, r#","session":"a""#);
    send(&mut creator, &mut host, &format!(r#"{{"id":1,"drive":{seat}}}"#));
    leaves(creator, &mut host);
    leaves(connected, &mut host);
    let (mut ana, told) = member(&mut host, ANA, r#","session":"a","since":1,"ack":0,"record":"shared""#);
    assert!(told.len() == 1 && told[0].contains(r#""epoch":3"#), "{told:?}");
    let room = ana.room().unwrap();
    let kept = host.with(room, |room| (room.shares_audience(), room.shares_roster(), room.has_clock()));
    assert_eq!(kept, Some((true, true, true)));
    let refused = send(&mut ana, &mut host, r#"{"id":1,"record":true}"#);
    assert_eq!(refusal_code(&refused[0]), Some("forbidden"));
}

#[test]
fn a_request_is_accepted_only_as_long_as_the_room_may_have_members() {
    let mut host = host();
    host.limits.members_per_room = 0;
    let mut creator = session_owner(&mut host);
    let mut ben = session_follower(&mut host);
    let ask = format!(r#"{{"ask":5,"request":{{"key":"{BEN}"}}}}"#);
    let seat = seat_in(&send(&mut ben, &mut host, &ask).pop().unwrap());
    let told = send(&mut creator, &mut host, &format!(r#"{{"id":1,"drive":{seat}}}"#));
    assert!(told.iter().any(|message| refusal_code(message) == Some("forbidden")), "{told:?}");
}

#[test]
fn a_key_whose_request_waits_may_be_invited_and_keeps_its_seat() {
    let mut host = host();
    let mut creator = session_owner(&mut host);
    let mut ben = session_follower(&mut host);
    let ask = format!(r#"{{"ask":5,"request":{{"key":"{BEN}"}}}}"#);
    let seat = seat_in(&send(&mut ben, &mut host, &ask).pop().unwrap());
    assert_eq!(invite(&mut creator, &mut host, BEN, "Ben"), seat);
    let (_, told) = member(&mut host, BEN, "");
    assert!(told[0].ends_with(&format!(r#""seat":{seat},"role":"presenter"}}"#)), "{told:?}");
}

#[test]
fn who_has_handed_over_comes_back_however_often_the_pen_has_passed_since() {
    let mut host = host();
    let (_, mut ana, _) = handed_over(&mut host);
    let mut creator = Peer::default();
    send(&mut creator, &mut host, &join(CREATOR));
    send(&mut creator, &mut host, r#"{"ask":1,"takeBack":true}"#);
    let room = ana.room().unwrap();
    host.with(room, |room| room.pass(None, 0, Timestamp(1_000)).unwrap());
    // It enters anew, and is handed both passes from the log.
    assert_eq!(drain(&mut ana, &mut host), ["closed 4005"]);
    let (_, told) = member(&mut host, ANA, r#","session":"a","epoch":3,"since":1,"ack":0"#);
    assert_eq!(told[1..3], [creator_drives(2), creator_drives(3)], "{told:?}");
}
