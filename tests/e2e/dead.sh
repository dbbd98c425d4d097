#!/usr/bin/env bash
# Nodes that lose their power, and nodes that stand still: everything on them, or only the daemons.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

apiserver_flags=(--node-timeout 3s --grace-period 4s --termination-timeout 3s)
agent_flags=(--heartbeat-interval 500ms)
schedulers=2
gcs=2
poll_s=0.2
# Node 1 will lose its power, node 2 will stand still, on node 3 only the daemons will.
projects=(dark1 stays1 gone1 still2 once2 daemons3 once3)

moved() {
  (($(runs_on "$1") > 3))
}
# left_nothing PROJECT: on the node where it was first
left_nothing() {
  [[ -z $(objects_on "$(first_node "$1")" "$1") ]]
}
facts_on() {
  on_node "$1" inspect -f '{{.Id}} {{.State.StartedAt}}' "${@:2}"
}
ends_first() {
  local node
  node=$(name_of "$(first_node "$1")")
  history_of | awk -v mark="$mark_ns" -v node="$node" -v project="$1" '
    $2 != node || $1 < mark { next }
    ($3 == "die" || $3 == "destroy") && index($4, project "-") == 1 { ended = 1 }
    $3 == "start" || $3 == "create" { exit }
    END { exit !ended }'
}

# end_ms PROJECT: from the thaw of its first node until it had ended there
end_ms() {
  local node
  node=$(first_node "$1")
  printf '%d\n' $((($(first "$node" die "$1-a") - $(first "$node" thaw -)) / 1000000))
}

start_bed 6
for name in "${projects[@]}"; do
  apply_pair "$name" "nodeSelector: {number: \"$(first_node "$name")\"}"
done
within 30 all_run || bail_out "the projects do not start: $(ctl get projects)"
for name in dark1 gone1 still2 daemons3; do apply_pair "$name"; done
apply_pair stays1 'onNodeLoss: Stay'
for name in once2 once3; do apply_pair "$name" 'onNodeLoss: MoveExclusive'; done
for name in dark1 still2 stays1; do
  on_node "$(first_node "$name")" exec "$name-a" touch /v/old
done
stays=$(facts_on 1 stays1-a)

# --- away -----------------------------------------------------------------------------------------
mark
kill_node 1
freeze_node 2 all
freeze_node 3
three_are_lost() {
  node_is 1 NotReady && node_is 2 NotReady && node_is 3 NotReady
}
eventually "nodes without power, or that stand still, are NotReady [S31]" 6 three_are_lost
ctl delete project gone1 --wait=false >/dev/null
eventually "a project that is deleted now: its record is removed after a while [S34]" 8 \
  is_in gone1 none
for name in dark1 still2 daemons3; do
  eventually "$name is Running elsewhere [S32]" 12 moved "$name"
  new=$(where "$name")
  equals "with all its services [S6]" "$name-a $name-b" \
    "$(on_node "$new" ps --format '{{.Names}}' --filter "label=cara.project=$name" | sort | xargs)"
  equals "and an empty volume [S11]" "" "$(on_node "$new" exec "$name-a" ls /v)"
done
for name in once2 once3; do eventually "$name moves as well, later [I16]" 25 moved "$name"; done
equals "what stays has not moved" "1 Running" "$(where stays1) $(phase stays1)"

# --- back -----------------------------------------------------------------------------------------
start_node 1
thaw_node 2
thaw_node 3
eventually "all nodes are back" 20 nodes_are_ready
for name in dark1 gone1 still2 once2 daemons3 once3; do
  eventually "nothing of $name is left where it was [S32, S34]" 20 left_nothing "$name"
done
for name in still2 once2 daemons3 once3; do
  check "$name has ended there before anything was started" ends_first "$name"
done
stays_runs() {
  on_node 1 exec stays1-a ls /v/old && [[ $(facts_on 1 stays1-a) == "${stays%% *} "* ]]
}
eventually "what stays runs again, in the same container with the same volume" 20 stays_runs
for name in once2 once3; do
  check "$name, which must not run twice, ended as soon as it could: $(end_ms "$name") ms" \
    test "$(end_ms "$name")" -lt 5000
done
check "what lost its power has never run twice at once [I16]" never_two_at_once dark1
equals "each is where it went, in its second assignment" "2 2 2 2 2" \
  "$(for name in dark1 still2 once2 daemons3 once3; do
    ctl --output json get projects "$name" | jq .status.assignment
  done | xargs)"
timeline
