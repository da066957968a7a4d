const KEY = "rtbroadcaster-room";

/**
 * The room that this tab presents, kept so that a reload takes it back. It lives in the tab's session storage: the owner
 * key must not outlive the tab nor get into the address. Where storage is blocked the page works without.
 */
export const keptRoom = {
  /** @returns {{ uuid: string, ownerKey: string } | undefined} */
  read() {
    try {
      const { uuid, ownerKey } = JSON.parse(sessionStorage.getItem(KEY)) ?? {};
      return uuid && ownerKey ? { uuid, ownerKey } : undefined;
    } catch {
      return undefined;
    }
  },

  /** @param {{ uuid: string, ownerKey: string | undefined }} room */
  keep({ uuid, ownerKey }) {
    try {
      sessionStorage.setItem(KEY, JSON.stringify({ uuid, ownerKey }));
    } catch {
      // Then a reload starts a new room.
    }
  },

  forget() {
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // Nothing was kept.
    }
  },
};
