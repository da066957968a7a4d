/**
 * One page drives, every other page follows.
 *
 * An *owner* opens a room with {@link create} and broadcasts function calls. Every *follower* that
 * entered the room with {@link join} runs the functions that it registered under the same keys.
 *
 * @module
 */

/** A value in `params`: anything that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * The shape of a contract: function key → params. Write a contract once, as a type, and give it to
 * both ends:
 *
 * ```ts
 * type Tour = { goTo: [slide: number]; camera: [yaw: number, pitch: number] };
 * const room = await create<Tour>(url); // room.broadcast("camera", [1, 2])
 * const tour = await join<Tour>(url, uuid, {
 *   functions: { camera: (yaw, pitch) => look(yaw, pitch) },
 * });
 * ```
 *
 * @typeParam C the contract itself, so that it may be an interface
 */
export type Contract<C> = { readonly [Key in keyof C]: readonly unknown[] };

/** The contract if none is given: any function key, with anything that JSON can carry. */
export type AnyContract = { readonly [functionKey: string]: readonly Json[] };

/**
 * The params that a function is called with. Without a contract their types are unknown, and the
 * function's own types are accepted.
 *
 * @typeParam C the contract
 * @typeParam Key the function key
 */
export type ParamsOf<C extends Contract<C>, Key extends keyof C> = string extends keyof C ? any[] : C[Key];

/**
 * Function key → function. The params of the action are the function's arguments:
 * `goTo: (slide, speed) => …`.
 *
 * @typeParam C the contract
 */
export type Functions<C extends Contract<C> = AnyContract> = {
  [Key in keyof C]?: ((...params: ParamsOf<C, Key>) => unknown) | undefined;
};

/**
 * A schema of any validator that follows version 1 of
 * [Standard Schema](https://standardschema.dev), such as zod, valibot or arktype.
 *
 * @typeParam Input what the schema accepts
 * @typeParam Output what the schema returns for it
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The properties that the standard requires. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The validator's name. */
    readonly vendor: string;
    /**
     * Validates a value, and returns the transformed value or what is wrong. A schema that returns
     * a promise can't be used here.
     */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** The schema's types, for the compiler only. */
    readonly types?: SchemaTypes<Input, Output> | undefined;
  };
}

/**
 * A schema's types, for the compiler.
 *
 * @typeParam Input what the schema accepts
 * @typeParam Output what the schema returns for it
 */
export interface SchemaTypes<Input, Output> {
  /** What the schema accepts. */
  readonly input: Input;
  /** What the schema returns for it. */
  readonly output: Output;
}

/**
 * The result of a validation.
 *
 * @typeParam Output what the schema returns for a valid value
 */
export type SchemaResult<Output> = SchemaSuccess<Output> | SchemaFailure;

/**
 * The value is valid.
 *
 * @typeParam Output what the schema returns for it
 */
export interface SchemaSuccess<Output> {
  /** What the schema returns for the value. */
  readonly value: Output;
  /** There are no issues. */
  readonly issues?: undefined;
}

/** The value is not valid. */
export interface SchemaFailure {
  /** What is wrong. */
  readonly issues: readonly SchemaIssue[];
}

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, in words. */
  readonly message: string;
  /** Where it is in the value. */
  readonly path?: readonly (PropertyKey | SchemaPathSegment)[] | undefined;
}

/** One step of the path to what is wrong. */
export interface SchemaPathSegment {
  /** The property's name. */
  readonly key: PropertyKey;
}

/** Function key → the schema of its params: of a tuple that holds all of them. */
export type Schemas = { readonly [functionKey: string]: StandardSchema<any, readonly any[]> };

/**
 * The contract of schemas for an owner: what the schemas accept.
 *
 * @typeParam S the schemas
 */
export type SentBy<S extends Schemas> = {
  [Key in keyof S]: NonNullable<S[Key]["~standard"]["types"]>["input"];
};

/**
 * The contract of schemas for the functions: what the schemas return for the params.
 *
 * @typeParam S the schemas
 */
export type HandedBy<S extends Schemas> = {
  [Key in keyof S]: NonNullable<S[Key]["~standard"]["types"]>["output"];
};

/**
 * The status of a page.
 *
 * - `connecting`: the first connection is being opened; `create` or `join` has not resolved yet.
 * - `connected`: in the room. A follower has also received what the room retained.
 * - `catching-up`: in the room; what the page missed is on its way.
 * - `reconnecting`: the connection is lost; the SDK tries again by itself.
 * - `closed`: the room is over for this page; `onclose` was called with the reason. This is final.
 */
export type Status = "connecting" | "connected" | "catching-up" | "reconnecting" | "closed";

