#!/usr/bin/env bash
# A bus that knows everybody: TLS, NKeys, the permissions of `caractrl bus config`. The daemons work
# with them, an admin and a viewer do what they may by contexts, and bash completes their commands.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

keys=$work/keys
mkdir -p "$keys"

# --- keys, certificates, the server's configuration ---------------------------------------------
# user ROLE/NAME: with the key that it then has
user() {
  printf '%s=%s\n' "$1" "$("$bin/caractrl" bus key "$keys/${1/\//-}")"
}
free_port() {
  python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
bus_certificates "$keys" localhost || bail_out "openssl makes no certificates"
nats_port=$(free_port)
nats_url=tls://localhost:$nats_port
mapfile -t users < <(for name in apiserver/a1 sched/s1 gc/g1 "agent/$node" admin/jane viewer/bob
  do user "$name"; done)
"$bin/caractrl" bus config --listen "127.0.0.1:$nats_port" --monitor= --tls-cert "$keys/bus.crt" \
  --tls-key "$keys/bus.key" "${users[@]}" >"$work/nats.conf"
check "nats-server takes what \`caractrl bus config\` prints" nats-server -t -c "$work/nats.conf"
user agent/other >/dev/null
nats_flags=(--config "$work/nats.conf")

# --- the daemons ----------------------------------------------------------------------------------
export CARA_NATS_CA=$keys/ca.crt
with_key() {
  local name=$1 key=$2
  shift 2
  spawn "$name" "$bin/$name" --nats "$nats_url" --nats-nkey "$keys/$key" "$@"
}
start_apiserver() { with_key cara-apiserver apiserver-a1 --db "$work/cara.db"; }
start_scheduler() { with_key cara-scheduler sched-s1 --id s1; }
start_gc() { with_key cara-gc gc-g1 --id g1; }
start_agent() {
  with_key cara-agent "agent-$node" --node "$node" --docker-host "$engine" \
    --state-dir "$work/agent"
}
ctl() {
  timeout 60 env -u CARA_NATS_CA "$bin/caractrl" "$@"
}
for who in jane/admin bob/viewer; do
  ctl context add "${who%/*}" --nats "$nats_url" --user "${who%/*}" --role "${who#*/}" \
    --nats-nkey "$keys/${who#*/}-${who%/*}" --nats-ca "$keys/ca.crt" >/dev/null
done
matches "the first context is used" $'\\* +jane +tls://localhost:[0-9]+ +admin +jane' \
  "$(ctl context list)"
as_bob() {
  ctl --context bob "$@"
}
project() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\n' "$1"
  printf 'spec: {services: [{name: web, image: "e2e/idle:1", stopGracePeriod: 1s}]}\n'
}
start_cluster
make_image e2e/idle:1 "$wait_for_term"

# --- who may what ---------------------------------------------------------------------------------
project shop | ctl apply -f - >/dev/null
eventually "a project becomes Running on a bus with TLS, NKeys and permissions" \
  20 is_in shop Running
violations() {
  ! grep -h 'Violation\|refuses' "$logs"/*.log
}
check "nobody has said or heard what it may not" violations
contains "a viewer gets" Running "$(as_bob get projects shop)"
contains "a viewer describes" web "$(as_bob describe project shop)"
contains "a viewer sees events" project "$(as_bob events project shop)"
check "a viewer asks for the version" as_bob version
refuses "a viewer applies nothing, and is told so: exit code 5" 5 \
  "not permitted: the NATS server refuses it to viewer/bob" as_bob apply -f <(project more)
refuses "a viewer deletes nothing" 5 "project.delete" as_bob delete project shop
refuses "a viewer is no admin by saying so" 5 "not permitted" \
  as_bob --role admin delete project shop
refuses "nor somebody else" 5 "not permitted" as_bob --user jane get projects
refuses "a key that the server does not know: exit code 5" 5 "refuses these credentials" \
  ctl --nats-nkey "$keys/agent-other" get projects
refuses "no key at all" 5 "refuses these credentials" \
  ctl --nats "$nats_url" --nats-nkey= --nats-ca "$keys/ca.crt" --context jane get projects
refuses "a CA that did not sign it: exit code 3" 3 "is not trusted" \
  ctl --nats-ca "$keys/bus.crt" get projects
refuses "nobody there: exit code 3" 3 "no NATS server answers" \
  ctl --nats "tls://localhost:$(free_port)" get projects
refuses "no such context, and which was meant" 2 "did you mean \`jane\`?" \
  ctl --context jan get nodes

# An agent's key opens its own node and no other.
spawn cara-agent-2 "$bin/cara-agent" --nats "$nats_url" --nats-nkey "$keys/agent-$node" \
  --node other --docker-host "$engine" --state-dir "$work/agent-2"
refused_as_other() {
  grep -q 'Permissions Violation.*agent.other' "$logs/cara-agent-2.log"
}
eventually "an agent with the key of another node is refused" 20 refused_as_other
end cara-agent-2 KILL
equals "and there is no such node" "$node" "$(ctl get nodes | awk 'NR > 1 {print $1}')"
end cara-apiserver
refuses "no control plane: exit code 3" 3 "is cara-apiserver running?" ctl get projects
start_apiserver
within 20 ctl get projects || bail_out "the apiserver is not back"

# --- completion in bash ---------------------------------------------------------------------------
"$bin/caractrl" completion bash >"$work/completion"
printf 'PATH=%q:$PATH\nexport XDG_CONFIG_HOME=%q\nsource %q\n' "$bin" "$XDG_CONFIG_HOME" \
  "$work/completion" >"$work/rc"
# typed WHAT EXPECTED TEXT: the line that bash makes of it
typed() {
  equals "bash: $1" "$2" "$(env -u CARA_NATS_CA python3 "$here/lib/typed.py" "$work/rc" "$3")"
}
typed "a command" "caractrl describe " 'caractrl desc\t'
typed "a flag" "caractrl delete --wait " 'caractrl delete --wai\t'
typed "a flag's value behind =" "caractrl get --role=viewer " 'caractrl get --role=v\t'
typed "a name of the cluster" "caractrl get projects shop " 'caractrl get projects sh\t'
typed "a node" "caractrl drain $node " 'caractrl drain w\t'
typed "a service" "caractrl logs shop/web " 'caractrl logs shop/\t'
typed "a context" "caractrl --context bob get " 'caractrl --context b\tge\t'
typed "nothing without a cluster, and no error" "caractrl --nats nats://127.0.0.1:1 drain w" \
  'caractrl --nats nats://127.0.0.1:1 drain w\t'
touch "$work/file with \$odd name"
typed "a file" "caractrl apply -f $work/file\\ with\\ \\\$odd\\ name " \
  "caractrl apply -f $work/file\\t"

# What a hostile cluster could offer is quoted, and never run.
mkdir "$work/stub"
cat >"$work/stub/caractrl" <<STUB
#!/bin/sh
cat <<'WORDS'
words
a\$(touch $work/pwned)'b "c	odd
WORDS
STUB
chmod +x "$work/stub/caractrl"
printf 'PATH=%q:$PATH\nsource %q\n' "$work/stub" "$work/completion" >"$work/rc"
typed "odd characters are quoted" "caractrl get a\\\$\\(touch\\ $work/pwned\\)\\'b\\ \\\"c " \
  'caractrl get a\t'
check "and nothing of them was run" test ! -e "$work/pwned"

ctl delete project shop >/dev/null
