//! Connections that end before their room does, and clients that come back.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::Crowd;
use crate::load::client::{Phase, Role};
use crate::load::drive::Drive;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

impl Crowd {
    /// The followers, by their indexes.
    pub(crate) fn followers(&self) -> Vec<usize> {
        let all = self.clients.iter().enumerate();
        all.filter(|(_, client)| client.role == Role::Follower).map(|(index, _)| index).collect()
    }

    /// Ends a follower's connection.
    pub(crate) fn leave(&mut self, index: usize) -> anyhow::Result<()> {
        let client = &mut self.clients[index];
        client.phase = Phase::Over;
        self.poll.registry().deregister(client.stream.socket())?;
        client.stream.socket().shutdown(std::net::Shutdown::Both).context("a follower cannot leave")
    }

    /// Sends nothing more, and reads what the server has sent before it ended.
    pub(crate) fn end(&mut self) -> anyhow::Result<()> {
        self.drive = Drive::Nothing;
        self.until_over(&(0..self.clients.len()).collect::<Vec<_>>())
    }

    /// Reads what one of several servers has sent before it ended. An owner there sends nothing
    /// more; all others go on. Returns those whose server it was.
    pub(crate) fn lose(&mut self, address: SocketAddr) -> anyhow::Result<Vec<usize>> {
        let all = self.clients.iter().enumerate();
        let lost: Vec<_> =
            all.filter(|(_, client)| client.address == address).map(|(index, _)| index).collect();
        if lost.iter().any(|index| self.clients[*index].role == Role::Owner) {
            self.drive = Drive::Nothing;
        }
        self.until_over(&lost)?;
        Ok(lost)
    }

    /// Sends everybody who connects from now on to this address.
    pub(crate) fn move_to(&mut self, address: SocketAddr) {
        (self.address, self.follow_at) = (address, Vec::new());
    }

    fn until_over(&mut self, clients: &[usize]) -> anyhow::Result<()> {
        self.expects_the_end = true;
        let began = Instant::now();
        while clients.iter().any(|index| self.clients[*index].phase != Phase::Over) {
            self.turn(Duration::from_millis(10))?;
            // The event of the last bytes may have been that of the end, too.
            clients.iter().try_for_each(|index| self.read(*index))?;
            if began.elapsed() > START {
                bail!("the server was killed, and goes on");
            }
        }
        self.expects_the_end = false;
        Ok(())
    }

    /// Waits until the server is there again.
    pub(crate) fn wait_for_server(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !TcpStream::connect(self.address)
            .is_ok_and(|stream| stream.local_addr().ok() != Some(self.address))
        {
            if began.elapsed() > START {
                bail!("the server was not started again");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Connects a client anew. What it has, it keeps.
    pub(crate) fn come_back(&mut self, index: usize) -> anyhow::Result<()> {
        let former = &self.clients[index];
        let (next, recovery) = (former.next, former.recovery.clone().shown());
        let mut client = self.new_client(former.role, former.room, former.rendering, index)?;
        (client.next, client.recovery) = (next, recovery);
        self.clients[index] = client;
        Ok(())
    }

    /// Has a room's owner come back. What was not acknowledged will be sent again.
    pub(crate) fn owner_comes_back(&mut self, room: usize) -> anyhow::Result<()> {
        self.come_back(self.rooms[room].owner)?;
        self.settle(0)?;
        self.rooms[room].sent = self.rooms[room].answered;
        Ok(())
    }
}
