import { keptRoom } from "./kept-room.js";
import { roomIdIn } from "./room-id.js";

const form = document.querySelector("#join");
const field = form.elements.room;
const hint = document.querySelector("#join-hint");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const uuid = roomIdIn(field.value);
  if (uuid) {
    location.href = `follow.html#${uuid}`;
    return;
  }
  field.setAttribute("aria-invalid", "true");
  hint.textContent = "There is no room id in this. Paste the whole link that the presenter shows.";
  field.focus();
});

field.addEventListener("input", () => {
  field.removeAttribute("aria-invalid");
  hint.textContent = "";
});

// This button opens a new room. The room that this tab presented before has a link of its own.
document.querySelector("#start-room").addEventListener("click", () => keptRoom.forget());
document.querySelector("#return").hidden = !keptRoom.isThere;
