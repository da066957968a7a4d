import { Shown } from "./shown.mjs";

/** The presenter's page and its controls. */
export class Presenter extends Shown {
  /** Waits until the room is open. */
  async ready() {
    await this.page.locator("main:not([inert])").waitFor();
    await this.has('#join-link[href*="#"]');
    await this.status("connected");
    return this;
  }

  /** The link on the page, or the same link with another address, for example a proxy's. */
  async link(base) {
    const text = await this.page.locator("#join-link").textContent();
    const { hash } = new URL(text);
    return base ? new URL(`follow.html${hash}`, base).href : text;
  }

  async next() {
    await this.page.locator("#next").click();
  }

  async previous() {
    await this.page.locator("#previous").click();
  }

  async press(key) {
    await this.page.keyboard.press(key);
  }

  async take(tool) {
    await this.page.locator(`#tool-${tool}`).click();
  }

  /** Moves the mouse over the slide. @param {{ x: number, y: number }} at in shares of the slide */
  async point(at) {
    // Gestures are sent with animation frames, which pages in the background do not get.
    await this.page.bringToFront();
    const { x, y, width, height } = await this.page.locator("#stage").boundingBox();
    await this.page.mouse.move(x + at.x * width, y + at.y * height, { steps: 4 });
  }

  /** Presses the mouse and draws over the slide, through all of the points. */
  async drag(...places) {
    const [first, ...others] = places;
    await this.point(first);
    await this.page.mouse.down();
    for (const place of others) await this.point(place);
    await this.page.mouse.up();
  }

  async reload() {
    await this.page.reload();
    await this.ready();
  }

  async closeRoom() {
    await this.page.locator("#close-room").click();
    await this.page.locator("#close-room-yes").click();
  }
}
