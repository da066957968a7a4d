//! What the core wants done, and how the program is told of it.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;

use futures_channel::oneshot::Sender;
use js_sys::Array;
use rtbroadcaster_protocol::{EndReason, Input, Outcome};

use super::{Driver, Held};
use crate::registry::{Action, FunctionNumber};
use crate::step::Step;
use crate::web::Status;
use crate::web::callback::{Callback, Callbacks};
use crate::web::ending::Ending;
use crate::web::environment::{in_next_task, now, warn};
use crate::web::error::{CloseReason, RoomError};
use crate::web::params::Params;
use crate::web::room::Room;
use crate::web::socket::Socket;

impl Driver {
    /// Takes one step.
    pub(super) fn take(self: &Rc<Self>, step: Step<Array>) {
        match step {
            Step::Connect => self.connect(),
            Step::Disconnect => {
                let socket = self.inner.borrow_mut().held.socket.take();
                drop(socket);
            }
            Step::Send(text) => {
                if let Some(socket) = self.socket() {
                    socket.send(&text);
                    self.inner.borrow_mut().is_unsent = true;
                }
            }
            Step::Arm(at) => {
                if let Some(timer) = &mut self.inner.borrow_mut().held.timer {
                    timer.arm(at);
                }
            }
            Step::Enter => self.enter(),
            Step::Refuse(reason) => self.refuse(reason),
            Step::Run(number, action) => self.run(number, action),
            Step::TellStatus => {
                let status = self.core().status();
                self.tell(|callbacks| &callbacks.status, status);
            }
            Step::TellCleared(slot) => self.tell(|callbacks| &callbacks.clear, slot),
            Step::TellResync => self.tell(|callbacks| &callbacks.resync, ()),
            Step::TellAudience => {
                let audience = self.core().audience();
                if let Some(audience) = audience {
                    self.tell(|callbacks| &callbacks.audience, audience);
                }
            }
            Step::TellOwner(presence) => self.tell(|callbacks| &callbacks.owner, presence),
            Step::ReportNoFunction(key) => self.report(RoomError::no_function(&key)),
            Step::ReportUnreadable => self.report(RoomError::unreadable()),
            Step::ReportRefusal(refusal) => self.report(refusal.into()),
            Step::Answer(ticket, outcome) => self.settle(ticket, outcome),
            Step::HasRoom(count) => {
                let have_waited: Vec<_> = {
                    let waiting = &mut self.inner.borrow_mut().held.waiting;
                    waiting.drain(..(count as usize).min(waiting.len())).collect()
                };
                have_waited.into_iter().for_each(|waiting| tell_waiting(waiting, Ok(())));
            }
            Step::End(reason) => self.end(reason),
        }
    }

    fn connect(self: &Rc<Self>) {
        let (address, class) = {
            let inner = self.inner.borrow();
            (inner.address.clone(), inner.web_socket.clone())
        };
        let opened = Socket::open(&address, class.as_ref(), self);
        let mut inner = self.inner.borrow_mut();
        let former = match opened {
            Ok(socket) => inner.held.socket.replace(Rc::new(socket)),
            Err(cause) => {
                inner.no_socket = Some(alloc::format!("{cause:?}"));
                inner.core.handle(now(), Input::Close);
                None
            }
        };
        drop(inner);
        drop(former);
    }

    fn enter(self: &Rc<Self>) {
        let entry = self.inner.borrow_mut().entry.take();
        let is_awaited = entry.is_some_and(|entry| entry.send(Ok(Room::new(Rc::clone(self)))).is_ok());
        if !is_awaited {
            drop(self.close());
        }
        let driver = Rc::clone(self);
        // What the program registers before the next task misses nothing.
        in_next_task(move || {
            driver.inner.borrow_mut().core.open();
            driver.pump();
        });
    }

    fn refuse(&self, reason: EndReason) {
        let (held, reason) = self.release(reason);
        drop(held);
        let entry = self.inner.borrow_mut().entry.take();
        if let Some(entry) = entry {
            tell_waiting(entry, Err(reason.into()));
        }
    }

    fn run(&self, number: FunctionNumber, action: Action<Array>) {
        let function = self.inner.borrow().held.functions.get(&number).cloned();
        let Some(function) = function else { return };
        match function.call(Params::new(action.params)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.report(error.about(&action.key)),
            Err(thrown) => self.report(RoomError::function_failed(&action.key, &thrown)),
        }
    }

    fn tell<A>(&self, place: fn(&Callbacks) -> &Option<Callback<A>>, argument: A) {
        let callback = place(&self.inner.borrow().held.callbacks).clone();
        if let Some(callback) = callback {
            callback.tell(argument);
        }
    }

    fn report(&self, error: RoomError) {
        let callback = self.inner.borrow().held.callbacks.error.clone();
        match callback {
            Some(callback) => callback.tell(error),
            None => warn(&alloc::format!("{error}")),
        }
    }

    fn settle(&self, ticket: u64, outcome: Outcome) {
        let asked = self.inner.borrow_mut().held.answers.remove(&ticket);
        let Some((sender, key)) = asked else { return };
        let answer = match outcome {
            Outcome::Appended(seq) => Ok(Some(seq)),
            Outcome::Replaced => Ok(None),
            Outcome::Refused { refusal, .. } => Err(RoomError::from(refusal).about(&key)),
        };
        tell_waiting(sender, answer);
    }

    fn end(&self, reason: EndReason) {
        let (held, reason) = self.release(reason);
        let Held { socket, timer, wake, functions, callbacks, answers, waiting, closers } = held;
        drop((socket, timer, wake, functions));
        if let Some(callback) = callbacks.close {
            callback.tell(reason);
        }
        if let Some(callback) = callbacks.status {
            callback.tell(Status::Closed);
        }
        for (sender, key) in answers.into_values() {
            tell_waiting(sender, Err(RoomError::unanswered().about(&key)));
        }
        waiting.into_iter().for_each(|waiting| tell_waiting(waiting, Err(RoomError::closed())));
        closers.into_iter().for_each(|closer| tell_waiting(closer, ()));
    }

    /// Takes out all that is to be let go, for the caller to drop: that may run the program's code.
    fn release(&self, reason: EndReason) -> (Held, CloseReason) {
        let mut inner = self.inner.borrow_mut();
        inner.is_over = true;
        let ending = Ending::new(reason, inner.core.is_owner());
        let reason = CloseReason::new(ending, inner.no_socket.take());
        (mem::take(&mut inner.held), reason)
    }
}

/// Tells somebody who may have stopped waiting.
fn tell_waiting<T>(sender: Sender<T>, value: T) {
    drop(sender.send(value));
}
