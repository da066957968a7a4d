//! A room's followers, as numbers: how many there are and how far each has been served.

use crate::{Audience, Rendering};

/// Names a follower within its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FollowerId(usize);

/// The followers of a room.
#[derive(Debug, Default)]
pub(crate) struct Followers {
    /// Up to which seq each was served; none where nobody is.
    served: Vec<Option<u64>>,
    free: Vec<usize>,
    whole: usize,
}

impl Followers {
    pub(crate) fn len(&self) -> usize {
        self.served.len() - self.free.len()
    }

    /// How many of them need the whole rendering.
    pub(crate) fn whole(&self) -> usize {
        self.whole
    }

    pub(crate) fn add(&mut self, rendering: Rendering, served: u64) -> FollowerId {
        if rendering == Rendering::Whole {
            self.whole += 1;
        }
        match self.free.pop() {
            Some(index) => {
                self.served[index] = Some(served);
                FollowerId(index)
            }
            None => {
                self.served.push(Some(served));
                FollowerId(self.served.len() - 1)
            }
        }
    }

    pub(crate) fn remove(&mut self, follower: FollowerId, rendering: Rendering) {
        if rendering == Rendering::Whole {
            self.whole -= 1;
        }
        self.served[follower.0] = None;
        self.free.push(follower.0);
    }

    /// Notes up to which seq a follower was served.
    pub(crate) fn serve(&mut self, follower: FollowerId, seq: u64) {
        self.served[follower.0] = Some(seq);
    }

    /// Whether at least half of those that are not behind `oldest` already are behind `seq`. Who has fallen off the ring
    /// is not waited for.
    pub(crate) fn are_mostly_behind(&self, seq: u64, oldest: u64) -> bool {
        let in_ring = || self.served.iter().flatten().filter(|served| **served >= oldest);
        let behind = in_ring().filter(|served| **served < seq).count();
        behind > 0 && behind * 2 >= in_ring().count()
    }

    /// How many there are, and how many of them were not served up to `seq`.
    pub(crate) fn audience(&self, seq: u64) -> Audience {
        let lagging = self.served.iter().flatten().filter(|served| **served < seq).count();
        Audience { connected: self.len() as u64, lagging: lagging as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_lags_when_half_of_those_do_that_can_still_catch_up() {
        let mut followers = Followers::default();
        assert!(!followers.are_mostly_behind(10, 0), "nobody is there");
        let ids: Vec<_> = (0..4).map(|_| followers.add(Rendering::Lean, 20)).collect();
        assert!(!followers.are_mostly_behind(10, 5));
        followers.serve(ids[0], 6);
        assert!(!followers.are_mostly_behind(10, 5), "one of four");
        followers.serve(ids[1], 7);
        assert!(followers.are_mostly_behind(10, 5), "two of four");
        followers.serve(ids[1], 4);
        followers.serve(ids[0], 4);
        assert!(!followers.are_mostly_behind(10, 5), "they have fallen off the ring");
    }

    #[test]
    fn counts_who_is_there_and_who_is_behind() {
        let mut followers = Followers::default();
        let first = followers.add(Rendering::Lean, 0);
        let second = followers.add(Rendering::Whole, 5);
        assert_eq!(followers.audience(5), Audience { connected: 2, lagging: 1 });
        followers.serve(first, 5);
        assert_eq!(followers.audience(5), Audience { connected: 2, lagging: 0 });
        followers.remove(second, Rendering::Whole);
        assert_eq!((followers.len(), followers.whole()), (1, 0));
        let third = followers.add(Rendering::Lean, 5);
        assert_eq!(third, second, "the place is used again");
        assert_eq!(followers.len(), 2);
    }
}
