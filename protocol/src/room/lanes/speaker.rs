//! A follower that speaks on lanes: who it is, and when it may speak again.

use crate::Timestamp;

/// The first bytes of a digest of a voter's name and its room's id.
pub type VoterDigest = [u8; 8];

/// What a follower's connection remembers of its lanes. A new connection begins anew.
#[derive(Debug, Default)]
pub struct Speaker {
    /// Who votes, once it has voted.
    pub voter: Option<VoterDigest>,
    /// The number that names it to others, if it has a name.
    pub seat: Option<u32>,
    /// When it may speak again on each lane on which it spoke, by the lane's seq.
    may_speak_at: Vec<(u64, Timestamp)>,
}

impl Speaker {
    /// Lets it speak on a lane now, unless it spoke there less than `per_ms` ago.
    ///
    /// # Errors
    /// In how many milliseconds it may speak again.
    pub(super) fn may_speak(&mut self, lane: u64, per_ms: u64, now: Timestamp) -> Result<(), u64> {
        // Those of lanes that have ended are among them, for an hour at most.
        self.may_speak_at.retain(|(_, at)| *at > now);
        if let Some((_, at)) = self.may_speak_at.iter().find(|(other, _)| *other == lane) {
            return Err(at.since(now));
        }
        self.may_speak_at.push((lane, now.after(per_ms)));
        Ok(())
    }
}
