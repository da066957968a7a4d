/**
 * A room as a React hook.
 *
 * @module
 */

import type {
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
 * What {@link useRoom} takes. `functions` and callbacks are always those of the newest render; the other options are read
 * when the room is entered.
 *
 * @typeParam C the contract
 */
export interface UseRoomOptions<C extends Contract<C> = AnyContract> extends CreateOptions<C> {
  /** The room to follow; without it the component owns a room. */
  uuid?: string | undefined;
}

/**
 * What {@link useRoom} returns.
 *
 * @typeParam C the contract
 */
export interface UsedRoom<C extends Contract<C> = AnyContract> {
  /** The room, once it is entered. */
  readonly room?: Room<C>;
  /** Where the page stands; `connecting` until the room is entered. */
  readonly status: Status;
  /** How many follow, where that is told. */
  readonly audience?: Audience;
  /** Whether the owner is there, once a follower was told. */
  readonly owner?: OwnerPresence;
  /** Why the room ended. */
  readonly reason?: CloseReason;
  /** Why it was not entered. */
  readonly error?: RoomError;
}

/**
 * Owns a room, or follows that of `uuid`, while the component is mounted: it is entered after the first render, and
 * closed or left when the component is unmounted or the address or `uuid` changes.
 *
 * @typeParam C the contract
 * @param url The server's websocket address; without one nothing is entered yet.
 * @param options See {@link UseRoomOptions}.
 */
export function useRoom<C extends Contract<C> = AnyContract>(
  url: string | URL | null | undefined,
  options?: UseRoomOptions<C>,
): UsedRoom<C>;
