//! Who is there: how the driver asks, and what it does with what it hears.

use alloc::rc::Rc;

use rtbroadcaster_protocol::{Refusal, RosterQuery};

use super::Driver;
use crate::web::environment::after;
use crate::web::error::RoomError;
use crate::web::message::Fields;
use crate::web::pending::Pending;
use crate::web::roster::{Answered, Heard, Questions};

impl Driver {
    /// Asks who is there.
    pub(in crate::web) fn ask(self: &Rc<Self>, query: RosterQuery) -> Pending<Answered> {
        if self.inner.borrow().is_over {
            return Pending::known(Err(RoomError::closed()));
        }
        let (sender, answer) = Pending::later(|| Err(RoomError::closed()));
        let text = self.questions(|questions| questions.ask(query, Some(sender)));
        self.send_aside(&text);
        answer
    }

    /// Does something with the questions who is there.
    pub(in crate::web) fn questions<R>(&self, act: impl FnOnce(&mut Questions) -> R) -> R {
        act(&mut self.inner.borrow_mut().resources.questions)
    }

    /// Sends a text of which the engine knows nothing. Without a connection it is lost.
    pub(in crate::web) fn send_aside(&self, text: &str) {
        if let Some(connection) = self.connection() {
            connection.send(text);
        }
    }

    /// Refuses a question.
    pub(in crate::web) fn refuse_ask(self: &Rc<Self>, ask: u64, refusal: Refusal) {
        let heard = self.questions(|questions| questions.refuse(ask, refusal));
        self.do_as_heard(heard);
    }

    /// Takes a message of the server if it is for the roster. Returns whether it was.
    pub(super) fn hear_of_roster(self: &Rc<Self>, fields: &Fields) -> bool {
        let heard = self.questions(|questions| questions.hear(fields));
        self.do_as_heard(heard)
    }

    /// Returns whether the message is for the roster alone.
    fn do_as_heard(self: &Rc<Self>, heard: Heard) -> bool {
        match heard {
            Heard::Pass(texts) => {
                texts.iter().for_each(|text| self.send_aside(text));
                return false;
            }
            Heard::Done => {}
            Heard::AskLater(number, wait) => {
                let driver = Rc::downgrade(self);
                after(wait, move || {
                    let Some(driver) = driver.upgrade() else { return };
                    let text = driver.questions(|questions| questions.text(number));
                    text.iter().for_each(|text| driver.send_aside(text));
                });
            }
            Heard::Answer(sender, answer) => drop(sender.send(answer)),
            Heard::Tell(change) => self.tell_roster(change),
        }
        true
    }
}
