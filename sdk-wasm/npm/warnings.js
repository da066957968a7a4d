// Warnings for developers: about names that no option has, and about params that JSON loses. They
// are in development builds only: see development.js and node.js.

const CALLBACKS = ["onstatus", "onclose", "onerror", "onclear", "onowner", "onresync", "onaudience", "onroster", "onlane", "onsaid", "oncounts", "onrecording", "onretry", "onrequest"];
const ENTER = ["functions", "schemas", "timeout", "token", "WebSocket", ...CALLBACKS];

/** The options that there are: a test holds them to index.d.ts. */
export const OPTIONS = {
  join: [...ENTER, "name", "invite"],
  create: [...ENTER, "resume", "storage", "claim", "shareAudience", "shareRoster", "code", "clock", "lanes", "record"],
  broadcast: ["state", "slot", "at"],
};

/** `create` and `join`, with warnings. */
export const withWarnings = ({ create, join }) => ({
  create: async (url, options) => {
    checkNames("create", options);
    return watched(await create(url, options));
  },
  join: async (url, uuid, options) => {
    checkNames("join", options);
    return watched(await join(url, uuid, options));
  },
});

function watched(room) {
  const { broadcast } = room;
  room.broadcast = (key, params, options) => {
    checkNames("broadcast", options);
    if (options?.slot !== undefined && options.state === false) {
      warnOnce(`slot ${key}`, `"${key}" is broadcast with a \`slot\` and \`state: false\`: no slot retains it`);
    }
    if (!warned.has(`params ${key}`)) {
      const loss = lossOf(params, "params", new Set());
      if (loss) warnOnce(`params ${key}`, `the params of "${key}" lose something as JSON: ${loss}`);
    }
    return broadcast(key, params, options);
  };
  return room;
}

/** Warns of each name that is no option of `create`, `join` or `broadcast`. */
function checkNames(where, options) {
  if (typeof options !== "object" || !options) return;
  for (const name of Object.keys(options)) {
    if (OPTIONS[where].includes(name) || options[name] === undefined) continue;
    const other = where === "join" && OPTIONS.create.includes(name);
    const similar = OPTIONS[where].find((known) => isSimilar(known.toLowerCase(), name.toLowerCase()));
    const hint = other ? "; it is one of `create`" : similar ? `; do you mean "${similar}"?` : "";
    warnOnce(`${where} ${name}`, `\`${where}\` has no option "${name}"${hint}`);
  }
}

/** Whether two names differ by two letters at most. */
function isSimilar(one, other, left = 2) {
  if (one === other) return true;
  if (left === 0) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const [rest, otherRest] = [one.slice(at), other.slice(at)];
  return (
    isSimilar(rest.slice(1), otherRest, left - 1) ||
    isSimilar(rest, otherRest.slice(1), left - 1) ||
    isSimilar(rest.slice(1), otherRest.slice(1), left - 1)
  );
}

/** Says where a value would be another after JSON; undefined if it stays the same. */
function lossOf(value, path, seen) {
  if (typeof value === "number" && !Number.isFinite(value)) return `${path} is ${value} and arrives as null`;
  if (typeof value === "function" || typeof value === "symbol") return `${path} is a ${typeof value}`;
  if (typeof value !== "object" || !value || seen.has(value) || typeof value.toJSON === "function") return undefined;
  seen.add(value);
  if (Array.isArray(value)) {
    const missing = value.findIndex((each) => each === undefined);
    if (missing >= 0) return `${path}[${missing}] is undefined and arrives as null`;
    return first(value, (each, at) => lossOf(each, `${path}[${at}]`, seen));
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (!["Object", "String", "Number", "Boolean"].includes(kind)) return `${path} is a ${kind}`;
  return first(Object.entries(value), ([name, each]) => lossOf(each, `${path}.${name}`, seen));
}

/** What the function returns for the first item for which it returns something. */
function first(items, find) {
  for (const [at, item] of items.entries()) {
    const found = find(item, at);
    if (found) return found;
  }
  return undefined;
}

const warned = new Set();

function warnOnce(about, text) {
  if (warned.has(about)) return;
  warned.add(about);
  console.warn(`rtbroadcaster: ${text} (development builds say this once)`);
}
