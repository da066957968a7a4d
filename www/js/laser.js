/** The pointer's dot over the slide. It is moved at once, not with the next frame: that has been waited for on the other side. */
export class Laser {
  #dot;

  /** @param {HTMLElement} dot */
  constructor(dot) {
    this.#dot = dot;
  }

  /** Lights the dot at a place in the slide, 0..1 across and down. */
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
