import { Shown } from "./shown.mjs";

/** A page of the audience. */
export class Follower extends Shown {
  async live() {
    await this.status("connected");
  }

  /** @param {"here" | "away"} presence */
  async owner(presence) {
    await this.has(`#status[data-owner="${presence}"]`);
  }
}
