//! What followers say on lanes.

use alloc::borrow::Cow;

/// `lane` without `as`: what a follower says on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneMessage<'a> {
    /// The lane's name.
    pub lane: Cow<'a, str>,
    /// What is said on it.
    pub word: LaneWord<'a>,
}

/// What is said on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneWord<'a> {
    /// `say`: a value for the owner, as compact JSON.
    Say(Cow<'a, str>),
    /// `react`: one of the lane's symbols.
    React(Cow<'a, str>),
    /// `vote`: an option.
    Vote {
        /// The option, from 0.
        option: u64,
        /// `n`: counts the voter's votes. One that isn't higher than the voter's last is answered
        /// and changes nothing.
        number: u64,
        /// `seq`: that of the lane which the voter has seen. A vote on a lane that was set anew
        /// since is refused. None if it counts on whatever the lane is now.
        seq: Option<u64>,
        /// `session`: the voter's name, unless its token says who it is.
        session: Option<Cow<'a, str>>,
    },
}
