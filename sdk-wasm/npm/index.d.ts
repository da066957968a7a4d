/**
 * One page drives, every other page follows.
 *
 * An *owner* opens a room with {@link create} and broadcasts function calls; every *follower* that entered it with
 * {@link join} runs the functions it registered under the same keys.
 *
 * @module
 */

/** What can stand in `params`: whatever JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * What a contract must look like: function key → params. Write it once, as a type, and give it to both ends:
 *
 * ```ts
 * type Tour = { goTo: [slide: number]; camera: [yaw: number, pitch: number] };
 * const room = await create<Tour>(url); // room.broadcast("camera", [1, 2])
 * const tour = await join<Tour>(url, uuid, { functions: { camera: (yaw, pitch) => look(yaw, pitch) } });
 * ```
 *
 * @typeParam C the contract itself, so that an interface will do
 */
export type Contract<C> = { readonly [Key in keyof C]: readonly unknown[] };

/** The contract of who doesn't give one: any function key, with whatever JSON can carry. */
export type AnyContract = { readonly [functionKey: string]: readonly Json[] };

/**
 * What a function is handed. Without a contract nothing is known of it, and the function's own types are believed.
 *
 * @typeParam C the contract
 * @typeParam Key the function key
 */
export type ParamsOf<C extends Contract<C>, Key extends keyof C> = string extends keyof C ? any[] : C[Key];

/**
 * Function key → function. A function gets the params of the action spread: `goTo: (slide, speed) => …`.
 *
 * @typeParam C the contract
 */
export type Functions<C extends Contract<C> = AnyContract> = {
  [Key in keyof C]?: (...params: ParamsOf<C, Key>) => unknown;
};

/**
 * A schema of any validator that follows [Standard Schema](https://standardschema.dev) 1: zod, valibot, arktype …
 *
 * @typeParam Input what it takes
 * @typeParam Output what it makes of it
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the standard asks for. */
  readonly "~standard": {
    /** Of the standard. */
    readonly version: 1;
    /** The validator's name. */
    readonly vendor: string;
    /** Says what it makes of a value, or what is wrong with it. One that answers with a promise can't be used here. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Exists for the compiler only. */
    readonly types?: SchemaTypes<Input, Output> | undefined;
  };
}

/**
 * A schema's types, for the compiler.
 *
 * @typeParam Input what it takes
 * @typeParam Output what it makes of it
 */
export interface SchemaTypes<Input, Output> {
  /** What it takes. */
  readonly input: Input;
  /** What it makes of it. */
  readonly output: Output;
}

/**
 * What a schema answers.
 *
 * @typeParam Output what it makes of a value
 */
export type SchemaResult<Output> = SchemaSuccess<Output> | SchemaFailure;

/**
 * The value is as it should be.
 *
 * @typeParam Output what the schema makes of it
 */
export interface SchemaSuccess<Output> {
  /** What the schema makes of it. */
  readonly value: Output;
  /** Nothing is wrong. */
  readonly issues?: undefined;
}

/** The value is not as it should be. */
export interface SchemaFailure {
  /** What is wrong. */
  readonly issues: readonly SchemaIssue[];
}

