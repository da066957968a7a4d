//! The steps that the engine asks for, and how the driver performs them.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;

use futures_channel::oneshot::Sender;
use js_sys::Array;
use rtbroadcaster_protocol::{EndReason, Outcome};

use super::{Answer, Driver, Resources};
use crate::registry::{Action, FunctionId};
use crate::step::Step;
use crate::web::Status;
use crate::web::callback::{Callback, Callbacks};
use crate::web::environment::{in_next_task, now, warn};
use crate::web::error::{CloseReason, RoomError};
use crate::web::params::Params;
use crate::web::room::Room;
use crate::web::roster::RosterChange;

impl Driver {
    /// Performs one step.
    pub(super) fn perform(self: &Rc<Self>, step: Step<Array>) {
        match step {
            Step::Connect(way) => self.take_way(way),
            Step::Disconnect => self.disconnect(),
            Step::Send(text) => {
                if let Some(connection) = self.connection() {
                    connection.send(&text);
                    self.inner.borrow_mut().may_have_unsent = true;
                }
            }
            Step::ArmTimer(at) => {
                if let Some(timer) = &mut self.inner.borrow_mut().resources.timer {
                    timer.arm(at);
                }
            }
            Step::Enter => self.enter(),
            Step::Refuse(reason) => self.refuse(&reason),
            Step::Run(number, action) => self.run(number, action),
            Step::TellStatus => {
                let status = self.engine().status();
                self.call_back(|callbacks| &callbacks.status, status);
            }
            Step::TellCleared(slot) => self.call_back(|callbacks| &callbacks.clear, slot),
            Step::TellResync => self.call_back(|callbacks| &callbacks.resync, ()),
            Step::TellRetry => {
                let error = CloseReason::from(self.engine().ending(None)).into();
                self.call_back(|callbacks| &callbacks.retry, error);
            }
            Step::TellAudience => {
                let audience = self.engine().audience();
                if let Some(audience) = audience {
                    self.call_back(|callbacks| &callbacks.audience, audience);
                }
            }
            Step::TellOwner(presence) => self.call_back(|callbacks| &callbacks.owner, presence),
            Step::ReportNoFunction(key) => self.report(RoomError::no_function(&key)),
            Step::ReportUnreadable => self.report(RoomError::unreadable()),
            Step::ReportRefusal(refusal) => self.report(refusal.into()),
            Step::Answer(ticket, outcome) => self.settle(ticket, outcome),
            Step::QueueHasSpace(count) => {
                let ready: Vec<_> = {
                    let waiting = &mut self.inner.borrow_mut().resources.pending_ready;
                    waiting.drain(..(count as usize).min(waiting.len())).collect()
                };
                ready.into_iter().for_each(|pending| resolve(pending, Ok(())));
            }
            Step::End(reason) => self.end(&reason),
        }
    }

    fn enter(self: &Rc<Self>) {
        let pending = self.inner.borrow_mut().pending_room.take();
        let is_awaited = pending.is_some_and(|pending| pending.send(Ok(Room::new(Rc::clone(self)))).is_ok());
        if !is_awaited {
            drop(self.close());
        }
        let driver = Rc::clone(self);
        // Functions that the program registers before the next task miss nothing.
        in_next_task(move || {
            driver.inner.borrow_mut().engine.open_delivery();
            driver.pump();
        });
    }

    fn refuse(&self, reason: &EndReason) {
        let (resources, reason) = self.release(reason);
        drop(resources);
        let pending = self.inner.borrow_mut().pending_room.take();
        if let Some(pending) = pending {
            resolve(pending, Err(reason.into()));
        }
    }

