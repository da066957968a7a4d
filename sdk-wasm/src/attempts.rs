//! Whether a room goes over a websocket or over plain HTTP.
//!
//! A websocket fails where websockets are blocked, but also where there is no network or no server.
//! So a page goes over HTTP only if the server has answered a request, and a websocket that was
//! begun after that fails as well. While it goes over HTTP, it tries a websocket now and then.

use rtbroadcaster_protocol::Timestamp;

/// Before each attempt in a row whose number is a multiple of this one, the server is asked over
/// HTTP whether it is there.
const ATTEMPTS_BEFORE_PROBE: u32 = 3;
/// How long a websocket may take to open after the server has answered, in milliseconds.
const WEBSOCKET_TIMEOUT_MS: u64 = 2_000;
/// How long a room goes over HTTP before it tries a websocket, in milliseconds. The wait doubles
/// each time.
const FIRST_TRIAL_MS: u64 = 30_000;
/// The longest of these waits, in milliseconds.
const LONGEST_WAIT_MS: u64 = 600_000;

/// What the shell is to do beside what the session asks for.
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
    /// The same; the server has answered, so HTTP is next, at this time at the latest.
    Proven(Timestamp),
    /// The room goes over HTTP, or did last. A websocket is tried at this time.
    Http(Timestamp),
}

