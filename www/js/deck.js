import { SLIDES } from "./slides.js";

/** The slides. One of them is shown: the element's `data-slide` has its number, from 1. */
export class Deck {
  #root;
  #sections;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    root.innerHTML = SLIDES.map(section).join("");
    this.#sections = [...root.children];
    this.show(1);
  }

  get slide() {
    return Number(this.#root.dataset.slide);
  }

  get count() {
    return this.#sections.length;
  }

  /** Shows a slide, or the nearest one that exists. */
  show(slide) {
    const shown = Math.min(Math.max(slide, 1), this.count);
    this.#root.dataset.slide = shown;
    this.#sections.forEach((section, index) => {
      section.hidden = index + 1 !== shown;
    });
  }
}

const section = ({ name, html }, index) =>
  `<section class="slide slide-${name}" hidden>${html}<span class="slide-number" aria-hidden="true">${index + 1}</span></section>`;
