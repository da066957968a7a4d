//! What a room does with its roster.

use super::list::GivenName;
use super::state::{Asker, Told};
use crate::mutation::mutated;
use crate::room::Room;
use crate::{Record, Refusal, RefusalCode, RosterNews, RosterPage, RosterQuery, Timestamp, render};

/// How long a seat is kept for a follower whose connection is gone, in milliseconds.
const SEAT_MS: u64 = 30_000;

impl Room {
    /// Sets whether followers may ask who is there.
    pub fn share_roster(&mut self, shares: bool) {
        if std::mem::replace(&mut self.roster.is_shared, shares) != shares {
            self.stage(&Record::SharesRoster(shares));
        }
    }

    /// Whether followers may ask who is there.
    #[must_use]
    pub fn shares_roster(&self) -> bool {
        self.roster.is_shared || mutated!(IgnoreShareRoster)
    }

    /// How many people have a name, those included whose seats are kept while they are away.
    #[must_use]
    pub fn named(&self) -> usize {
        self.roster.list.as_ref().map_or(0, |list| list.len())
    }

    /// Gives a follower a seat, or the one that is kept for its session. `key` is random; the first
    /// one decides in which order the room gives out its numbers.
    ///
    /// # Errors
    /// `room_full`: there is no memory for it.
    pub(crate) fn take_seat(
        &mut self,
        name: GivenName<'_>,
        session: Option<&str>,
        key: u64,
    ) -> Result<u32, RefusalCode> {
        let has_memory = self.account.memory().has_space_for_new();
        let list = self.roster.list(key);
        let seat = list.take(name, session, has_memory).ok_or(RefusalCode::RoomFull);
        self.update_memory_use();
        seat
    }

    /// Notes that a connection with this seat is gone. `returns` says whether its page may come
    /// back.
    pub(crate) fn leave_seat(&mut self, seat: u32, returns: bool, now: Timestamp) {
        let Some(list) = &mut self.roster.list else { return };
        let keeps = returns && !mutated!(EndSeatWithConnection);
        list.leave(seat, keeps.then(|| now.after(SEAT_MS)));
        self.update_memory_use();
    }

    /// A part of the roster. From then on this client is to be told who came and went. `told` is
    /// what it was told before.
    ///
    /// # Errors
    /// `forbidden`: it is a follower, and the owner doesn't share the roster.
    pub(crate) fn roster_page(
        &mut self,
        query: RosterQuery,
        asker: Asker,
        told: Option<Told>,
        key: u64,
    ) -> Result<(RosterPage<'_>, Told), Refusal> {
        if asker == Asker::Follower && !self.shares_roster() {
            let message = "the owner of this room does not show its followers who is there (\"shareRoster\")";
            return Err(Refusal::with_message(RefusalCode::Forbidden, message));
        }
        let has_people = self.shows_people_to(asker);
        let most = if has_people { self.limits.roster_page } else { 0 };
        let list = self.roster.list(key);
        let newest = list.follow(asker == Asker::Follower);
        // What its first question has not answered is told later.
        let changes = told.map_or(newest, |told| told.changes);
        Ok((list.page(query, most), Told { changes, has_people }))
    }

    /// A part of the roster, for a request that has the owner key and follows nothing.
    #[must_use]
    pub fn rendered_roster(&self, query: RosterQuery) -> String {
        let mut out = String::new();
        let none = RosterPage::default();
        let page = self.roster.list.as_ref().map_or(none, |list| list.page(query, self.limits.roster_page));
        render::roster_page(&mut out, None, &page);
        out
    }

    /// Who came and went since this was told, and what is told then. None if there is nothing to
    /// tell now.
    pub(crate) fn roster_news(&self, told: Told, asker: Asker) -> Option<(RosterNews<'_>, Told)> {
        if asker == Asker::Follower && !self.shares_roster() {
            return None;
        }
        let has_people = self.shows_people_to(asker);
        let (mut news, changes) = self.roster.list.as_ref()?.news(told.changes, has_people)?;
        if has_people && !told.has_people {
            // It has seen none of them yet.
            news.more += self.named() as u64;
        }
        Some((news, Told { changes, has_people }))
    }

    /// A number for a seat that nobody in the roster has.
    pub(in crate::room) fn new_seat_number(&mut self, key: u64) -> u32 {
        self.roster.list(key).next_number()
    }

    /// The name of the person with this seat, if it is there.
    pub(in crate::room) fn name_of_seat(&self, seat: u32) -> Option<&str> {
        self.roster.list.as_ref()?.name_of(seat)
    }

    /// The seat of the follower with this session, if it has one.
    pub(in crate::room) fn seat_of_session(&self, session: &str) -> Option<u32> {
        self.roster.list.as_ref()?.sessions.seat(session)
    }

    /// Followers see people only as long as there are few.
    fn shows_people_to(&self, asker: Asker) -> bool {
        asker == Asker::Owner || self.named() <= self.limits.roster_shared
    }

    /// Gives up seats that were kept for long enough, and lets be told who came and went.
    pub(in crate::room) fn tick_roster(&mut self, now: Timestamp) {
        let Some(list) = &mut self.roster.list else { return };
        let gave_up = list.give_up_seats(now);
        if list.tell(now) {
            self.owner_version += 1;
            if list.is_followed_by_followers() {
                self.version += 1;
            }
        }
        if gave_up {
            self.update_memory_use();
        }
    }

    /// Checks a name that a follower gives.
    ///
    /// # Errors
    /// `malformed`: it is empty or too long, or has characters that a name must not have.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Refusal> {
        let longest = self.limits.name_bytes;
        let message = match () {
            () if name.trim().is_empty() => {
                "\"name\" is empty: send a name, or leave the field out".to_owned()
            }
            () if name.len() > longest => format!(
                "\"name\" has {} bytes, and may have {longest} (--name-bytes): send a shorter one",
                name.len()
            ),
            () if name.chars().any(is_unfit) => "\"name\" has control characters or marks that turn the \
                 direction of text: send it without them"
                .to_owned(),
            () => return Ok(()),
        };
        Err(Refusal::with_message(RefusalCode::Malformed, message))
    }
}

/// Whether a character in a name could make it look like another, or break the line that it is in.
fn is_unfit(character: char) -> bool {
    let turns_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let breaks_line = matches!(character, '\u{2028}' | '\u{2029}');
    character.is_control() || turns_direction || breaks_line
}
