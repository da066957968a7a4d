import { create } from "rtbroadcaster";
import { confirmClosing } from "./closing.js";
import { RETRY, START_PAGE, showEnding } from "./ending.js";
import { ROOM_NAME, keptRoom } from "./kept-room.js";
import { showNotice } from "./notice.js";
import { Presenter } from "./presenter.js";
import { showJoinLink } from "./share.js";
import { Stage } from "./stage.js";
import { StatusBadge } from "./status-badge.js";
import { driver, listener, strokeOfSlot } from "./tour.js";

const WORDS = {
  connecting: "Opening the room…",
  connected: "Live",
  "catching-up": "Live",
  reconnecting: "Connection lost. Reconnecting…",
  closed: "Closed",
};

const NEW_ROOM = { label: "Start a new room", action: () => location.reload() };

const CLOSED = {
  title: "The room is closed",
  text: "Everyone who followed has been told.",
  choices: [START_PAGE, NEW_ROOM],
};

const ENDINGS = {
  closed: CLOSED,
  left: CLOSED,
  unknown_room: {
    title: "The room is gone",
    text: "The server no longer knows it; perhaps it was restarted. A new room gets a new link.",
    choices: [NEW_ROOM, START_PAGE],
  },
  superseded: {
    title: "You present somewhere else now",
    text: "Another tab has taken this room over. You can take it back, and the other tab will stop.",
    choices: [{ label: "Take it back", action: RETRY.action }, START_PAGE],
  },
  too_many_rooms: {
    title: "The server has no room left",
    text: "It holds as many rooms as it may. Try again in a while.",
    choices: [RETRY, START_PAGE],
  },
};

const OUT_OF_SPACE = "The room can hold no more drawing. Erase something first.";

const NOTICES = {
  too_many_slots: OUT_OF_SPACE,
  state_too_large: OUT_OF_SPACE,
  queue_full: "Too much is waiting for the connection. The last change was not taken.",
  storage_unavailable: "This browser keeps nothing for this page: loading it again would start a new room.",
};

const stage = new Stage();
const statusBadge = new StatusBadge(WORDS);

function end(reason) {
  statusBadge.show("closed");
  stage.putOut();
  showEnding(reason, ENDINGS);
}

/**
 * Reports an error. If the room has no space for a stroke, the stroke is removed here too, so that
 * the presenter sees what the audience sees.
 */
function report(error, presenter) {
  // `end` shows the end of the room.
  if (error.code === "closed") return;
  const words = NOTICES[error.code];
  if (!words) console.error(error);
  showNotice(words ?? "Something was not sent. Reload the page if it happens again.");
  if (words === OUT_OF_SPACE) presenter.abandonStroke(strokeOfSlot(error.key ?? ""));
}

function showAudience({ connected }) {
  document.querySelector("#audience").textContent = `${connected} watching`;
}

async function present() {
  const retained = listener(stage);
  // A room that is taken back shows on this page what the audience sees, except for the laser:
  // nobody holds the pointer any more.
  let isLaserOn = false;
  retained.functions.laser = () => (isLaserOn = true);
  let hasSlide = false;
  const { goTo } = retained.functions;
  retained.functions.goTo = (slide) => {
    hasSlide = true;
    goTo(slide);
  };

  const hadRoom = keptRoom.isThere;
  const room = await create(new URL("broadcasting", location.href), {
    ...retained,
    resume: ROOM_NAME,
    onstatus: (status) => statusBadge.show(status),
    onaudience: showAudience,
    onclose: end,
  });
  const tour = driver(room, (error) => report(error, presenter));
  const presenter = new Presenter(stage, tour);
  room.onerror = (error) => report(error, presenter);
  room.onresync = () => presenter.sendAgain();
  if (isLaserOn) tour.laserOff();
  // The slide is sent first, so that it has a slot in the room before strokes can use all of them.
  // A room that was opened anew after a restart of the server has none either.
  if (!hasSlide) tour.goTo(stage.deck.slide);
  confirmClosing(() => room.close());
  if (hadRoom && !room.resumed) showNotice("Your earlier room is gone. This is a new one, with a new link.");
  await showJoinLink(room.uuid);
}

present().catch(end);