    fn run(&self, number: FunctionId, action: Action<Array>) {
        let function = self.inner.borrow().resources.functions.get(&number).cloned();
        let Some(function) = function else { return };
        let late_us = action.at.and_then(|at| self.microseconds_after(at));
        self.inner.borrow_mut().late_us = late_us;
        let result = function.call(Params::new(action.params));
        self.inner.borrow_mut().late_us = None;
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.report(error.with_key(&action.key)),
            Err(thrown) => self.report(RoomError::function_failed(&action.key, &thrown)),
        }
    }

    /// How many microseconds ago this moment of the server's clock was; 0 if it is to come. None if
    /// the page doesn't know that clock.
    fn microseconds_after(&self, at: u64) -> Option<u64> {
        let (now, at_us) = (now(), i64::try_from(at).ok()?.saturating_mul(1_000));
        let time_us = self.engine().clock(now)?.time_us(now);
        u64::try_from(time_us.saturating_sub(at_us).max(0)).ok()
    }

    fn call_back<A>(&self, field: fn(&Callbacks) -> &Option<Callback<A>>, argument: A) {
        let callback = field(&self.inner.borrow().resources.callbacks).clone();
        if let Some(callback) = callback {
            callback.notify(argument);
        }
    }

    /// Tells the program who came and went.
    pub(in crate::web) fn tell_roster(&self, change: RosterChange) {
        self.call_back(|callbacks| &callbacks.roster, change);
    }

    /// Reports an error after which the room goes on.
    pub(in crate::web) fn report(&self, error: RoomError) {
        let callback = self.inner.borrow().resources.callbacks.error.clone();
        match callback {
            Some(callback) => callback.notify(error),
            None => warn(&alloc::format!("{error}")),
        }
    }

    fn settle(&self, ticket: u64, outcome: Outcome) {
        let pending = self.inner.borrow_mut().resources.pending_answers.remove(&ticket);
        let Some((sender, key)) = pending else { return };
        let answer = match outcome {
            Outcome::Appended(seq) => Ok(Some(seq)),
            Outcome::Replaced => Ok(None),
            Outcome::Refused { refusal, .. } => Err(RoomError::from(refusal).with_key(&key)),
        };
        self.give_answer(sender, answer);
    }

    /// Gives an answer. An error that nobody awaits is reported.
    pub(super) fn give_answer(&self, sender: Sender<Answer>, answer: Answer) {
        if let Err(Err(error)) = sender.send(answer)
            && !self.inner.borrow().is_over
        {
            self.report(error);
        }
    }

    fn end(&self, reason: &EndReason) {
        let (resources, reason) = self.release(reason);
        let Resources {
            connection,
            token,
            kept,
            timer,
            wake,
            functions,
            callbacks,
            pending_answers,
            pending_ready,
            pending_closes,
            questions,
            turn: _,
        } = resources;
        drop((questions, connection, token, timer, wake, functions));
        if let Some(kept) = kept {
            let uuid = self.engine().uuid().map(ToOwned::to_owned);
            kept.note_end(&uuid.unwrap_or_default(), &reason.code);
        }
        if let Some(callback) = callbacks.close {
            callback.notify(reason);
        }
        if let Some(callback) = callbacks.status {
            callback.notify(Status::Closed);
        }
        // Of those that nobody awaits, one is reported.
        let mut dropped = None;
        for (sender, key) in pending_answers.into_values() {
            if let Err(Err(error)) = sender.send(Err(RoomError::unanswered().with_key(&key))) {
                dropped.get_or_insert(error);
            }
        }
        if let (Some(error), Some(callback)) = (dropped, callbacks.error) {
            callback.notify(error);
        }
        pending_ready.into_iter().for_each(|pending| resolve(pending, Err(RoomError::closed())));
        pending_closes.into_iter().for_each(|pending| resolve(pending, ()));
    }

    /// Ends the session and returns all that must be dropped. The caller drops it when nothing is
    /// borrowed, because that may run the program's code.
    fn release(&self, reason: &EndReason) -> (Resources, CloseReason) {
        let mut inner = self.inner.borrow_mut();
        inner.is_over = true;
        let ending = CloseReason::from(inner.engine.ending(Some(reason)));
        let reason = inner.connector.give_up().map_or(ending, CloseReason::from);
        (mem::take(&mut inner.resources), reason)
    }
}

/// Completes a future. It may have been dropped; then nothing happens.
fn resolve<T>(sender: Sender<T>, value: T) {
    drop(sender.send(value));
}