/**
 * The stable codes of everything that can go wrong. The codes of the server:
 *
 * - `malformed`: the server could not read a message.
 * - `unknown_status`: the server received a status that it doesn't know.
 * - `unsupported_version`: the server doesn't speak this SDK's version.
 * - `already_in_room`, `not_in_room`, `not_owner`: the call isn't allowed in this page's situation.
 *   `not_owner` also for what a page had broadcast and the room had not taken when another page got
 *   the right to write; `not_in_room` also if nobody is in the seat that is to get it.
 * - `unknown_room`: no room has that uuid. When `create` or `join` rejects with it, the uuid is
 *   mistyped, the room is closed, or the server was restarted. When a room ends with it
 *   (`onclose`), the server has lost the room, or closed it while this page was away.
 * - `wrong_owner_key`: the room exists, but belongs to another owner, or the `invite` isn't valid:
 *   it was revoked, has expired, or was never given.
 * - `unauthorized`: the server wants a token for this (option `token`), or doesn't accept the one
 *   that it received; the message says why.
 * - `forbidden`: the server accepts the token, but it doesn't allow this.
 * - `rate_limited`: this address has tried too often. The SDK tries again when the server allows
 *   it, unless that is later than `timeout`.
 * - `keys_unavailable`: the server is fetching the key that the token names. The SDK tries again,
 *   as for `rate_limited`.
 * - `unavailable`: the room can't be had at this moment. The SDK tries again, as for
 *   `rate_limited`.
 * - `room_full`, `too_many_rooms`: a limit of the server; trying later may help.
 * - `too_many_slots`, `state_too_large`: a limit of the room; clear slots first.
 * - `message_too_large`: one action is larger than the server accepts; the SDK does not send it.
 * - `params_too_deep`: the params are nested deeper than the server accepts.
 *
 * The codes of the SDK itself:
 *
 * - `invalid_argument`: an argument is invalid; the message says which one.
 * - `connection_failed`: no connection within `timeout`; the message says what answered instead. If
 *   the server has refused an attempt, the code is that of its refusal.
 * - `not_follower`: whoever drives can't detach, because it doesn't follow.
 * - `token_failed`: the function given as `token` threw, or returned no token; `cause` says which.
 * - `queue_full`: too much is waiting for the server. What waits is not lost, but this action was
 *   not accepted. `ready()` resolves when the queue has space again.
 * - `closed`: the room is closed on this page, or it closed before the server answered.
 * - `superseded`: another page claimed this room with the owner key; this page stays out.
 * - `function_failed`: a registered function threw, or returned a promise that failed; `cause`
 *   holds what it threw.
 * - `no_function`: an action came for which no function is registered; reported once per key.
 * - `invalid_params`: the params of an action don't match their schema (option `schemas`). The
 *   function was not called; `cause` holds the schema's issues.
 * - `storage_unavailable`: the room can't be kept for a reload (option `resume`); `cause` says why.
 *   Reported once.
 * - `wasm_failed`: the WebAssembly could not be loaded, or is of another version than this package;
 *   `cause` says why. The next call tries again.
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
  | "unavailable"
  | "room_full"
  | "too_many_rooms"
  | "too_many_slots"
  | "state_too_large"
  | "message_too_large"
  | "params_too_deep"
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

/** The error with which every promise of this SDK rejects, and with which `onerror` is called. */
export interface RoomError extends Error {
  /** Distinguishes it from other errors. */
  readonly name: "RoomError";
  /** What went wrong. Unlike the message, the code is stable. */
  readonly code: ErrorCode;
  /** The function key or slot that the error is about, if there is one. */
  readonly key?: string;
  /**
   * The cause of these errors:
   *
   * - `function_failed`: what the registered function threw, or its promise was rejected with
   * - `invalid_params`: the issues of the schema
   * - `invalid_argument`, `token_failed`, `connection_failed`: what was thrown, if something was
   * - `wasm_failed`: why the WebAssembly didn't load
   * - `storage_unavailable`: why the storage can't be used
   */
  readonly cause?: unknown;
}

/** Why a room ended on this page. */
export interface CloseReason {
  /**
   * - `closed`: the owner closed the room, or the room had no owner for too long.
   * - `left`: this page called `close()`.
   * - `superseded`: another page took the room over.
   * - otherwise the code of the error or refusal that ended it, for instance `unknown_room`: the
   *   server no longer knows the room.
   */
  readonly code: "closed" | "left" | "superseded" | "unknown_room" | "connection_failed" | (ErrorCode & string);
  /** The reason in words. */
  readonly message: string;
}

/** What a page knows of the server's clock. Both are milliseconds. */
export interface ServerClock {
  /** The server's time minus `performance.now()`. */
  readonly offset: number;
  /**
   * How far from the truth `offset` is at most. It shrinks as the page asks, and grows with time.
   */
  readonly uncertainty: number;
}

/** Whether the room's owner is connected (`here`) or not (`away`). */
export type OwnerPresence = "here" | "away";

/** Who drives a room: who has the right to write in it. */
export interface Driver {
  /** The number that names this page in the room; 0 for the page that has opened it. */
  readonly seat: number;
  /** What it is called, if it has a name. Show it by `textContent`. */
  readonly name?: string | undefined;
  /** What it is in the room. */
  readonly role: "creator" | "presenter";
}

/** A page that asks to drive: {@link Callbacks.onrequest}. */
export interface ControlRequest {
  /** The number that names this page in the room. */
  readonly seat: number;
  /** What it calls itself. It proves nothing: show it by `textContent`. */
  readonly name?: string | undefined;
  /**
   * Lets it drive: {@link Room.handOver}. Only whoever drives can; the creator takes the right back
   * before.
   */
  accept(): Promise<number>;
  /** Tells it that it may not. */
  refuse(): Promise<void>;
}

