# Hollow agents (tests/hollow) beside the programs of cluster.sh. Sourced, after load.sh.
# shellcheck shell=bash disable=SC2034,SC2154

hollow=$bin/tests/hollow/cara_hollow
control=$work/hollow.control
hollow_flags=()
# A connection each, in nats-server and in cara_hollow.
ulimit -n "$(ulimit -Hn)"

# start_hollow AGENTS
start_hollow() {
  spawn hollow "$hollow" --nats "$nats_url" --agents "$1" --control "$control" \
    --stats-interval 200ms "${hollow_flags[@]}"
}
# tell COMMAND: to the hollow agents
tell() {
  printf '%s\n' "$1" >"$control"
}
# said KEY: of the last statistics
said() {
  grep '^{' "$logs/hollow.log" | tail -n 1 | jq ".$1"
}
# heard_since MS: all are connected, and had a heartbeat answered that was asked later
heard_since() {
  [[ $(said connected) == $(said agents) ]] && (($(said heardAtMs) > $1))
}

# nodes_are COUNT STATUS
nodes_are() {
  [[ $(ctl get nodes | awk -v status="$2" '$2 == status' | wc -l) == "$1" ]]
}
# projects_are COUNT PHASE
projects_are() {
  [[ $(ctl get projects | awk -v phase="$2" '$2 == phase' | wc -l) == "$1" ]]
}
# places: `project node assignment` of each
places() {
  ctl --output json get projects |
    jq -r '.items[] | "\(.metadata.name) \(.status.nodeRef) \(.status.assignment)"'
}
# lost_heartbeats: how often nodes became NotReady
lost_heartbeats() {
  ctl --output json events node |
    jq '[.items[] | select(.reason == "HeartbeatLost").count] | add // 0'
}
