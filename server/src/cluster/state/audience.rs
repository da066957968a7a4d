//! How many follow a room on other nodes.

use rtbroadcaster_protocol::{Audience, Timestamp};

/// A node says how many follow at least once in this time, in milliseconds.
const REPEAT_MS: u64 = 15_000;

/// What a node has said counts for this long, in milliseconds.
const COUNTS_MS: u64 = 40_000;

/// What the other nodes have said of one room, and what this one has.
#[derive(Debug, Default)]
pub(crate) struct AudienceElsewhere {
    nodes: Vec<(u64, Audience, Timestamp)>,
    /// What this node has said last, and when. None if it is to say it again.
    said: Option<(Audience, Timestamp)>,
}

impl AudienceElsewhere {
    /// The nodes that have followers.
    pub(crate) fn nodes(&self) -> Vec<u64> {
        self.nodes.iter().map(|(node, ..)| *node).collect()
    }

    pub(crate) fn note(&mut self, node: u64, audience: Audience, now: Timestamp) {
        self.nodes.retain(|(other, ..)| *other != node);
        if audience.connected > 0 {
            self.nodes.push((node, audience, now));
        }
    }

    /// Forgets what nodes have said that are gone. Returns what is left, together.
    pub(crate) fn sum(&mut self, now: Timestamp, is_alive: impl Fn(u64) -> bool) -> Audience {
        self.nodes.retain(|(node, _, at)| now.since(*at) < COUNTS_MS && is_alive(*node));
        self.nodes.iter().fold(Audience::default(), |sum, (_, audience, _)| Audience {
            connected: sum.connected + audience.connected,
            lagging: sum.lagging + audience.lagging,
        })
    }

    /// Has this node say anew how many follow.
    pub(crate) fn say_again(&mut self) {
        self.said = None;
    }

    /// Whether this node is to say that so many follow. It counts as said then.
    pub(crate) fn must_say(&mut self, audience: Audience, now: Timestamp) -> bool {
        let must_say = match self.said {
            None => audience.connected > 0,
            Some((said, at)) => said != audience || (audience.connected > 0 && now.since(at) >= REPEAT_MS),
        };
        if must_say {
            self.said = Some((audience, now));
        }
        must_say
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Audience = Audience { connected: 2, lagging: 1 };

    #[test]
    fn what_a_node_says_counts_until_it_is_gone_or_silent() {
        let mut elsewhere = AudienceElsewhere::default();
        elsewhere.note(1, TWO, Timestamp(0));
        elsewhere.note(2, TWO, Timestamp(30_000));
        assert_eq!(elsewhere.sum(Timestamp(30_000), |_| true), Audience { connected: 4, lagging: 2 });
        assert_eq!(elsewhere.sum(Timestamp(COUNTS_MS), |_| true), TWO);
        assert_eq!(elsewhere.nodes(), [2]);
        assert_eq!(elsewhere.sum(Timestamp(COUNTS_MS), |_| false), Audience::default());
    }

    #[test]
    fn a_node_says_what_is_new_and_repeats_it_while_somebody_follows() {
        let mut elsewhere = AudienceElsewhere::default();
        assert!(!elsewhere.must_say(Audience::default(), Timestamp(0)), "nobody was counted before");
        assert!(elsewhere.must_say(TWO, Timestamp(1)));
        assert!(!elsewhere.must_say(TWO, Timestamp(REPEAT_MS)));
        assert!(elsewhere.must_say(TWO, Timestamp(REPEAT_MS + 1)));
        assert!(elsewhere.must_say(Audience::default(), Timestamp(REPEAT_MS + 2)));
        assert!(!elsewhere.must_say(Audience::default(), Timestamp(9 * REPEAT_MS)));
    }
}
