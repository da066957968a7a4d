use super::*;
use crate::{Accepted, Action, Claim, EntryError, KeyDigest, Limits, RoomId, Timestamp};

const KEY: KeyDigest = KeyDigest([7; 32]);
const NOW: Timestamp = Timestamp(1_000);

fn room() -> Room {
    Room::new(RoomId::from_random(1), KEY, Some("page"), Limits::default())
}

fn post(room: &mut Room, session: Option<(&str, u64)>, body: &str) -> Vec<Posted> {
    let posted =
        room.as_key_holder(&KEY, NOW, |room| Post { session, key: None }.append(room, body.lines(), NOW));
    posted.expect("the key is the room's")
}

/// What became of the lines: the seqs of their actions, or the codes of their refusals.
fn outcomes(posted: &[Posted]) -> Vec<String> {
    let outcome = |posted: &Posted| match &posted.answer {
        RecordedAnswer::Appended(seq) => seq.to_string(),
        RecordedAnswer::Refused(refusal) => refusal.code.clone(),
        RecordedAnswer::Unknown => "unknown".to_owned(),
    };
    posted.iter().map(outcome).collect()
}

#[test]
fn a_bad_line_keeps_no_other_out_and_counts_as_answered() {
    let mut room = room();
    let body = "{\"funcKey\":\"a\"}\nnot json\n\n{\"clear\":\"a\"}\n{\"funcKey\":\"b\",\"funcParams\":7}\n{\"funcKey\":\"c\"}\n";
    let posted = post(&mut room, Some(("script", 5)), body);
    assert_eq!(outcomes(&posted), ["1", "malformed", "2", "malformed", "3"]);
    assert_eq!(posted.iter().map(|posted| posted.line).collect::<Vec<_>>(), [1, 2, 4, 5, 6]);
    assert_eq!(posted.iter().filter_map(|posted| posted.id).collect::<Vec<_>>(), [5, 6, 7, 8, 9]);
    assert_eq!(post(&mut room, Some(("script", 5)), body), posted, "the same post, the same answer");
    assert_eq!(room.head(), 3);
}

#[test]
fn without_a_session_duplicates_are_appended_again() {
    let mut room = room();
    for seq in 1..=2 {
        assert_eq!(outcomes(&post(&mut room, None, "{\"funcKey\":\"a\"}")), [seq.to_string()]);
    }
    assert_eq!(outcomes(&post(&mut room, None, "{\"funcKey\":\"a\",\"id\":1}")), ["malformed"]);
    assert_eq!(room.head(), 2);
}

#[test]
fn a_line_may_state_its_id_as_long_as_ids_count_up() {
    let mut room = room();
    let body = "{\"funcKey\":\"a\"}\n{\"funcKey\":\"b\",\"id\":9}\n{\"funcKey\":\"c\"}\n{\"funcKey\":\"d\",\"id\":3}";
    let posted = post(&mut room, Some(("script", 2)), body);
    assert_eq!(outcomes(&posted), ["1", "2", "3", "malformed"]);
    assert_eq!(posted.iter().map(|posted| posted.id).collect::<Vec<_>>(), [Some(2), Some(9), Some(10), None]);
    // This id was skipped, so nobody can say what became of it.
    assert_eq!(outcomes(&post(&mut room, Some(("script", 5)), "{\"funcKey\":\"e\"}")), ["unknown"]);
    assert_eq!(room.head(), 3);
}

#[test]
fn junk_is_answered_by_a_bounded_number_of_refusals_and_the_rest_may_be_sent_again() {
    let mut room = room();
    let body = format!("{}{{\"funcKey\":\"late\"}}", "{}\n".repeat(1_000));
    let posted = post(&mut room, Some(("script", 1)), &body);
    assert_eq!(posted.len(), MAX_REFUSALS_PER_POST + 1);
    assert_eq!(posted.last().map(|posted| (posted.line, posted.id)), Some((17, None)));
    assert_eq!(outcomes(&post(&mut room, Some(("script", 17)), "{\"funcKey\":\"late\"}")), ["1"]);
}

#[test]
fn only_actions_and_clears_can_be_posted() {
    let mut room = room();
    let body = "{}\n{\"status\":{\"value\":4}}\n{\"status\":{\"value\":1}}\n{\"ping\":1}\n{\"funcKey\":\"a\"} {\"funcKey\":\"b\"}";
    assert_eq!(outcomes(&post(&mut room, None, body)), ["malformed"; 5]);
    assert!(!room.is_closed());
}

#[test]
fn each_session_has_its_own_ids_and_a_post_for_the_owners_session_continues_its_ids() {
    let mut room = room();
    let action = Action { key: "k", params: "[]", slot: None, at: None };
    assert_eq!(room.action(Some(1), action, NOW), Ok(Accepted::Appended(1)));
    assert_eq!(outcomes(&post(&mut room, Some(("script", 1)), "{\"funcKey\":\"a\"}")), ["2"]);
    assert_eq!(
        outcomes(&post(&mut room, Some(("page", 1)), "{\"funcKey\":\"k\"}\n{\"funcKey\":\"l\"}")),
        ["1", "3"]
    );
    assert_eq!(room.action(Some(2), action, NOW), Ok(Accepted::Duplicate));
    assert_eq!(room.action(Some(3), action, NOW), Ok(Accepted::Appended(4)));
}

#[test]
fn a_sessions_answers_outlast_its_own_claim_and_those_of_others() {
    let mut room = room();
    let claim = |session: &'static str, epoch| Claim {
        key: "key".into(),
        kind: crate::ClaimKind::Takes,
        session: Some(session.into()),
        acknowledged: None,
        epoch,
        share_audience: false,
        share_roster: false,
    };
    post(&mut room, Some(("page", 1)), "{\"funcKey\":\"a\"}");
    post(&mut room, Some(("later", 1)), "{\"funcKey\":\"b\"}\n{\"funcKey\":\"c\"}");
    let claimed = room.claim(&KEY, &claim("later", None)).expect("the key is the room's");
    assert_eq!((claimed.epoch, claimed.answered, claimed.new_session), (2, 2, true));
    assert_eq!(outcomes(&post(&mut room, Some(("page", 1)), "{\"funcKey\":\"a\"}")), ["1"]);
    assert_eq!(room.claim(&KEY, &claim("page", Some(1))), Err(EntryError::Superseded));
    assert_eq!(room.head(), 3);
}

#[test]
fn posting_needs_the_owner_key_of_an_open_room_and_starts_the_grace_anew() {
    let mut room = room();
    let other = KeyDigest([8; 32]);
    assert_eq!(room.as_key_holder(&other, NOW, |_| ()), Err(RefusalCode::WrongOwnerKey));
    room.owner_left(1, Timestamp(0));
    let grace = Limits::default().owner_grace_ms;
    post(&mut room, None, "{\"funcKey\":\"a\"}");
    assert!(room.tick(Timestamp(NOW.0 + grace - 1)));
    assert!(!room.tick(Timestamp(NOW.0 + grace)));
    assert_eq!(room.as_key_holder(&KEY, NOW, |_| ()), Err(RefusalCode::UnknownRoom));
}