/** What is wrong with a value, by its schema. */
export interface SchemaIssue {
  /** In words. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | SchemaPathSegment)[] | undefined;
}

/** One step on the way to what is wrong. */
export interface SchemaPathSegment {
  /** The property's name. */
  readonly key: PropertyKey;
}

/** Function key → schema of its params, all of them together: a tuple's. */
export type Schemas = { readonly [functionKey: string]: StandardSchema<any, readonly any[]> };

/**
 * The contract of schemas as an owner sees it: what they take.
 *
 * @typeParam S the schemas
 */
export type SentBy<S extends Schemas> = {
  [Key in keyof S]: NonNullable<S[Key]["~standard"]["types"]>["input"];
};

/**
 * The contract of schemas as functions see it: what they make of the params.
 *
 * @typeParam S the schemas
 */
export type HandedBy<S extends Schemas> = {
  [Key in keyof S]: NonNullable<S[Key]["~standard"]["types"]>["output"];
};

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
 * - `unauthorized`: the server wants a token for this, or doesn't accept the one it was given; the message says why.
 *   Option `token`.
 * - `forbidden`: the server accepts the token, but it doesn't allow this.
 * - `rate_limited`: this address has tried too often; the SDK tries again when the server allows it, unless that is later
 *   than `timeout`.
 * - `keys_unavailable`: the server is looking for the key that the token names; as before.
 * - `room_full`, `too_many_rooms`: a limit of the server; trying later may help.
 * - `too_many_slots`, `state_too_large`: a limit of the room; clear slots first.
 * - `message_too_large`: one action is larger than the server takes; the SDK refuses it before it is sent.
 *
 * And those of the SDK itself:
 *
 * - `invalid_argument`: a call with arguments that can't be right; the message says which.
 * - `connection_failed`: no connection within `timeout`.
 * - `not_follower`: an owner can't detach, it follows nobody.
 * - `token_failed`: the function given as `token` threw, or gave none; `cause` says which.
 * - `queue_full`: too much is waiting for the server; nothing of it is lost, this action was not taken. `ready()` says
 *   when there is room again.
 * - `closed`: the room is closed on this page, or was before the server had answered.
 * - `superseded`: another page claimed this room with the owner key; this one stays out.
 * - `function_failed`: a registered function threw; `cause` holds what it threw.
 * - `no_function`: an action came for which no function is registered; reported once per key.
 * - `invalid_params`: the params of an action don't match their schema (option `schemas`), so its function was not
 *   called; `cause` holds the schema's issues.
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
  | "unauthorized"
  | "forbidden"
  | "rate_limited"
  | "keys_unavailable"
  | "room_full"
  | "too_many_rooms"
  | "too_many_slots"
  | "state_too_large"
  | "message_too_large"
  | "invalid_argument"
  | "connection_failed"
  | "token_failed"
  | "not_follower"
  | "queue_full"
  | "closed"
  | "superseded"
  | "function_failed"
  | "no_function"
  | "invalid_params"
  | "storage_unavailable"
  | "wasm_failed";

/** What every promise of this SDK rejects with, and what `onerror` is called with. */
export interface RoomError extends Error {
  /** Tells it from other errors. */
  readonly name: "RoomError";
  /** What went wrong; stable, unlike the message. */
  readonly code: ErrorCode;
  /** The function key or slot concerned, where there is one. */
  readonly key?: string;
  /**
   * What a registered function threw (`function_failed`), the issues of a schema (`invalid_params`), why the wasm didn't
   * load (`wasm_failed`), or why the storage can't be used (`storage_unavailable`).
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
  /** The same in words. */
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
  /** What is kept under a key; null if nothing is. */
  getItem(key: string): string | null;
  /** Keeps something under a key. */
  setItem(key: string, value: string): void;
  /** Keeps it no more. */
  removeItem(key: string): void;
}

/**
 * What {@link create} and {@link join} have in common.
 *
 * @typeParam C the contract
 */
export interface RoomOptions<C extends Contract<C> = AnyContract> extends Callbacks {
  /** The functions that the owner may call on this page, by function key. */
  functions?: Functions<C>;
  /**
   * Function key → schema of its params (a tuple's), for whoever doesn't trust the owner, or wants the params transformed:
   * what the schema makes of them is what the function is handed. An action that doesn't match is not handed over but
   * reported as `invalid_params`. Keys without a schema are not checked. The schemas are a contract too:
   *
   * ```ts
   * const schemas = { camera: z.tuple([z.number(), z.number()]) };
   * const tour = await join(url, uuid, { schemas, functions: { camera: (yaw, pitch) => look(yaw, pitch) } });
   * ```
   */
  schemas?: { readonly [Key in keyof C]?: StandardSchema<any, C[Key]> };
  /** Milliseconds after which `create` or `join` gives up on a server that can't be reached. Default 15,000. */
  timeout?: number;
  /**
   * What says that this page may open or follow rooms, where the server asks for it: an API key, or a JSON web token. It
   * goes with the first message of each connection, never into an address. Tokens expire, so it can be a function, which
   * is asked anew for each connection; if that fails when the page comes back, it is asked again with the next attempt.
   *
   * ```ts
   * const room = await create(url, { token: async () => (await fetch("/room-token")).text() });
   * ```
   */
  token?: string | (() => string | Promise<string>) | null | undefined;
  /**
   * The class to make websockets of instead of the global `WebSocket`, for where there is none: in Node 20 that of the
   * package `ws`. It is called with the server's address; of what it makes, `onopen`, `onmessage`, `onclose`, `onerror`,
   * `send`, `close` and `bufferedAmount` are used.
   *
   * Without it, where the global one can't connect but the server answers requests, the rooms are reached by plain HTTP,
   * with the class `FetchSocket` of `rtbroadcaster/fetch-socket`.
   */
  WebSocket?: WebSocketClass;
}

/** A class that makes websockets as the browser's does. */
export interface WebSocketClass {
  /** Opens one to this address. */
  new (address: string): WebSocketLike;
}

/** What is used of a websocket. */
export interface WebSocketLike {
  /** Called when it is open. */
  onopen: ((event: any) => void) | null;
  /** Called with each message. */
  onmessage: ((event: any) => void) | null;
  /** Called when it is closed, with its code. */
  onclose: ((event: any) => void) | null;
  /** Called when it fails; `onclose` is called then too. */
  onerror: ((event: any) => void) | null;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /** Sends a text. */
  send(text: string): void;
  /** Closes it. */
  close(): void;
}

/**
 * What {@link create} takes.
 *
 * @typeParam C the contract
 */
export interface CreateOptions<C extends Contract<C> = AnyContract> extends RoomOptions<C> {
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
  claim?: Claim;
  /** Let the followers know how many they are: their `onaudience` is called too. Default false. */
  shareAudience?: boolean;
}

/** A room, and the proof that it is this user's. */
export interface Claim {
  /** The room. */
  uuid: string;
  /** Its {@link Room.ownerKey}. */
  ownerKey: string;
}

/**
 * What {@link join} takes.
 *
 * @typeParam C the contract
 */
export type JoinOptions<C extends Contract<C> = AnyContract> = RoomOptions<C>;

/**
 * What follows the function key in {@link Room.broadcast}; the params may be left out where there may be none.
 *
 * @typeParam Params the action's params
 */
export type BroadcastArguments<Params extends readonly unknown[]> = [] extends Params
  ? [params?: Readonly<Params>, options?: BroadcastOptions]
  : [params: Readonly<Params>, options?: BroadcastOptions];

/** How an action is broadcast. */
export interface BroadcastOptions {
  /** Retain it as a state message: whoever joins later gets it too. Default false, true when `slot` is given. */
  state?: boolean;
  /** The slot in which it is retained, in place of what was there. Default: the function key. */
  slot?: string;
}

/**
 * With what a follower that detached catches up ({@link Room.follow}).
 *
 * - `state`: with what counts now. Of each slot the newest state message is handed over, or `onclear` is called if it was
 *   cleared and this page knows it, in the order of the writes; actions that were no state messages are skipped.
 * - `every`: with each action and clear, in order.
 */
export type CatchUp = "state" | "every";

/**
 * A page's side of one room, across reconnects.
 *
 * @typeParam C the contract: what may be broadcast
 * @typeParam Handed what functions are handed; differs from what is broadcast only where a schema transforms it
 */
export interface Room<C extends Contract<C> = AnyContract, Handed extends Contract<Handed> = C> extends Callbacks {
  /** The room's id: what others need to join. */
  readonly uuid: string;
  /** Whether this page owns the room, and so may broadcast. */
  readonly isOwner: boolean;
  /** True while messages flow: the status is `connected` or `catching-up`. */
  readonly connected: boolean;
  /** Where the page stands, as `onstatus` was told last. */
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
  broadcast<Key extends keyof C & string>(
    functionKey: Key,
    ...paramsAndOptions: BroadcastArguments<C[Key]>
  ): Promise<number | undefined>;

