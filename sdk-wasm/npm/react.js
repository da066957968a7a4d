// A room as a React hook.

import { useEffect, useRef, useState } from "react";
import { create, join } from "rtbroadcaster";

const CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience"];

export function useRoom(url, options = {}) {
  const [state, setState] = useState({ status: "connecting" });
  // Whatever the newest render gave is called; nothing is registered anew for that.
  const newest = useRef(options);
  const known = useRef(new Set());
  const address = url == null ? undefined : String(url);
  const { uuid } = options;

  const dispatcher = (key) => {
    known.current.add(key);
    return (...params) => newest.current.functions?.[key]?.(...params);
  };

  useEffect(() => {
    newest.current = options;
    const keys = Object.keys(options.functions ?? {});
    const { room } = state;
    if (!room) return;
    for (const key of keys) if (!known.current.has(key)) room.on(key, dispatcher(key));
    for (const key of known.current) {
      if (keys.includes(key)) continue;
      known.current.delete(key);
      room.off(key);
    }
  });

  useEffect(() => {
    if (address === undefined) return undefined;
    let over = false;
    let entered;
    const show = (change) => {
      if (!over) setState((state) => ({ ...state, ...change }));
    };
    const enter = async () => {
      const { functions, ...others } = newest.current;
      known.current = new Set();
      const given = Object.keys(functions ?? {}).map((key) => [key, dispatcher(key)]);
      const callbacks = CALLBACKS.map((name) => [name, (value) => told(name, value, show, newest.current)]);
      // Each connection asks for the token anew, and is given the newest render's.
      const token = others.token && (() => tokenOf(newest.current));
      const all = { ...others, token, functions: Object.fromEntries(given), ...Object.fromEntries(callbacks) };
      entered = await (uuid === undefined ? create(address, all) : join(address, uuid, all));
      if (over) entered.close();
      else show({ room: entered, status: entered.status, audience: entered.audience });
    };
    // A component that is mounted twice at once, as in strict mode, enters once.
    queueMicrotask(() => {
      if (over) return;
      enter().catch((error) => show({ status: "closed", error }));
    });
    return () => {
      over = true;
      entered?.close();
      setState({ status: "connecting" });
    };
  }, [address, uuid]);

  return state;
}

const tokenOf = ({ token }) => (typeof token === "function" ? token() : token);

function told(name, value, show, { [name]: callback }) {
  if (name === "onstatus") show({ status: value });
  else if (name === "onclose") show({ status: "closed", reason: value });
  else if (name === "onowner") show({ owner: value });
  else if (name === "onaudience") show({ audience: value });
  if (callback) callback(value);
  else if (name === "onerror") console.warn(value);
}
