import { Deck } from "./deck.js";
import { Drawing } from "./drawing.js";
import { Laser } from "./laser.js";

/** What presenter and audience both see: slides, strokes and laser, one above the other. */
export class Stage {
  /** Called with the number of the slide that is shown now. @type {(slide: number) => void} */
  onslide = () => {};

  constructor() {
    this.element = document.querySelector("#stage");
    this.deck = new Deck(document.querySelector("#deck"));
    this.drawing = new Drawing(document.querySelector("#strokes"));
    this.laser = new Laser(document.querySelector("#laser"));
  }

  showSlide(slide) {
    this.deck.show(slide);
    this.drawing.showSlide(this.deck.slide);
    this.onslide(this.deck.slide);
  }

  pointAt(x, y) {
    this.laser.pointAt(x, y);
  }

  putOut() {
    this.laser.putOut();
  }

  drawStroke(id, stroke) {
    this.drawing.draw(id, stroke);
  }

  eraseStroke(id) {
    this.drawing.erase(id);
  }
}
