//! Whether a room goes over a websocket or over plain HTTP.
//!
//! A websocket fails where websockets are blocked, but also where there is no network or no server.
//! So a page goes over HTTP only if the server has answered a request, and a websocket that was
//! begun after that fails as well. While it goes over HTTP, it tries a websocket now and then.

use rtbroadcaster_protocol::{CloseCode, Timestamp};

use crate::decisions::SWITCHING_PROTOCOLS;

/// Before each attempt in a row whose number is a multiple of this one, the server is asked over
/// HTTP whether it is there.
const ATTEMPTS_BEFORE_PROBE: u32 = 3;
/// How long a websocket may take to open after the server has answered, in milliseconds.
const WEBSOCKET_TIMEOUT_MS: u64 = 2_000;
/// How long a room goes over HTTP before it tries a websocket, in milliseconds.
const TRIAL_EVERY_MS: u64 = 60_000;

/// A step towards a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Open a websocket as the room's connection.
    Websocket,
    /// Ask the server over HTTP whether it is there.
    Probe,
    /// Open a connection over HTTP.
    Http,
    /// Open a websocket that is only a trial.
    Trial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is no attempt, or a websocket is open.
    Idle,
    /// The server is asked whether it is there.
    Probing,
    /// A websocket is being opened.
    Opening,
    /// The same; the server has answered, so HTTP is next, at `at` at the latest.
    Proven,
    /// The room goes over HTTP, or did last. A websocket is tried at `at`.
    Http,
}

/// The attempts of one room to connect.
pub(crate) struct Attempts {
    /// The number of attempts in a row without an open connection.
    in_row: u32,
    stage: Stage,
    at: Timestamp,
    /// The status of the server's last answer to a probe; 0 if there was none.
    pub(crate) probed: u16,
    /// The next attempt is no new beginning: a room that goes over HTTP stays there.
    pub(crate) enters_anew: bool,
    /// What the shell is to do next; it is taken from here.
    pub(crate) way: Option<Way>,
}

impl Attempts {
    /// In place of a code: time has passed.
    pub(crate) const TIME: u16 = u16::MAX;

    pub(crate) fn new() -> Self {
        Self { in_row: 0, stage: Stage::Idle, at: Timestamp(0), probed: 0, enters_anew: false, way: None }
    }

    /// When to come back with [`Attempts::TIME`]; none if there is nothing to wait for.
    pub(crate) fn next_timeout(&self) -> Option<Timestamp> {
        matches!(self.stage, Stage::Proven | Stage::Http).then_some(self.at)
    }

    /// Begins an attempt.
    pub(crate) fn begin(&mut self) {
        if core::mem::take(&mut self.enters_anew) && self.stage == Stage::Http {
            self.way = Some(Way::Http);
            return;
        }
        if self.stage == Stage::Http {
            self.in_row = ATTEMPTS_BEFORE_PROBE - 1;
        }
        self.in_row += 1;
        let probes = self.in_row.is_multiple_of(ATTEMPTS_BEFORE_PROBE);
        (self.stage, self.way) =
            if probes { (Stage::Probing, Some(Way::Probe)) } else { (Stage::Opening, Some(Way::Websocket)) };
    }

    /// Notes a code: a connection was closed with it, or it is the HTTP status of a probe or trial,
    /// or [`Attempts::TIME`]. Returns whether the session is to be told.
    pub(crate) fn note(&mut self, now: Timestamp, code: u16) -> bool {
        let is_due = code == Self::TIME && now >= self.at;
        let is_close = code >= CloseCode::FIRST;
        match self.stage {
            Stage::Probing if !is_close => {
                self.probed = code;
                self.stage = if code / 100 == 2 { Stage::Proven } else { Stage::Opening };
                self.at = now.after(WEBSOCKET_TIMEOUT_MS);
                self.way = Some(Way::Websocket);
                false
            }
            Stage::Http if code == SWITCHING_PROTOCOLS => {
                self.stage = Stage::Idle;
                true
            }
            Stage::Proven | Stage::Http
                if is_due || (is_close && self.stage == Stage::Proven && code != Self::TIME) =>
            {
                self.way = Some(if self.stage == Stage::Http { Way::Trial } else { Way::Http });
                self.stage = Stage::Http;
                self.at = now.after(TRIAL_EVERY_MS);
                is_due
            }
            _ => is_close,
        }
    }

    /// Notes that the connection is open.
    pub(crate) fn note_opened(&mut self) {
        self.in_row = 0;
        self.probed = 0;
        self.leave_stage();
    }

    /// Notes that a connection is given up.
    pub(crate) fn note_given_up(&mut self) {
        self.way = None;
        if let Stage::Opening | Stage::Proven = self.stage {
            // It took too long, and so would the next one: perhaps websockets are blocked.
            self.in_row = ATTEMPTS_BEFORE_PROBE - 1;
        }
        self.leave_stage();
    }

    /// Ends the attempt. That a room goes over HTTP is known until the next one.
    #[inline(never)]
    fn leave_stage(&mut self) {
        if self.stage != Stage::Http {
            self.stage = Stage::Idle;
        }
    }

