/**
 * The original system's class, for pages that were written for it. It differs in what nobody could rely on: a lost
 * connection comes back, an unknown function key or a function that throws doesn't lose the messages after it, what is
 * sent before the connection is there is sent later, and nothing is written to the console but warnings. New pages use
 * `create` and `join`.
 *
 * @module
 */

/** Handed the params of an action as one array. */
export type ClassicFunction = (params: any[]) => unknown;

/** A room, owned or followed; which of them the page's address says: it follows the room that `?uuid=` names. */
export class RTBroadcaster {
  /**
   * Begins to connect.
   *
   * @param url The server's websocket address.
   * @param onConnectionCallback Called with the room's uuid, once, when the page is in it.
   * @param openCallback Called when the connection is open and the first message sent.
   * @param closeCallback Called when it is over: the room was closed or isn't there, or the server can't be reached.
   * @param errorCallback Called with a text where there are no websockets, or the WebAssembly can't be loaded.
   */
  constructor(
    url: string | URL,
    onConnectionCallback?: (uuid: string) => void,
    openCallback?: () => void,
    closeCallback?: () => void,
    errorCallback?: (message: string) => void,
  );
  /** Whether this page opens a room, known at once. */
  isOwner: boolean;
  /** Whether messages flow. Unlike the original's it is false again while the connection is lost. */
  connected: boolean;
  /** The room; undefined until a new one is open. */
  uuid: string | undefined;
  /** The functions by function key; may be changed at any time. */
  suscribedFuncs: Map<string, ClassicFunction>;
  /** Registers a function, in place of that of the same key. */
  suscribeFunc(funcKey: string, func: ClassicFunction): void;
  /** Removes a function. */
  unsuscribeFunc(funcKey: string): void;
  /** Calls a function on every follower, and on those who join later if it is state. Of a follower it does nothing. */
  sendAction(funcKey: string, funcParams?: readonly unknown[], isState?: boolean): void;
  /** Sends an envelope, as JSON. */
  sendMessage(message: string): void;
  /** The owner closes the room for everyone, a follower leaves it. The original had no such method. */
  close(): void;
}
