//! The engine as JavaScript drives it.
//!
//! js/room.js reports what happened, asks for one step after the other, and performs each step when
//! Rust has returned. All calls go through [`Bridge::call`] and take and return numbers only. Texts
//! cross by their addresses in memory:
//!
//! - JavaScript asks for memory ([`opcode::ALLOCATE_TEXT`]), writes a text there and says so
//!   ([`opcode::TEXT_WRITTEN`]). The text is an argument of the next call.
//! - JavaScript asks where a text of a step or an answer lies ([`opcode::READ_TEXT`]) and reads it.
//!
//! Timestamps are milliseconds of the page's monotonic clock.
//!
//! The fast path: js/room.js delivers frequent actions by itself and tells the engine later how far
//! it came ([`opcode::FAST_PATH_SEQ`] and the opcodes after it).

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

/// The engine of one room, with the arguments and results of its calls.
pub(crate) struct Bridge {
    engine: Engine<Params>,
    /// The numbers of the last step or answer.
    numbers: [f64; 2],
    /// The texts of the last step or answer, or the arguments of the next call. The last one is
    /// read first.
    texts: Vec<String>,
    /// The memory in which JavaScript writes a text.
    text_buffer: Vec<u8>,
    /// The text that JavaScript reads.
    read_text: String,
    shares_audience: bool,
}

impl Bridge {
    /// An engine that has not begun.
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

    /// Performs a call. `opcode` is one of the constants in [`opcode`], where the meaning of the
    /// other arguments is documented.
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

    /// Makes the text that JavaScript has written an argument of the next call.
    fn push_written_text(&mut self, bytes: usize) {
        let mut text = mem::take(&mut self.text_buffer);
        text.truncate(bytes);
        #[allow(unsafe_code, reason = "a check of what the browser wrote would cost every page 0.3 kB")]
        // SAFETY: only js/room.js writes there, by `TextEncoder.encodeInto`. It writes UTF-8
        // whatever the text is (Encoding Standard, section 7.4), and it returns how many bytes it
        // wrote. The zeroes that were there before are UTF-8 too.
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
        // The session's name is random, and a seed need not be more than that.
        let seed = session.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31) ^ u64::from(byte));
        let share_audience = self.shares_audience;
        self.engine = Engine::new(SessionOptions { goal, session, seed, connect_timeout_ms, share_audience });
    }

    /// Performs the calls that are no input for the session.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm an opcode; functions of their own would cost each page bytes"
    )]
    fn call_without_input(&mut self, opcode: u32, number: f64) -> f64 {
        match opcode {
            opcode::NEXT_STEP => {
                // Nobody will read the texts that are left of the step before.
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

    /// The ticket, or a number below 0 that says why the action was not accepted.
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

    /// The number of a step, whose name stands in js/room.js. The step's parts are left in
    /// `numbers` and `texts`, from where js/room.js reads them.
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
            // js/room.js finds the function by its key.
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

/// The cast loses nothing that matters: the time is neither negative nor near the end of u64, and
/// a fraction of a millisecond is irrelevant.
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
