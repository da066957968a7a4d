export const START_PAGE = { label: "Go to the start page", href: "./" };
export const RETRY = { label: "Try again", action: () => location.reload() };

/** The ends that read the same for presenter and audience, by the SDK's codes. */
const COMMON = {
  connection_failed: {
    title: "The server can’t be reached",
    text: "Check that this device is online and in the same network as the server, then try again.",
    choices: [RETRY, START_PAGE],
  },
  wasm_failed: {
    title: "This page didn’t load completely",
    text: "A part of it is missing, probably because of the connection. Loading it again usually helps.",
    choices: [RETRY, START_PAGE],
  },
  unsupported_version: {
    title: "Page and server don’t match",
    text: "One of them is newer than the other. Loading the page again usually helps.",
    choices: [RETRY, START_PAGE],
  },
};

const UNFORESEEN = {
  title: "Something went wrong",
  text: "This wasn’t foreseen. Try again; if it happens once more, ask whoever runs the server.",
  choices: [RETRY, START_PAGE],
};

/**
 * Shows, over everything else, why the room is over and what the person can do now. This is final:
 * only its choices lead on.
 *
 * @param {{ code?: string, message?: string }} reason the reason of the end, or the error of
 * `create` or `join`
 * @param {{ [code: string]: Ending }} endings the page's own texts, by code
 *
 * @typedef {{ title: string, text: string, choices: Choice[] }} Ending
 * @typedef {{ label: string, href: string } | { label: string, action: () => void }} Choice
 */
export function showEnding(reason, endings) {
  const known = endings[reason.code] ?? COMMON[reason.code];
  if (!known) console.error(reason);
  const { title, text, choices } = known ?? UNFORESEEN;
  const dialog = document.querySelector("#ending");
  dialog.dataset.code = reason.code ?? "unforeseen";
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = text;
  dialog.querySelector(".choices").replaceChildren(...choices.map(asElement));
  // There is nothing to go back to, so Escape must not close the dialog. A second Escape closes it
  // although `cancel` is prevented, so it is opened again.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => dialog.showModal());
  for (const other of document.querySelectorAll("dialog[open]")) other.close();
  dialog.showModal();
}

function asElement({ label, href, action }, index) {
  const element = document.createElement(href ? "a" : "button");
  element.className = index === 0 ? "button primary" : "button";
  element.textContent = label;
  if (href) element.href = href;
  else element.addEventListener("click", action);
  return element;
}
