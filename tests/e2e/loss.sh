#!/usr/bin/env bash
# A node whose cable is cut: for a moment, for nearly the grace period, and for longer. What moves,
# what stays, what must not run twice, what the node does when it is back.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

timeout_s=3
grace_s=6
apiserver_flags=(--node-timeout "${timeout_s}s" --grace-period "${grace_s}s"
  --termination-timeout 3s)
agent_flags=(--heartbeat-interval 500ms)
projects=(moves stays once gone)
poll_s=0.2

# lost PROJECT: since when its node is not ready, to the second; nothing if it is
lost() {
  condition "$1" NotReadyAt lastTransitionTime
}
is_lost() {
  [[ -n $(lost "$1") ]]
}
is_not_lost() {
  [[ -z $(lost "$1") ]]
}
# runs_away PROJECT: not on node 1
runs_away() {
  (($(runs_on "$1") > 1))
}
# untouched: the containers of node 1 that nothing may stop
untouched() {
  on_node 1 inspect -f '{{.Id}} {{.State.StartedAt}}' moves-a moves-b stays-a stays-b
}
both_services() {
  on_node "$1" ps --format '{{.Names}}' --filter "label=cara.project=$2" | sort | xargs
}
only_on() {
  local i
  for ((i = 1; i <= nodes; ++i)); do
    if ((i == $2)); then continue; fi
    [[ -z $(objects_on "$i" "$1") ]] || return 1
  done
}
# seconds_after_cut NODE CONTAINER: from the cut of node 1 until it was started there
seconds_after_cut() {
  printf '%d\n' $((($(first "$1" start "$2") - $(first 1 cut -)) / 1000000000))
}
says_of() {
  ctl get projects "$1" | awk 'NR == 2 {print $2, $4}'
}

start_bed 3
for name in "${projects[@]}"; do apply_pair "$name" 'nodeSelector: {number: "1"}'; done
within 30 all_run || bail_out "the projects do not start: $(ctl get projects)"
before=$(untouched)
apply_pair moves
apply_pair gone
apply_pair stays 'onNodeLoss: Stay'
apply_pair once 'onNodeLoss: MoveExclusive'
on_node 1 exec moves-a touch /v/old

# --- for a moment ---------------------------------------------------------------------------------
mark
outage 1 1
# What it is told now comes behind what was on its way.
apply_pair early 'nodeSelector: {number: "1"}'
eventually "a cable cut for 1 s: the node goes on" 10 is_in early Running
equals "and was never lost [E40]" "" "$(ctl events node n1.lab.example | grep HeartbeatLost)"
equals "nor was anything touched" "$before" "$(untouched)"

# --- for the grace period less 1 s ----------------------------------------------------------------
mark
outage 1 $((grace_s - 1)) &
outage=$!
eventually "a cable cut for $((grace_s - 1)) s: NotReadyAt is set [S31]" $((timeout_s + 2)) \
  is_lost moves
first_loss=$(lost moves)
equals "Running is said to be old news" "Running NodeNotReady" "$(says_of moves)"
wait "$outage"
eventually "it is cleared when the node is back [S35, E40]" 8 is_not_lost moves
equals "nothing has moved [S33]" "1 1 1 1" "$(for name in "${projects[@]}"; do where "$name"; done |
  xargs)"
equals "what may run in two places was not touched [S33]" "$before" "$(untouched)"
once_runs() {
  is_in once Running && [[ $(both_services 1 once) == "once-a once-b" ]]
}
eventually "what must not was stopped, and runs again [I16]" 10 once_runs
timeline

# --- for longer -----------------------------------------------------------------------------------
mark
cut_node 1
eventually "cut again: NotReadyAt is set anew [S35]" $((timeout_s + 2)) is_lost moves
second_loss=$(lost moves)
check "it is not the first one's [S35]: $first_loss, $second_loss" \
  test "$first_loss" != "$second_loss"
apply_pair waits 'nodeSelector: {number: "1"}'
ctl delete project gone --wait=false >/dev/null
equals "a project that is deleted now: TerminatingAt [S34]" Terminating "$(phase gone)"
check "says since when" test -n "$(condition gone TerminatingAt lastTransitionTime)"
eventually "its record is removed after the timeout of 3 s [S34]" 8 is_in gone none
equals "NotReadyAt is written once [S31]" "$second_loss" "$(lost moves)"
eventually "after the grace period the project is Running elsewhere [S32]" $((grace_s + 6)) \
  runs_away moves
new=$(where moves)
took=$(seconds_after_cut "$new" moves-a)
check "not before a full window of $((timeout_s + grace_s)) s: $took s [S35, E40]" \
  test "$took" -ge $((timeout_s + grace_s - 1)) -a "$took" -le $((timeout_s + grace_s + 5))
equals "its services are on one node [S6]" "moves-a moves-b" "$(both_services "$new" moves)"
equals "its Ephemeral volume is empty there [S11]" "" "$(on_node "$new" exec moves-a ls /v)"
equals "the cut-off node keeps serving its copy [F20]" "$before" "$(untouched)"
eventually "what must not run twice moves as well, later [I16]" 25 runs_away once
equals "what stays has not moved" "1 Running NodeNotReady" "$(where stays) $(says_of stays)"
# Something to say about an assignment that is over.
on_node 1 kill moves-b >/dev/null
restarted() {
  [[ $(both_services 1 moves) == "moves-a moves-b" ]]
}
eventually "the cut-off node repairs its copy" 5 restarted

# --- back -----------------------------------------------------------------------------------------
heal_node 1
eventually "the node is back" 10 node_is 1 Ready
waits_runs() {
  is_in waits Running
}
eventually "and takes new projects" 15 waits_runs
last_end=$(history_of | awk '$2 ~ /^n1/ && $3 == "die" {print $1}' | tail -n 1)
check "after the old copies have ended [S32]" test "$last_end" -lt "$(first 1 start waits-a)"
for name in moves once; do
  eventually "nothing of $name is left there [S11]" 10 only_on "$name" "$(where "$name")"
done
eventually "nor of the deleted project, whose record was gone [S34]" 10 only_on gone 0
equals "what stayed was never touched" "${before#*$'\n'*$'\n'}" \
  "$(on_node 1 inspect -f '{{.Id}} {{.State.StartedAt}}' stays-a stays-b)"
equals "the old node's word about what has moved is not believed [S32]" "$new Running 2" \
  "$(where moves) $(phase moves) $(ctl --output json get projects moves | jq .status.assignment)"
timeline
check "once has never run twice at once [I16]" never_two_at_once once
check "moves has, while the node was cut off: the timeline sees it" \
  eval '! never_two_at_once moves'
