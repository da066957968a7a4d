//! The proof that the simulation can fail: it must find each fault that can be put into the
//! protocol.

use std::fmt;
use std::ops::Range;

use rtbroadcaster_protocol::{Mutation, switch_on};

use super::handovers::HandOvers;
use super::harness::{Setup, find_violation, program_of};
use super::invariant::Violation;
use super::lanes::Lanes;
use super::one_moment::Moments;
use super::people::People;
use super::recordings::Recordings;
use super::small;
use super::world::run;

/// The simulation must find a fault within this many programs.
const CASES: u64 = 10_000;

/// The result for one fault.
#[derive(Debug)]
pub struct Verdict {
    /// The fault.
    pub mutation: Mutation,
    /// The seed that found the fault and the violation; `None` if no seed did.
    pub found: Option<(u64, Violation)>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{:?}", self.mutation);
        match &self.found {
            Some((seed, violation)) => {
                write!(formatter, "caught    {name:<22} seed {seed:<5} {}", violation.invariant.name())
            }
            None => write!(formatter, "SURVIVED  {name:<22} {CASES} cases"),
        }
    }
}

/// In which programs a fault can matter.
fn setup_of(mutation: Mutation) -> Setup {
    use Mutation::*;

    match mutation {
        IgnoreHole
        | IgnoreConflict
        | ForgetOwnEntry
        | LostCountsAsKept
        | SnapshotBeforeRebuild
        | ActAfterLoss
        | LeaveUnderLostClaim
        | ForgetExpectation => Setup::Cluster,
        _ => Setup::OneServer,
    }
}

/// Whether a fault can matter only where actions run at a moment.
fn is_of_moments(mutation: Mutation) -> bool {
    use Mutation::*;

    matches!(mutation, HalfTheRoundTrip | ForgetToWiden | KeepBoundsOverWake | OvertakeWaiting)
}

/// Whether a fault can matter only where somebody asks who is there.
fn is_of_people(mutation: Mutation) -> bool {
    use Mutation::*;

    matches!(
        mutation,
        EndSeatWithConnection
            | ReuseSeat
            | IgnoreShareRoster
            | TellRosterAtOnce
            | KeepSeatForEver
            | IgnoreRosterHole
            | KeepSilentServer
            | ShareSeatNumbers
            | CountSeatsAnew
    )
}

/// Whether a fault can matter only where there are lanes.
fn is_of_lanes(mutation: Mutation) -> bool {
    use Mutation::*;

    matches!(
        mutation,
        KeepReplacedEntry
            | ForgetToRecordEntry
            | ForgetVoteNumber
            | CountChangedVoteTwice
            | AnswerVoteAtOnce
            | KeepCountsOfResetLane
            | VoteOnResetLane
            | TellLanesAtOnce
    )
}

/// Whether a fault can matter only where the right to write passes on.
fn is_of_hand_overs(mutation: Mutation) -> bool {
    use Mutation::*;

    matches!(
        mutation,
        ForgetToEndTurn
            | DriveBeforeEntry
            | ClaimKeepsPen
            | ForgetToFenceSeat
            | SkipTheEndOfTurn
            | KeepRevokedSeat
            | KeepRevokedDriver
            | ForgetRefusedRequest
            | AnybodyManages
            | SupersededTakesPen
            | ForgetToRecordRevoked
            | KeepExpiredSeat
            | EndTurnOfNobody
    )
}

/// Whether a fault can matter only where a room is recorded.
fn is_of_recordings(mutation: Mutation) -> bool {
    use Mutation::*;

    matches!(mutation, SnapshotTooEarly | RecordOneTooLate | AnswerBeforeRecorded)
}

/// The first seed of some whose program violates an invariant.
type Find = fn(Range<u64>) -> Option<(u64, Violation)>;

/// The simulation with a small world that a fault needs, if it needs one.
fn small_simulation_of(mutation: Mutation) -> Option<Find> {
    if is_of_moments(mutation) {
        Some(small::find_violation::<Moments>)
    } else if is_of_people(mutation) {
        Some(small::find_violation::<People>)
    } else if is_of_lanes(mutation) {
        Some(small::find_violation::<Lanes>)
    } else if is_of_recordings(mutation) {
        Some(small::find_violation::<Recordings>)
    } else if is_of_hand_overs(mutation) {
        Some(small::find_violation::<HandOvers>)
    } else {
        None
    }
}

fn find(mutation: Mutation) -> Option<(u64, Violation)> {
    match small_simulation_of(mutation) {
        Some(find) => find(0..CASES),
        None => find_violation(setup_of(mutation), 0, CASES),
    }
}

/// Whether a seed violates nothing, as the protocol is now.
fn holds(mutation: Mutation, seed: u64) -> bool {
    match small_simulation_of(mutation) {
        Some(find) => find(seed..seed + 1).is_none(),
        None => run(&program_of(setup_of(mutation), seed), false).is_ok(),
    }
}

/// Puts each fault in turn into the protocol, and calls `tell` with each result.
pub fn try_all(mut tell: impl FnMut(&Verdict)) -> Vec<Verdict> {
    // The faults panic on purpose.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let verdicts = Mutation::ALL.map(|mutation| {
        switch_on(Some(mutation));
        let found = find(mutation);
        switch_on(None);
        // A seed that fails without the fault proves nothing.
        let found = found.filter(|(seed, _)| holds(mutation, *seed));
        let verdict = Verdict { mutation, found };
        tell(&verdict);
        verdict
    });
    std::panic::set_hook(hook);
    verdicts.into()
}
