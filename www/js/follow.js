import { join } from "rtbroadcaster";
import { RETRY, START_PAGE, showEnding } from "./ending.js";
import { roomIdIn } from "./room-id.js";
import { Stage } from "./stage.js";
import { StatusBadge } from "./status-badge.js";
import { listener } from "./tour.js";

const WORDS = {
  connecting: "Connecting…",
  connected: "Live",
  "catching-up": "Catching up…",
  reconnecting: "Connection lost. Reconnecting…",
  closed: "Closed",
  away: "Live. The presenter is away",
};

const NO_SUCH_ROOM = {
  title: "This room isn’t there",
  text: "It was closed, or the link is mistyped or incomplete. Ask the presenter for the current link.",
  choices: [START_PAGE, RETRY],
};

const ENDINGS = {
  unknown_room: NO_SUCH_ROOM,
  invalid_argument: NO_SUCH_ROOM,
  no_room: {
    title: "Which room?",
    text: "This address names no room. Open the presenter’s link, or paste it on the start page.",
    choices: [START_PAGE],
  },
  closed: {
    title: "That’s it",
    text: "The presenter has closed the room. Thank you for following.",
    choices: [START_PAGE],
  },
  room_full: {
    title: "The room is full",
    text: "No more pages can follow it at the moment. Try again when somebody has left.",
    choices: [RETRY, START_PAGE],
  },
};

const LOST_ROOM = {
  title: "The room is gone",
  text: "The server no longer knows it; perhaps it was restarted. Ask the presenter for the new link.",
  choices: [START_PAGE, RETRY],
};

const stage = new Stage();
const statusBadge = new StatusBadge(WORDS);

function end(reason, endings = ENDINGS) {
  statusBadge.show("closed");
  stage.putOut();
  showEnding(reason, endings);
}

/** The room has ended on a page that was in it. */
function lose(reason) {
  end(reason, { ...ENDINGS, unknown_room: LOST_ROOM });
}

/** Puts the laser out when the presenter is away: the presenter's page can't do it then. */
function showOwner(presence) {
  statusBadge.showOwner(presence);
  if (presence === "away") stage.putOut();
}

async function follow(uuid) {
  try {
    await join(new URL("broadcasting", location.href), uuid, {
      ...listener(stage),
      onstatus: (status) => statusBadge.show(status),
      onowner: showOwner,
      onclose: lose,
    });
  } catch (error) {
    end(error);
  }
}

// If another link is pasted over this one, only the fragment changes, and the browser loads
// nothing.
addEventListener("hashchange", () => location.reload());

const uuid = roomIdIn(location.hash) ?? roomIdIn(new URLSearchParams(location.search).get("room") ?? "");
if (uuid) follow(uuid);
else end({ code: "no_room" });
