//! The core as JavaScript drives it.
//!
//! js/room.js says what happened, then asks for one step after the other, and takes it when Rust has returned. What
//! crosses are numbers, all of them through [`Bridge::call`], and the addresses of texts: of one that JavaScript has written
//! for the next call ([`call::SPACE`], [`call::PUT`]), and of one that belongs to a step or an answer ([`call::TEXT`]).
//! Moments are milliseconds of the page's monotonic clock.
//!
//! What comes a thousand times a second js/room.js hands over by itself, and tells the core later how far it came:
//! [`call::FAST_PATH_SEQ`] and what follows it there.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use rtbroadcaster_protocol::{
    BroadcastError, EndReason, Goal, Input, Outcome, OwnerPresence, Refusal, ServerMessage, SessionOptions,
    SessionStatus, Timestamp,
};

use crate::call;
use crate::core::Core;
use crate::fields::Fields;
use crate::params::Params;
use crate::step::Step;

/// The core of one room.
pub(crate) struct Bridge {
    core: Core<Params>,
    /// What belongs to the last step or answer.
    numbers: [f64; 2],
    /// What belongs to it, or to the next call, in the reverse order of its fetching.
    texts: Vec<String>,
    /// Where JavaScript writes a text.
    space: Vec<u8>,
    /// The text that it reads.
    told: String,
    shares_audience: bool,
}

impl Bridge {
    /// A core that has not begun.
    pub(crate) fn new() -> Self {
        let nothing = SessionOptions {
            goal: Goal::Create,
            session: String::new(),
            seed: 0,
            connect_timeout_ms: 0,
            share_audience: false,
        };
        Self {
            core: Core::new(nothing),
            numbers: [0.0; 2],
            texts: Vec::new(),
            space: Vec::new(),
            told: String::new(),
            shares_audience: false,
        }
    }

    /// `what` is one of the numbers in `call.rs`.
    pub(crate) fn call(&mut self, what: u32, now: f64, number: f64) -> f64 {
        let input = match what {
            call::CREATE | call::JOIN | call::CLAIM => {
                self.start(what, number as u64);
                Input::Start
            }
            call::OPENED => {
                let token = self.texts.pop();
                self.core.set_token(token);
                Input::Opened
            }
            call::DISCONNECTED => Input::Disconnected(number as u16),
            call::TIMEOUT => Input::Timeout,
            call::WAKE => Input::Wake,
            call::BUFFERED => Input::Buffered(number as u64),
            call::CLOSE => Input::Close,
            call::MESSAGE => {
                self.core.weigh(number as usize);
                let fields = Fields { texts: mem::take(&mut self.texts) };
                match ServerMessage::read(&fields) {
                    Some(message) => Input::Received(message),
                    None => return 0.0,
                }
            }
            call::HANDED_OVER => {
                self.core.fast_path_delivered(moment(now), number as u64);
                return 0.0;
            }
            call::ANSWERED => {
                self.core.fast_path_answered(moment(now), number as u64);
                return 0.0;
            }
            call::SLOT_WRITTEN => {
                self.core.slot_written(number as usize, now as u64);
                return 0.0;
            }
            _ => return self.ask(what, number),
        };
        self.core.handle(moment(now), input);
        0.0
    }

    fn text(&mut self) -> String {
        self.texts.pop().unwrap_or_default()
    }

    /// Takes the text that JavaScript has written.
    fn put(&mut self, bytes: usize) {
        let mut text = mem::take(&mut self.space);
        text.truncate(bytes);
        #[allow(unsafe_code, reason = "checking what the browser has made would cost every page 0.3 kB")]
        // SAFETY: js/room.js alone writes there, by `TextEncoder.encodeInto`, which writes UTF-8 whatever the text is
        // (Encoding Standard, section 7.4), and says how many bytes. The zeroes before are UTF-8 too.
        let text = unsafe { String::from_utf8_unchecked(text) };
        self.texts.push(text);
    }

