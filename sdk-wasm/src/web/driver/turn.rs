//! Who drives. A page that opened its room enters it anew when its turn begins, and when it ends:
//! pages of the npm package may hand the room to each other.

use rtbroadcaster_protocol::{NumberField, ServerFields, Timestamp};

use super::Inner;
use crate::web::message::Fields;

/// Whose turn it is, as far as this page was told.
#[derive(Default)]
pub(super) struct Turn {
    /// Somebody else drives than whoever opened the room.
    is_a_guests: bool,
    /// A snapshot comes in.
    in_snapshot: bool,
}

impl Inner {
    /// Handles what a message says of who drives. The engine has handled it before.
    pub(super) fn note_turn(&mut self, now: Timestamp, fields: &Fields) {
        // Actions come a thousand times a second, and say nothing of it.
        if fields.is_action() {
            return;
        }
        let turn = &mut self.resources.turn;
        if let Some(driver) = fields.object("driver") {
            turn.is_a_guests = driver.count("seat") != Some(0);
            // In a snapshot it clears nothing.
            turn.in_snapshot = fields.clear().is_none();
        } else if fields.resync() {
            // Whoever drives is named in the snapshot, unless that is the creator.
            (turn.is_a_guests, turn.in_snapshot) = (false, true);
            return;
        } else if fields.number(NumberField::Synced).is_some() {
            turn.in_snapshot = false;
        } else {
            return;
        }
        let is_due = self.engine.is_owner() == turn.is_a_guests && !turn.in_snapshot;
        if is_due && self.engine.owner_key().is_some() {
            self.engine.enter_anew(now);
        }
    }
}
