//! What is said of and on lanes.

use super::*;
use crate::{Lane, LaneKind};

/// A lane, as an owner opens it.
fn lane() -> impl Strategy<Value = Lane> {
    prop_oneof![
        number().prop_map(|per_ms| Lane { kind: LaneKind::Say, per_ms }),
        (proptest::collection::vec(text(), 0..3), number())
            .prop_map(|(symbols, per_ms)| Lane { kind: LaneKind::Count { symbols }, per_ms }),
        number().prop_map(|options| Lane { kind: LaneKind::Vote { options }, per_ms: 1_000 }),
    ]
}

pub(super) fn opening() -> impl Strategy<Value = ClientMessage<'static>> {
    let id = proptest::option::of(1..=MAX_NUMBER);
    (id, key(), proptest::option::of(lane())).prop_map(|(id, name, lane)| ClientMessage::Lane {
        id,
        name: name.into(),
        lane,
    })
}
