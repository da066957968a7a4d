// The option `schemas`: the params are checked and transformed before a function is called with
// them. Loaded only if used.

import { report, roomError } from "./error.js";

/** `create` or `join` with the option; `enter(options)` is the same without it. */
export async function enterChecked(enter, options) {
  const { schemas, functions } = options;
  for (const [key, schema] of Object.entries(schemas)) {
    if (schema === undefined || typeof schema?.["~standard"]?.validate === "function") continue;
    throw roomError("invalid_argument", `the schema of "${key}" doesn't follow Standard Schema: it has no ~standard.validate`);
  }
  // Its `onerror` is called: the option's before there is a room, then the room's.
  let errorTarget = options;
  const checked = (key, fn) => {
    const schema = Object.hasOwn(schemas, key) ? schemas[key] : undefined;
    // The room refuses what isn't a function.
    if (!schema || typeof fn !== "function") return fn;
    return (...params) => {
      const result = schema["~standard"].validate(params);
      const issues = result instanceof Promise ? [{ message: "the schema answers later, which keeps no order" }] : result.issues;
      return issues ? report(errorTarget, invalidParams(key, issues)) : fn(...result.value);
    };
  };
  const checkedFunctions = Object.fromEntries(Object.entries(functions ?? {}).map(([key, fn]) => [key, checked(key, fn)]));
  // The room refuses what isn't a plain object.
  Object.setPrototypeOf(checkedFunctions, Object.getPrototypeOf(functions ?? {}));
  const room = await enter({ ...options, functions: checkedFunctions });
  errorTarget = room;
  const { on } = room;
  room.on = (key, fn) => on.call(room, key, checked(key, fn));
  return room;
}

function invalidParams(key, issues) {
  const message = `the params of "${key}" don't match their schema: ${issues.map(({ message }) => message).join("; ")}`;
  return Object.assign(roomError("invalid_params", message, issues), { key });
}
