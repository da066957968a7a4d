//! Reads the question who is there.

use super::{Fields, MAX_NUMBER, object, wrong_type};
use crate::{ClientMessage, Refusal, RosterQuery};

impl Fields<'_> {
    /// A question, if it is one.
    pub(super) fn ask(&self) -> Result<Option<ClientMessage<'static>>, Refusal> {
        let ask = if self.is_tolerant { None } else { self.number("ask")? };
        ask.map(|ask| Ok(ClientMessage::Ask { ask, query: self.roster_query()? })).transpose()
    }

    /// `roster`: the only thing that is asked for.
    fn roster_query(&self) -> Result<RosterQuery, Refusal> {
        let wrong = || {
            let expected =
                "an object whose \"after\" and \"limit\" are whole numbers: it says what is asked for";
            wrong_type("roster", expected)
        };
        let [after, limit] =
            object(self.get("roster").ok_or_else(wrong)?, &["after", "limit"]).ok_or_else(wrong)?;
        let number = |json: Option<&str>| {
            let json = json.filter(|json| *json != "null");
            json.map(|json| json.parse().ok().filter(|number| *number <= MAX_NUMBER).ok_or_else(wrong))
                .transpose()
        };
        Ok(RosterQuery { after: number(after)?.unwrap_or(0), limit: number(limit)? })
    }
}
