// `room.qr`: a QR code that phones read off the screen. Loaded only if asked for. The library uqr
// becomes a part of it when the package is packed.

import { renderSVG } from "uqr";

import { roomError } from "./error.js";

/** The error correction and the quiet zone that phones at the back of a hall need. */
const OPTIONS = { ecc: "M", border: 4 };

/** The text as an SVG. Without a text, it is the address of this page with the room behind `#`. */
export function qr({ code, uuid, ownerKey }, text = pageOf(code ?? uuid)) {
  if (typeof text !== "string" || text === "") throw invalid("`text` must be a string that isn't empty");
  if (ownerKey && text.includes(ownerKey)) {
    throw invalid("`text` holds the room's `ownerKey`: whoever reads the QR code would own the room");
  }
  try {
    return renderSVG(text, OPTIONS);
  } catch (cause) {
    throw invalid("`text` is too long for a QR code: 2,331 bytes are the most", cause);
  }
}

function pageOf(room) {
  if (globalThis.document === undefined) throw invalid("there is no page whose address could be shown: give `text`");
  return new URL(`#${room}`, location.href).href;
}

const invalid = (message, cause) => roomError("invalid_argument", message, cause);
