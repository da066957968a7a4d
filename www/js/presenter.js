import { listenToGestures } from "./gestures.js";
import { listenToKeys } from "./keys.js";
import { EraserTool, LaserTool, PenTool } from "./tools.js";
import { COLOURS } from "./tour.js";

/** The presenter's controls: steps through the slides and hands the pointer to the chosen tool. */
export class Presenter {
  #stage;
  #tour;
  #tools;
  #chosen = "laser";

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {ReturnType<typeof import("./tour.js").driver>} tour
   */
  constructor(stage, tour) {
    this.#stage = stage;
    this.#tour = tour;
    this.#tools = {
      laser: new LaserTool(stage, tour),
      pen: new PenTool(stage, tour),
      eraser: new EraserTool(stage, tour),
    };
    this.#bindSteps();
    this.#bindTools();
    this.#bindStage();
    document.querySelector("main").inert = false;
  }

  /** Shows a slide here and on all other pages. Beyond either end of the deck it does nothing. */
  goTo(slide) {
    const { deck } = this.#stage;
    if (slide < 1 || slide > deck.count || slide === deck.slide) return;
    this.#tools.pen.end();
    this.#stage.showSlide(slide);
    this.#tour.goTo(slide);
  }

  /** Sends all that is shown here again: the server was restarted, and the room has lost it. */
  sendAgain() {
    const { deck, drawing } = this.#stage;
    this.#tour.goTo(deck.slide);
    for (const [id, stroke] of drawing.strokes) this.#tour.stroke(id, stroke);
  }

  /** Removes a stroke for which the room has no space. */
  abandonStroke(id) {
    if (!this.#stage.drawing.has(id)) return;
    this.#tools.pen.abandon(id);
    this.#erase(id);
  }

  #bindSteps() {
    const [previous, next] = ["#previous", "#next"].map((id) => document.querySelector(id));
    const counter = document.querySelector("#counter");
    const { deck } = this.#stage;
    previous.addEventListener("click", () => this.goTo(deck.slide - 1));
    next.addEventListener("click", () => this.goTo(deck.slide + 1));
    this.#stage.onslide = (slide) => {
      counter.textContent = `${slide} / ${deck.count}`;
      // With `disabled`, the button would lose the keyboard's focus at either end of the deck.
      previous.setAttribute("aria-disabled", slide === 1);
      next.setAttribute("aria-disabled", slide === deck.count);
    };
    this.#stage.onslide(deck.slide);
  }

  #bindTools() {
    for (const name of Object.keys(this.#tools)) {
      document.querySelector(`#tool-${name}`).addEventListener("click", () => this.#choose(name));
    }
    const colours = document.querySelector("#colours");
    colours.replaceChildren(...Object.keys(COLOURS).map((colour) => this.#colourButton(colour)));
    document.querySelector("#clear-drawing").addEventListener("click", () => this.#clearDrawing());
    this.#choose("laser");
  }

  #bindStage() {
    listenToGestures(this.#stage.element, {
      tool: () => this.#tools[this.#chosen],
      swipeable: () => this.#chosen === "laser",
      onswipe: (step) => this.goTo(this.#stage.deck.slide + step),
    });
    listenToKeys(this.#stage.deck, {
      goTo: (slide) => this.goTo(slide),
      shortcuts: { l: () => this.#choose("laser"), p: () => this.#choose("pen"), e: () => this.#choose("eraser") },
    });
  }

  #choose(name) {
    const former = this.#tools[this.#chosen];
    if (this.#chosen !== name) {
      former.end();
      former.leave?.();
    }
    this.#chosen = name;
    this.#stage.element.dataset.tool = name;
    for (const each of Object.keys(this.#tools)) {
      document.querySelector(`#tool-${each}`).setAttribute("aria-pressed", each === name);
    }
    this.#showColour();
  }

  #colourButton(colour) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "colour";
    button.dataset.colour = colour;
    button.style.setProperty("--colour", COLOURS[colour]);
    button.setAttribute("aria-label", `Pen in ${colour}`);
    button.addEventListener("click", () => {
      this.#tools.pen.colour = colour;
      this.#choose("pen");
    });
    return button;
  }

  #showColour() {
    const inUse = this.#chosen === "pen" ? this.#tools.pen.colour : undefined;
    for (const button of document.querySelectorAll(".colour")) {
      button.setAttribute("aria-pressed", button.dataset.colour === inUse);
    }
  }

  #clearDrawing() {
    this.#tools.pen.end();
    for (const id of this.#stage.drawing.visible) this.#erase(id);
  }

  #erase(id) {
    this.#stage.eraseStroke(id);
    this.#tour.erase(id);
  }
}