/** A key with which a page enters as a presenter: {@link Room.invite}. */
export interface Invite {
  /**
   * The key: the option `invite` of {@link join}. Whoever has it can enter with it. Put it into the
   * fragment of a link, which no server is sent: `#i=` and the key.
   */
  readonly secret: string;
  /** The number that will name that page in the room, for {@link Room.handOver}. */
  readonly seat: number;
}

/** How many followers a room has. */
export interface Audience {
  /** The number of followers that are connected. */
  readonly connected: number;
  /**
   * How many of them have a slow connection: for a second or longer, they have not received all
   * that was sent.
   */
  readonly lagging: number;
}

/** A follower that has given a name, as others see it. */
export interface Person {
  /** The number that names this person in the room, and never another one while the server runs. */
  readonly seat: number;
  /** What the page has given as its name, or its token says. Show it by `textContent`. */
  readonly name: string;
  /** What the person is in the room. */
  readonly role: "follower";
  /** Whether a token says the name. Any other name proves nothing. */
  readonly verified?: true;
}

/** Some of the people in a room: {@link Room.roster}. */
export interface Roster {
  /** The people, in the order of their seats. */
  readonly people: readonly Person[];
  /** The `after` of the next page; 0 if there is none. */
  readonly next: number;
  /** How many people have a name, in all. */
  readonly named: number;
}

/** Who came and went, at most 50 of each. */
export interface RosterChange {
  /** Those who came. */
  readonly came: readonly Person[];
  /** The seats of those who went. */
  readonly went: readonly number[];
  /** How many more came or went. Unless it is 0, ask for the {@link Room.roster} from its start. */
  readonly more: number;
}

/** Whether a room is recorded. */
export interface Recording {
  /** Whether it is. */
  readonly on: boolean;
  /** While it is on: whether whoever may join may read the recording. */
  readonly shared?: boolean;
  /**
   * Why it ended: `stopped` by the owner, by `size` or `time`, or `disk`: the disk fails or is
   * slow, or the server can't go on with the recording after a restart.
   */
  readonly why?: "stopped" | "size" | "time" | "disk";
}

/**
 * A lane, as {@link Room.lane} and {@link CreateOptions.lanes} open it: a way from the followers to
 * the owner. With `options` it is a vote, with `symbols` reactions are counted, and otherwise
 * followers send values. A lane named `react` has the symbols 👍 👏 ❤ 😂 😮 🎉 unless it says others.
 */
export interface LaneDefinition {
  /** How many options a vote has, from 2 to 32. They are numbered from 0. */
  readonly options?: number | undefined;
  /** The reactions that there are: 1 to 16 texts of at most 16 bytes of UTF-8. */
  readonly symbols?: readonly string[] | undefined;
  /**
   * How long a follower waits between two messages, in milliseconds, from 100 to 3,600,000. Default
   * 1000. A vote has none.
   */
  readonly per?: number | undefined;
  /**
   * A function key. Each time the counts change, this page broadcasts them under that key, as a
   * state message with the counts as its only param. Nobody else sees them without that.
   */
  readonly share?: string | undefined;
}

/** A lane, as all pages see it: what may be pressed. */
export type Lane = VoteLane | CountLane | SayLane;

/** A lane on which each voter chooses one option. */
export interface VoteLane {
  /** What it is. */
  readonly kind: "vote";
  /** How many options there are. They are numbered from 0. */
  readonly options: number;
}

/** A lane on which reactions are counted. */
export interface CountLane {
  /** What it is. */
  readonly kind: "count";
  /** The reactions that there are. */
  readonly symbols: readonly string[];
  /** How long a follower waits between two reactions, in milliseconds. */
  readonly per: number;
}

/** A lane whose values reach the owner one by one. */
export interface SayLane {
  /** What it is. */
  readonly kind: "say";
  /** How long a follower waits between two values, in milliseconds. */
  readonly per: number;
}

/** A lane that was opened, set anew or ended. */
export interface LaneChange {
  /** Its name. */
  readonly name: string;
  /** What it is from now on. None if it has ended. */
  readonly lane?: Lane | undefined;
}

/** What a follower has sent on a lane. */
export interface Said {
  /** The name of the lane. */
  readonly lane: string;
  /** The number that names the follower in this room, if it has given a name. */
  readonly seat?: number | undefined;
  /** Its name. Show it by `textContent`. */
  readonly name?: string | undefined;
  /** What it has sent: any JSON value. Trust nothing in it. */
  readonly value: unknown;
}

/**
 * How many said what on each lane: of a vote the voters of each option, of reactions how often each
 * symbol came. They count from when the lane was set; reactions begin anew when the server does.
 */
export type Counts = Readonly<Record<string, readonly number[] | Readonly<Record<string, number>>>>;

/** What the owner is told of its lanes, at most once a second. */
export interface LaneCounts {
  /** The totals. */
  readonly counts: Counts;
  /** How many messages on a lane don't count, because they came too fast or were too many. */
  readonly dropped: Readonly<Record<string, number>>;
}

/**
 * The callbacks. Each may be given as an option, or assigned to the room at any time. What they
 * throw is written to the console, and so is the failure of a promise that they return.
 */
