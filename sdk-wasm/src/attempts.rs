//! How often in a row no connection was opened, and when the next one takes another way.

/// At each attempt in a row with a multiple of this number, plain HTTP is tried: perhaps the server
/// is there, but websockets are blocked.
const ATTEMPTS_BEFORE_HTTP: u32 = 3;

/// The attempts of one room to connect.
pub(crate) struct Attempts {
    /// The number of attempts in a row without an open connection.
    in_row: u32,
    is_connecting: bool,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self { in_row: 0, is_connecting: false }
    }

    /// Begins an attempt. Returns whether to try plain HTTP first.
    pub(crate) fn begin(&mut self) -> bool {
        self.is_connecting = true;
        self.in_row += 1;
        self.in_row.is_multiple_of(ATTEMPTS_BEFORE_HTTP)
    }

    /// Notes that a connection is open.
    pub(crate) fn note_opened(&mut self) {
        *self = Self::new();
    }

    /// Notes that a connection is given up.
    pub(crate) fn note_given_up(&mut self) {
        if self.is_connecting {
            // It took too long. What blocks this websocket would block the next one too.
            self.in_row = ATTEMPTS_BEFORE_HTTP - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn every_third_attempt_in_a_row_tries_plain_http() {
        let mut attempts = Attempts::new();
        let tries: [bool; 6] = core::array::from_fn(|_| attempts.begin());
        assert_eq!(tries, [false, false, true, false, false, true]);
        attempts.note_opened();
        assert!(!attempts.begin() && !attempts.begin() && attempts.begin());
    }

    #[wasm_bindgen_test]
    fn an_attempt_that_is_given_up_makes_the_next_one_try_plain_http() {
        let mut attempts = Attempts::new();
        attempts.begin();
        attempts.note_given_up();
        assert!(attempts.begin());
        attempts.note_opened();
        attempts.note_given_up();
        assert!(!attempts.begin(), "it was open before it was given up");
    }
}
