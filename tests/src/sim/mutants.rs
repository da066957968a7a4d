//! The proof that the proof can fail: every fault that the protocol can be given must be found.

use std::fmt;

use rtbroadcaster_protocol::{Mutation, switch_on};

use super::harness::{find_violation, program_of};
use super::invariant::Violation;
use super::world::run;

/// Programs within which a fault must be found.
const CASES: u64 = 10_000;

/// How it went with one fault.
#[derive(Debug)]
pub struct Verdict {
    /// The fault.
    pub mutation: Mutation,
    /// The seed that has found it and what it violates; none if it survived.
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

/// Gives the protocol each fault in turn, and tells how it went.
pub fn try_all(mut tell: impl FnMut(&Verdict)) -> Vec<Verdict> {
    // What is about to panic does so on purpose.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let verdicts = Mutation::ALL.map(|mutation| {
        switch_on(Some(mutation));
        let found = find_violation(0, CASES);
        switch_on(None);
        // A seed that fails anyway proves nothing.
        let found = found.filter(|(seed, _)| run(&program_of(*seed), false).is_ok());
        let verdict = Verdict { mutation, found };
        tell(&verdict);
        verdict
    });
    std::panic::set_hook(hook);
    verdicts.into()
}
