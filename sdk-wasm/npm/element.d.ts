/**
 * A room as an element: importing this defines `<rt-room>`.
 *
 * ```html
 * <rt-room server="/broadcasting" uuid="…" functions="goTo laser"></rt-room>
 * ```
 *
 * | attribute | meaning |
 * |---|---|
 * | `server` | the server's websocket address |
 * | `uuid` | the room to follow; without it the element owns a room |
 * | `functions` | the function keys that the owner may call; each call is an event of that name |
 * | `name`, `invite` | as the options of `join` |
 * | `resume`, `share-audience`, `share-roster`, `code` | as the options of `create`; `resume` may have a name as its value |
 * | `status` | set by the element: its status |
 *
 * The element enters the room when it is added to a document. It closes or leaves the room when it
 * is removed, or when `server` or `uuid` changes. The other attributes are read when it enters.
 *
 * | event | `detail` |
 * |---|---|
 * | a function key | the params |
 * | `rt-enter` | the room |
 * | `rt-error` | the error; also if the room can't be entered |
 * | `rt-status` for `onstatus`, and so on for every callback of a room | the callback's first argument |
 *
 * @module
 */

/// <reference lib="dom" />

import type { Room } from "rtbroadcaster";

/** The class of the element `<rt-room>`. */
export class RoomElement extends HTMLElement {
  /** The room, once it is entered: from the event `rt-enter` on. */
  readonly room: Room | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    "rt-room": RoomElement;
  }
}
