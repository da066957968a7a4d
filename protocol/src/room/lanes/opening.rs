//! How an owner opens and ends lanes. Which lanes there are is in the log, so that all see it.

use crate::room::{Accepted, Room};
use crate::{Entry, EntryKey, Lane, LaneKind, Refusal, RefusalCode, Timestamp};

/// Bytes of a lane's name, and of a symbol. Each summary repeats them.
const MAX_NAME_BYTES: usize = 64;
const MAX_SYMBOL_BYTES: usize = 16;

/// How long a follower may have to wait between two messages on a lane, in milliseconds.
const PER_MS: std::ops::RangeInclusive<u64> = 100..=3_600_000;

impl Room {
    /// Opens a lane, sets it anew, which has it begin from zero, or ends it. `id` is the action's
    /// number within the owner's session.
    ///
    /// # Errors
    /// The action then counts as answered and takes no seq.
    ///
    /// - `malformed`: a number or a text is outside of its range.
    /// - `forbidden`: the server has no lanes, or the one to end is not open.
    /// - `too_many_slots`: the lane is new, and the room has all the lanes it may have.
    pub fn set_lane(
        &mut self,
        id: Option<u64>,
        name: &str,
        lane: Option<Lane>,
        now: Timestamp,
    ) -> Result<Accepted, Refusal> {
        if self.owner.has_answered(id) {
            return Ok(Accepted::Duplicate);
        }
        let entry = Entry::Lane { name: name.to_owned(), lane };
        self.pace.spend(entry.bytes(), &self.limits, now);
        if let Err(refusal) = self.check_lane(&entry) {
            return Err(self.refuse(id, refusal));
        }
        Ok(Accepted::Appended(self.append_entry(id, &entry)))
    }

    fn check_lane(&self, entry: &Entry) -> Result<(), Refusal> {
        let Entry::Lane { name, lane } = entry else { return Ok(()) };
        let limits = &self.limits;
        let is_open = self.slots.entry(EntryKey::Lane(name)).is_some();
        if lane.is_none() && is_open {
            return Ok(());
        }
        if limits.lanes_per_room == 0 {
            let message = "this server has no lanes: its --lanes-per-room is 0, or it is a node of a cluster, \
                           where there are none yet";
            return Err(Refusal::with_message(RefusalCode::Forbidden, message));
        }
        let Some(lane) = lane else {
            let message = "the room has no such lane now, so there is nothing to end";
            return Err(Refusal::with_message(RefusalCode::Forbidden, message));
        };
        check_text(name, MAX_NAME_BYTES, "the name of a lane")?;
        if !PER_MS.contains(&lane.per_ms) {
            return Err(malformed(format!("\"per\" must be from {} to {} ms", PER_MS.start(), PER_MS.end())));
        }
        match &lane.kind {
            LaneKind::Say => {}
            LaneKind::Count { symbols } => {
                let most = limits.symbols_per_lane;
                if symbols.is_empty() || symbols.len() > most {
                    return Err(malformed(format!(
                        "a lane must have from 1 to {most} symbols (--symbols-per-lane)"
                    )));
                }
                symbols.iter().try_for_each(|symbol| check_text(symbol, MAX_SYMBOL_BYTES, "a symbol"))?;
                if (1..symbols.len()).any(|at| symbols[..at].contains(&symbols[at])) {
                    return Err(malformed("a lane must not have a symbol twice".to_owned()));
                }
            }
            LaneKind::Vote { options } => {
                let most = limits.options_per_lane as u64;
                if !(2..=most).contains(options) {
                    return Err(malformed(format!(
                        "a vote must have from 2 to {most} options (--options-per-lane)"
                    )));
                }
            }
        }
        if !is_open && self.lanes().count() >= limits.lanes_per_room {
            let message = format!(
                "the room has {} lanes, as many as it may have (--lanes-per-room): end one first",
                limits.lanes_per_room
            );
            return Err(Refusal::with_message(RefusalCode::TooManySlots, message));
        }
        Ok(())
    }

    /// The room's lanes: their names and what they are.
    pub fn lanes(&self) -> impl Iterator<Item = (&str, &Lane)> {
        self.slots.entries().filter_map(|(_, entry)| match entry {
            Entry::Lane { name, lane: Some(lane) } => Some((&**name, lane)),
            _ => None,
        })
    }
}

fn check_text(text: &str, longest: usize, what: &str) -> Result<(), Refusal> {
    if text.is_empty() || text.len() > longest || text.chars().any(char::is_control) {
        let message = format!("{what} must have from 1 to {longest} bytes, and no control characters");
        return Err(malformed(message));
    }
    Ok(())
}

fn malformed(message: String) -> Refusal {
    Refusal::with_message(RefusalCode::Malformed, message)
}
