//! Entries of the log, of which a session counts the seqs.

use super::*;
use crate::ENTRY_SLOT;

#[test]
fn an_entry_counts_its_seq_and_undoes_nothing() {
    let mut session = follower();
    let entry = |seq| ServerMessage::Cleared { seq: Some(seq), slot: ENTRY_SLOT.to_owned() };
    for message in [action(1, "show", Some("a")), entry(2), entry(2), action(3, "show", None)] {
        session.handle(Timestamp(0), Input::Received(message));
    }
    assert_eq!(events(&mut session), ["[1]", "[3]"]);
    assert!(reconnect(&mut session, 1_000).contains(r#""since":3"#));
}

#[test]
fn a_page_that_resumes_when_the_newest_seq_is_an_entry_is_connected() {
    let mut session = follower();
    session.handle(Timestamp(0), Input::Received(action(1, "show", None)));
    reconnect(&mut session, 1_000);
    session.handle(Timestamp(2_000), Input::Received(reply(2, 0)));
    assert_eq!(events(&mut session).last().unwrap(), "CatchingUp");
    let entry = ServerMessage::Cleared { seq: Some(2), slot: ENTRY_SLOT.to_owned() };
    session.handle(Timestamp(2_000), Input::Received(entry));
    assert_eq!(events(&mut session), ["Connected"]);
}
