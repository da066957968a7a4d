/** The badge that shows the page's status in plain words. */
export class StatusBadge {
  #badge = document.querySelector("#status");
  #words;

  /** @param {{ [status: string]: string }} words the text of each status of the SDK */
  constructor(words) {
    this.#words = words;
    this.show("connecting");
  }

  /** @param {import("rtbroadcaster").Status} status */
  show(status) {
    this.#badge.dataset.status = status;
    this.#say();
  }

  /**
   * Shows whether the presenter is there.
   *
   * @param {import("rtbroadcaster").OwnerPresence} presence
   */
  showOwner(presence) {
    this.#badge.dataset.owner = presence;
    this.#say();
  }

  #say() {
    const { status, owner } = this.#badge.dataset;
    const text = status === "connected" && owner === "away" ? this.#words.away : this.#words[status];
    // Written only when it changes, so that a screen reader doesn't read it twice.
    if (this.#badge.textContent !== text) this.#badge.textContent = text;
  }
}
