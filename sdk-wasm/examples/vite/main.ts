import { create, join } from "rtbroadcaster";

import { schemas } from "./tour";

const query = <E extends Element>(selector: string) => document.querySelector<E>(selector)!;
const slide = query<HTMLOutputElement>("#slide");
const next = query<HTMLButtonElement>("#next");

const server = new URLSearchParams(location.search).get("server") ?? "/broadcasting";
const uuid = location.hash.slice(1);
const options = {
  schemas,
  functions: { goTo: (number: number) => (slide.value = number.toFixed()) },
  // Called if params don't match their schema; the function is not called then.
  onerror: ({ message }: Error) => (query("#notice").textContent = message),
};
if (uuid) await join(server, uuid, options);
else await drive();

async function drive() {
  // After a reload the page has its room again, and its function is called with the room's state.
  const room = await create(server, { ...options, resume: true });
  query<HTMLAnchorElement>("#link").href = `#${room.uuid}`;
  next.disabled = false;
  next.onclick = () => {
    const number = Number(slide.value) + 1;
    slide.value = String(number);
    room.broadcast("goTo", [number], { state: true });
  };
}
