/**
 * One page drives, every other page follows.
 *
 * An *owner* opens a room with {@link create} and broadcasts function calls; every *follower* that entered it with
 * {@link join} runs the functions it registered under the same keys.
 */

/** What can stand in `params`: whatever JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Function key → function. A function gets the params of the action spread: `goTo: (slide, speed) => …`. */
export type Functions = { [functionKey: string]: (...params: any[]) => unknown };

/**
 * Where the page stands.
 *
 * - `connecting`: the first connection is being made; `create` or `join` has not resolved yet.
 * - `connected`: in the room. For a follower: what the room retained has been handed over.
 * - `catching-up`: in the room again, what was missed is on its way.
 * - `reconnecting`: the connection is lost; the SDK tries again by itself.
 * - `closed`: over; `onclose` has said why. Final.
 */
export type Status = "connecting" | "connected" | "catching-up" | "reconnecting" | "closed";

/**
 * Stable codes of everything that can go wrong. Those of the server:
 *
 * - `malformed`: the server could not read a message.
 * - `unknown_status`: a message with a status the server doesn't know.
 * - `unsupported_version`: the server doesn't speak this SDK's version.
 * - `already_in_room`, `not_in_room`, `not_owner`: the call isn't allowed where this page stands.
 * - `unknown_room`: no room has that uuid (it is mistyped, closed, or the server was restarted).
 * - `wrong_owner_key`: the room exists, but belongs to another owner.
 * - `room_full`, `too_many_rooms`: a limit of the server; trying later may help.
 * - `too_many_slots`, `state_too_large`: a limit of the room; clear slots first.
 * - `message_too_large`: one action is larger than the server takes.
 *
 * And those of the SDK itself:
 *
 * - `invalid_argument`: a call with arguments that can't be right; the message says which.
 * - `connection_failed`: no connection within `timeout`.
 * - `queue_full`: too much is waiting to be sent; nothing of it is lost, this action was not taken.
 * - `closed`: the room is closed on this page.
 * - `superseded`: another page claimed this room with the owner key; this one stays out.
 * - `function_failed`: a registered function threw; `cause` holds what it threw.
 * - `no_function`: an action came for which no function is registered; reported once per key.
 * - `wasm_failed`: the WebAssembly could not be loaded; the next call tries again.
 */
export type ErrorCode =
  | "malformed"
  | "unknown_status"
  | "unsupported_version"
  | "already_in_room"
  | "not_in_room"
  | "not_owner"
  | "unknown_room"
  | "wrong_owner_key"
  | "room_full"
  | "too_many_rooms"
  | "too_many_slots"
  | "state_too_large"
  | "message_too_large"
  | "invalid_argument"
  | "connection_failed"
  | "queue_full"
  | "closed"
  | "superseded"
  | "function_failed"
  | "no_function"
  | "wasm_failed";

/** What `create` and `join` reject with, and what `onerror` is called with. */
export interface RoomError extends Error {
  readonly name: "RoomError";
  readonly code: ErrorCode;
  /** The function key or slot concerned, where there is one. */
  readonly key?: string;
  /** What a registered function threw (`function_failed`), or why the wasm didn't load (`wasm_failed`). */
  readonly cause?: unknown;
}

/** Why a room ended on this page. */
export interface CloseReason {
  /**
   * - `closed`: the owner closed the room, or its time without an owner ran out.
   * - `left`: this page called `close()`.
   * - or the code of the refusal that ended it (`unknown_room`: the server no longer knows the room).
   */
  readonly code: "closed" | "left" | "superseded" | "unknown_room" | "connection_failed" | (ErrorCode & string);
  readonly message: string;
}

/** Whether the room's owner is there. */
export type OwnerPresence = "here" | "away";

/** Callbacks; each may be given as an option or assigned to the room at any time. What they throw goes to the console. */
export interface Callbacks {
  /** The page's standing changed. */
  onstatus?: ((status: Status) => void) | null;
  /** The room ended on this page; called once. */
  onclose?: ((reason: CloseReason) => void) | null;
  /** Something failed and the room goes on. Without this callback it is written to the console as a warning. */
  onerror?: ((error: RoomError) => void) | null;
  /** The owner cleared a slot: undo what its state message did. */
  onclear?: ((slot: string) => void) | null;
  /** The owner's connection went away or came back. Followers only. */
  onowner?: ((presence: OwnerPresence) => void) | null;
}

export interface RoomOptions extends Callbacks {
  /** The functions that the owner may call on this page, by function key. */
  functions?: Functions;
  /** Milliseconds after which `create` or `join` gives up on a server that can't be reached. Default 15,000. */
  timeout?: number;
}

export interface CreateOptions extends RoomOptions {
  /** Take this room back instead of creating one: the `uuid` and `ownerKey` of a room that this user owns. */
  claim?: { uuid: string; ownerKey: string };
}

export type JoinOptions = RoomOptions;

export interface BroadcastOptions {
  /** Retain it as a state message: whoever joins later gets it too. Default false, true when `slot` is given. */
  state?: boolean;
  /** The slot in which it is retained, in place of what was there. Default: the function key. */
  slot?: string;
}

/** A page's side of one room, across reconnects. */
export interface Room extends Callbacks {
  /** The room's id: what others need to join. */
  readonly uuid: string;
  readonly isOwner: boolean;
  /** True while messages flow: the status is `connected` or `catching-up`. */
  readonly connected: boolean;
  readonly status: Status;
  /** The secret that proves ownership; undefined for a follower. Keep it out of URLs and logs. */
  readonly ownerKey: string | undefined;

  /**
   * Runs the function registered under `functionKey` on every follower. Owner only.
   * Sent at once when connected, else as soon as the connection is back; in order.
   *
   * @throws RoomError `not_owner`, `closed`, `invalid_argument`, `message_too_large` or `queue_full`.
   */
  broadcast(functionKey: string, params?: readonly Json[], options?: BroadcastOptions): void;

  /** Removes the state message of a slot; followers' `onclear(slot)` is called. Owner only. @throws like `broadcast`. */
  clear(slot: string): void;

  /** Registers a function, replacing the one of the same key. State messages kept for it are delivered right after. */
  on(functionKey: string, fn: (...params: any[]) => unknown): this;

  /** Removes a function. */
  off(functionKey: string): this;

  /**
   * The owner closes the room for everyone; a follower leaves it. Resolves when the server has confirmed,
   * or at once if there is no connection.
   */
  close(): Promise<void>;
}

/**
 * Opens a new room that this page owns.
 *
 * @param url The server's websocket address, `ws:`, `wss:`, `http:`, `https:`, or relative to the page.
 * @throws RoomError
 */
export function create(url: string | URL, options?: CreateOptions): Promise<Room>;

/**
 * Enters a room as a follower. What the room retained is delivered first, then everything the owner does.
 * No function is called before the task after this promise has resolved, so `on` right after `await` misses nothing.
 *
 * @throws RoomError
 */
export function join(url: string | URL, uuid: string, options?: JoinOptions): Promise<Room>;

/**
 * Loads the WebAssembly ahead of time, or from a place of your own. `create` and `join` call it by themselves.
 * Loads once; a failed load is tried again by the next call.
 *
 * @throws RoomError `wasm_failed`
 */
export function init(source?: string | URL | Response | BufferSource | WebAssembly.Module): Promise<void>;
