// Stands for the nats CLI, which Debian does not have: the command lines of compose/INSPECT.md, on
// the libraries that NATS publishes for Node. What that page does not use is refused.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { connect, createInbox, nkeyAuthenticator } from "@nats-io/transport-node";
import { Svcm } from "@nats-io/services";
import { problemsOf } from "./micro_schema.mjs";

// flag -> whether it has a value; a command takes these beside those of all commands.
const commonFlags = {
  server: true, user: true, password: true, nkey: true, tlsca: true, "inbox-prefix": true,
  context: true, timeout: true,
};
const flagsOf = {
  "context save": { select: false },
  sub: { translate: true, count: true, raw: false, "headers-only": false },
  req: { translate: true, replies: true, raw: false },
  "micro ls": { json: false },
  "micro info": { json: false },
  "micro stats": { json: false },
};

class Refused extends Error {}

// --- The command line ----------------------------------------------------------------------------

function parse(words) {
  const names = words.filter((word) => !word.startsWith("-"));
  const command = Object.keys(flagsOf).find((name) => `${names.join(" ")} `.startsWith(`${name} `));
  if (!command) throw new Refused(`no such command: ${words.join(" ")}`);
  const known = { ...commonFlags, ...flagsOf[command] };
  const flags = {};
  const positional = [];
  for (let i = 0; i < words.length; ++i) {
    const [, name, value] = words[i].match(/^--([a-z-]+)(?:=(.*))?$/s) ?? [];
    if (name === undefined) {
      if (words[i].startsWith("-")) throw new Refused(`no such flag: ${words[i]}`);
      positional.push(words[i]);
    } else if (!(name in known)) {
      throw new Refused(`nats ${command} has no flag --${name}`);
    } else if (known[name] && value === undefined) {
      flags[name] = words[++i] ?? "";
    } else {
      flags[name] = value ?? true;
    }
  }
  return { command, flags, args: positional.slice(command.split(" ").length) };
}

// --- Contexts: where the CLI has them ------------------------------------------------------------

const configDir = join(process.env.XDG_CONFIG_HOME ?? join(homedir(), ".config"), "nats");
const selectedFile = join(configDir, "context.txt");
const contextFile = (name) => join(configDir, "context", `${name}.json`);
// flag -> key in the file
const contextKeys = {
  server: "url", user: "user", password: "password", nkey: "nkey", tlsca: "ca",
  "inbox-prefix": "inbox_prefix",
};

function saveContext(flags, [name]) {
  if (!name) throw new Refused("nats context save needs a name");
  const context = Object.fromEntries(
    Object.entries(contextKeys).map(([flag, key]) => [key, flags[flag] ?? ""]));
  mkdirSync(dirname(contextFile(name)), { recursive: true });
  writeFileSync(contextFile(name), JSON.stringify(context, null, 2));
  if (flags.select) writeFileSync(selectedFile, name);
}

function selectedContext() {
  try {
    return readFileSync(selectedFile, "utf8").trim();
  } catch {
    return "";
  }
}

// A flag counts before the context.
function settings(flags) {
  const name = flags.context ?? selectedContext();
  const context = name ? JSON.parse(readFileSync(contextFile(name), "utf8")) : {};
  return Object.fromEntries(
    Object.entries(contextKeys).map(([flag, key]) => [key, flags[flag] ?? (context[key] || "")]));
}

async function connectAs(flags) {
  const { url, user, password, nkey, ca, inbox_prefix: inboxPrefix } = settings(flags);
  const options = { servers: url || process.env.NATS_URL, maxReconnectAttempts: 0 };
  if (user) Object.assign(options, { user, pass: password });
  if (inboxPrefix) options.inboxPrefix = inboxPrefix;
  if (ca) options.tls = { caFile: ca };
  if (nkey) {
    options.authenticator = nkeyAuthenticator(Buffer.from(readFileSync(nkey, "utf8").trim()));
  }
  return connect(options);
}

// --- Messages ------------------------------------------------------------------------------------

const milliseconds = (text) => Number(/^(\d+)s$/.exec(text ?? "5s")[1]) * 1000;

// A command once per message: no shell, quotes group words.
function translated(data, command) {
  if (!command) return Buffer.from(data);
  const words = command.match(/"[^"]*"|'[^']*'|\S+/g).map((word) => word.replace(/["']/g, ""));
  const ran = spawnSync(words[0], words.slice(1), { input: data });
  if (ran.error) throw ran.error;
  const output = Buffer.concat([ran.stdout, ran.stderr]);
  if (ran.status === 0) return output;
  return Buffer.from(`${JSON.stringify(output.toString())}\nError while translating msg body\n`);
}

