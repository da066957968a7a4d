//! What clients ask of who may write.

use std::borrow::Cow;

use proptest::prelude::*;

use super::{DEPTH, number, only, token};
use crate::parse::client_messages;
use crate::{ClaimKind, ClientMessage, Question, RosterQuery};

/// A key of the right length.
fn secret() -> impl Strategy<Value = Cow<'static, str>> {
    "[a-zA-Z0-9_-]{22,128}".prop_map(Cow::Owned)
}

pub(super) fn question() -> impl Strategy<Value = Question<'static>> {
    let option = || proptest::option::of(number());
    prop_oneof![
        (number(), option()).prop_map(|(after, limit)| Question::Roster(RosterQuery { after, limit })),
        (secret(), token(), option()).prop_map(|(key, name, expires_ms)| Question::Invite {
            key,
            name,
            expires_ms
        }),
        (secret(), token()).prop_map(|(key, name)| Question::Request { key, name }),
        number().prop_map(Question::Refuse),
        number().prop_map(Question::Revoke),
        Just(Question::TakeBack),
    ]
}

fn refused(text: &str) -> String {
    let refusal =
        client_messages(text, DEPTH).next().expect("there is a message").expect_err("it has a fault");
    refusal.message
}

#[test]
fn a_key_that_can_be_guessed_is_refused_and_so_is_an_unknown_role() {
    let short = refused(r#"{"ask":1,"invite":{"key":"short","role":"presenter"}}"#);
    assert_eq!(
        short,
        "\"key\" must be a random text of 22 to 128 visible ASCII characters, such as base64url"
    );
    let role = refused(r#"{"ask":1,"invite":{"key":"0123456789012345678901","role":"king"}}"#);
    assert!(role.starts_with("\"invite\" must be an object with a \"key\", the \"role\""), "{role}");
    let request = refused(r#"{"ask":1,"request":{"name":"Ben"}}"#);
    assert_eq!(
        request,
        "\"key\" must be a random text of 22 to 128 visible ASCII characters, such as base64url"
    );
    let two = refused(r#"{"ask":1,"revoke":2,"takeBack":true}"#);
    assert!(two.starts_with("one message asks one thing"), "{two}");
    let nothing = refused(r#"{"ask":1}"#);
    assert!(nothing.starts_with("\"roster\" must be"), "{nothing}");
}

#[test]
fn a_client_enters_by_one_key_and_says_whether_it_takes_the_right_to_write() {
    let kind = |keys: &str| {
        let text = format!(r#"{{"status":{{"value":2}},"uuid":"u","v":2{keys}}}"#);
        match only(&text) {
            Ok(ClientMessage::Join(join)) => join.claim.map(|claim| claim.kind),
            other => panic!("no join: {other:?}"),
        }
    };
    assert_eq!(kind(""), None);
    assert_eq!(kind(r#","ownerKey":"k""#), Some(ClaimKind::Takes));
    assert_eq!(kind(r#","ownerKey":"k","drive":true"#), Some(ClaimKind::Takes));
    assert_eq!(kind(r#","ownerKey":"k","drive":false"#), Some(ClaimKind::Creator));
    assert_eq!(kind(r#","invite":"k""#), Some(ClaimKind::Presenter));
    let both = refused(r#"{"status":{"value":2},"uuid":"u","v":2,"invite":"k","ownerKey":"k"}"#);
    assert_eq!(both, "\"ownerKey\" and \"invite\" are two keys: send one of them");
}
