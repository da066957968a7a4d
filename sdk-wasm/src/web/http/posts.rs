//! The actions that wait to be posted, and how they are answered.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use js_sys::Array;
use rtbroadcaster_protocol::{Refusal, RefusalCode, ServerFields, ServerMessage};
use wasm_bindgen::prelude::JsCast;

use super::exchange::Exchange;
use super::request::{Failure, Request, fields, text};
use crate::web::environment::after;
use crate::web::message::Fields;

/// An action that waits, as a line of JSON, with its id in the owner's session.
struct Line {
    text: String,
    id: u64,
}

impl Line {
    /// How many bytes it takes in a body, with its newline.
    fn bytes(&self) -> u64 {
        self.text.len() as u64 + 1
    }
}

/// The actions that wait.
#[derive(Default)]
pub(super) struct Posts {
    waiting: VecDeque<Line>,
    bytes: u64,
    /// A post is on its way. There is one at a time, so that the order is kept.
    pub(super) is_posting: bool,
}

impl Posts {
    pub(super) fn push(&mut self, text: &str, id: u64) {
        let line = Line { text: text.into(), id };
        self.bytes += line.bytes();
        self.waiting.push_back(line);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many bytes the server has not accepted yet.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes as many actions as one body may have, and one at least.
    pub(super) fn take_batch(&mut self, message_bytes: u64) -> Batch {
        let mut bytes = 0;
        let fitting = self.waiting.iter().take_while(|line| {
            bytes += line.bytes();
            bytes <= message_bytes + 1
        });
        let count = fitting.count().max(1).min(self.waiting.len());
        let lines: Vec<_> = self.waiting.drain(..count).collect();
        self.bytes -= lines.iter().map(Line::bytes).sum::<u64>();
        Batch(lines)
    }

    /// Puts actions that the server did not take back to the front.
    fn put_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.bytes += line.bytes();
            self.waiting.push_front(line);
        }
    }
}

/// The actions of one post.
pub(super) struct Batch(Vec<Line>);

impl Exchange {
    /// Posts actions, and hands the answers to the session.
    pub(super) async fn post_batch(self: Rc<Self>, batch: Batch, epoch: u64) -> Result<(), Failure> {
        let Batch(mut lines) = batch;
        let Some(first) = lines.first() else { return Ok(()) };
        let key = format!("{}:{}", self.session(), first.id);
        let texts: Vec<_> = lines.iter().map(|line| &*line.text).collect();
        let address = format!("{}/actions?epoch={epoch}", self.room());
        let request = self.as_owner(Request::new("POST", &address)?)?;
        let request = request.header("Idempotency-Key", &key)?;
        let request = request.body("application/x-ndjson", &texts.join("\n"))?;
        let response = match request.send(Some(&self.signal())).await {
            Err(Failure::Refused(refusal)) if refusal.code == RefusalCode::RateLimited.as_str() => {
                self.wait_and_post(lines, refusal.retry_after_ms);
                return Ok(());
            }
            // Another page drives now, or has claimed the room: the next connection learns it.
            Err(Failure::Refused(refusal)) if refusal.code == "superseded" => return Err(Failure::Lost),
            other => other?,
        };
        let results = fields(&text(&response).await?)?.get("results");
        let mut answers = Vec::new();
        for result in results.dyn_into::<Array>().map_err(|_| Failure::Lost)?.iter() {
            let result = Fields::of(result).ok_or(Failure::Lost)?;
            let Some(id) = result.count("id") else {
                // Too many actions were refused: the server did not read those from here on.
                let read = result.count("line").unwrap_or(1).saturating_sub(1) as usize;
                self.posts(|posts| posts.put_back(lines.split_off(read.min(lines.len()))));
                break;
            };
            answers.push(match result.error() {
                Some(refusal) => ServerMessage::Refused(Refusal { id: Some(id), ..refusal }),
                None => ServerMessage::Ack { id, seq: result.count("seq").ok_or(Failure::Lost)? },
            });
        }
        for answer in answers {
            self.receive(answer);
        }
        self.post_more();
        Ok(())
    }

    /// Nothing was accepted, because this owner is too fast. A websocket would not be read for a
    /// while; likewise this waits.
    fn wait_and_post(self: &Rc<Self>, lines: Vec<Line>, retry_after_ms: Option<u64>) {
        self.posts(|posts| posts.put_back(lines));
        let exchange = Rc::clone(self);
        after(retry_after_ms.unwrap_or(0), move || exchange.post_more());
    }

    fn post_more(self: &Rc<Self>) {
        self.posts(|posts| posts.is_posting = false);
        self.post();
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn ids(batch: &Batch) -> Vec<u64> {
        batch.0.iter().map(|line| line.id).collect()
    }

    #[wasm_bindgen_test]
    fn a_batch_is_as_large_as_a_body_may_be_and_has_one_action_at_least() {
        let mut posts = Posts::default();
        for (id, text) in [(1, "12"), (2, "123"), (3, "123456789"), (4, "1")] {
            posts.push(text, id);
        }
        assert_eq!(posts.bytes(), 19);
        // "12", a newline and "123" are six bytes.
        let batch = posts.take_batch(6);
        assert_eq!((ids(&batch), posts.bytes()), ([1, 2].into(), 12));
        posts.put_back(batch.0);
        assert_eq!((ids(&posts.take_batch(5)), posts.bytes()), ([1].into(), 16));
        assert_eq!(ids(&posts.take_batch(5)), [2]);
        assert_eq!(ids(&posts.take_batch(5)), [3]);
        assert_eq!(ids(&posts.take_batch(5)), [4]);
        assert!(posts.is_empty() && posts.bytes() == 0);
    }
}
