/**
 * A room as an element: importing this defines `<rt-room>`.
 *
 * ```html
 * <rt-room server="/broadcasting" uuid="…" functions="goTo laser"></rt-room>
 * ```
 *
 * | attribute | |
 * |---|---|
 * | `server` | the server's websocket address |
 * | `uuid` | the room to follow; without it the element owns a room |
 * | `functions` | the function keys that the owner may call: each call is an event of that name, whose `detail` is the params |
 * | `resume`, `share-audience` | as the options of `create`; `resume` may have a name as its value |
 * | `status` | set by the element: where it stands |
 *
 * The room is entered when the element gets into a document, and closed or left when it gets out of it or `server` or
 * `uuid` change. The other attributes are read when it is entered. Events: `rt-enter` with the room, `rt-error` with the
 * error if it can't be entered, and every callback of a room under its name, as `rt-status` for `onstatus`, with what the callback is
 * called with as `detail`.
 *
 * @module
 */

import type { Room } from "rtbroadcaster";

/** The element's class; `document.querySelector("rt-room")` is of it. */
export class RoomElement extends HTMLElement {
  /** The room, once it is entered: `rt-enter` says when. */
  readonly room: Room | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "rt-room": RoomElement;
  }
}
