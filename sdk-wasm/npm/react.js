"use client";
// A room as a React hook.

import { useEffect, useRef, useState } from "react";
import { create, join } from "rtbroadcaster";

const CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience", "onroster", "onlane", "onsaid", "oncounts", "onrecording", "onretry", "onrequest"];

export function useRoom(url, options = {}) {
  const [state, setState] = useState({ status: "connecting" });
  // The newest render's functions are called, without registering them anew.
  const latestOptions = useRef(options);
  const registeredKeys = useRef(new Set());
  const address = url == null ? undefined : String(url.href ?? url);
  const { uuid } = options;

  const dispatcher = (key) => {
    registeredKeys.current.add(key);
    return (...params) => latestOptions.current.functions?.[key]?.(...params);
  };

  useEffect(() => {
    latestOptions.current = options;
    const keys = keysOf(options.functions);
    const { room } = state;
    if (!room) return;
    for (const key of keys) if (!registeredKeys.current.has(key)) room.on(key, dispatcher(key));
    for (const key of registeredKeys.current) {
      if (keys.includes(key)) continue;
      registeredKeys.current.delete(key);
      room.off(key);
    }
  });

  useEffect(() => {
    if (address === undefined) return undefined;
    let isOver = false;
    let entered;
    const show = (change) => {
      if (!isOver) setState((state) => ({ ...state, ...change }));
    };
    const enter = async () => {
      const { functions, uuid: _, ...others } = latestOptions.current;
      registeredKeys.current = new Set();
      const given = Object.fromEntries(keysOf(functions).map((key) => [key, dispatcher(key)]));
      // The room refuses what isn't a plain object.
      Object.setPrototypeOf(given, Object.getPrototypeOf(functions ?? {}));
      const callbacks = CALLBACKS.map((name) => [name, (...args) => notify(name, args, show, latestOptions.current)]);
      // Each connection asks for the token anew, and gets the newest render's.
      const token = others.token && (() => tokenOf(latestOptions.current));
      const all = { ...others, token, functions: given, ...Object.fromEntries(callbacks) };
      entered = await (uuid === undefined ? create(address, all) : join(address, uuid, all));
      if (isOver) entered.close();
      else show({ room: entered, status: entered.status, audience: entered.audience });
    };
    // A component that is mounted twice in a row, as in strict mode, enters once.
    queueMicrotask(() => {
      if (isOver) return;
      enter().catch((error) => show({ status: "closed", error }));
    });
    return () => {
      isOver = true;
      entered?.close();
      setState({ status: "connecting" });
    };
  }, [address, uuid]);

  return state;
}

/** The function keys; a function that is undefined counts as absent. */
const keysOf = (functions) => Object.keys(functions ?? {}).filter((key) => functions[key] !== undefined);

const tokenOf = ({ token }) => (typeof token === "function" ? token() : token);

function notify(name, args, show, { [name]: callback }) {
  const [value] = args;
  if (name === "onstatus") show({ status: value });
  else if (name === "onclose") show({ status: "closed", reason: value });
  // Who drives may be another one now: components ask the room.
  else if (name === "onowner") show({ owner: value });
  else if (name === "onaudience") show({ audience: value });
  if (callback) return callback(...args);
  if (name === "onerror") console.warn(value);
}
