// Says how many messages wait in the apiserver when it is asked for its figures in the middle of
// very many requests. Arguments: the server, and the apiserver's process, which stands still while
// they are sent, so that all of them are there at once.
import { connect } from "@nats-io/transport-node";

const [, , servers, pid] = process.argv;
const each = 2000;
const connection = await connect({ servers, inboxPrefix: "_INBOX.admin.me.srv" });
const request = Buffer.from([0x80]);  // an empty map

const reply = "_INBOX.admin.me.none";  // nobody reads the answers

function flood() {
  for (let i = 0; i < each; ++i) {
    connection.publish("cara.v1.api.admin.me.node.list", request, { reply });
  }
}

process.kill(Number(pid), "SIGSTOP");
try {
  flood();
  const answer = connection.request("$SRV.STATS.cara-apiserver", "", { timeout: 20_000 });
  flood();
  await connection.flush();
  process.kill(Number(pid), "SIGCONT");
  console.log((await answer).json().endpoints[0].data.queue_depth);
} finally {
  process.kill(Number(pid), "SIGCONT");
}
await connection.close();
