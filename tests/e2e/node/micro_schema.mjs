// What the service protocol of NATS (micro, version 1; ADR-32 and the JSON Schemas that are
// published for it) asks of replies to $SRV.PING, INFO and STATS, in words of our own: a field, and
// what it has to be.

const isText = (value) => typeof value === "string";
const isNonEmpty = (value) => isText(value) && value.length > 0;
const isName = (value) => isText(value) && /^[A-Za-z0-9_-]+$/.test(value);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isWhole = (value) => Number.isSafeInteger(value);

// MAJOR.MINOR.PATCH without leading zeros; identifiers behind `-` and `+`, none of them empty.
function isSemVer(value) {
  if (!isText(value)) return false;
  const [, core, before, build] = value.match(/^([^-+]*)(?:-([^+]*))?(?:\+(.*))?$/s) ?? [];
  const isNumber = (text) => /^(0|[1-9][0-9]*)$/.test(text);
  const isIdentifier = (text) => /^[0-9A-Za-z-]+$/.test(text);
  const numbers = (core ?? "").split(".");
  return numbers.length === 3 && numbers.every(isNumber) &&
    (before ?? "a").split(".").every((t) => isIdentifier(t) && (!/^\d+$/.test(t) || isNumber(t))) &&
    (build ?? "a").split(".").every(isIdentifier);
}

// RFC 3339, and a day that there is.
function isTime(value) {
  return isText(value) && !Number.isNaN(Date.parse(value)) &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)$/.test(value);
}

const isMetadata = (value) => value === null ||
  (isObject(value) && Object.values(value).every(isText));

const optional = (is) => (value) => value === undefined || is(value);

const ofEndpoint = { name: isName, subject: isNonEmpty, queue_group: optional(isText) };
const ofEndpointInfo = { ...ofEndpoint, metadata: optional(isMetadata) };
const ofEndpointStats = {
  ...ofEndpoint, num_requests: isWhole, num_errors: isWhole, last_error: isText,
  processing_time: isWhole, average_processing_time: isWhole, data: optional(isObject),
};
const ofAll = {
  name: isName, id: isNonEmpty, version: isSemVer, metadata: optional(isMetadata),
};
const ofReply = {
  ping: ofAll,
  info: { ...ofAll, description: isText },
  stats: { ...ofAll, started: isTime },
};
const ofEndpoints = { info: ofEndpointInfo, stats: ofEndpointStats };

function wrong(object, rules, where) {
  return Object.entries(rules)
    .filter(([field, is]) => !is(object[field]))
    .map(([field]) => `${where}${field} is ${JSON.stringify(object[field]) ?? "missing"}`);
}

// problemsOf REPLY, `ping` | `info` | `stats`: sentences; none: it is right
export function problemsOf(reply, verb) {
  if (!isObject(reply)) return ["it is no JSON object"];
  const problems = wrong(reply, ofReply[verb], "");
  if (reply.type !== `io.nats.micro.v1.${verb}_response`) problems.push(`type is ${reply.type}`);
  if (verb === "ping") return problems;
  if (!Array.isArray(reply.endpoints)) return [...problems, "endpoints is no list"];
  reply.endpoints.forEach((endpoint, i) => {
    problems.push(...wrong(endpoint, ofEndpoints[verb], `endpoints[${i}].`));
  });
  return problems;
}
