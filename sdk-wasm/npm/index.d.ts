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
 * - `message_too_large`: one action is larger than the server takes; the SDK refuses it before it is sent.
 *
 * And those of the SDK itself:
 *
 * - `invalid_argument`: a call with arguments that can't be right; the message says which.
 * - `connection_failed`: no connection within `timeout`.
 * - `queue_full`: too much is waiting for the server; nothing of it is lost, this action was not taken. `ready()` says
 *   when there is room again.
 * - `closed`: the room is closed on this page, or was before the server had answered.
 * - `superseded`: another page claimed this room with the owner key; this one stays out.
 * - `function_failed`: a registered function threw; `cause` holds what it threw.
 * - `no_function`: an action came for which no function is registered; reported once per key.
 * - `storage_unavailable`: the room can't be kept for a reload (option `resume`), see `cause`; reported once.
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
  | "storage_unavailable"
  | "wasm_failed";

/** What every promise of this SDK rejects with, and what `onerror` is called with. */
export interface RoomError extends Error {
  readonly name: "RoomError";
  readonly code: ErrorCode;
  /** The function key or slot concerned, where there is one. */
  readonly key?: string;
  /**
   * What a registered function threw (`function_failed`), why the wasm didn't load (`wasm_failed`), or why the storage
   * can't be used (`storage_unavailable`).
   */
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

/** How many followers a room has. */
export interface Audience {
  /** Followers that are connected. */
  readonly connected: number;
  /** Those among them that have not taken, for a second or longer, all that was sent: their connections are slow. */
  readonly lagging: number;
}

/** Callbacks; each may be given as an option or assigned to the room at any time. What they throw goes to the console. */
export interface Callbacks {
  /** The page's standing changed. */
  onstatus?: ((status: Status) => void) | null;
  /** The room ended on this page; called once. */
  onclose?: ((reason: CloseReason) => void) | null;
  /**
   * Something failed and the room goes on. Without this callback it is written to the console as a warning. What fails
   * of the page's own `broadcast` and `clear`, their promises say instead.
   */
  onerror?: ((error: RoomError) => void) | null;
  /** The owner cleared a slot: undo what its state message did. */
  onclear?: ((slot: string) => void) | null;
  /** The owner's connection went away or came back. Followers only. */
  onowner?: ((presence: OwnerPresence) => void) | null;
  /**
   * What was missed is gone, because it was too much or too long ago: what comes next, up to the status `connected`,
   * is what the room retains now. State messages that this page was handed before are not repeated, and for slots
   * cleared meanwhile `onclear` is called; only what was no state message is lost. Followers only.
   */
  onresync?: (() => void) | null;
  /**
   * The number of followers changed; at most once a second. The owner is told, and the followers if it set
   * `shareAudience`.
   */
  onaudience?: ((audience: Audience) => void) | null;
}

/** Where {@link CreateOptions.resume} keeps the room: `localStorage`, or anything with the same three methods. */
export interface RoomStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface RoomOptions extends Callbacks {
  /** The functions that the owner may call on this page, by function key. */
  functions?: Functions;
  /** Milliseconds after which `create` or `join` gives up on a server that can't be reached. Default 15,000. */
  timeout?: number;
}

export interface CreateOptions extends RoomOptions {
  /**
   * Keep the room across reloads of this page: `create` takes back the room that was kept, and opens a new one if there
   * is none or the server no longer knows it. `room.resumed` tells which.
   *
   * `uuid` and `ownerKey` are kept in `sessionStorage`, so in this tab, under `rtbroadcaster:` and the server's address,
   * or under the name given here where one page owns several rooms. They are removed when the room ends with `closed`,
   * `left` or `unknown_room`. Of two pages that take the same room back the last one has it; the other one ends with
   * `superseded`, and stays out until it calls `create` again.
   *
   * Where the storage is missing or forbidden the room can't survive a reload; that is reported once, with the code
   * `storage_unavailable`, to `onerror` or as a warning on the console.
   */
  resume?: boolean | string;
  /**
   * Where `resume` keeps the room instead of `sessionStorage`. In `localStorage` it outlives the tab, and every tab of
   * this origin takes over the same room.
   */
  storage?: RoomStorage;
  /**
   * Take this room back instead of creating one: the `uuid` and `ownerKey` of a room that this user owns. For pages that
   * keep them by themselves; not together with `resume`.
   */
  claim?: { uuid: string; ownerKey: string };
  /** Let the followers know how many they are: their `onaudience` is called too. Default false. */
  shareAudience?: boolean;
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
   * Whether the room was taken back, by `resume` or `claim`, rather than opened. What it retained has then been handed
   * to the `functions` given to `create`, so that this page shows what its audience sees.
   */
  readonly resumed: boolean;
  /** How many follow; undefined before the first count, and for a follower that isn't told (`shareAudience`). */
  readonly audience: Audience | undefined;

  /**
   * Runs the function registered under `functionKey` on every follower. Owner only.
   * Sent at once when connected, else as soon as the connection is back; in order.
   *
   * The promise resolves with the action's place in the room's log, 1, 2, 3 … (`seq`), when the server has it, or with
   * undefined if it was never sent because the page had a newer state message for its slot before. Nobody has to await
   * it. It rejects when the action was not taken, with a RoomError whose `key` is the slot or function key concerned:
   *
   * - `not_owner`, `closed`, `invalid_argument`, `message_too_large`, `queue_full`: it was not sent. What was broadcast
   *   before is not affected.
   * - a code of the server's, as `too_many_slots` or `state_too_large`: the server refused it.
   * - `closed`: also when the room ended before the answer came.
   */
  broadcast(functionKey: string, params?: readonly Json[], options?: BroadcastOptions): Promise<number | undefined>;

  /** Removes the state message of a slot; followers' `onclear(slot)` is called. Owner only. Its promise is as `broadcast`'s. */
  clear(slot: string): Promise<number | undefined>;

  /**
   * Resolves when the queue has room for an action of any size, at once if it has: what to await after `queue_full`,
   * or before each of many large actions. @throws RoomError `closed` when the room ends first.
   */
  ready(): Promise<void>;

  /** Registers a function, replacing the one of the same key. State messages kept for it are delivered right after. */
  on(functionKey: string, fn: (...params: any[]) => unknown): this;

  /** Removes a function. */
  off(functionKey: string): this;

  /**
   * The owner closes the room for everyone; a follower leaves it. Resolves when the server has confirmed,
   * or at once if there is no connection: then the room ends for the others when its time without an owner is over.
   */
  close(): Promise<void>;
}

/**
 * Opens a new room that this page owns, or takes one back (`resume`, `claim`). Of a room that is taken back, what it
 * retained is handed to the `functions` of the options before the promise resolves; otherwise no function is called
 * before the task after that.
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
