/**
 * A room as a React hook.
 *
 * @module
 */

import type {
  Address,
  AnyContract,
  Audience,
  CloseReason,
  Contract,
  CreateOptions,
  OwnerPresence,
  Room,
  RoomError,
  Status,
} from "rtbroadcaster";

/**
 * The options of {@link useRoom}. The functions and callbacks of the newest render are called; the
 * other options are read when the room is entered.
 *
 * @typeParam C the contract
 */
export interface UseRoomOptions<C extends Contract<C> = AnyContract> extends CreateOptions<C> {
  /** The room to follow; without it the component owns a room. */
  uuid?: string | undefined;
  /** What others are to call this page in the room that it follows. */
  name?: string | undefined;
  /** The secret of an invite to the room that it follows: see `JoinOptions`. */
  invite?: string | undefined;
}

/**
 * The result of {@link useRoom}.
 *
 * @typeParam C the contract
 */
export interface UsedRoom<C extends Contract<C> = AnyContract> {
  /** The room, once it is entered. */
  readonly room?: Room<C>;
  /** The page's status; `connecting` until the room is entered. */
  readonly status: Status;
  /** How many pages follow, if this page learns it. */
  readonly audience?: Audience;
  /** Whether whoever drives is connected; undefined until a follower learns it. */
  readonly owner?: OwnerPresence;
  /** Why the room ended. */
  readonly reason?: CloseReason;
  /** Why the room was not entered. */
  readonly error?: RoomError;
}

/**
 * Owns a room, or follows the room `uuid`, while the component is mounted. The room is entered
 * after the first render. It is closed or left when the component is unmounted, or when the address
 * or `uuid` changes.
 *
 * @typeParam C the contract
 * @param url The server's websocket address. Without one, no room is entered yet.
 * @param options See {@link UseRoomOptions}.
 */
export function useRoom<C extends Contract<C> = AnyContract>(
  url: Address | null | undefined,
  options?: UseRoomOptions<C>,
): UsedRoom<C>;
