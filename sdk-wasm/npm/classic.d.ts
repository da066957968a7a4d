/**
 * The original system's class, for pages that were written for it. New pages use `create` and
 * `join`.
 *
 * It differs only in what no page could rely on:
 *
 * - A lost connection comes back.
 * - After an unknown function key, or a function that throws, the next messages are not lost.
 * - What a page sends before it is connected is sent later.
 * - Only warnings are written to the console.
 *
 * @module
 */

/** A function is called with the params of an action as one array. */
export type ClassicFunction = (params: any[]) => unknown;

/**
 * A room. If the page's address has `?uuid=`, the page follows that room; otherwise it owns a new
 * one.
 */
export class RTBroadcaster {
  /**
   * Starts to connect.
   *
   * @param url The server's websocket address.
   * @param onConnectionCallback Called with the room's uuid, once, when the page is in it.
   * @param openCallback Called when the connection is open and the first message sent.
   * @param closeCallback Called at the end: the room was closed or doesn't exist, or the server
   * can't be reached.
   * @param errorCallback Called with a text if there are no websockets, or the WebAssembly can't be
   * loaded.
   */
  constructor(
    url: string | { toString(): string },
    onConnectionCallback?: (uuid: string) => void,
    openCallback?: () => void,
    closeCallback?: () => void,
    errorCallback?: (message: string) => void,
  );
  /** Whether this page opens a room. It is known at once. */
  isOwner: boolean;
  /**
   * Whether messages flow. Unlike in the original, it is false again while the connection is lost.
   */
  connected: boolean;
  /** The room's id; undefined until a new room is open. */
  uuid: string | undefined;
  /** The functions by function key. The map may be changed at any time. */
  suscribedFuncs: Map<string, ClassicFunction>;
  /** Registers a function, in place of an earlier one with the same key. */
  suscribeFunc(funcKey: string, func: ClassicFunction): void;
  /** Removes a function. */
  unsuscribeFunc(funcKey: string): void;
  /**
   * Calls a function on every follower, and also on those that join later if `isState` is true. On
   * a follower's page it does nothing.
   */
  sendAction(funcKey: string, funcParams?: readonly unknown[], isState?: boolean): void;
  /** Sends an envelope, given as JSON text. */
  sendMessage(message: string): void;
  /**
   * Closes the room for everyone, or leaves it if the page follows. The original had no such
   * method.
   */
  close(): void;
}
