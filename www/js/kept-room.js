/** The name under which the SDK keeps this tab's room, so that the page has it after a reload. */
export const ROOM_NAME = "tour";

const STORAGE_KEY = `rtbroadcaster:${ROOM_NAME}`;

/** The room that the SDK keeps in the tab's session storage; none if that is blocked. */
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