export interface Callbacks {
  /** The page's status changed. */
  onstatus?: ((status: Status) => void) | null | undefined;
  /** The room ended on this page. Called once. */
  onclose?: ((reason: CloseReason) => void) | null | undefined;
  /**
   * Something failed, and the room goes on. Without this callback, the error is written to the
   * console as a warning. If the page's own `broadcast`, `clear` or `ready` fails, its promise
   * rejects instead; `onerror` is called if nobody has awaited that promise by the next task. Of
   * the promises that fail because the room is over, only the first is reported.
   */
  onerror?: ((error: RoomError) => void) | null | undefined;
  /** The owner cleared a slot. Undo what its state message did. */
  onclear?: ((slot: string) => void) | null | undefined;
  /**
   * The connection of the page that drives went away or came back: followers only. Also called when
   * another page drives from now on, this one included ({@link Room.isOwner}).
   */
  onowner?: ((presence: OwnerPresence, driver: Driver) => void) | null | undefined;
  /** A page asks to drive. Called where the creator is, and where somebody else drives. */
  onrequest?: ((request: ControlRequest) => void) | null | undefined;
  /**
   * What this page missed is gone, because it was too much or too long ago. What comes next, up to
   * the status `connected`, is what the room retains now. State messages that this page received
   * before are not repeated. `onclear` is called for slots that were cleared since. Only actions
   * that were not state messages are lost.
   *
   * On an owner's page: the server was restarted and has lost what the room had, and this page has
   * opened it anew (the server's `reopen-secret`). Broadcast its state again.
   */
  onresync?: (() => void) | null | undefined;
  /**
   * An attempt to connect failed, and the page goes on trying. Also called before `create` or
   * `join` has resolved or rejected. The error's `code` is `connection_failed`, or the server's
   * refusal, such as `rate_limited`; its message says what is known of the reason.
   */
  onretry?: ((error: RoomError) => void) | null | undefined;
  /**
   * The number of followers changed. Called at most once a second, on the owner's page, and on the
   * followers' pages if the owner set `shareAudience`.
   */
  onaudience?: ((audience: Audience) => void) | null | undefined;
  /**
   * People came or went. Called at most once a second, and only if this page has asked for the
   * {@link Room.roster}; not over plain HTTP. After a lost connection `more` says how many are
   * named.
   */
  onroster?: ((change: RosterChange) => void) | null | undefined;
  /** A lane was opened, set anew or ended. Called for each lane when the page enters, too. */
  onlane?: ((change: LaneChange) => void) | null | undefined;
  /** A follower has sent a value on a lane. Only on the owner's page. */
  onsaid?: ((said: Said) => void) | null | undefined;
  /** The counts of the lanes changed. Called at most once a second, only on the owner's page. */
  oncounts?: ((change: LaneCounts) => void) | null | undefined;
  /**
   * A recording of the room began or ended. Also called when a page joins a room that is or was
   * recorded, and again after a lost connection.
   */
  onrecording?: ((recording: Recording) => void) | null | undefined;
}

/**
 * The storage in which {@link CreateOptions.resume} keeps the room: `localStorage`, or any object
 * with the same three methods.
 */
export interface RoomStorage {
  /** Returns the value of a key; null if there is none. */
  getItem(key: string): string | null;
  /** Keeps a value under a key. */
  setItem(key: string, value: string): void;
  /** Removes a key and its value. */
  removeItem(key: string): void;
}

/**
 * The options that {@link create} and {@link join} have in common.
 *
 * @typeParam C the contract
 */
export interface RoomOptions<C extends Contract<C> = AnyContract> extends Callbacks {
  /**
   * The functions that the owner may call on this page, by function key: an object of its own. The
   * methods of a class are refused, because an owner could call each of them. A function that is
   * undefined counts as absent.
   */
  functions?: Functions<C> | undefined;
  /**
   * Function key → the schema of its params, which is the schema of a tuple. Use it if you don't
   * trust the owner, or if you want the params transformed: the function is called with what the
   * schema returns. If the params don't match, the function is not called and `invalid_params` is
   * reported. Keys without a schema are not checked. The schemas are a contract too:
   *
   * ```ts
   * const schemas = { camera: z.tuple([z.number(), z.number()]) };
   * const tour = await join(url, uuid, {
   *   schemas,
   *   functions: { camera: (yaw, pitch) => look(yaw, pitch) },
   * });
   * ```
   */
  schemas?: { readonly [Key in keyof C]?: StandardSchema<any, C[Key]> | undefined } | undefined;
  /**
   * After how many milliseconds `create` or `join` gives up if the server can't be reached. Default
   * 15,000.
   */
  timeout?: number | undefined;
  /**
   * The proof that this page may open or follow rooms, if the server asks for one: an API key, or a
   * JSON web token. It goes with the first message of each connection, and never into an address.
   *
   * Tokens expire. So this may be a function, which is called for each connection. If it fails when
   * the page reconnects, it is called again at the next attempt.
   *
   * ```ts
   * const room = await create(url, { token: async () => (await fetch("/room-token")).text() });
   * ```
   */
  token?: string | (() => string | Promise<string>) | null | undefined;
  /**
   * The class of websockets, instead of the global `WebSocket`, for environments that have none: in
   * Node.js 20 the one of the package `ws`. It is called with the server's address. Of its objects,
   * `onopen`, `onmessage`, `onclose`, `onerror`, `send`, `close` and `bufferedAmount` are used.
   *
   * Without this option, the SDK falls back to plain HTTP if no websocket can connect but the
   * server answers requests. It then uses the class `FetchSocket` of `rtbroadcaster/fetch-socket`,
   * and goes back to a websocket when one opens.
   */
  WebSocket?: WebSocketClass | undefined;
}

