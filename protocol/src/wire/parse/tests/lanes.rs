//! What is said of and on lanes.

use super::*;
use crate::{Lane, LaneKind, LaneMessage, LaneWord};

/// A lane, as an owner opens it.
fn lane() -> impl Strategy<Value = Lane> {
    prop_oneof![
        number().prop_map(|per_ms| Lane { kind: LaneKind::Say, per_ms }),
        (proptest::collection::vec(text(), 0..3), number())
            .prop_map(|(symbols, per_ms)| Lane { kind: LaneKind::Count { symbols }, per_ms }),
        number().prop_map(|options| Lane { kind: LaneKind::Vote { options }, per_ms: 1_000 }),
    ]
}

fn opening() -> impl Strategy<Value = ClientMessage<'static>> {
    let id = proptest::option::of(1..=MAX_NUMBER);
    (id, key(), proptest::option::of(lane())).prop_map(|(id, name, lane)| ClientMessage::Lane {
        id,
        name: name.into(),
        lane,
    })
}

fn speaking() -> impl Strategy<Value = ClientMessage<'static>> {
    let session = proptest::option::of("[a-z]{1,20}".prop_map(Cow::Owned));
    let word = prop_oneof![
        params().prop_map(|value| LaneWord::Say(value.into())),
        text().prop_map(|symbol| LaneWord::React(symbol.into())),
        (number(), number(), proptest::option::of(number()), session)
            .prop_map(|(option, number, seq, session)| LaneWord::Vote { option, number, seq, session }),
    ];
    (key(), word).prop_map(|(lane, word)| ClientMessage::Speak(LaneMessage { lane: lane.into(), word }))
}

pub(super) fn messages() -> impl Strategy<Value = ClientMessage<'static>> {
    prop_oneof![opening(), speaking()]
}
