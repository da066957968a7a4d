/**
 * The pointer's dot over the slide. It is moved at once and not with the next frame, because the
 * presenter's page has already waited for a frame.
 */
export class Laser {
  #dot;

  /** @param {HTMLElement} dot */
  constructor(dot) {
    this.#dot = dot;
  }

  /** Lights the dot at a position on the slide, 0..1 across and down. */
  pointAt(x, y) {
    this.#dot.dataset.x = x;
    this.#dot.dataset.y = y;
    this.#dot.style.transform = `translate(${x * 100}cqw, ${y * 100}cqh)`;
    this.#dot.hidden = false;
  }

  putOut() {
    this.#dot.hidden = true;
  }
}
