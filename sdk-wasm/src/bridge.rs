//! The core as JavaScript drives it.
//!
//! js/room.js says what happened, then asks for one step after the other, and takes it when Rust has returned. What
//! crosses are numbers, all of them through [`Bridge::call`], and the addresses of texts: of one that JavaScript has written
//! for the next call ([`opcode::ALLOCATE_TEXT`], [`opcode::TEXT_WRITTEN`]), and of one that belongs to a step or an answer ([`opcode::READ_TEXT`]).
//! Moments are milliseconds of the page's monotonic clock.
//!
//! What comes a thousand times a second js/room.js hands over by itself, and tells the core later how far it came:
//! [`opcode::FAST_PATH_SEQ`] and what follows it there.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use rtbroadcaster_protocol::{
    BroadcastError, EndReason, Goal, Input, Outcome, OwnerPresence, Refusal, ServerMessage, SessionOptions,
    SessionStatus, Timestamp,
};

use crate::catch_up::CatchUp;
use crate::engine::Engine;
use crate::fields::Fields;
use crate::opcode;
use crate::params::Params;
use crate::step::Step;

/// The core of one room.
pub(crate) struct Bridge {
    engine: Engine<Params>,
    /// What belongs to the last step or answer.
    numbers: [f64; 2],
    /// What belongs to it, or to the next call, in the reverse order of its fetching.
    texts: Vec<String>,
    /// Where JavaScript writes a text.
    text_buffer: Vec<u8>,
    /// The text that it reads.
    read_text: String,
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
            engine: Engine::new(nothing),
            numbers: [0.0; 2],
            texts: Vec::new(),
            text_buffer: Vec::new(),
            read_text: String::new(),
            shares_audience: false,
        }
    }

    /// `what` is one of the numbers in `opcode.rs`.
    pub(crate) fn call(&mut self, opcode: u32, now: f64, number: f64) -> f64 {
        let input = match opcode {
            opcode::CREATE | opcode::JOIN | opcode::CLAIM => {
                self.start(opcode, number as u64);
                Input::Start
            }
            opcode::OPENED => {
                let token = self.texts.pop();
                self.engine.set_token(token);
                Input::Opened
            }
            opcode::DISCONNECTED => Input::Disconnected(number as u16),
            opcode::TIMEOUT => Input::Timeout,
            opcode::WAKE => Input::Wake,
            opcode::BUFFERED => Input::Buffered(number as u64),
            opcode::CLOSE => Input::Close,
            opcode::MESSAGE => {
                self.engine.note_size(number as usize);
                let fields = Fields { texts: mem::take(&mut self.texts) };
                match ServerMessage::read(&fields) {
                    Some(message) => Input::Received(message),
                    None => return 0.0,
                }
            }
            opcode::FAST_PATH_DELIVERED => {
                self.engine.fast_path_delivered(timestamp(now), number as u64);
                return 0.0;
            }
            opcode::FAST_PATH_ANSWERED => {
                self.engine.fast_path_answered(timestamp(now), number as u64);
                return 0.0;
            }
            opcode::SLOT_WRITTEN => {
                self.engine.slot_written(number as usize, now as u64);
                return 0.0;
            }
            _ => return self.call_without_input(opcode, number),
        };
        self.engine.handle(timestamp(now), input);
        0.0
    }

    fn pop_text(&mut self) -> String {
        self.texts.pop().unwrap_or_default()
    }

    /// Takes the text that JavaScript has written.
    fn push_written_text(&mut self, bytes: usize) {
        let mut text = mem::take(&mut self.text_buffer);
        text.truncate(bytes);
        #[allow(unsafe_code, reason = "checking what the browser has made would cost every page 0.3 kB")]
        // SAFETY: js/room.js alone writes there, by `TextEncoder.encodeInto`, which writes UTF-8 whatever the text is
        // (Encoding Standard, section 7.4), and says how many bytes. The zeroes before are UTF-8 too.
        let text = unsafe { String::from_utf8_unchecked(text) };
        self.texts.push(text);
    }

    fn start(&mut self, opcode: u32, connect_timeout_ms: u64) {
        let session = self.pop_text();
        let goal = match opcode {
            opcode::JOIN => Goal::Join { uuid: self.pop_text() },
            opcode::CLAIM => Goal::Claim { uuid: self.pop_text(), owner_key: self.pop_text() },
            _ => Goal::Create,
        };
        // Its name is random, and that is all that a seed has to be.
        let seed = session.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31) ^ u64::from(byte));
        let share_audience = self.shares_audience;
        self.engine = Engine::new(SessionOptions { goal, session, seed, connect_timeout_ms, share_audience });
    }

    /// What tells the session nothing of the world.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm an opcode; functions of their own would cost each page bytes"
    )]
    fn call_without_input(&mut self, opcode: u32, number: f64) -> f64 {
        match opcode {
            opcode::NEXT_STEP => {
                // What was not fetched of the step before nobody wants any more.
                self.texts.clear();
                return self.engine.next_step(number != 0.0).map_or(0, |step| self.encode_step(step)).into();
            }
            opcode::ALLOCATE_TEXT => {
                self.text_buffer = vec![0; number as usize];
                return self.text_buffer.as_mut_ptr().expose_provenance() as f64;
            }
            opcode::TEXT_WRITTEN => self.push_written_text(number as usize),
            opcode::READ_TEXT => {
                self.read_text = self.pop_text();
                return self.read_text.as_ptr().expose_provenance() as f64;
            }
            opcode::READ_TEXT_LENGTH => return self.read_text.len() as f64,
            opcode::FIRST_NUMBER => return self.numbers[0],
            opcode::SECOND_NUMBER => return self.numbers[1],
            opcode::SHARE_AUDIENCE => self.shares_audience = true,
            opcode::UNREADABLE => self.engine.note_unreadable(),
            opcode::OPEN_DELIVERY => self.engine.open_delivery(),
            opcode::AWAIT_QUEUE_SPACE => self.engine.await_queue_space(),
            opcode::BROADCAST => {
                let (key, params) = (self.pop_text(), self.pop_text());
                let slot = self.texts.pop();
                let ticket = self.engine.broadcast(&key, &params, slot.as_deref());
                if number != 0.0 {
                    self.engine.fast_path_written();
                }
                return self.encode_ticket(ticket);
            }
            opcode::FAST_PATH_ID => return self.engine.fast_path_id().unwrap_or(0) as f64,
            opcode::CLEAR => {
                let slot = self.pop_text();
                let ticket = self.engine.clear(&slot);
                return self.encode_ticket(ticket);
            }
            opcode::REGISTER => {
                let key = self.pop_text();
                self.engine.register(key, 0);
            }
            opcode::UNREGISTER => {
                let key = self.pop_text();
                self.engine.unregister(&key);
            }
            opcode::DETACH => self.engine.detach(),
            opcode::IS_DETACHED => return f64::from(u8::from(self.engine.is_detached())),
            opcode::BEHIND => return self.engine.behind() as f64,
            opcode::FOLLOW => {
                self.engine.follow(if number == 0.0 { CatchUp::State } else { CatchUp::Every });
            }
            opcode::FAST_PATH_SEQ => return self.engine.fast_path_seq().unwrap_or(0) as f64,
            opcode::SLOT_INDEX => {
                let slot = self.pop_text();
                return self.engine.slot_index(&slot).map_or(-1.0, |index| index as f64);
            }
            opcode::UUID | opcode::OWNER_KEY => {
                let text = if opcode == opcode::UUID { self.engine.uuid() } else { self.engine.owner_key() };
                return match text {
                    Some(text) => {
                        self.texts.push(text.to_owned());
                        1.0
                    }
                    None => 0.0,
                };
            }
            opcode::IS_OWNER => return f64::from(u8::from(self.engine.is_owner())),
            opcode::STATUS => return f64::from(encode_status(self.engine.status())),
            opcode::AUDIENCE_CONNECTED | opcode::AUDIENCE_LAGGING => {
                return match self.engine.audience() {
                    Some(audience) if opcode == opcode::AUDIENCE_CONNECTED => audience.connected as f64,
                    Some(audience) => audience.lagging as f64,
                    None => -1.0,
                };
            }
            _ => {}
        }
        0.0
    }

    /// The ticket, or a number below 0 that says why there is none.
    fn encode_ticket(&mut self, ticket: Result<u64, BroadcastError>) -> f64 {
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

    fn push_refusal(&mut self, refusal: Refusal) {
        self.texts.push(refusal.message);
        self.texts.push(refusal.code);
    }

    fn encode_reason(&mut self, reason: EndReason) {
        let number = match reason {
            EndReason::RoomClosed => 0.0,
            EndReason::Left => 1.0,
            EndReason::Superseded => 2.0,
            EndReason::ConnectionFailed => 3.0,
            EndReason::Refused(refusal) => {
                self.push_refusal(refusal);
                4.0
            }
        };
        self.numbers[0] = number;
    }

    /// The number of a step, whose parts are put down to be fetched; the same numbers have names in js/room.js.
    fn encode_step(&mut self, step: Step<Params>) -> i32 {
        match step {
            Step::Connect => -1,
            Step::Disconnect => -2,
            Step::Send(text) => {
                self.texts.push(text);
                -3
            }
            Step::ArmTimer(at) => {
                self.numbers[0] = at.0 as f64;
                -4
            }
            Step::Enter => -5,
            Step::Refuse(reason) => {
                self.encode_reason(reason);
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
                self.push_refusal(refusal);
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
                        self.push_refusal(refusal);
                        -18
                    }
                };
                self.numbers[0] = ticket as f64;
                step
            }
            Step::QueueHasSpace(count) => {
                self.numbers[0] = count.into();
                -19
            }
            Step::End(reason) => {
                self.encode_reason(reason);
                -20
            }
        }
    }
}

/// Neither negative nor near the end of u64, and the fraction of a millisecond matters to nobody.
fn timestamp(now: f64) -> Timestamp {
    Timestamp(now as u64)
}

fn encode_status(status: SessionStatus) -> u8 {
    match status {
        SessionStatus::Connecting => 0,
        SessionStatus::Connected => 1,
        SessionStatus::CatchingUp => 2,
        SessionStatus::Reconnecting => 3,
        SessionStatus::Closed => 4,
    }
}
