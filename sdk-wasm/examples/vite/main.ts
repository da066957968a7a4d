import { create, join } from "rtbroadcaster";

import { schemas } from "./tour";

const query = <E extends Element>(selector: string) => document.querySelector<E>(selector)!;
const slide = query<HTMLOutputElement>("#slide");
const next = query<HTMLButtonElement>("#next");

const server = new URLSearchParams(location.search).get("server") ?? "/broadcasting";
const uuid = location.hash.slice(1);
if (uuid) await follow();
else await drive();

async function drive() {
  const room = await create(server, { schemas });
  query<HTMLAnchorElement>("#link").href = `#${room.uuid}`;
  next.disabled = false;
  next.onclick = () => {
    const number = Number(slide.value) + 1;
    slide.value = String(number);
    room.broadcast("goTo", [number], { state: true });
  };
}

async function follow() {
  await join(server, uuid, {
    schemas,
    functions: { goTo: (number) => (slide.value = number.toFixed()) },
    // Called if params don't match their schema; the function is not called then.
    onerror: ({ message }) => (query("#notice").textContent = message),
  });
}
