import { generate } from "lean-qr";
import { copyText } from "./copy.js";

const COPIED_MS = 2500;

/** Shows the audience's address as a link and as a QR code, with a button that copies it. */
export async function showJoinLink(uuid) {
  const url = new URL(`follow.html#${uuid}`, await publicAddress()).href;
  const link = document.querySelector("#join-link");
  link.href = url;
  link.replaceChildren(...withBreaks(url));
  generate(url).toCanvas(document.querySelector("#qr"), { on: [18, 24, 22], off: [255, 255, 255] });
  document.querySelector("#copy-link").addEventListener("click", () => copy(link));
}

/**
 * Splits the address so that a narrow column breaks it between its parts, and not within a word.
 */
function withBreaks(url) {
  const parts = url.split(/(?=follow\.html|#)/);
  return parts.flatMap((part, index) => (index === 0 ? [part] : [document.createElement("wbr"), part]));
}

/**
 * The address of this site for other devices. A link to localhost would send a phone to itself, so
 * on localhost this is the address that the server gives for itself, if it gives one.
 */
async function publicAddress() {
  if (!["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) return location.href;
  try {
    const response = await fetch("site.json");
    const { address } = await response.json();
    return new URL(address ?? location.href).href;
  } catch {
    return location.href;
  }
}

let resetTimer;

async function copy(link) {
  const result = document.querySelector("#copy-result");
  result.textContent = (await copyText(link)) ? "Copied." : "Selected: copy it with your keyboard.";
  clearTimeout(resetTimer);
  resetTimer = setTimeout(() => {
    result.textContent = "";
  }, COPIED_MS);
}
