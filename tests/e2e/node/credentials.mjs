// credentials.mjs DIR ROLE/NAME...: what `nsc` would make: an operator, an account, and for each user
// the credentials DIR/NAME.creds with the subjects of its role. Reads `publish|subscribe SUBJECT`
// lines of each from DIR/NAME.permissions, writes DIR/nats.conf.
import {createAccount, createOperator, createUser} from "@nats-io/nkeys";
import {readFileSync, writeFileSync} from "node:fs";

const [dir, ...names] = process.argv.slice(2);
const coded = (part) => Buffer.from(part).toString("base64url");
const seed = (pair) => Buffer.from(pair.getSeed()).toString();

// The claims of ADR-14, version 2; `nats` is what its kind of subject has.
function token(issuer, subject, name, nats) {
  const claims = {
    jti: `${name}-1`,
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    nats: {version: 2, ...nats},
  };
  const said = [{typ: "JWT", alg: "ed25519-nkey"}, claims].map((p) => coded(JSON.stringify(p)));
  return [...said, coded(issuer.sign(Buffer.from(said.join("."))))].join(".");
}

const operator = createOperator();
const account = createAccount();
const unlimited = {subs: -1, data: -1, payload: -1};
const limits = {...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1};
const operatorToken = token(operator, operator, "operator", {type: "operator"});
const accountToken = token(operator, account, "account", {type: "account", limits});
writeFileSync(`${dir}/nats.conf`, `
operator: ${operatorToken}
resolver: MEMORY
resolver_preload: { ${account.getPublicKey()}: ${accountToken} }
`);

for (const name of names.map((who) => who.split("/")[1])) {
  const lines = readFileSync(`${dir}/${name}.permissions`, "utf8").trim().split("\n");
  const allowed = (verb) => ({
    allow: lines.map((line) => line.split(/ +/)).filter((l) => l[0] === verb).map((l) => l[1]),
  });
  const user = createUser();
  const permissions = {pub: allowed("publish"), sub: allowed("subscribe")};
  const userToken = token(account, user, name, {type: "user", ...unlimited, ...permissions});
  writeFileSync(`${dir}/${name}.creds`, `-----BEGIN NATS USER JWT-----
${userToken}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed(user)}
------END USER NKEY SEED------
`, {mode: 0o600});
}
