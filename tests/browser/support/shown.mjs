/** What a page of the tour shows, read from its DOM. Presenter and follower have the same stage. */

/** Polls by the clock, because a page in the background gets no animation frames. */
const POLL = { polling: 30 };

/** The error that rounding and pixels may cause, as a share of the stage's width or height. */
const NEAR = 0.004;

export class Shown {
  constructor(page) {
    this.page = page;
  }

  /** Waits for an element that need not be visible. */
  async has(selector) {
    await this.page.locator(selector).first().waitFor({ state: "attached" });
  }

  /** Waits until this slide is shown, and no other. */
  async slide(number) {
    const it = `section:nth-child(${number})`;
    const alone = `#deck[data-slide="${number}"]:not(:has(> section:not([hidden], ${it})))`;
    await this.page.locator(`${alone} > ${it}`).waitFor({ state: "visible" });
  }

  async status(status) {
    await this.has(`#status[data-status="${status}"]`);
  }

  /**
   * The laser's dot, measured on the screen.
   *
   * @param {{ x: number, y: number }} at in shares of the slide
   */
  async laserAt({ x, y }) {
    await this.page.waitForFunction(
      ({ x, y, near }) => {
        const middle = (box) => ({ x: box.left + box.width / 2, y: box.top + box.height / 2 });
        const dot = document.querySelector("#laser:not([hidden])");
        if (!dot) return false;
        const at = middle(dot.getBoundingClientRect());
        const stage = document.querySelector("#stage").getBoundingClientRect();
        return (
          Math.abs((at.x - stage.left) / stage.width - x) < near &&
          Math.abs((at.y - stage.top) / stage.height - y) < near
        );
      },
      { x, y, near: NEAR },
      POLL,
    );
  }

  async noLaser() {
    await this.page.locator("#laser").waitFor({ state: "hidden" });
  }

  /** The strokes on the slide at this moment, in one order on every page. */
  async strokes() {
    return JSON.parse(await this.page.evaluate(readStrokes));
  }

  /** Waits until exactly these strokes are on the slide, point by point. */
  async sameStrokes(strokes) {
    const wanted = JSON.stringify(strokes);
    await this.page.waitForFunction(`(${readStrokes})() === ${JSON.stringify(wanted)}`, undefined, POLL);
  }

  /** @param {string} code the SDK's code for why it has ended */
  async ended(code) {
    await this.page.locator(`#ending[data-code="${code}"]`).waitFor({ state: "visible" });
    await this.status("closed");
  }
}

/** Runs in the page. */
function readStrokes() {
  const strokes = [...document.querySelectorAll("#strokes polyline[data-slot]:not([hidden])")].map((line) => ({
    slot: line.dataset.slot,
    points: line.getAttribute("points"),
    colour: line.getAttribute("stroke"),
  }));
  return JSON.stringify(strokes.sort((a, b) => (a.slot < b.slot ? -1 : 1)));
}
