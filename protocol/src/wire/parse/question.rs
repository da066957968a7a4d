//! Reads what clients ask, and by which key they enter.

use std::borrow::Cow;

use super::{Fields, MAX_NUMBER, object, text, wrong_type};
use crate::{ClaimKind, ClientMessage, Question, Refusal, RefusalCode, RosterQuery};

/// How many characters a key has at least that a page has made: as many as 16 random bytes take in
/// base64.
const MIN_KEY_BYTES: usize = 22;

/// Bytes that a key has at most.
const MAX_KEY_BYTES: usize = 128;

impl<'a> Fields<'a> {
    /// A question, if it is one.
    pub(super) fn question(&self) -> Result<Option<ClientMessage<'a>>, Refusal> {
        let ask = if self.is_tolerant { None } else { self.number("ask")? };
        ask.map(|ask| Ok(ClientMessage::Ask { ask, question: self.asked()? })).transpose()
    }

    /// The key by which a client enters, and what it wants with it.
    pub(super) fn claim_key(&self) -> Result<Option<(Cow<'a, str>, ClaimKind)>, Refusal> {
        match (self.text("ownerKey")?, self.text("invite")?) {
            (Some(_), Some(_)) => Err(Refusal::with_message(
                RefusalCode::Malformed,
                "\"ownerKey\" and \"invite\" are two keys: send one of them",
            )),
            (Some(key), None) if self.get("drive") == Some("false") => Ok(Some((key, ClaimKind::Creator))),
            (Some(key), None) => Ok(Some((key, ClaimKind::Takes))),
            (None, Some(key)) => Ok(Some((key, ClaimKind::Presenter))),
            (None, None) => Ok(None),
        }
    }

    fn asked(&self) -> Result<Question<'a>, Refusal> {
        let asked = ["invite", "request", "refuse", "revoke", "takeBack"].map(|name| self.get(name));
        if asked.into_iter().flatten().count() > 1 {
            let message = "one message asks one thing: send another one, with an \"ask\" of its own";
            return Err(Refusal::with_message(RefusalCode::Malformed, message));
        }
        if let Some(invite) = self.get("invite") {
            return invited(invite);
        }
        if let Some(request) = self.get("request") {
            return requested(request);
        }
        if let Some(seat) = self.number("refuse")? {
            return Ok(Question::Refuse(seat));
        }
        if let Some(seat) = self.number("revoke")? {
            return Ok(Question::Revoke(seat));
        }
        if self.boolean("takeBack")? {
            return Ok(Question::TakeBack);
        }
        self.roster_query().map(Question::Roster)
    }

    /// `roster`. A question that has nothing else is refused in its name.
    fn roster_query(&self) -> Result<RosterQuery, Refusal> {
        let wrong = || {
            let expected =
                "an object whose \"after\" and \"limit\" are whole numbers: it says what is asked for";
            wrong_type("roster", expected)
        };
        let [after, limit] =
            object(self.get("roster").ok_or_else(wrong)?, &["after", "limit"]).ok_or_else(wrong)?;
        let number = |json| number(json).map_err(|()| wrong());
        Ok(RosterQuery { after: number(after)?.unwrap_or(0), limit: number(limit)? })
    }
}

fn invited<'a>(json: &'a str) -> Result<Question<'a>, Refusal> {
    let wrong = || {
        let expected = "an object with a \"key\", the \"role\" \"presenter\", and perhaps a \"name\" and \
                        \"expires\" in milliseconds";
        wrong_type("invite", expected)
    };
    let [secret, role, name, expires] =
        object(json, &["key", "role", "name", "expires"]).ok_or_else(wrong)?;
    if role.and_then(text).as_deref() != Some("presenter") {
        return Err(wrong());
    }
    let expires_ms = number(expires).map_err(|()| wrong())?;
    Ok(Question::Invite { key: key(secret)?, name: name_of(name).ok_or_else(wrong)?, expires_ms })
}

fn requested<'a>(json: &'a str) -> Result<Question<'a>, Refusal> {
    let wrong = || wrong_type("request", "an object with a \"key\", and perhaps a \"name\"");
    let [secret, name] = object(json, &["key", "name"]).ok_or_else(wrong)?;
    Ok(Question::Request { key: key(secret)?, name: name_of(name).ok_or_else(wrong)? })
}

fn key(json: Option<&str>) -> Result<Cow<'_, str>, Refusal> {
    // Over plain HTTP it stands in a header.
    let is_visible = |key: &str| key.bytes().all(|byte| byte.is_ascii_graphic());
    let is_long = |key: &str| (MIN_KEY_BYTES..=MAX_KEY_BYTES).contains(&key.len());
    let key = json.and_then(text).filter(|key| is_long(key) && is_visible(key));
    key.ok_or_else(|| {
        let expected = format!(
            "a random text of {MIN_KEY_BYTES} to {MAX_KEY_BYTES} visible ASCII characters, such as base64url"
        );
        wrong_type("key", &expected)
    })
}

/// A name, if there is one. None if it is no text.
fn name_of(json: Option<&str>) -> Option<Option<Cow<'_, str>>> {
    match json.filter(|json| *json != "null") {
        None => Some(None),
        Some(json) => text(json).map(Some),
    }
}

/// A whole number, if there is one.
fn number(json: Option<&str>) -> Result<Option<u64>, ()> {
    let Some(json) = json.filter(|json| *json != "null") else { return Ok(None) };
    json.parse().ok().filter(|number| *number <= MAX_NUMBER).map(Some).ok_or(())
}