/** A class of websockets, like the browser's. */
export interface WebSocketClass {
  /** Opens a websocket to this address. */
  new (address: string): WebSocketLike;
}

/** The part of a websocket that the SDK uses. */
export interface WebSocketLike {
  /** Called when it is open. */
  onopen: ((event: any) => void) | null;
  /** Called with each message. */
  onmessage: ((event: any) => void) | null;
  /** Called when it is closed, with its code. */
  onclose: ((event: any) => void) | null;
  /** Called when it fails; `onclose` is called too, unless it stays `CONNECTING`. */
  onerror: ((event: any) => void) | null;
  /** How many bytes wait to be sent. */
  readonly bufferedAmount: number;
  /** Sends a text. */
  send(text: string): void;
  /** Closes it. */
  close(): void;
}

/**
 * The options of {@link create}.
 *
 * @typeParam C the contract
 */
export interface CreateOptions<C extends Contract<C> = AnyContract> extends RoomOptions<C> {
  /**
   * Keep the room across reloads of this page: `create` takes back the room that was kept. It opens
   * a new room if none was kept, or if the server no longer knows it. `room.resumed` tells which.
   *
   * `uuid` and `ownerKey` are kept in `sessionStorage`, and so in this tab. The key is
   * `rtbroadcaster:` with the server's address, or with the name that is given here; use a name if
   * one page owns several rooms. They are removed when the room ends with `closed`, `left` (but not
   * if another page drives it by then, so that it can be taken back) or `unknown_room`.
   *
   * If two pages take the same room back, the last one has it. On the other page the room ends with
   * `superseded`, and stays ended until that page calls `create` again.
   *
   * If the storage is missing or forbidden, the room can't survive a reload. This is reported once,
   * with the code `storage_unavailable`, to `onerror` or as a warning on the console.
   */
  resume?: boolean | string | undefined;
  /**
   * The storage for `resume`, instead of `sessionStorage`. In `localStorage` the room outlives the
   * tab, and every tab of this origin takes over the same room.
   */
  storage?: RoomStorage | undefined;
  /**
   * Take this room back instead of creating one: the `uuid` and `ownerKey` of a room that this user
   * owns. For pages that keep them by themselves. It can't be combined with `resume`.
   */
  claim?: Claim | undefined;
  /**
   * Whether the followers learn how many they are: their `onaudience` is called too. Default false.
   */
  shareAudience?: boolean | undefined;
  /**
   * Whether the followers may ask for the {@link Room.roster} too, as long as no more than 200
   * people are named (the server's `roster-shared`). Default false.
   */
  shareRoster?: boolean | undefined;
  /**
   * Lanes by their names, on which followers speak to this page. Those that a room has already, as
   * after a reload, go on. The servers of a cluster refuse lanes (`forbidden`), which `onerror` is
   * told.
   */
  lanes?: Readonly<Record<string, LaneDefinition>> | undefined;
  /**
   * Whether a new room gets a short {@link Room.code}, for people to type. Older servers give none.
   * Default false.
   */
  code?: boolean | undefined;
  /**
   * Whether all pages of the room estimate the server's clock from the start, so that the first
   * action with a moment ({@link BroadcastOptions.at}) finds them ready. This page knows it when
   * the promise resolves. Default false: pages begin with the first such action.
   */
  clock?: boolean | undefined;
  /**
   * Has a new room recorded from the start, as {@link Room.record} does. If the server refuses
   * that, `onerror` is called, and the room goes on. A room that is taken back (`claim`, `resume`)
   * is recorded as before. Default false.
   */
  record?: boolean | "shared" | undefined;
}

/** A room, and the proof that this user owns it. */
export interface Claim {
  /** The room's {@link Room.uuid}. */
  uuid: string;
  /** The room's {@link Room.ownerKey}. */
  ownerKey: string;
}

/**
 * The options of {@link join}.
 *
 * @typeParam C the contract
 */
export interface JoinOptions<C extends Contract<C> = AnyContract> extends RoomOptions<C> {
  /**
   * What others are to call this page: it gets a {@link Room.seat}. At most 64 bytes (the server's
   * `name-bytes`), without control characters. The name in a token wins. Default: none.
   */
  name?: string | undefined;
  /**
   * The {@link Invite.secret} of an invite: the page enters as a presenter. It follows as any other
   * until it is given the right to write. The same key after a reload is the same seat. A second
   * page with the key ends the first with `superseded`.
   */
  invite?: string | undefined;
}

/**
 * The arguments of {@link Room.broadcast} after the function key. The params may be left out if the
 * contract allows an action without params.
 *
 * @typeParam Params the action's params
 */
export type BroadcastArguments<Params extends readonly unknown[]> = [] extends Params
  ? [params?: Readonly<Params>, options?: BroadcastOptions]
  : [params: Readonly<Params>, options?: BroadcastOptions];

/** How an action is broadcast. */
export interface BroadcastOptions {
  /**
   * Whether the room retains the action as a state message: pages that join later receive it too.
   * Default false, but true if `slot` is given.
   */
  state?: boolean | undefined;
  /** The slot that retains it, in place of what was there. Default: the function key. */
  slot?: string | undefined;
  /**
   * The moment at which every page runs it, by the server's clock: {@link Room.time} and, say, 800.
   * It may be up to 10 seconds ahead, unless the server is set up otherwise (`malformed`). What
   * comes after it waits too; a page that gets it later runs it at once, with its
   * {@link Room.late}. Default: each page runs it when it arrives.
   */
  at?: number | undefined;
}