function printBody(data, flags) {
  const body = translated(data, flags.translate);
  process.stdout.write(body);
  if (!body.toString().endsWith("\n")) process.stdout.write("\n");
}

async function subscribe(flags, [subject]) {
  const connection = await connectAs(flags);
  if (!flags.raw) console.error(`Subscribing on ${subject}`);
  const subscription = connection.subscribe(subject);
  let count = 0;
  for await (const message of subscription) {
    ++count;
    if (!flags.raw) {
      const reply = message.reply ? ` with reply "${message.reply}"` : "";
      console.log(`[#${count}] Received on "${message.subject}"${reply}`);
    }
    if (!flags["headers-only"]) printBody(message.data, flags);
    if (count === Number(flags.count)) break;
  }
  await connection.close();
}

async function request(flags, [subject, body]) {
  const data = body === undefined ? readFileSync(0) : Buffer.from(body);
  if (body === undefined && data.length === 0) return;  // so does the CLI
  const connection = await connectAs(flags);
  const inbox = createInbox(connection.options.inboxPrefix);
  const replies = connection.subscribe(inbox);
  const timer = setTimeout(() => replies.unsubscribe(), milliseconds(flags.timeout));
  connection.publish(subject, data, { reply: inbox });
  let left = Number(flags.replies ?? 1);
  if (!flags.raw) console.error(`Sending request on "${subject}"`);
  for await (const message of replies) {
    if (message.data.length === 0 && message.headers?.code === 503) {
      console.error("No responders are available");
      break;
    }
    printBody(message.data, flags);
    if (--left === 0) break;
  }
  clearTimeout(timer);
  await connection.close();
}

// --- Services ------------------------------------------------------------------------------------

// All that answer; one that answers wrongly makes the command fail, as it does the CLI's.
async function ask(flags, verb, name, id) {
  const connection = await connectAs(flags);
  const all = [];
  const client = new Svcm(connection).client({ strategy: "stall", maxWait: 3000 });
  for await (const reply of await client[verb](name, id)) {
    const problems = problemsOf(reply, verb);
    if (problems.length > 0) throw new Refused(`${verb} of ${reply.name}: ${problems.join("; ")}`);
    all.push(reply);
  }
  await connection.close();
  if (all.length === 0) throw new Refused("no service instances found");
  return all.sort((a, b) => `${a.name} ${a.id}`.localeCompare(`${b.name} ${b.id}`));
}

const print = (value) => console.log(JSON.stringify(value, null, 2));
const printRow = (...cells) => console.log(cells.join("  "));

async function list(flags, [name]) {
  const all = await ask(flags, "info", name);
  if (flags.json) return print(all);
  for (const one of all) printRow(one.name, one.version, one.id, one.description);
}

async function info(flags, [name, id]) {
  const [one] = await ask(flags, "info", name, id);
  const [stats] = await ask(flags, "stats", one.name, one.id);
  if (flags.json) return print({ info: one, stats });
  printRow(one.name, `(${one.id})`, one.version, one.description);
  for (const [key, value] of Object.entries(one.metadata ?? {})) printRow(" ", `${key}: ${value}`);
  for (const { name: endpoint, subject } of one.endpoints) printRow(" ", endpoint, subject);
  for (const endpoint of stats.endpoints) {
    printRow(" ", endpoint.name, endpoint.num_requests, JSON.stringify(endpoint.data));
  }
}

async function statistics(flags, [name, id]) {
  if (!name) throw new Refused("nats micro stats needs the name of a service");
  const all = await ask(flags, "stats", name, id);
  if (flags.json) return print(all);
  for (const one of all) {
    for (const { name: endpoint, num_requests: requests, num_errors: errors,
                 average_processing_time: average } of one.endpoints) {
      printRow(one.id, endpoint, requests, errors, `${average}ns`);
    }
  }
}

const commands = {
  "context save": saveContext,
  sub: subscribe,
  req: request,
  "micro ls": list,
  "micro info": info,
  "micro stats": statistics,
};

try {
  const { command, flags, args } = parse(process.argv.slice(2));
  await commands[command](flags, args);
} catch (error) {
  console.error(`nats: error: ${error.message}`);
  process.exit(1);
}
