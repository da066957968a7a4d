//! Messages written by hand, and properties: what is rendered is read back as it was.

mod lanes;
mod questions;
mod recording;

use proptest::prelude::*;

use self::recording::wish;
use super::*;
use crate::{Audience, ClaimKind, Connected, OwnerPresence, ServerMessage, render};

/// The levels that params may have here.
const DEPTH: usize = 20;

fn only(frame: &str) -> Result<ClientMessage<'_>, Refusal> {
    let mut messages = client_messages(frame, DEPTH);
    let first = messages.next().expect("a message");
    assert!(messages.next().is_none(), "more than one message in {frame}");
    first
}

fn action(frame: &str) -> Action<Cow<'_, str>> {
    match only(frame) {
        Ok(ClientMessage::Action { action, .. }) => action,
        other => panic!("not an action: {other:?}"),
    }
}

fn ping(number: u64) -> ClientMessage<'static> {
    ClientMessage::Ping { number, wants_time: false }
}

#[test]
fn the_readmes_samples_are_read_with_their_line_breaks() {
    let sample = |value: u64, key: &str, params: &str, state: bool| {
        format!(
            "{{\n  \"uuid\": \"63ca67e\",\n  \"status\": {{\n    \"value\": {value},\n    \"text\": \"…\"\n  }},\n  \
             \"funcKey\": \"{key}\",\n  \"funcParams\": {params},\n  \"stateMessage\": {state}\n}}\n"
        )
    };
    assert_eq!(only(&sample(1, "", "[]", false)), Ok(ClientMessage::Create(Create::default())));
    assert!(
        matches!(only(&sample(2, "", "[]", false)), Ok(ClientMessage::Join(join)) if join.uuid == "63ca67e")
    );
    assert_eq!(only(&sample(4, "", "[]", false)), Ok(ClientMessage::Close));
    let sent = sample(3, "myKey", "[\n\"param 1\",\n\"param2\" ]", true);
    let read = action(&sent);
    assert_eq!((&*read.key, &*read.params), ("myKey", r#"["param 1","param2"]"#));
    assert_eq!(read.slot.as_deref(), Some("myKey"));
}

#[test]
fn a_frame_is_a_sequence_of_objects_separated_by_any_whitespace_or_none() {
    let frame = "{\"ping\":1}{\"ping\":2}\n\r\n {\"ping\":\n3}\t";
    let pings: Vec<_> = client_messages(frame, DEPTH).map(Result::unwrap).collect();
    assert_eq!(pings, [1, 2, 3].map(ping));
    assert_eq!(client_messages(" \n ", DEPTH).count(), 0);
}

#[test]
fn a_syntax_error_refuses_the_rest_of_the_frame_once() {
    for junk in ["{\"ping\":1}{oops}{\"ping\":2}", "{\"ping\":1} 7 {\"ping\":2}", "{\"ping\":1}{\"ping\":"] {
        let read: Vec<_> = client_messages(junk, DEPTH).collect();
        assert_eq!(read.len(), 2, "{junk}");
        assert_eq!(read[0], Ok(ping(1)));
        assert_eq!(read[1].as_ref().unwrap_err().code, "malformed");
    }
}

#[test]
fn a_session_name_has_a_maximum_length() {
    let longest = "ä".repeat(MAX_SESSION_BYTES / 2);
    for fields in [r#""status":{"value":1}"#, r#""status":{"value":2},"uuid":"u","ownerKey":"k""#] {
        let frame = |session: &str| format!(r#"{{{fields},"v":2,"session":"{session}"}}"#);
        match only(&frame(&longest)) {
            Ok(ClientMessage::Create(create)) => assert_eq!(create.session.as_deref(), Some(&*longest)),
            Ok(ClientMessage::Join(join)) => {
                assert_eq!(join.claim.unwrap().session.as_deref(), Some(&*longest));
            }
            other => panic!("{other:?}"),
        }
        let refusal = only(&frame(&format!("{longest}x"))).unwrap_err();
        assert_eq!(refusal.code, "malformed");
        assert!(
            refusal.message.contains("\"session\" must be a string of at most 128 bytes"),
            "{}",
            refusal.message
        );
    }
}

#[test]
fn a_message_with_a_fault_is_refused_alone_and_says_what_is_wrong() {
    let frame = r#"{"status":{"value":3},"funcKey":"a","funcParams":"x","id":7}{"ping":2}"#;
    let read: Vec<_> = client_messages(frame, DEPTH).collect();
    let refusal = read[0].as_ref().unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.id), ("malformed", Some(7)));
    assert_eq!(refusal.message, "\"funcParams\" must be an array");
    assert_eq!(read[1], Ok(ping(2)));
}

#[test]
fn wrong_types_are_refused_whatever_the_field() {
    for wrong in [
        r#"{"status":3,"funcKey":"a"}"#,
        r#"{"status":{"value":"3"},"funcKey":"a"}"#,
        r#"{"status":{"value":3.0},"funcKey":"a"}"#,
        r#"{"status":{"text":"join"}}"#,
        r#"{"status":{"value":3},"funcKey":5}"#,
        r#"{"status":{"value":3},"funcKey":"a","stateMessage":"true"}"#,
        r#"{"funcKey":"a","slot":1}"#,
        r#"{"funcKey":"a","id":-1}"#,
        r#"{"status":{"value":2},"uuid":7}"#,
        r#"{"status":{"value":3},"funcKey":""}"#,
    ] {
        assert_eq!(only(wrong).unwrap_err().code, "malformed", "{wrong}");
    }
    for unknown in [r#"{"status":{"value":9}}"#, r#"{"status":{"value":0}}"#, "{}"] {
        assert_eq!(only(unknown).unwrap_err().code, "unknown_status", "{unknown}");
    }
}

#[test]
fn field_names_are_read_in_any_case_and_the_last_of_a_name_wins() {
    let read = action(
        r#"{"STATUS":{"Value":3},"FuncKey":"a","funckey":"b","unknown":{"deep":[1]},"FUNCPARAMS":[1]}"#,
    );
    assert_eq!((&*read.key, &*read.params), ("b", "[1]"));
}

#[test]
fn numbers_end_at_2_to_the_53_minus_1_and_ids_start_at_1() {
    let id = |id: u64| {
        only(&format!(r#"{{"funcKey":"a","id":{id}}}"#)).map(|_| ()).map_err(|refusal| refusal.code)
    };
    assert_eq!(id(0), Err("malformed".to_owned()));
    assert_eq!(id(MAX_NUMBER), Ok(()));
    assert_eq!(id(MAX_NUMBER + 1), Err("malformed".to_owned()));
    assert_eq!(id(u64::MAX), Err("malformed".to_owned()));
}

#[test]
fn an_empty_slot_name_is_refused() {
    for (wrong, field) in [(r#"{"clear":""}"#, "clear"), (r#"{"funcKey":"a","slot":""}"#, "slot")] {
        let message = only(wrong).unwrap_err().message;
        assert_eq!(message, format!("\"{field}\" must be a string that isn't empty"));
    }
}

#[test]
fn without_session_fields_spoken_they_are_extra_fields_of_any_type() {
    for (frame, expected) in [
        (r#"{"status":{"value":1},"session":5}"#, ClientMessage::Create(Create::default())),
        (
            r#"{"status":{"value":2},"uuid":"u","since":"x","ownerKey":7,"ack":"y"}"#,
            ClientMessage::Join(Join { uuid: "u".into(), ..Join::default() }),
        ),
        (
            r#"{"status":{"value":3},"funcKey":"a","id":"abc","slot":[]}"#,
            ClientMessage::Action {
                id: None,
                action: Action { key: "a".into(), params: "[]".into(), slot: None, at: None },
            },
        ),
    ] {
        assert_eq!(ClientMessages::new(frame, DEPTH).next(false), Some(Ok(expected)), "{frame}");
    }
}

#[test]
fn a_field_that_is_null_counts_as_absent() {
    let read = action(
        r#"{"status":null,"funcKey":"a","funcParams":null,"stateMessage":null,"slot":null,"id":null}"#,
    );
    assert_eq!(read, Action { key: "a".into(), params: "[]".into(), slot: None, at: None });
}

#[test]
fn status_4_with_a_function_key_is_a_broadcast_and_without_one_a_close() {
    assert_eq!(action(r#"{"status":{"value":4},"funcKey":"a"}"#).key, "a");
    assert_eq!(only(r#"{"status":{"value":4},"funcKey":""}"#), Ok(ClientMessage::Close));
}

#[test]
fn params_keep_their_values_byte_for_byte() {
    let read = action(
        "{\"funcKey\":\"a\",\"funcParams\":[ 1.0 , 1e3,\n\"a \\\" b\\u00e9 \\\\\" , { \"x\" : [ ] } ]}",
    );
    assert_eq!(read.params, r#"[1.0,1e3,"a \" b\u00e9 \\",{"x":[]}]"#);
}

/// An action whose params have this many levels.
fn nested(levels: usize, inner: &str) -> String {
    format!(r#"{{"id":7,"funcKey":"a","funcParams":{}{inner}{}}}"#, "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn params_have_at_most_so_many_levels_and_an_action_with_more_is_refused_under_its_id() {
    assert_eq!(action(&nested(DEPTH, "")).params.len(), 2 * DEPTH);
    let inner = r#"{"a":{}},[ "\"[[[", "]" ]"#;
    assert!(only(&nested(DEPTH - 2, inner)).is_ok(), "brackets in strings are no levels");
    for too_deep in [nested(DEPTH + 1, ""), nested(DEPTH - 1, inner), nested(DEPTH, " {}")] {
        let refusal = only(&too_deep).unwrap_err();
        assert_eq!(refusal.known_code(), Some(RefusalCode::ParamsTooDeep), "{too_deep}");
        assert_eq!(refusal.id, Some(7));
        assert!(refusal.message.contains("20 levels (limits.paramsDepth)"), "{}", refusal.message);
    }
}

#[test]
fn values_in_a_row_are_no_levels() {
    let row = format!("[{}[]]", "[],{},".repeat(1_000));
    assert_eq!(action(&format!(r#"{{"funcKey":"a","funcParams":{row}}}"#)).params, row);
}

#[test]
fn what_is_nested_beyond_any_stack_is_read_without_recursion() {
    let levels = 1_000_000;
    assert_eq!(only(&nested(levels, "")).unwrap_err().known_code(), Some(RefusalCode::ParamsTooDeep));
    let unknown = format!(r#"{{"unknown":{}{},"ping":1}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(only(&unknown), Ok(ping(1)));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z\"\\\\\n\t\u{1}é{},:]{1,12}"]
}

fn key() -> impl Strategy<Value = String> {
    text().prop_filter("a key isn't empty", |key| !key.is_empty())
}

fn params() -> impl Strategy<Value = String> {
    proptest::collection::vec(text(), 0..4).prop_map(|texts| serde_json::to_string(&texts).unwrap())
}

fn number() -> impl Strategy<Value = u64> {
    0..=MAX_NUMBER
}

/// Who joins: the owner, or a follower with or without a name.
fn joiner() -> impl Strategy<Value = Join<'static>> {
    let option = || proptest::option::of(number());
    let session = || proptest::option::of(text().prop_map(Cow::Owned));
    let claim = (text(), claim_kind(), session(), option(), option(), any::<[bool; 2]>()).prop_map(
        |(key, kind, session, acknowledged, epoch, [share_audience, share_roster])| Claim {
            key: key.into(),
            kind,
            session,
            acknowledged,
            epoch,
            share_audience,
            share_roster,
        },
    );
    prop_oneof![
        claim.prop_map(|claim| Join { claim: Some(claim), ..Join::default() }),
        (session(), token()).prop_map(|(session, name)| Join { session, name, ..Join::default() }),
    ]
}

fn claim_kind() -> impl Strategy<Value = ClaimKind> {
    prop_oneof![Just(ClaimKind::Takes), Just(ClaimKind::Creator), Just(ClaimKind::Presenter)]
}

fn join() -> impl Strategy<Value = Join<'static>> {
    let option = || proptest::option::of(number());
    // Without a version, a client doesn't speak session fields.
    prop_oneof![
        (text(), token()).prop_map(|(uuid, token)| Join { uuid: uuid.into(), token, ..Join::default() }),
        (text(), number(), option(), any::<bool>(), token(), joiner()).prop_map(
            |(uuid, version, since, clock, token, joiner)| {
                Join { uuid: uuid.into(), version: Some(version), since, clock, token, ..joiner }
            }
        ),
    ]
}

fn token() -> impl Strategy<Value = Option<Cow<'static, str>>> {
    proptest::option::of(text().prop_map(Cow::Owned))
}

fn client_message() -> impl Strategy<Value = ClientMessage<'static>> {
    let id = || proptest::option::of(1..=MAX_NUMBER);
    prop_oneof![
        token().prop_map(|token| ClientMessage::Create(Create { token, ..Create::default() })),
        recording::create(number(), token()),
        join().prop_map(ClientMessage::Join),
        (id(), key(), params(), proptest::option::of(key()), proptest::option::of(number())).prop_map(
            |(id, key, params, slot, at)| {
                let (key, params, slot) = (key.into(), params.into(), slot.map(Cow::Owned));
                ClientMessage::Action { id, action: Action { key, params, slot, at } }
            }
        ),
        (id(), wish()).prop_map(|(id, wish)| ClientMessage::Record { id, wish }),
        (id(), key()).prop_map(|(id, slot)| ClientMessage::Clear { id, slot: slot.into() }),
        lanes::messages(),
        (id(), number()).prop_map(|(id, seat)| ClientMessage::Drive { id, seat }),
        (number(), questions::question()).prop_map(|(ask, question)| ClientMessage::Ask { ask, question }),
        Just(ClientMessage::Close),
        (number(), any::<bool>()).prop_map(|(number, wants_time)| ClientMessage::Ping { number, wants_time }),
        number().prop_map(ClientMessage::Pong),
    ]
}

fn server_message() -> impl Strategy<Value = ServerMessage<String>> {
    let seq = proptest::option::of(any::<u64>());
    let number = || proptest::option::of(any::<u64>());
    let refusal = (text(), text(), number(), number()).prop_map(|(code, message, id, retry_after_ms)| {
        ServerMessage::Refused(Refusal { code, message, id, retry_after_ms })
    });
    let connected = (text(), any::<u64>(), proptest::option::of(key()), proptest::option::of(any::<u64>()))
        .prop_map(|(uuid, number, owner_key, epoch)| {
            let limits = crate::AnnouncedLimits { heartbeat_ms: number, ..Default::default() };
            let ack = if epoch.is_some() { number } else { 0 };
            let version = Some(2);
            let params_depth = epoch;
            let code = owner_key.clone();
            ServerMessage::Connected(Connected {
                uuid,
                version,
                seq: number,
                limits,
                params_depth,
                owner_key,
                epoch,
                ack,
                code,
                seat: epoch,
                role: None,
                clock: number % 2 == 0,
                time: epoch,
            })
        });
    prop_oneof![
        connected,
        refusal,
        Just(ServerMessage::Closed),
        (seq.clone(), key(), params(), proptest::option::of(text()), number())
            .prop_map(|(seq, key, params, slot, at)| ServerMessage::Action { seq, key, params, slot, at }),
        (seq, text()).prop_map(|(seq, slot)| ServerMessage::Cleared { seq, slot }),
        any::<u64>().prop_map(ServerMessage::Resync),
        any::<u64>().prop_map(ServerMessage::Synced),
        (any::<u64>(), any::<u64>()).prop_map(|(id, seq)| ServerMessage::Ack { id, seq }),
        Just(ServerMessage::Owner(OwnerPresence::Away)),
        Just(ServerMessage::Owner(OwnerPresence::Here)),
        (any::<u64>(), any::<u64>())
            .prop_map(|(connected, lagging)| ServerMessage::Audience(Audience { connected, lagging })),
        any::<u64>().prop_map(ServerMessage::Shutdown),
        any::<u64>().prop_map(ServerMessage::Ping),
        (any::<u64>(), number()).prop_map(|(number, time)| ServerMessage::Pong { number, time }),
    ]
}

proptest! {
    #[test]
    fn a_rendered_client_message_is_read_back_as_it_was(message in client_message()) {
        let mut text = String::new();
        render::client(&mut text, &message);
        prop_assert!(!text.contains('\n'));
        prop_assert_eq!(only(&text), Ok(message));
    }

    #[test]
    fn rendered_server_messages_are_read_back_as_they_were(messages in proptest::collection::vec(server_message(), 0..4)) {
        let mut frame = String::new();
        for message in &messages {
            render::compact(&mut frame, message);
            frame.push('\n');
        }
        prop_assert_eq!(server_messages(&frame).unwrap(), messages);
    }

    #[test]
    fn no_text_makes_the_reader_panic(frame in any::<String>()) {
        client_messages(&frame, DEPTH).for_each(drop);
        drop(server_messages(&frame));
    }

    #[test]
    fn no_nearly_valid_text_makes_the_reader_panic(message in client_message(), at in any::<prop::sample::Index>(), byte in any::<char>()) {
        let mut text = String::new();
        render::client(&mut text, &message);
        let at = at.index(text.len());
        if text.is_char_boundary(at) {
            text.insert(at, byte);
        }
        client_messages(&text, DEPTH).for_each(drop);
    }

    #[test]
    fn compacting_changes_nothing_but_whitespace_between_tokens(params in params()) {
        let value: serde_json::Value = serde_json::from_str(&params).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(scan(&pretty).compact, params);
    }
}
