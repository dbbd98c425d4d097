#!/usr/bin/env bash
# A bus in operator mode: everybody has credentials such as `nsc` makes, a JWT with the subjects of
# its role.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

keys=$work/keys
users=(apiserver/a1 sched/s1 gc/g1 "agent/$node" admin/jane viewer/bob)
mkdir -p "$keys"
for user in "${users[@]}"; do
  "$bin/caractrl" bus permissions "$user" >"$keys/${user#*/}.permissions"
done
programs=$("$here/node/install") || bail_out "the packages of npm are not there: $programs"
check "credentials are made" node "$programs/credentials.mjs" "$keys" "${users[@]}"
# as NAME COMMAND...: with the credentials and the name of that user
as() {
  CARA_NATS_CREDS=$keys/$1.creds CARA_USER=$1 "${@:2}"
}

nats_flags=(--config "$keys/nats.conf")
start_nats
as a1 start_apiserver
CARA_ID=s1 as s1 start_scheduler
CARA_ID=g1 as g1 start_gc
start_engine
as "$node" start_agent
eventually "the node is Ready: all of them are let in by their credentials" 30 \
  as jane node_is_ready
make_image hello:1 "$wait_for_term"
hello() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: hello}\n'
  printf 'spec: {services: [{name: web, image: "hello:1"}]}\n'
}
check "an admin applies" as jane ctl apply -f - < <(hello)
eventually "and it runs" 20 as jane is_in hello Running
export CARA_ROLE=viewer
contains "a viewer looks" Running "$(as bob ctl get projects)"
refuses "and changes nothing" 5 "not permitted" as bob ctl delete project hello
unset CARA_ROLE
refuses "whose name is another's" 5 "not permitted" \
  env CARA_NATS_CREDS="$keys/bob.creds" CARA_USER=jane \
  "$bin/caractrl" --nats "$nats_url" get projects
refuses "without credentials nobody is let in" 5 "refuses these credentials" ctl get projects
sed '/SEED/,$d' "$keys/jane.creds" >"$keys/half.creds"
refuses "nor with half of them" 2 "half.creds holds no NATS credentials" as half ctl get projects
violations() {
  ! grep --no-filename 'Violation\|refuses' "$logs"/cara-*.log
}
check "no process has said or heard what it may not" violations
check "delete" as jane ctl delete project hello
