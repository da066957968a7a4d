//! Who is there: a follower's seat, the question, and what a client that asked is told later.

use super::host::with;
use super::{Peer, Role};
use crate::room::{Asker, GivenName};
use crate::{Host, Join, Rate, Refusal, RefusalCode, RoomId, RosterQuery, Timestamp, TokenBucket, render};

/// How often a client may ask who is there, per second.
const PAGES_PER_SECOND: u64 = 5;

impl Peer {
    /// The name that a follower is to have: its token's, or else the one that it gives.
    ///
    /// # Errors
    /// `malformed`: the name that it gives is none. A token's name that is none counts as absent.
    pub(super) fn given_name(
        room: RoomId,
        join: &Join<'_>,
        host: &mut impl Host,
    ) -> Result<Option<(String, bool)>, Refusal> {
        let mut check = |name: &str| host.with(room, |room| room.check_name(name)).unwrap_or(Ok(()));
        join.name.as_deref().map(&mut check).transpose()?;
        let verified = host.token_name();
        let is_fit = |name: &String| host.with(room, |room| room.check_name(name).is_ok()) == Some(true);
        let verified = verified.filter(is_fit).map(|name| (name, true));
        Ok(verified.or_else(|| join.name.as_deref().map(|name| (name.to_owned(), false))))
    }

    /// Gives the follower a seat.
    ///
    /// # Errors
    /// `room_full`: there is no memory for it.
    pub(super) fn take_seat(
        &mut self,
        room: RoomId,
        (text, is_verified): &(String, bool),
        join: &Join<'_>,
        host: &mut impl Host,
    ) -> Result<(), RefusalCode> {
        let key = host.random();
        let name = GivenName { text, is_verified: *is_verified };
        let seat = with(host, room, |room| room.take_seat(name, join.session.as_deref(), key))
            .unwrap_or(Err(RefusalCode::UnknownRoom))?;
        self.roster.get_or_insert_default().seat = Some(seat);
        Ok(())
    }

    /// Gives up the seat. `returns` says whether the page may come back.
    pub(super) fn leave_seat(&mut self, room: RoomId, returns: bool, now: Timestamp, host: &mut impl Host) {
        if let Some(seat) = self.roster.as_mut().and_then(|part| part.seat.take()) {
            with(host, room, |room| room.leave_seat(seat, returns, now));
        }
    }

    /// Answers the question who is there.
    pub(super) fn ask(&mut self, ask: u64, query: RosterQuery, now: Timestamp, host: &mut impl Host) {
        let asked = self.look_at_roster(ask, query, now, host);
        host.note_roster_page(asked.as_ref().err());
        match asked {
            Ok(page) => self.answers.push_rendered(&page),
            Err(refusal) => self.refuse_ask(ask, &refusal, host),
        }
    }

    /// The page that is asked for, rendered.
    fn look_at_roster(
        &mut self,
        ask: u64,
        query: RosterQuery,
        now: Timestamp,
        host: &mut impl Host,
    ) -> Result<String, Refusal> {
        let room = self.room().ok_or(RefusalCode::NotInRoom)?;
        let (rate, asker) = (Rate::per_second(PAGES_PER_SECOND), self.asker());
        let part = self.roster.get_or_insert_default();
        let pages = part.pages.get_or_insert_with(|| TokenBucket::new(rate, now));
        pages
            .try_take(rate, now)
            .map_err(|delay| Refusal::until_later(RefusalCode::RateLimited, delay.milliseconds()))?;
        let key = host.random();
        let before = part.told;
        let (text, told) = with(host, room, |room| {
            let (page, told) = room.roster_page(query, asker, before, key)?;
            let mut text = String::new();
            render::roster_page(&mut text, Some(ask), &page);
            Ok::<_, Refusal>((text, told))
        })
        .unwrap_or(Err(RefusalCode::UnknownRoom.into()))?;
        part.told = Some(told);
        Ok(text)
    }

    /// Tells a client that asked who came and who went.
    pub(super) fn tell_roster(&mut self, host: &mut impl Host) {
        if self.ending.is_some() {
            return;
        }
        let asker = self.asker();
        let Some(told) = self.roster.as_mut().and_then(|part| part.told.as_mut()) else { return };
        let (Role::Follower { room, .. } | Role::Owner { room, .. }) = &self.role else { return };
        let news = host.with(*room, |room| {
            let (news, newest) = room.roster_news(*told, asker)?;
            let mut text = String::new();
            render::roster_news(&mut text, &news);
            Some((text, newest))
        });
        if let Some((text, newest)) = news.flatten() {
            *told = newest;
            self.answers.push_rendered(&text);
        }
    }

    fn asker(&self) -> Asker {
        let sees_all = matches!(self.role, Role::Owner { .. }) || self.is_member();
        if sees_all { Asker::Owner } else { Asker::Follower }
    }

    /// Whether the client is told who comes and goes. It is never in step with others then.
    pub(super) fn is_told_roster(&self) -> bool {
        self.roster.as_ref().is_some_and(|part| part.told.is_some())
    }
}
