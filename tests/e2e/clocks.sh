#!/usr/bin/env bash
# Wall clocks that are an hour off and are stepped, and an apiserver that stands still for a while:
# nobody is lost for it, nothing moves too early or too late, and expireAt is the apiserver's.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

timeout_s=3
grace_s=4
apiserver_flags=(--node-timeout "${timeout_s}s" --grace-period "${grace_s}s")
agent_flags=(--heartbeat-interval 500ms)
poll_s=0.1
hour=3600

# apply NAME LINE: a line of its spec
apply() {
  ctl apply -f - <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1}
spec:
  $2
  services: [{name: a, image: "e2e/idle:1", stopGracePeriod: 1s}]
MANIFEST
}
# at SECONDS-SINCE-1970
at() {
  date --utc --date "@$1" +%Y-%m-%dT%H:%M:%SZ
}
all_run() {
  is_in stays Running && is_in once Running && is_in moves Running
}
facts_on() {
  on_node "$1" inspect -f '{{.Id}} {{.State.StartedAt}}' "${@:2}"
}
losses() {
  ctl --output json events node |
    jq '[.items[] | select(.reason == "HeartbeatLost").count] | add // 0'
}
# A heartbeat may be missed now: the whole timeout is waited for.
timeout_passes() {
  sleep $((timeout_s + 1))
}
expires() {
  [[ $(phase "$1") =~ ^(Terminating|Terminated|none)$ ]]
}

# --- an hour off ----------------------------------------------------------------------------------
set_clock cara-apiserver +$hour
set_clock cara-gc -$hour
set_clock cara-agent-1 -$hour
set_clock cara-agent-2 +0
start_bed 2
now=$(date +%s)
refuses "expireAt is past by the apiserver's clock [E41]" 2 expireAt \
  apply past "expireAt: $(at $((now + hour / 2)))"
apply soon "expireAt: $(at $((now + 6 + hour)))" >/dev/null
apply stays 'nodeSelector: {number: "1"}' >/dev/null
apply once 'nodeSelector: {number: "1"}' >/dev/null
apply moves 'nodeSelector: {number: "2"}' >/dev/null
if ! within 15 expires soon; then ctl get projects; fi
lag_ms=$(($(now_ms) - (now + 6) * 1000))
check "a project expires by the apiserver's clock: $lag_ms ms late [E41, I25]" \
  test "$lag_ms" -ge 0 -a "$lag_ms" -lt 2500
within 20 all_run || bail_out "the projects do not start: $(ctl get projects)"
apply moves 'onNodeLoss: Move' >/dev/null
apply once 'onNodeLoss: MoveExclusive' >/dev/null
before=$(facts_on 1 stays-a once-a)
equals "clocks an hour apart: no node is lost [E41, F49]" 0 "$(losses)"

# --- stepped --------------------------------------------------------------------------------------
set_clock cara-apiserver -$hour
set_clock cara-gc +$hour
set_clock cara-agent-1 +$hour
set_clock cara-agent-2 -$hour
timeout_passes
equals "clocks that are stepped by two hours: no node is lost [E41, F49]" 0 "$(losses)"
equals "nothing was touched, not even what needs a lease [E41, I16, I35]" "$before" \
  "$(facts_on 1 stays-a once-a)"
within 10 is_in soon none
apply soon "expireAt: $(at $(($(date +%s) + 5 - hour)))" >/dev/null
eventually "a time that is past by all other clocks is accepted [E41]" 10 is_in soon Running
eventually "and comes [E41, I25]" 15 is_in soon none

# --- a window that is open ------------------------------------------------------------------------
lost_ms=$(now_ms)
cut_node 2
eventually "a node is lost" $((timeout_s + 3)) node_is 2 NotReady
set_clock cara-apiserver +$hour
moved() {
  (($(runs_on moves) == 1))
}
eventually "its project moves when the clock is stepped an hour on" $((grace_s + 8)) moved
took_ms=$(($(now_ms) - lost_ms))
check "but not before the time, nor long after it: $took_ms ms [E41, F49]" \
  test "$took_ms" -gt $(((timeout_s + grace_s) * 1000 - 600)) -a \
  "$took_ms" -lt $(((timeout_s + grace_s + 6) * 1000))
heal_node 2
eventually "the node is back" 15 node_is 2 Ready

# --- an apiserver that stands still ---------------------------------------------------------------
before_losses=$(losses)
before=$(facts_on 1 stays-a)
kill -STOP "${pids[cara-apiserver]}"
timeout_passes
kill -CONT "${pids[cara-apiserver]}"
timeout_passes
equals "an apiserver that stood still loses no node [F11, E41]" "$before_losses" "$(losses)"
equals "and nothing is touched" "$before" "$(facts_on 1 stays-a)"
once_runs() {
  is_in once Running && [[ $(on_node 1 inspect -f '{{.State.Running}}' once-a) == true ]]
}
eventually "what needs a lease was stopped without one, and runs again [I16]" 10 once_runs