    fn start(&mut self, what: u32, connect_timeout_ms: u64) {
        let session = self.text();
        let goal = match what {
            call::JOIN => Goal::Join { uuid: self.text() },
            call::CLAIM => Goal::Claim { uuid: self.text(), owner_key: self.text() },
            _ => Goal::Create,
        };
        // Its name is random, and that is all that a seed has to be.
        let seed = session.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31) ^ u64::from(byte));
        let share_audience = self.shares_audience;
        self.core = Core::new(SessionOptions { goal, session, seed, connect_timeout_ms, share_audience });
    }

    /// What tells the session nothing of the world.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a call; functions of their own would cost each page bytes"
    )]
    fn ask(&mut self, what: u32, number: f64) -> f64 {
        match what {
            call::NEXT => {
                // What was not fetched of the step before nobody wants any more.
                self.texts.clear();
                return self.core.next(number != 0.0).map_or(0, |step| self.put_down(step)).into();
            }
            call::SPACE => {
                self.space = vec![0; number as usize];
                return self.space.as_mut_ptr().expose_provenance() as f64;
            }
            call::PUT => self.put(number as usize),
            call::TEXT => {
                self.told = self.text();
                return self.told.as_ptr().expose_provenance() as f64;
            }
            call::TEXT_LENGTH => return self.told.len() as f64,
            call::NUMBER => return self.numbers[0],
            call::SECOND_NUMBER => return self.numbers[1],
            call::SHARE_AUDIENCE => self.shares_audience = true,
            call::UNREADABLE => self.core.unreadable(),
            call::OPEN => self.core.open(),
            call::AWAIT_ROOM => self.core.await_room(),
            call::BROADCAST => {
                let (key, params) = (self.text(), self.text());
                let slot = self.texts.pop();
                let ticket = self.core.broadcast(&key, &params, slot.as_deref());
                if number != 0.0 {
                    self.core.fast_path_written();
                }
                return self.ticket(ticket);
            }
            call::FAST_PATH_ID => return self.core.fast_path_id().unwrap_or(0) as f64,
            call::CLEAR => {
                let slot = self.text();
                let ticket = self.core.clear(&slot);
                return self.ticket(ticket);
            }
            call::REGISTER => {
                let key = self.text();
                self.core.register(key, 0);
            }
            call::UNREGISTER => {
                let key = self.text();
                self.core.unregister(&key);
            }
            call::DETACH => self.core.detach(),
            call::IS_DETACHED => return f64::from(u8::from(self.core.is_detached())),
            call::BEHIND => return self.core.behind() as f64,
            call::FOLLOW => self.core.follow(number != 0.0),
            call::FAST_PATH_SEQ => return self.core.fast_path_seq().unwrap_or(0) as f64,
            call::PLACE_OF_SLOT => {
                let slot = self.text();
                return self.core.slot_index(&slot).map_or(-1.0, |place| place as f64);
            }
            call::UUID | call::OWNER_KEY => {
                let text = if what == call::UUID { self.core.uuid() } else { self.core.owner_key() };
                return match text {
                    Some(text) => {
                        self.texts.push(text.to_owned());
                        1.0
                    }
                    None => 0.0,
                };
            }
            call::IS_OWNER => return f64::from(u8::from(self.core.is_owner())),
            call::STATUS => return f64::from(status(self.core.status())),
            call::CONNECTED | call::LAGGING => {
                return match self.core.audience() {
                    Some(audience) if what == call::CONNECTED => audience.connected as f64,
                    Some(audience) => audience.lagging as f64,
                    None => -1.0,
                };
            }
            _ => {}
        }
        0.0
    }

    /// The ticket, or a number below 0 that says why there is none.
    fn ticket(&mut self, ticket: Result<u64, BroadcastError>) -> f64 {
        match ticket {
            Ok(ticket) => ticket as f64,
            Err(BroadcastError::NotOwner) => -1.0,
            Err(BroadcastError::Closed) => -2.0,
            Err(BroadcastError::EmptyKey) => -3.0,
            Err(BroadcastError::QueueFull) => -4.0,
            Err(BroadcastError::TooLarge { bytes, limit }) => {
                self.numbers = [bytes as f64, limit as f64];
                -5.0
            }
        }
    }

    fn refusal(&mut self, refusal: Refusal) {
        self.texts.push(refusal.message);
        self.texts.push(refusal.code);
    }

    fn reason(&mut self, reason: EndReason) {
        let number = match reason {
            EndReason::RoomClosed => 0.0,
            EndReason::Left => 1.0,
            EndReason::Superseded => 2.0,
            EndReason::ConnectionFailed => 3.0,
            EndReason::Refused(refusal) => {
                self.refusal(refusal);
                4.0
            }
        };
        self.numbers[0] = number;
    }

    /// The number of a step, whose parts are put down to be fetched; the same numbers have names in js/room.js.
    fn put_down(&mut self, step: Step<Params>) -> i32 {
        match step {
            Step::Connect => -1,
            Step::Disconnect => -2,
            Step::Send(text) => {
                self.texts.push(text);
                -3
            }
            Step::Arm(at) => {
                self.numbers[0] = at.0 as f64;
                -4
            }
            Step::Enter => -5,
            Step::Refuse(reason) => {
                self.reason(reason);
                -6
            }
            // It is the key by which js/room.js knows the function.
            Step::Run(_, action) => {
                self.numbers[0] = action.params.into_number();
                self.texts.push(action.key);
                -7
            }
            Step::TellStatus => -8,
            Step::TellCleared(slot) => {
                self.texts.push(slot);
                -9
            }
            Step::TellResync => -10,
            Step::TellAudience => -11,
            Step::TellOwner(presence) => {
                self.numbers[0] = if presence == OwnerPresence::Away { 1.0 } else { 0.0 };
                -12
            }
            Step::ReportNoFunction(key) => {
                self.texts.push(key);
                -13
            }
            Step::ReportUnreadable => -14,
            Step::ReportRefusal(refusal) => {
                self.refusal(refusal);
                -15
            }
            Step::Answer(ticket, outcome) => {
                let step = match outcome {
                    Outcome::Appended(seq) => {
                        self.numbers[1] = seq as f64;
                        -16
                    }
                    Outcome::Replaced => -17,
                    Outcome::Refused { refusal, .. } => {
                        self.refusal(refusal);
                        -18
                    }
                };
                self.numbers[0] = ticket as f64;
                step
            }
            Step::HasRoom(count) => {
                self.numbers[0] = count.into();
                -19
            }
            Step::End(reason) => {
                self.reason(reason);
                -20
            }
        }
    }
}

/// Neither negative nor near the end of u64, and the fraction of a millisecond matters to nobody.
fn moment(now: f64) -> Timestamp {
    Timestamp(now as u64)
}

fn status(status: SessionStatus) -> u8 {
    match status {
        SessionStatus::Connecting => 0,
        SessionStatus::Connected => 1,
        SessionStatus::CatchingUp => 2,
        SessionStatus::Reconnecting => 3,
        SessionStatus::Closed => 4,
    }
}
