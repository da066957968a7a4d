//! The people of a room who are connected to other servers.

use std::collections::HashSet;

use super::exchange::Heard;
use super::list::{List, Seat};
use super::said::SeatedPerson;

impl List {
    /// How many of the seats are this server's.
    pub(super) fn here(&self) -> usize {
        self.here
    }

    /// The people of this server.
    pub(super) fn people_here(&self) -> Vec<SeatedPerson> {
        self.seats
            .iter()
            .filter(|(_, seat)| seat.is_here())
            .map(|(number, seat)| seated(*number, seat))
            .collect()
    }

    /// Who has come to this server and who has gone from it since the last call.
    pub(super) fn take_untold(&mut self) -> (Vec<SeatedPerson>, Vec<u32>) {
        let untold = self.untold.as_mut().map(std::mem::take).unwrap_or_default();
        let (mut came, mut went) = (Vec::new(), Vec::new());
        for number in untold {
            match self.seats.get(&number).filter(|seat| seat.is_here()) {
                Some(seat) => came.push(seated(number, seat)),
                None => went.push(number),
            }
        }
        (came, went)
    }

    /// Takes over what another server has said of its people.
    pub(super) fn hear(&mut self, server: u64, heard: Heard) {
        let gone = if heard.is_whole { self.others_of(server, &heard.came) } else { heard.went };
        for number in gone {
            self.leaves_server(number, server);
        }
        for person in heard.came {
            self.comes_to_server(person, server);
        }
    }

    /// Forgets the people of another server.
    pub(super) fn forget_server(&mut self, server: u64) {
        for number in self.others_of(server, &[]) {
            self.leaves_server(number, server);
        }
    }

    /// The seats that a server has beside these.
    fn others_of(&self, server: u64, people: &[SeatedPerson]) -> Vec<u32> {
        let these: HashSet<_> = people.iter().map(|person| person.seat).collect();
        let is_other = |number: &u32, seat: &Seat| seat.servers.contains(&server) && !these.contains(number);
        self.seats.iter().filter(|(number, seat)| is_other(number, seat)).map(|(number, _)| *number).collect()
    }

    fn leaves_server(&mut self, number: u32, server: u64) {
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.servers.retain(|other| *other != server);
            self.remove_if_gone(number);
        }
    }

    fn comes_to_server(&mut self, person: SeatedPerson, server: u64) {
        let SeatedPerson { seat: number, name, is_verified, session } = person;
        let session = session.map(Box::<str>::from);
        let is_another = |seat: &&mut Seat| seat.session != session || *seat.name != *name;
        if let Some(another) = self.seats.get_mut(&number).filter(is_another) {
            // Two people have the same number by chance. A server shows its own.
            if another.connections > 0 {
                another.servers.retain(|other| *other != server);
                return;
            }
            self.remove(number);
        }
        self.give_up_former(session.as_deref(), number);
        if let Some(seat) = self.seats.get_mut(&number) {
            if !seat.servers.contains(&server) {
                seat.servers.push(server);
            }
            // Its page has gone on there.
            let was_kept = seat.connections == 0 && seat.kept_until.take().is_some();
            self.note_here(number, was_kept, false);
            if let Some(session) = session {
                let is_newest = !self.is_connected_here(&session);
                self.sessions.note(&session, number, is_newest);
            }
        } else {
            let name = name.into_boxed_str();
            let servers = vec![server];
            self.add(number, Seat { name, is_verified, session, connections: 0, kept_until: None, servers });
        }
    }

    /// Gives up the seat that a session had here before it got another one at another server. If it
    /// still has a connection here, that is to end soon. Other servers say themselves what becomes
    /// of their share.
    fn give_up_former(&mut self, session: Option<&str>, newer: u32) {
        let former = session.and_then(|session| self.sessions.seat(session));
        let Some(former) = former.filter(|former| *former != newer) else { return };
        if self.seats.get(&former).is_some_and(|seat| seat.connections == 0) {
            self.give_up_here(former);
        }
    }
}

fn seated(seat: u32, of: &Seat) -> SeatedPerson {
    let Seat { name, is_verified, session, .. } = of;
    let session = session.as_deref().map(str::to_owned);
    SeatedPerson { seat, name: name.to_string(), is_verified: *is_verified, session }
}
