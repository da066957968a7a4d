// The option `schemas`: the params are checked and transformed before a function is called with
// them. Loaded only if used.

import { report, roomError } from "./error.js";

/** `create` or `join` with the option; `enter(options)` is the same without it. */
export async function enterChecked(enter, options) {
  // Its `onerror` is called: the option's before there is a room, then the room's.
  let errorTarget = options;
  const checked = checker(options.schemas, () => errorTarget);
  const room = await enter({ ...options, functions: checkedFunctions(options.functions ?? {}, checked) });
  errorTarget = room;
  const { on } = room;
  room.on = (key, fn) => on.call(room, key, checked(key, fn));
  return room;
}

/**
 * Returns a function that puts the check of its key's schema before a function. The `onerror` of
 * what `target` returns is called.
 */
export function checker(schemas, target) {
  for (const [key, schema] of Object.entries(schemas)) {
    if (schema === undefined || typeof schema?.["~standard"]?.validate === "function") continue;
    throw roomError("invalid_argument", `the schema of "${key}" doesn't follow Standard Schema: it has no ~standard.validate`);
  }
  return (key, fn) => {
    const schema = Object.hasOwn(schemas, key) ? schemas[key] : undefined;
    // The room refuses what isn't a function.
    if (!schema || typeof fn !== "function") return fn;
    return (...params) => {
      const result = schema["~standard"].validate(params);
      const issues = result instanceof Promise ? [{ message: "the schema answers later, which keeps no order" }] : result.issues;
      return issues ? report(target(), invalidParams(key, issues)) : fn(...result.value);
    };
  };
}

/** The functions, each with its check before it. */
export function checkedFunctions(functions, checked) {
  const all = Object.fromEntries(Object.entries(functions).map(([key, fn]) => [key, checked(key, fn)]));
  // The room refuses what isn't a plain object.
  return Object.setPrototypeOf(all, Object.getPrototypeOf(functions));
}

function invalidParams(key, issues) {
  const message = `the params of "${key}" don't match their schema: ${issues.map(({ message }) => message).join("; ")}`;
  return Object.assign(roomError("invalid_params", message, issues), { key });
}
