#!/usr/bin/env bash
# Cables that work in one direction only, and one that is loose.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

apiserver_flags=(--node-timeout 3s --grace-period 4s)
agent_flags=(--heartbeat-interval 500ms)
poll_s=0.2
# Node 1 will not be heard, node 2 will hear nothing, the cable of node 3 will be loose.
projects=(deaf1 once1 deaf2 once2 loose3)
flaps=8

# apply NAME LINE: a line of its spec
apply() {
  ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1}
spec:
  $2
  services: [{name: a, image: "e2e/idle:1", stopGracePeriod: 1s}]
MANIFEST
}
moved() {
  local node
  node=$(runs_on "$1")
  ((node > 0 && node != $(first_node "$1")))
}
left_nothing() {
  [[ -z $(objects_on "$(first_node "$1")" "$1") ]]
}
# losses I: how often the node was lost
losses() {
  ctl --output json events node "$(name_of "$1")" |
    jq '[.items[] | select(.reason == "HeartbeatLost").count] | add // 0'
}
starts_of() {
  history_of "$1" | grep -c ' start ' || true
}
flap() {
  local i
  for ((i = 0; i < flaps; ++i)); do
    outage 3 1
    sleep 1
  done
}

start_bed 6
for name in "${projects[@]}"; do
  apply "$name" "nodeSelector: {number: \"$(first_node "$name")\"}"
done
within 30 all_run || bail_out "the projects do not start: $(ctl get projects)"
for name in deaf1 deaf2 loose3; do apply "$name" 'onNodeLoss: Move'; done
for name in once1 once2; do apply "$name" 'onNodeLoss: MoveExclusive'; done
loose=$(on_node 3 inspect -f '{{.Id}} {{.State.StartedAt}}' loose3-a)

mark
cut_node 1 to-bus
cut_node 2 from-bus
flap &
flapping=$!
eventually "a node that is not heard is NotReady [F21]" 8 node_is 1 NotReady
eventually "a node that hears nothing is, too [F21]" 30 node_is 2 NotReady
for name in deaf1 deaf2; do eventually "$name moves [S32, F21]" 12 moved "$name"; done
wait "$flapping"
for name in once1 once2; do eventually "$name moves as well, later [I16]" 30 moved "$name"; done
heal_node 1
heal_node 2
eventually "all nodes are back" 20 nodes_are_ready
for name in deaf1 once1 deaf2 once2; do
  eventually "nothing of $name is left where it was [S32]" 15 left_nothing "$name"
done
for name in once1 once2; do
  check "$name has never run twice at once [I16, F21]" never_two_at_once "$name"
done
equals "each of the two was lost once, and not in turns [F21]" "1 1" "$(losses 1) $(losses 2)"
equals "what hung on the loose cable was not touched [F22]" "$loose" \
  "$(on_node 3 inspect -f '{{.Id}} {{.State.StartedAt}}' loose3-a)"
equals "nor started a second time [F22]" 1 "$(starts_of loose3)"
check "the loose cable made $(losses 3) losses, not more than it was cut [F22]" \
  test "$(losses 3)" -le "$flaps"
timeline