    /// Notes that the page is online again: what failed before says nothing.
    pub(crate) fn note_online(&mut self, now: Timestamp) {
        self.in_row = 0;
        if self.stage == Stage::Http {
            self.at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const T: Timestamp = Timestamp(1_000);
    /// The close code of a websocket that could not be opened.
    const LOST: u16 = 1006;

    fn begin(attempts: &mut Attempts) -> Way {
        attempts.begin();
        attempts.way.take().unwrap()
    }

    /// What comes after a code, if the session is not told of it.
    fn note(attempts: &mut Attempts, now: Timestamp, code: u16) -> Option<Way> {
        let is_told = attempts.note(now, code);
        let way = attempts.way.take();
        assert!(code == Attempts::TIME || is_told == (code >= CloseCode::FIRST && way.is_none()));
        way
    }

    /// A room whose websockets have failed, up to the probe before the third.
    fn probing() -> Attempts {
        let mut attempts = Attempts::new();
        assert_eq!((begin(&mut attempts), begin(&mut attempts)), (Way::Websocket, Way::Websocket));
        assert_eq!(begin(&mut attempts), Way::Probe);
        attempts
    }

    /// A room that goes over HTTP since [`T`].
    fn on_http() -> Attempts {
        let mut attempts = probing();
        note(&mut attempts, T, 200);
        assert_eq!(note(&mut attempts, T, LOST), Some(Way::Http));
        attempts.note_opened();
        attempts
    }

    #[wasm_bindgen_test]
    fn without_an_answer_to_a_probe_a_room_keeps_to_websockets() {
        let mut attempts = Attempts::new();
        for _ in 0..5 {
            for way in [Way::Websocket, Way::Websocket, Way::Probe] {
                assert_eq!(begin(&mut attempts), way);
                assert!(way == Way::Probe || note(&mut attempts, T, LOST).is_none());
            }
            assert_eq!(note(&mut attempts, T, 502), Some(Way::Websocket));
            assert_eq!(attempts.probed, 502);
            assert_eq!(note(&mut attempts, T, LOST), None);
        }
        attempts.note_opened();
        assert_eq!((begin(&mut attempts), begin(&mut attempts)), (Way::Websocket, Way::Websocket));
    }

    #[wasm_bindgen_test]
    fn only_a_websocket_that_fails_after_a_positive_probe_leads_to_http() {
        let mut opens = probing();
        assert_eq!(note(&mut opens, T, 200), Some(Way::Websocket));
        opens.note_opened();
        assert_eq!(note(&mut opens, T, LOST), None, "it was open before");

        let mut fails = probing();
        note(&mut fails, T, 200);
        assert_eq!(note(&mut fails, T, LOST), Some(Way::Http));

        let mut hangs = probing();
        note(&mut hangs, T, 200);
        let until = hangs.next_timeout().unwrap();
        assert_eq!(
            (note(&mut hangs, T, Attempts::TIME), note(&mut hangs, until, Attempts::TIME)),
            (None, Some(Way::Http))
        );
    }

    #[wasm_bindgen_test]
    fn an_answer_that_comes_too_late_changes_nothing() {
        let mut attempts = probing();
        attempts.note_given_up();
        assert_eq!(note(&mut attempts, T, 200), None);
        assert_eq!(begin(&mut attempts), Way::Websocket);
        assert_eq!(note(&mut attempts, T, 200), None);
        assert_eq!(note(&mut attempts, T, LOST), None);
    }

    #[wasm_bindgen_test]
    fn after_an_attempt_that_was_given_up_or_went_over_http_the_server_is_asked_at_once() {
        let mut attempts = Attempts::new();
        begin(&mut attempts);
        attempts.note_given_up();
        assert_eq!(begin(&mut attempts), Way::Probe);
        assert_eq!(begin(&mut on_http()), Way::Probe);
    }

    #[wasm_bindgen_test]
    fn over_http_a_websocket_is_tried_each_minute_and_taken_when_it_opens() {
        let mut attempts = on_http();
        for minute in 1..5 {
            let at = T.after(minute * 60_000);
            assert_eq!(attempts.next_timeout(), Some(at));
            assert_eq!(note(&mut attempts, at, Attempts::TIME), Some(Way::Trial));
        }
        assert!(attempts.note(T, SWITCHING_PROTOCOLS) && !attempts.note(T, SWITCHING_PROTOCOLS));
        assert_eq!(begin(&mut attempts), Way::Websocket);
    }

    #[wasm_bindgen_test]
    fn a_room_that_enters_anew_stays_on_http_unless_that_fails() {
        let mut attempts = on_http();
        attempts.enters_anew = true;
        attempts.note_given_up();
        assert_eq!(begin(&mut attempts), Way::Http);
        assert!(attempts.note(T, LOST));
        assert_eq!(begin(&mut attempts), Way::Probe);
        let mut over_websockets = Attempts::new();
        over_websockets.enters_anew = true;
        assert_eq!(begin(&mut over_websockets), Way::Websocket);
    }

    #[wasm_bindgen_test]
    fn when_the_network_is_back_all_begins_anew() {
        let mut attempts = Attempts::new();
        begin(&mut attempts);
        begin(&mut attempts);
        attempts.note_online(T);
        assert_eq!((begin(&mut attempts), begin(&mut attempts)), (Way::Websocket, Way::Websocket));
        let mut attempts = on_http();
        attempts.note_online(T);
        assert_eq!(note(&mut attempts, T, Attempts::TIME), Some(Way::Trial));
    }
}
