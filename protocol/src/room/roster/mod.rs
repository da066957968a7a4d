//! Who is there: the people of a room that have a name, and who came and went.
//!
//! A named follower has a *seat*, a number that names it to others. Its seat is kept for a while
//! after its connection, so that a reconnect is no coming and going. Nothing of this is stored:
//! after a restart the pages come back with their names. A room in which nobody has a name, and of
//! which nobody asks who is there, has no list.
//!
//! Where several servers have the room, each tells the others of its own people, and its list has
//! all of them.

mod elsewhere;
mod exchange;
mod list;
mod news;
mod of_room;
mod said;
mod seats;
mod sessions;
mod sharing;
mod state;

pub(crate) use list::GivenName;
pub use said::{RosterSaid, RosterSaying, SeatedPerson};
pub use sharing::RosterServer;
pub(super) use state::Roster;
pub(crate) use state::{Asker, Told};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_servers;
