/**
 * Plays recordings of rooms: hands their calls to the page's functions, by a clock that can stop,
 * run faster and jump.
 *
 * @module
 */

import type { Functions, RoomError, Schemas } from "./index.js";

/**
 * Opens a recording and plays it. The promise is settled when it is loaded and stands at `from`;
 * the first function is called in a later task.
 *
 * ```ts
 * import { play } from "rtbroadcaster/play";
 *
 * const player = await play("talk.ndjson", { functions, speed: 2 });
 * slider.max = String(player.duration);
 * slider.oninput = () => player.seek(Number(slider.value));
 * ```
 *
 * The recording's text is held in memory as long as the player. Of a recording whose end is torn,
 * because its server was killed, everything up to the last whole line is played.
 *
 * @param source the address of the recording; a `Response` or a `Blob` with it; its text; or its
 * lines
 * @throws RoomError with the code
 * - `invalid_argument`: an option is wrong, or the source is no recording
 * - `connection_failed`: it could not be loaded
 */
export declare function play(
  source: string | URL | Response | Blob | Iterable<string> | AsyncIterable<string>,
  options: PlayOptions,
): Promise<Player>;

/** What {@link play} takes. */
export interface PlayOptions {
  /** The functions that are called, by their keys, as for `join`. */
  functions?: Functions;
  /** Checks the params before a function is called, as for `join`. */
  schemas?: Schemas;
  /** How many times faster than it was recorded; above 0 and finite. Default 1. */
  speed?: number;
  /** Where it begins, in milliseconds of {@link Player.time}. Default 0. */
  from?: number;
  /**
   * The longest wait between two calls, in milliseconds at speed 1. Longer ones are shortened to
   * it, and `time`, `duration`, `from` and `seek` all count so. Default: none is shortened.
   */
  maxIdle?: number;
  /**
   * Called at the start, after a jump, and whenever calls were made: once for those that were due
   * together. It is given the milliseconds of `time` and `duration`.
   */
  onprogress?: ((time: number, duration: number) => unknown) | null;
  /** Called when a slot is forgotten: it was cleared, or a jump leads to before it was set. */
  onclear?: ((slot: string) => unknown) | null;
  /**
   * Called when a function throws, its params are wrong, or a key has none (once for each key).
   * Default: a warning on the console.
   */
  onerror?: ((error: RoomError) => unknown) | null;
}

/** A recording that is played. */
export interface Player {
  /** Plays on, from where it stands. At the end it does nothing: `seek(0)` first. */
  play(): void;
  /** Stops the clock. */
  pause(): void;
  /**
   * Jumps to a moment, in milliseconds from the start; beyond the end is the end. State messages
   * are called whose slots have another value there, each with its newest value, in the order of
   * the room; `onclear` is called for slots that have none. Other functions aren't called for what
   * was jumped over.
   */
  seek(ms: number): Promise<void>;
  /** Stops, and forgets the functions. `play` and `seek` fail with `closed` then. */
  close(): void;
  /** How many times faster than it was recorded. May be set. */
  speed: number;
  /** Whether the clock runs. It stops at the end. */
  readonly playing: boolean;
  /** Where it stands, in milliseconds from the start. */
  readonly time: number;
  /** How long it is, in milliseconds. */
  readonly duration: number;
}
