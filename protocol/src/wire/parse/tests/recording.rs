use super::*;
use crate::RecordingWish;

pub(super) fn wish() -> impl Strategy<Value = RecordingWish> {
    any::<[bool; 2]>().prop_map(|[starts, shared]| match starts {
        true => RecordingWish::Start { shared },
        false => RecordingWish::Stop,
    })
}

pub(super) fn create(
    version: impl Strategy<Value = u64>,
    token: impl Strategy<Value = Option<Cow<'static, str>>>,
) -> impl Strategy<Value = ClientMessage<'static>> {
    let session = proptest::option::of(text().prop_map(Cow::Owned));
    (version, session, any::<[bool; 4]>(), token, proptest::option::of(wish())).prop_map(|parts| {
        let (version, session, flags, token, record) = parts;
        let [share_audience, code, clock, share_roster] = flags;
        let version = Some(version);
        let create = Create { version, session, share_audience, code, clock, share_roster, record, token };
        ClientMessage::Create(create)
    })
}