/**
 * How a follower that detached catches up ({@link Room.follow}).
 *
 * - `state`: with the state as it is now, in the order of the writes. The newest state message of
 *   each slot is delivered. If the slot was cleared, `onclear` is called instead, provided that
 *   this page had received a state message of the slot. Actions that were not state messages are
 *   skipped.
 * - `every`: with every action and clear, in order.
 */
export type CatchUp = "state" | "every";

/**
 * A page's side of one room, across reconnects.
 *
 * @typeParam C the contract: what may be broadcast
 * @typeParam Handed the contract of the functions; it differs from `C` only if a schema transforms
 * params
 */
export interface Room<C extends Contract<C> = AnyContract, Handed extends Contract<Handed> = C> extends Callbacks {
  /** The room's id, which others need to join. */
  readonly uuid: string;
  /**
   * The short code that stands for `uuid` until the room ends: six characters, unless the server is
   * set up for more, none of which looks like another. Undefined if the room was created without
   * the option `code`.
   */
  readonly code: string | undefined;
  /**
   * Whether this page drives the room, and so may broadcast. A page that opened the room does until
   * it hands the right to write over. `onowner` is called when this changes.
   */
  readonly isOwner: boolean;
  /** What this page is in the room: it has opened it, was invited, or only follows. */
  readonly role: "creator" | "presenter" | "follower";
  /** Who drives. */
  readonly driver: Driver;
  /** Whether messages flow: whether the status is `connected` or `catching-up`. */
  readonly connected: boolean;
  /** The page's status, as `onstatus` was called with it last. */
  readonly status: Status;
  /**
   * The secret that proves ownership; undefined unless the `role` is `creator`. Keep it out of URLs
   * and logs.
   */
  readonly ownerKey: string | undefined;
  /**
   * Whether the room was taken back by `resume` or `claim`, and not opened. Then the `functions`
   * given to `create` were called with what the room retained, so that this page shows what its
   * followers see.
   */
  readonly resumed: boolean;
  /**
   * How many pages follow. Undefined before the first count, and for a follower if the owner
   * doesn't share the count (`shareAudience`).
   */
  readonly audience: Audience | undefined;
  /**
   * The number that names this page to others in the room: 0 for the creator. Undefined for a
   * follower with neither a `name` nor an `invite`.
   */
  readonly seat: number | undefined;
  /**
   * What this page knows of the server's clock. Undefined before the first answer, and on a page
   * that has had no need of it.
   */
  readonly clock: ServerClock | undefined;
  /**
   * While a function runs that has a moment: how many milliseconds too late, 0 if in time.
   * Undefined for a function without one, and if this page doesn't know the server's clock.
   */
  readonly late: number | undefined;

  /**
   * The server's time, in milliseconds since 1970. The page asks for it from the first call on, or
   * from the start with the option `clock`; until {@link Room.clock} is there, this is the page's
   * own time.
   */
  time(): number;

  /**
   * Resolves at a moment of the server's clock, at once if it has passed: so the owner's own page
   * acts with its followers. A page that is told no time in 5 seconds goes by its own.
   *
   * @throws RoomError `closed` if the room ends before; `invalid_argument`
   */
  until(at: number): Promise<void>;

  /**
   * Runs the function registered under `functionKey` on every follower. Owner only. Actions are
   * sent in order: at once while the page is connected, otherwise as soon as the connection is
   * back.
   *
   * The promise resolves when the server has the action, with its `seq`: its position in the room's
   * log, 1, 2, 3 … It resolves with undefined if the action was never sent, because a newer state
   * message of its slot replaced it. The promise need not be awaited: a failure then goes to
   * `onerror`.
   *
   * It rejects with a RoomError whose `key` is the slot or function key:
   *
   * - `not_owner`, `closed`, `invalid_argument`, `message_too_large`, `queue_full`: the action was
   *   not sent. Earlier actions are not affected.
   * - a code of the server, such as `too_many_slots` or `state_too_large`: the server refused it.
   * - `closed` also if the room ended before the answer came.
   */
  broadcast<Key extends keyof C & string>(
    functionKey: Key,
    ...paramsAndOptions: BroadcastArguments<C[Key]>
  ): Promise<number | undefined>;

  /**
   * Removes the state message of a slot; the followers' `onclear(slot)` is called. Owner only. The
   * promise settles as that of `broadcast`.
   */
  clear(slot: string): Promise<number | undefined>;

  /**
   * Has the room recorded from now on, or no longer. Owner only. All pages of the room are told
   * (`onrecording`). The server keeps the recording; `rtbroadcaster/play` plays it. The promise
   * settles as that of `broadcast`, with these codes too: `forbidden` if the server records
   * nothing, `state_too_large` if it has no space for another recording.
   *
   * @param wish Default true. With `"shared"`, whoever may join may read the recording as long as
   * the room lives.
   */
  record(wish?: boolean | "shared"): Promise<number | undefined>;

  /**
   * Resolves when the queue has space for an action of any size, at once if it has. Await it after
   * `queue_full`, or before each of many large actions.
   *
   * @throws RoomError `closed` if the room ends first.
   */
  ready(): Promise<void>;

