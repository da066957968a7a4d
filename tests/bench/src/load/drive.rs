//! How owners send: by the clock, with a number of messages on their way, or as fast as TCP accepts
//! them.

use std::time::Duration;

use super::crowd::Crowd;

/// An owner that sends as fast as it can has about this many bytes ready for the kernel.
const READY_BYTES: usize = 64 * 1024;

pub(crate) enum Drive {
    Nothing,
    /// Messages to each room in turn, evenly spread over time.
    Paced {
        start_micros: u64,
        interval: Duration,
        sent: u64,
        total: u64,
    },
    /// One new message for each complete one, until a time.
    Window {
        on_the_way: u64,
        until_micros: u64,
    },
    /// In each room this many actions on their way to the owner's answer, until there were
    /// `actions` of them or the time is over.
    Answered {
        on_the_way: u64,
        actions: u64,
        until_micros: u64,
    },
    /// This many messages at once.
    Flood {
        left: u64,
    },
}

/// What happens next.
pub(super) enum Next {
    /// Everything is sent.
    Done,
    /// More will be sent when something comes.
    Later,
    /// More will be sent after this pause, or earlier.
    After(Duration),
}

impl Drive {
    /// `rate` is the number of messages a second in each of the crowd's rooms.
    pub(crate) fn paced(crowd: &Crowd, rate: f64, time: Duration) -> Self {
        let rooms = crowd.rooms.len() as f64;
        let total = (rate * rooms * time.as_secs_f64()).round() as u64;
        let interval = Duration::from_secs_f64(1.0 / (rate * rooms));
        Self::Paced { start_micros: crowd.micros(), interval, sent: 0, total }
    }

    /// Keeps `on_the_way` messages on their way in the first room.
    pub(crate) fn window(crowd: &mut Crowd, on_the_way: u64, time: Duration) -> Self {
        crowd.rooms[0].watch_completion();
        Self::Window { on_the_way, until_micros: crowd.micros() + time.as_micros() as u64 }
    }

    pub(super) fn is_sending(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Sends what is due.
    pub(super) fn carry_on(&mut self, crowd: &mut Crowd) -> anyhow::Result<Next> {
        match self {
            Self::Nothing => Ok(Next::Done),
            Self::Paced { start_micros, interval, sent, total } => {
                while sent < total {
                    let due = *start_micros + (interval.as_nanos() * u128::from(*sent) / 1000) as u64;
                    let now = crowd.micros();
                    if now < due {
                        return Ok(Next::After(Duration::from_micros(due - now)));
                    }
                    let room = *sent as usize % crowd.rooms.len();
                    crowd.queue_action(room);
                    crowd.flush_owner(room)?;
                    *sent += 1;
                }
                Ok(Next::Done)
            }
            Self::Window { on_the_way, until_micros } => {
                if crowd.micros() >= *until_micros {
                    return Ok(Next::Done);
                }
                while crowd.rooms[0].sent < crowd.rooms[0].completed + *on_the_way {
                    crowd.queue_action(0);
                }
                crowd.flush_owner(0)?;
                Ok(Next::Later)
            }
            Self::Answered { on_the_way, actions, until_micros } => {
                if crowd.micros() >= *until_micros {
                    return Ok(Next::Done);
                }
                let mut is_done = true;
                for index in 0..crowd.rooms.len() {
                    let room = &crowd.rooms[index];
                    let due = (room.answered + *on_the_way).min(*actions).saturating_sub(room.sent);
                    is_done &= room.sent + due >= *actions;
                    if due > 0 {
                        (0..due).for_each(|_| crowd.queue_action(index));
                        crowd.flush_owner(index)?;
                    }
                }
                Ok(if is_done { Next::Done } else { Next::Later })
            }
            Self::Flood { left } => loop {
                let owner = crowd.rooms[0].owner;
                while *left > 0 && crowd.clients[owner].unsent() < READY_BYTES {
                    crowd.queue_action(0);
                    *left -= 1;
                }
                let took_all = crowd.flush_owner(0)?;
                if !took_all {
                    return Ok(Next::Later);
                }
                if *left == 0 {
                    return Ok(Next::Done);
                }
            },
        }
    }
}
