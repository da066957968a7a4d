//! The end of a program: nothing is slow any more, and what must be true then.

use super::page::{Question, Who};
use super::world::{ELDER, HandOverWorld};
use crate::sim::invariant::{Checked, Invariant};

/// The page without a key.
const FOLLOWER: usize = 5;
/// Longer than anything waits but a request.
const QUIET_MS: u64 = 8_000;

impl HandOverWorld {
    /// Nothing new happens, and all arrives.
    pub(super) fn settle_all(&mut self) -> Checked {
        self.is_kept_at_once = true;
        for page in &mut self.pages {
            page.is_slow = false;
            page.is_away &= page.who == Who::Elder;
        }
        self.calm_down()?;
        self.check_quiet()?;
        let by_claim = self.log.head() % 2 == 1;
        if by_claim {
            self.claim_at_last()?;
        } else {
            self.take_back_at_last()?;
        }
        self.check_quiet()?;
        // Somebody comes late.
        self.reload(FOLLOWER)?;
        self.calm_down()?;
        self.check_quiet()
    }

    fn calm_down(&mut self) -> Checked {
        for _ in 0..4 {
            while !self.formers.is_empty() {
                self.hear_former(0, 0)?;
            }
            self.come_back()?;
            self.advance(QUIET_MS / 4)?;
        }
        // One whose key has just ended comes back without it.
        self.come_back()?;
        self.come_back()
    }

    /// H4: whatever was before, a page with the owner key gets the pen by its claim.
    fn claim_at_last(&mut self) -> Checked {
        self.reload(ELDER)?;
        self.calm_down()?;
        let drives = self.pages[ELDER].drives && self.room_driver() == 0;
        Invariant::CreatorDecides.ensure(drives, || format!("{} has the pen", self.room_driver()))
    }

    /// H4: and so does the creator by `takeBack`.
    fn take_back_at_last(&mut self) -> Checked {
        if self.pages[0].has_ended {
            self.reload(0)?;
            self.calm_down()?;
        }
        self.ask(0, Question::TakeBack)?;
        self.arrive()?;
        self.calm_down()?;
        let drives = self.pages[0].drives && self.room_driver() == 0;
        Invariant::CreatorDecides.ensure(drives, || format!("{} has the pen", self.room_driver()))
    }

    fn check_quiet(&mut self) -> Checked {
        let driver = self.room_driver();
        for (index, page) in self.pages.iter().enumerate() {
            if page.has_ended || page.is_away {
                continue;
            }
            Invariant::DriversConverge
                .ensure(page.is_connected, || format!("page {index} is not in the room"))?;
            Invariant::OneAnswer
                .ensure(page.outbox.is_empty(), || format!("page {index} waits for {:?}", page.outbox))?;
            Invariant::OneAnswer
                .ensure(page.asks.is_empty(), || format!("page {index} waits for {:?}", page.asks))?;
            let knows = page.driver == driver && page.has_state && page.snapshot.is_none();
            Invariant::DriversConverge.ensure(knows, || {
                format!("{driver} drives, and page {index} knows {} ({})", page.driver, page.has_state)
            })?;
            let must_drive = page.has_key && page.seat == Some(driver);
            let drives = page.connection.as_ref().is_some_and(|connection| connection.peer.is_owner());
            Invariant::DriversConverge.ensure(drives == page.drives && (drives || !must_drive), || {
                format!("page {index} of {driver} drives: {drives}, as far as it knows: {}", page.drives)
            })?;
        }
        for guest in 1..=4 {
            let holds = |page: &&super::page::HandOverPage| {
                page.who == Who::Guest(guest) && page.has_key && page.is_connected
            };
            let pages = self.pages.iter().filter(holds).count();
            Invariant::DriversConverge
                .ensure(pages <= 1, || format!("{pages} pages are in the room with key {guest}"))?;
        }
        Ok(())
    }
}