  /**
   * Registers a function, in place of an earlier one with the same key. State messages that came
   * before their function have waited for it, and are delivered right after.
   */
  on<Key extends keyof Handed & string>(functionKey: Key, fn: (...params: ParamsOf<Handed, Key>) => unknown): this;

  /** Removes a function. */
  off(functionKey: keyof Handed & string): this;

  /**
   * Keeps receiving, but applies nothing until {@link Room.follow}: no function is called (but for
   * one that waits for its moment already), nor `onclear` or `onresync`. All other callbacks go on,
   * and the page stays in the room across reconnects. If the room ends, `onclose` is called at
   * once, and nothing is left to catch up with.
   *
   * A function may call this; then nothing is delivered after that function. `on` still registers,
   * and state messages that wait for their function go on waiting. After the end of the room this
   * does nothing.
   *
   * Up to 4,096 actions and clears are kept, and up to 4,194,304 characters of the messages that
   * brought them: as much as a server keeps by default for a page that lost its connection. Beyond
   * that, only the newest event of each slot is kept; the same is true after a resync.
   *
   * @throws RoomError `not_follower` if this page drives.
   */
  detach(): void;
  /** Whether the page has detached and does not follow again yet. */
  readonly detached: boolean;
  /**
   * How many actions and clears came since `detach()` and were not applied, including those that
   * are not kept. While the page catches up: how many are left.
   */
  readonly behind: number;
  /**
   * Applies again: first what came since `detach()`, right after the page's running code, then what
   * is newer. Without `detach()` this does nothing. A function that is called may `detach()` again;
   * what is left then waits for the next time.
   *
   * @param catchUp Default `state`. With `every`, `onresync` is called first if not everything was
   * kept.
   * @throws RoomError `invalid_argument` for any other `catchUp`.
   */
  follow(catchUp?: CatchUp): void;

  /**
   * Who is there: the people who have a name, page by page. From the first call on, `onroster`
   * tells who comes and goes. The module for it is loaded by the first call. For the owner; for
   * followers only if the owner set `shareRoster`, and over plain HTTP never.
   *
   * It asks again after a lost connection, and waits if the page asks more than 5 times a second.
   *
   * @param options `after`: the `next` of the page before, by default 0. `limit`: how many people
   * at most, by default and at most 100 (the server's `roster-page`); 0 asks only how many there
   * are.
   * @throws RoomError with the code `forbidden`, `closed` or `invalid_argument`.
   */
  roster(options?: { after?: number | undefined; limit?: number | undefined }): Promise<Roster>;

  /**
   * Makes a key with which another page enters as a presenter (option `invite` of {@link join}), so
   * that this one can {@link Room.handOver} the right to write. Creator only.
   *
   * @param options `name`: what the others call that page, at most 64 bytes. `expires`: for how
   * many milliseconds the key is valid, by default as long as the room lives.
   * @throws RoomError `not_owner` or `forbidden` (this page isn't the creator's), `forbidden` also
   * where the server allows no invites, as in a cluster; `room_full` (too many), `malformed`,
   * `closed`.
   */
  invite(options?: { role?: "presenter"; name?: string | undefined; expires?: number | undefined }): Promise<Invite>;

  /**
   * Gives the right to write to another page: of a presenter or of one that has asked for it. What
   * this page has broadcast before is in front of that; what it broadcasts later, or too late, is
   * refused (`not_owner`). From then on this page follows. Only whoever drives.
   *
   * @param to The seat of that page: {@link Invite.seat}, {@link ControlRequest.seat}, or 0 for the
   * creator.
   * @returns The number of the change in the room's log.
   * @throws RoomError `not_owner`, `not_in_room` (nobody is in that seat), `closed`,
   * `invalid_argument`, and those of {@link Room.broadcast}.
   */
  handOver(to: number): Promise<number>;

  /**
   * Gives the right to write to the creator again, whoever has it. Resolves when this page drives,
   * with the number of the change in the room's log. Creator only.
   *
   * @throws RoomError `not_owner` or `forbidden` (this page isn't the creator's), `closed`.
   */
  takeBack(): Promise<number>;

  /**
   * Asks the page that drives, and the creator, for the right to write: their `onrequest` is
   * called. Resolves with true when this page drives, and with false if it was refused, or if
   * nobody has answered within a minute. Asking again while a request waits is the same request.
   * Over plain HTTP a page isn't told of a refusal, and waits for that minute.
   *
   * @param options `name`: what the others call this page, at most 64 bytes.
   * @throws RoomError `forbidden` (the creator asks, or the server allows no requests, as in a
   * cluster), `room_full` (too many ask), `malformed`, `closed`.
   */
  requestControl(options?: { name?: string | undefined }): Promise<boolean>;

  /**
   * Makes a key worthless: of an invite, or of a request that was accepted. A page that drives with
   * it drives no more, and the creator does; it goes on as a follower. Creator only.
   *
   * @throws RoomError `not_owner` or `forbidden` (this page isn't the creator's), `closed`,
   * `invalid_argument`.
   */
  revoke(seat: number): Promise<void>;

  /** The newest counts of the lanes, on the owner's page. */
  readonly counts: Counts | undefined;

