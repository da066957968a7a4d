//! Reads what an owner makes of its lanes, and what followers say on them.

use super::scan::{Scanned, scan};
use super::{Fields, MAX_NUMBER, object, text, too_deep, wrong_type};
use crate::{ClientMessage, Lane, LaneKind, LaneMessage, LaneWord, Refusal};

/// How long a follower waits between two messages on a lane that doesn't say, in milliseconds.
const DEFAULT_PER_MS: u64 = 1_000;

impl<'a> Fields<'a> {
    /// What an owner makes of a lane, or what a follower says on one, if it is that.
    pub(super) fn lane(&self) -> Result<Option<ClientMessage<'a>>, Refusal> {
        if self.is_tolerant {
            return Ok(None);
        }
        let Some(name) = self.slot_name("lane")? else { return Ok(None) };
        // `as` is null for the end of a lane.
        Ok(Some(match self.raw("as") {
            Some("null") => ClientMessage::Lane { id: self.id()?, name, lane: None },
            Some(lane) => ClientMessage::Lane { id: self.id()?, name, lane: Some(lane_of(lane)?) },
            None => ClientMessage::Speak(LaneMessage { lane: name, word: self.word()? }),
        }))
    }

    fn word(&self) -> Result<LaneWord<'a>, Refusal> {
        if let Some(value) = self.raw("say") {
            let Scanned { compact, depth } = scan(value);
            return if depth < self.params_depth {
                Ok(LaneWord::Say(compact))
            } else {
                Err(too_deep(self.params_depth))
            };
        }
        if let Some(symbol) = self.text("react")? {
            return Ok(LaneWord::React(symbol));
        }
        let Some(option) = self.number("vote")? else {
            return Err(wrong_type("lane", "with \"as\", \"say\", \"react\" or \"vote\""));
        };
        let number = self.number("n")?.ok_or_else(|| wrong_type("n", "there: it counts your votes"))?;
        Ok(LaneWord::Vote { option, number, seq: self.number("seq")?, session: self.session_name()? })
    }
}

const LANE: &str = "an object whose \"kind\" is \"say\", \"count\" with \"symbols\", or \"vote\" with \
                    \"options\", or null";

/// What a lane is, of its JSON.
pub(super) fn lane_of(json: &str) -> Result<Lane, Refusal> {
    let wrong = || wrong_type("as", LANE);
    let [kind, symbols, options, per] =
        object(json, &["kind", "symbols", "options", "per"]).ok_or_else(wrong)?;
    let number = |json: &str| json.parse().ok().filter(|number| *number <= MAX_NUMBER).ok_or_else(wrong);
    let kind = match &*kind.and_then(text).ok_or_else(wrong)? {
        "say" => LaneKind::Say,
        "count" => LaneKind::Count {
            symbols: symbols.and_then(|json| serde_json::from_str(json).ok()).ok_or_else(wrong)?,
        },
        "vote" => LaneKind::Vote { options: options.ok_or_else(wrong).and_then(number)? },
        _ => return Err(wrong()),
    };
    let per = per.filter(|json| *json != "null").map(number).transpose()?;
    Ok(Lane { kind, per_ms: per.unwrap_or(DEFAULT_PER_MS) })
}
