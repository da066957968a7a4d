/**
 * A class like `WebSocket`, over plain HTTP (server-sent events and posts), for networks that block
 * websockets.
 *
 * `create` and `join` fall back to it by themselves. To use it from the start, give it as the
 * option `WebSocket`.
 *
 * @module
 */

import type { WebSocketLike } from "./index.js";

/**
 * A connection to the rooms over plain HTTP.
 *
 * ```ts
 * import { join } from "rtbroadcaster";
 * import { FetchSocket } from "rtbroadcaster/fetch-socket";
 *
 * const room = await join("wss://example.org/broadcasting", uuid, { WebSocket: FetchSocket });
 * ```
 */
export declare class FetchSocket implements WebSocketLike {
  /** @param address the address of the rooms, as for a websocket: `ws:` or `wss:` */
  constructor(address: string);
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(): void;
}
