/** The name of this tab's room: what the SDK keeps it under, so that a reload takes it back. */
export const ROOM_NAME = "tour";

const STORAGE_KEY = `rtbroadcaster:${ROOM_NAME}`;

/** What the SDK has kept in the tab's session storage; where that is blocked, nothing. */
export const keptRoom = {
  get isThere() {
    try {
      return sessionStorage.getItem(STORAGE_KEY) !== null;
    } catch {
      return false;
    }
  },

  forget() {
    try {
      sessionStorage.removeItem(STORAGE_KEY);
    } catch {
      // Nothing was kept.
    }
  },
};
