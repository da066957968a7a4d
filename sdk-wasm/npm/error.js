// The `RoomError` of `qr` and the options `resume` and `schemas`. js/errors.js, which is bundled
// into index.js, makes the same ones.

export function roomError(code, message, cause) {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: "RoomError", code });
}

/** Calls `onerror`, or warns on the console if there is none. */
export function report(target, error) {
  if (!target.onerror) return console.warn(error);
  // It may return a promise.
  new Promise((resolve) => resolve(target.onerror(error))).catch((failure) => console.error(failure));
}
