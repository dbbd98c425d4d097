// Asks every process that is there everything that the service protocol knows, and says what was
// answered wrongly, by whom. Arguments: the server, and the names that must answer, as often as
// they must. Prints how many replies it has seen.
import { connect } from "@nats-io/transport-node";
import { problemsOf } from "./micro_schema.mjs";

const [, , servers, ...expected] = process.argv;
const connection = await connect({ servers });
const failures = [];
let seen = 0;

async function ask(verb, ...path) {
  const subject = ["$SRV", verb.toUpperCase(), ...path].join(".");
  const replies = [];
  for await (const message of await connection.requestMany(subject, "", { maxWait: 700 })) {
    let reply = null;
    try {
      reply = message.json();
    } catch {
      failures.push(`${subject}: no JSON: ${message.string()}`);
      continue;
    }
    ++seen;
    problemsOf(reply, verb).forEach((what) => failures.push(`${subject}: ${reply?.name}: ${what}`));
    replies.push(reply);
  }
  return replies;
}

function compare(subject, names, replies) {
  const told = replies.map((reply) => reply.name).sort().join(" ");
  const wanted = [...names].sort().join(" ");
  if (told !== wanted) failures.push(`${subject}: answered by "${told}" and not "${wanted}"`);
}

for (const verb of ["ping", "info", "stats"]) {
  const all = await ask(verb);
  compare(verb, expected, all);
  if (new Set(all.map(({ id }) => id)).size !== all.length) failures.push(`${verb}: an id twice`);
  for (const name of new Set(expected)) {
    compare(`${verb} ${name}`, expected.filter((n) => n === name), await ask(verb, name));
  }
  for (const { name, id } of all) {
    const [one, ...more] = await ask(verb, name, id);
    if (one?.id !== id || more.length > 0) failures.push(`${verb} ${name} ${id}: not by itself`);
  }
}
await connection.close();
failures.forEach((what) => console.log(what));
console.log(`${seen} replies`);
process.exit(failures.length > 0 ? 1 : 0);