/// The attempts of one room to connect.
pub(crate) struct Attempts {
    /// The number of attempts in a row without an open connection.
    in_row: u32,
    stage: Stage,
    /// How long to go over HTTP before the next trial.
    trial_wait_ms: u64,
    /// The status of the server's last answer to a probe: see [`crate::ending`].
    probed: u16,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self { in_row: 0, stage: Stage::Idle, trial_wait_ms: FIRST_TRIAL_MS, probed: 0 }
    }

    /// The status of the server's last answer to a probe; 0 if there was none.
    pub(crate) fn probed(&self) -> u16 {
        self.probed
    }

    /// When to come back with [`Attempts::go_on`]; none if there is nothing to wait for.
    pub(crate) fn next_timeout(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Proven(at) | Stage::Http(at) => Some(at),
            _ => None,
        }
    }

    /// Begins an attempt.
    pub(crate) fn begin(&mut self) -> Way {
        if let Stage::Http(_) = self.stage {
            self.probe_next();
        }
        self.in_row += 1;
        if self.in_row.is_multiple_of(ATTEMPTS_BEFORE_PROBE) {
            self.stage = Stage::Probing;
            return Way::Probe;
        }
        self.stage = Stage::Opening;
        Way::Websocket
    }

    /// Notes the answer to a probe; 0 stands for none. Returns how to go on.
    pub(crate) fn note_probed(&mut self, now: Timestamp, status: u16) -> Option<Way> {
        self.probed = status;
        if self.stage != Stage::Probing {
            return None;
        }
        let is_there = (200..300).contains(&status);
        self.stage = if is_there { Stage::Proven(now.after(WEBSOCKET_TIMEOUT_MS)) } else { Stage::Opening };
        Some(Way::Websocket)
    }

    /// Notes that the connection is open.
    pub(crate) fn note_opened(&mut self) {
        self.in_row = 0;
        if !matches!(self.stage, Stage::Http(_)) {
            *self = Self::new();
        }
    }

    /// Notes that a connection is given up.
    pub(crate) fn note_given_up(&mut self) {
        if matches!(self.stage, Stage::Opening | Stage::Proven(_)) {
            // It took too long, and so would the next one: perhaps websockets are blocked.
            self.probe_next();
        }
        if !matches!(self.stage, Stage::Http(_)) {
            self.stage = Stage::Idle;
        }
    }

    /// Notes that time has passed, or that a connection was closed. Returns what to do; after a
    /// close, the session need not be told if this is something.
    pub(crate) fn go_on(&mut self, now: Timestamp, is_closed: bool) -> Option<Way> {
        let way = match self.stage {
            Stage::Proven(at) if is_closed || now >= at => Way::Http,
            Stage::Http(at) if !is_closed && now >= at => Way::Trial,
            _ => return None,
        };
        self.stage = Stage::Http(now.after(self.trial_wait_ms));
        self.trial_wait_ms = (2 * self.trial_wait_ms).min(LONGEST_WAIT_MS);
        Some(way)
    }

    /// Notes that a trial has opened. Returns whether to leave HTTP for a websocket.
    pub(crate) fn leaves_http(&mut self) -> bool {
        let is_on_http = matches!(self.stage, Stage::Http(_));
        if is_on_http {
            self.stage = Stage::Idle;
        }
        is_on_http
    }

    /// Notes that the page is online again: what failed before says nothing.
    pub(crate) fn note_online(&mut self, now: Timestamp) {
        self.in_row = 0;
        if let Stage::Http(at) = &mut self.stage {
            *at = now;
        }
    }

    fn probe_next(&mut self) {
        self.in_row = ATTEMPTS_BEFORE_PROBE - 1;
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const T: Timestamp = Timestamp(1_000);

    /// A room whose websockets have failed, up to the probe before the third.
    fn probing() -> Attempts {
        let mut attempts = Attempts::new();
        assert_eq!((attempts.begin(), attempts.begin()), (Way::Websocket, Way::Websocket));
        assert_eq!(attempts.begin(), Way::Probe);
        attempts
    }

    /// A room that goes over HTTP since [`T`].
    fn on_http() -> Attempts {
        let mut attempts = probing();
        attempts.note_probed(T, 200);
        assert_eq!(attempts.go_on(T, true), Some(Way::Http));
        attempts.note_opened();
        attempts
    }

    #[wasm_bindgen_test]
    fn without_an_answer_to_a_probe_a_room_keeps_to_websockets() {
        let mut attempts = Attempts::new();
        for _ in 0..5 {
            for way in [Way::Websocket, Way::Websocket, Way::Probe] {
                assert_eq!(attempts.begin(), way);
                assert!(way == Way::Probe || attempts.go_on(T, true).is_none());
            }
            assert_eq!(attempts.note_probed(T, 502), Some(Way::Websocket));
            assert_eq!(attempts.probed(), 502);
            assert_eq!(attempts.go_on(T, true), None);
        }
        attempts.note_opened();
        assert_eq!((attempts.begin(), attempts.begin()), (Way::Websocket, Way::Websocket));
    }

    #[wasm_bindgen_test]
    fn only_a_websocket_that_fails_after_a_positive_probe_leads_to_http() {
        let mut opens = probing();
        assert_eq!(opens.note_probed(T, 200), Some(Way::Websocket));
        opens.note_opened();
        assert_eq!(opens.go_on(T, true), None, "it was open before");

        let mut fails = probing();
        fails.note_probed(T, 200);
        assert_eq!(fails.go_on(T, true), Some(Way::Http));

        let mut hangs = probing();
        hangs.note_probed(T, 200);
        let until = hangs.next_timeout().unwrap();
        assert_eq!((hangs.go_on(T, false), hangs.go_on(until, false)), (None, Some(Way::Http)));
    }

    #[wasm_bindgen_test]
    fn an_answer_that_comes_too_late_changes_nothing() {
        let mut attempts = probing();
        attempts.note_given_up();
        assert_eq!(attempts.note_probed(T, 200), None);
        assert_eq!(attempts.begin(), Way::Websocket);
        assert_eq!(attempts.note_probed(T, 200), None);
        assert_eq!(attempts.go_on(T, true), None);
    }

    #[wasm_bindgen_test]
    fn after_an_attempt_that_was_given_up_or_went_over_http_the_server_is_asked_at_once() {
        let mut attempts = Attempts::new();
        attempts.begin();
        attempts.note_given_up();
        assert_eq!(attempts.begin(), Way::Probe);
        assert_eq!(on_http().begin(), Way::Probe);
    }

    #[wasm_bindgen_test]
    fn over_http_a_websocket_is_tried_ever_less_often_and_taken_when_it_opens() {
        let mut attempts = on_http();
        let mut last = T;
        for wait in [30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000] {
            let at = attempts.next_timeout().unwrap();
            assert_eq!(at.since(last), wait);
            assert_eq!(attempts.go_on(at, false), Some(Way::Trial));
            last = at;
        }
        assert!(attempts.leaves_http() && !attempts.leaves_http());
        assert_eq!(attempts.begin(), Way::Websocket);
    }

    #[wasm_bindgen_test]
    fn when_the_network_is_back_all_begins_anew() {
        let mut attempts = Attempts::new();
        attempts.begin();
        attempts.begin();
        attempts.note_online(T);
        assert_eq!((attempts.begin(), attempts.begin()), (Way::Websocket, Way::Websocket));
        let mut attempts = on_http();
        attempts.note_online(T);
        assert_eq!(attempts.go_on(T, false), Some(Way::Trial));
    }
}
