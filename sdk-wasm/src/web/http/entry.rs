//! How a page enters a room: what its session says in a create, join or claim.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use js_sys::encode_uri_component;
use rtbroadcaster_protocol::{NumberField, ServerFields};

use crate::web::message::Fields;

/// What the page asks to enter: the fields of a create, join or claim.
#[derive(Clone, Default)]
pub(super) struct Entry {
    pub(super) uuid: String,
    pub(super) owner_key: Option<String>,
    pub(super) session: String,
    pub(super) token: Option<String>,
    pub(super) since: Option<u64>,
    pub(super) ack: Option<u64>,
    pub(super) epoch: Option<u64>,
    /// A claim that leaves the right to write where it is.
    pub(super) keeps_pen: bool,
    pub(super) share_audience: bool,
    pub(super) code: bool,
    pub(super) clock: bool,
    pub(super) share_roster: bool,
    pub(super) name: Option<String>,
}

impl Entry {
    pub(super) fn read(message: &Fields) -> Self {
        Self {
            uuid: message.uuid().unwrap_or_default(),
            owner_key: message.owner_key().filter(|key| !key.is_empty()),
            session: message.text("session").unwrap_or_default(),
            token: message.text("token"),
            since: message.count("since"),
            ack: message.number(NumberField::Ack),
            epoch: message.number(NumberField::Epoch),
            keeps_pen: message.get("drive").as_bool() == Some(false),
            share_audience: message.get("shareAudience").is_truthy(),
            code: message.get("code").is_truthy(),
            clock: message.get("clock").is_truthy(),
            share_roster: message.get("shareRoster").is_truthy(),
            name: message.text("name"),
        }
    }

    /// The body of the request for a new room.
    pub(super) fn wishes(&self) -> String {
        // A session's name is of digits and letters.
        let mut body = format!("{{\"session\":\"{}\"", self.session);
        let wishes = [
            ("shareAudience", self.share_audience),
            ("shareRoster", self.share_roster),
            ("code", self.code),
            ("clock", self.clock),
        ];
        for (name, _) in wishes.iter().filter(|(_, is_wished)| *is_wished) {
            body.push_str(&format!(",\"{name}\":true"));
        }
        body.push('}');
        body
    }

    /// The query of the stream of events: where to go on, and what a claim carries.
    pub(super) fn query(&self) -> String {
        let mut query = Vec::new();
        let mut add =
            |name: &str, value: Option<String>| query.extend(value.map(|value| format!("{name}={value}")));
        add("clock", self.clock.then(|| "true".to_owned()));
        add("since", self.since.map(|seq| format!("{seq}")));
        let is_known = self.owner_key.is_some() || self.name.is_some();
        add("session", is_known.then(|| encode_uri_component(&self.session).into()));
        if self.owner_key.is_some() {
            add("ack", self.ack.map(|id| format!("{id}")));
            add("epoch", self.epoch.map(|epoch| format!("{epoch}")));
            add("drive", self.keeps_pen.then(|| "false".to_owned()));
            add("shareAudience", self.share_audience.then(|| "true".to_owned()));
            add("shareRoster", self.share_roster.then(|| "true".to_owned()));
        }
        query.join("&")
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn query(message: &str) -> String {
        Entry::read(&Fields::parse(&message.into()).unwrap()).query()
    }

    #[wasm_bindgen_test]
    fn a_claim_carries_more_than_a_join() {
        assert_eq!(query(r#"{"uuid":"u","session":"s","v":2}"#), "");
        assert_eq!(query(r#"{"uuid":"u","session":"s","since":7}"#), "since=7");
        assert_eq!(query(r#"{"uuid":"u","session":"s","name":"Ben"}"#), "session=s");
        let claim = r#"{"uuid":"u","ownerKey":"k","session":"s/","since":7,"ack":0,"epoch":2,"drive":false,"shareAudience":true}"#;
        assert_eq!(query(claim), "since=7&session=s%2F&ack=0&epoch=2&drive=false&shareAudience=true");
    }
}
