//! The program's functions, as the driver calls them.

use alloc::rc::Rc;
use core::cell::RefCell;

use js_sys::Array;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use super::environment::log_error;
use super::error::{CloseReason, RoomError};
use super::params::Params;
use super::roster::RosterChange;
use super::{Audience, OwnerPresence, Status};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Reflect, js_name = apply, catch)]
    fn apply(function: &mut dyn FnMut(), this: &JsValue, arguments: &Array) -> Result<(), JsValue>;
}

/// A function of the program that takes an `A`.
pub(super) struct Callback<A, R = ()>(Rc<RefCell<dyn FnMut(A) -> R>>);

/// A function that the owner may call. It fails if the params are not those that it takes.
pub(super) type Function = Callback<Params, Result<(), RoomError>>;

impl<A, R> Callback<A, R> {
    pub(super) fn new(function: impl FnMut(A) -> R + 'static) -> Self {
        Self(Rc::new(RefCell::new(function)))
    }

    /// Calls the function by way of JavaScript. There a panic is an exception that can be caught,
    /// so that one broken function does not stop the delivery to all others.
    ///
    /// # Errors
    /// What JavaScript caught. The panic's own message went to the panic hook.
    pub(super) fn call(&self, argument: A) -> Result<R, JsValue> {
        // A delivery never starts inside another one, so this does not happen.
        let Ok(mut function) = self.0.try_borrow_mut() else { return Err("it is running already".into()) };
        let (mut argument, mut result) = (Some(argument), None);
        let mut once = || result = argument.take().map(&mut *function);
        apply(&mut once, &JsValue::UNDEFINED, &Array::new())?;
        result.ok_or_else(|| "it was not called".into())
    }
}

impl<A> Callback<A> {
    /// Calls the function, and writes what goes wrong in it to the console.
    pub(super) fn notify(&self, argument: A) {
        if let Err(thrown) = self.call(argument) {
            log_error(&thrown);
        }
    }
}

impl<A, R> Clone for Callback<A, R> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// The callbacks that a program has set.
#[derive(Default)]
pub(super) struct Callbacks {
    pub(super) status: Option<Callback<Status>>,
    pub(super) close: Option<Callback<CloseReason>>,
    pub(super) error: Option<Callback<RoomError>>,
    pub(super) retry: Option<Callback<RoomError>>,
    pub(super) clear: Option<Callback<alloc::string::String>>,
    pub(super) owner: Option<Callback<OwnerPresence>>,
    pub(super) resync: Option<Callback<()>>,
    pub(super) audience: Option<Callback<Audience>>,
    pub(super) roster: Option<Callback<RosterChange>>,
}