  /**
   * Opens a lane, sets it anew, or ends it with `null`. Set anew, it counts from zero. Only the
   * owner. Resolves with the number of that in the room.
   *
   * @param name 1 to 64 bytes of UTF-8.
   * @throws RoomError `not_owner`, `malformed`, `too_many_slots` (16 lanes), `forbidden` (in a
   * cluster, or the lane to end isn't open), `invalid_argument`, and those of {@link broadcast}.
   */
  lane(name: string, definition: LaneDefinition | null): Promise<number>;

  /**
   * Sends a value to the owner. It reaches the owner at most once, within a second or so.
   *
   * @param value Any JSON value, at most 1,024 bytes as JSON.
   * @returns False if nothing was sent: no lane of this name takes values now, there is no
   * connection, the last one was less than the lane's `per` ago, or this page is the owner's.
   */
  send(lane: string, value?: unknown): boolean;

  /**
   * Sends a reaction, one of the symbols of a lane.
   *
   * @param lane Default `react`.
   * @returns False if nothing was sent, as for {@link send}, or because the lane doesn't have the
   * symbol.
   */
  react(symbol: string, lane?: string): boolean;

  /**
   * Votes for an option, or for another one than before. The vote counts once, over reconnects and
   * a reload of the page: whoever has the same token (`sub`) or the same `sessionStorage` is the
   * same voter. Resolves once the server has kept it, which takes up to a second.
   *
   * @throws RoomError `forbidden` (no such vote is open, or it was set anew or ended before the
   * server had kept the vote), `invalid_argument`, `room_full` (20,000 voters), `closed`.
   */
  vote(lane: string, option: number): Promise<void>;

  /**
   * A QR code as an SVG, for phones that read it off the screen. Its module is loaded by the first
   * call. The SVG has a `viewBox` and no size of its own.
   *
   * @param text What the QR code says. By default it is the address of this page with the room's
   * `code` behind `#`, or its `uuid` if it has no code.
   * @throws RoomError with the code `invalid_argument`: the text holds the room's `ownerKey`, is
   * empty or too long, or there is no page whose address could be shown.
   */
  qr(text?: string): Promise<string>;

  /**
   * Closes the room for everyone if this page opened it and drives; otherwise leaves it. Resolves
   * when the server has confirmed, or at once if there is no connection. A room that its owner
   * closes without a connection ends for the others when its time without an owner is over.
   */
  close(): Promise<void>;
}

/** An address: a text, or a `URL`. */
export type Address = string | UrlLike;

/** What is used of a `URL`, so that the types need no DOM. */
export interface UrlLike {
  /** The whole address. */
  readonly href: string;
}

/**
 * Opens a new room that this page owns, or takes one back (`resume`, `claim`). If the room is taken
 * back, the `functions` of the options are called with what it retained before the promise
 * resolves. Otherwise no function is called before the task after the promise has resolved.
 *
 * @typeParam S the schemas, which are the contract too
 * @param url The server's websocket address, `ws:`, `wss:`, `http:`, `https:`, or relative to the
 * page.
 * @param options See {@link CreateOptions}.
 * @throws RoomError
 */
export function create<S extends Schemas>(
  url: Address,
  options: CreateOptions<HandedBy<S>> & { schemas: S },
): Promise<Room<SentBy<S>, HandedBy<S>>>;
/**
 * @typeParam C the contract: what may be broadcast
 * @param url The server's websocket address, `ws:`, `wss:`, `http:`, `https:`, or relative to the
 * page.
 * @param options See {@link CreateOptions}.
 * @throws RoomError
 */
export function create<C extends Contract<C> = AnyContract>(
  url: Address,
  options?: CreateOptions<C>,
): Promise<Room<C>>;

/**
 * Enters a room as a follower. It receives first what the room retained, then everything that the
 * owner does. No function is called before the task after the promise has resolved, so functions
 * registered right after `await` miss nothing.
 *
 * @typeParam S the schemas, which are the contract too
 * @param url The server's websocket address, as for {@link create}.
 * @param uuid The room's {@link Room.uuid}, or its short {@link Room.code} as somebody typed it.
 * @param options See {@link RoomOptions}.
 * @throws RoomError
 */
export function join<S extends Schemas>(
  url: Address,
  uuid: string,
  options: JoinOptions<HandedBy<S>> & { schemas: S },
): Promise<Room<SentBy<S>, HandedBy<S>>>;
/**
 * @typeParam C the contract: what the owner may call
 * @param url The server's websocket address, as for {@link create}.
 * @param uuid The room's {@link Room.uuid}, or its short {@link Room.code} as somebody typed it.
 * @param options See {@link RoomOptions}.
 * @throws RoomError
 */
export function join<C extends Contract<C> = AnyContract>(
  url: Address,
  uuid: string,
  options?: JoinOptions<C>,
): Promise<Room<C>>;

/**
 * The WebAssembly: its address, its bytes, or an object that has it: a `Response`, or the compiled
 * `WebAssembly.Module`.
 */
export type WasmSource = Address | ArrayBuffer | ArrayBufferView | object;

/**
 * Loads the WebAssembly ahead of time, or from a source of your own. `create` and `join` call it by
 * themselves. It loads only once; after a failure the next call tries again.
 *
 * @param source The WebAssembly, or a promise of it. Default: the file beside the script.
 * @throws RoomError `wasm_failed`
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void>;