  /** Removes the state message of a slot; followers' `onclear(slot)` is called. Owner only. Its promise is as `broadcast`'s. */
  clear(slot: string): Promise<number | undefined>;

  /**
   * Resolves when the queue has room for an action of any size, at once if it has: what to await after `queue_full`,
   * or before each of many large actions. @throws RoomError `closed` when the room ends first.
   */
  ready(): Promise<void>;

  /** Registers a function, replacing the one of the same key. State messages kept for it are delivered right after. */
  on<Key extends keyof Handed & string>(functionKey: Key, fn: (...params: ParamsOf<Handed, Key>) => unknown): this;

  /** Removes a function. */
  off(functionKey: keyof Handed & string): this;

  /**
   * Keeps receiving, and applies nothing: from now on no function is called, nor `onclear` or `onresync`, until
   * {@link Room.follow}. All other callbacks go on, and so does the page's standing in the room, across reconnects; if
   * the room ends, `onclose` is called at once, and nothing is left to catch up with. A function may call it: nothing
   * comes after that function then. `on` registers, and state messages that wait go on waiting. In a room that is over
   * it does nothing.
   *
   * Up to 4,096 actions and clears are kept, and 4,194,304 characters of the messages that brought them: what a server
   * keeps by default for who was away. Beyond that only the newest of each slot stays, and the same after a resync.
   *
   * @throws RoomError `not_follower` for an owner's room.
   */
  detach(): void;
  /** Whether the page has detached, and does not follow again yet. */
  readonly detached: boolean;
  /**
   * How many actions and clears came since `detach()` and are not applied, those included that are not kept; while
   * catching up, how many are left.
   */
  readonly behind: number;
  /**
   * Applies again: first what came since `detach()`, right after the page's running code, then whatever is newer. Does
   * nothing without `detach()`; a function that is called may `detach()` again, and what is left waits for the next time.
   *
   * @param catchUp Default `state`. With `every`, `onresync` is called first if not everything was kept.
   * @throws RoomError `invalid_argument` for any other `catchUp`.
   */
  follow(catchUp?: CatchUp): void;

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
 * @typeParam S the schemas, which are the contract too
 * @param url The server's websocket address, `ws:`, `wss:`, `http:`, `https:`, or relative to the page.
 * @param options See {@link CreateOptions}.
 * @throws RoomError
 */
export function create<S extends Schemas>(
  url: string | URL,
  options: CreateOptions<HandedBy<S>> & { schemas: S },
): Promise<Room<SentBy<S>, HandedBy<S>>>;
/**
 * @typeParam C the contract: what may be broadcast
 * @param url The server's websocket address, `ws:`, `wss:`, `http:`, `https:`, or relative to the page.
 * @param options See {@link CreateOptions}.
 * @throws RoomError
 */
export function create<C extends Contract<C> = AnyContract>(
  url: string | URL,
  options?: CreateOptions<C>,
): Promise<Room<C>>;

/**
 * Enters a room as a follower. What the room retained is delivered first, then everything the owner does.
 * No function is called before the task after this promise has resolved, so `on` right after `await` misses nothing.
 *
 * @typeParam S the schemas, which are the contract too
 * @param url The server's websocket address, as for {@link create}.
 * @param uuid The room's id, {@link Room.uuid}.
 * @param options See {@link RoomOptions}.
 * @throws RoomError
 */
export function join<S extends Schemas>(
  url: string | URL,
  uuid: string,
  options: JoinOptions<HandedBy<S>> & { schemas: S },
): Promise<Room<SentBy<S>, HandedBy<S>>>;
/**
 * @typeParam C the contract: what the owner may call
 * @param url The server's websocket address, as for {@link create}.
 * @param uuid The room's id, {@link Room.uuid}.
 * @param options See {@link RoomOptions}.
 * @throws RoomError
 */
export function join<C extends Contract<C> = AnyContract>(
  url: string | URL,
  uuid: string,
  options?: JoinOptions<C>,
): Promise<Room<C>>;

/** Where the WebAssembly is to come from: its address, the answer to asking for it, its bytes, or compiled. */
export type WasmSource = string | URL | Response | BufferSource | WebAssembly.Module;

/**
 * Loads the WebAssembly ahead of time, or from a place of your own. `create` and `join` call it by themselves.
 * Loads once; a failed load is tried again by the next call. Without a source the file beside the script is taken.
 *
 * @param source Where from, or the promise of it.
 * @throws RoomError `wasm_failed`
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void>;
