//! The parts of a step, which js/parts.js notes until the page performs the step. It calls nothing
//! else.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::enums::Status;

#[cfg_attr(feature = "npm", wasm_bindgen(raw_module = "./parts.js"))]
#[cfg_attr(not(feature = "npm"), wasm_bindgen(module = "/js/bundled.js"))]
extern "C" {
    /// The text, the number and the seq of the step: see [`StepName`](crate::enums::StepName).
    pub(crate) fn note(text: &str, number: f64, seq: f64);

    /// The code and message of an error, a refusal or an end.
    #[wasm_bindgen(js_name = noteError)]
    pub(crate) fn note_error(code: &str, message: &str);

    /// The status that the page is told next.
    #[wasm_bindgen(js_name = noteStatus)]
    pub(crate) fn note_status(status: Status);

    /// The number of followers that the page is told next.
    #[wasm_bindgen(js_name = noteAudience)]
    pub(crate) fn note_audience(connected: f64, lagging: f64);
}
