#!/usr/bin/env bash
# 30 projects on three nodes; the node with most of them loses its power and comes back, again and
# again (MOVES times). How long it takes, that nothing is lost, and that nothing is there twice.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

rounds=${MOVES:-2}
projects=30
timeout_s=3
grace_s=4
# On a machine that does nothing else 5 s are enough.
limit_s=$((timeout_s + grace_s + ${SLACK_S:-20}))
apiserver_flags=(--node-timeout "${timeout_s}s" --grace-period "${grace_s}s")
agent_flags=(--heartbeat-interval 500ms)
schedulers=2
gcs=2
poll_s=0.2

manifests() {
  local i
  for ((i = 1; i <= projects; ++i)); do
    printf -- '---\napiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: p%d}\n' "$i"
    printf 'spec: {services: [{name: a, image: "e2e/idle:1"}]}\n'
  done
}
# What a lost node has said last does not count.
all_run() {
  (($(ctl get projects | awk '$2 == "Running" && $4 == "ContainersRunning"' | wc -l) == projects))
}
containers_on() {
  on_node "$1" ps --all --format '{{.Names}} {{.State}}' --filter label=cara.project
}
# containers_off I: those of the nodes that have power
containers_off() {
  local i
  for ((i = 1; i <= nodes; ++i)); do
    if ((i != $1)); then containers_on "$i"; fi
  done | sort
}
every_one_once() {
  [[ $(containers_off 0) == "$expected" ]]
}
fullest_node() {
  local i
  for ((i = 1; i <= nodes; ++i)); do
    printf '%d %d\n' "$(containers_on "$i" | wc -l)" "$i"
  done | sort --numeric-sort | tail -n 1 | cut -d ' ' -f 2
}

start_bed 3
expected=$(for ((i = 1; i <= projects; ++i)); do printf 'p%d-a running\n' "$i"; done | sort)
manifests | ctl apply -f - >/dev/null
within 60 all_run || bail_out "the projects do not start: $(ctl get projects)"
for ((round = 1; round <= rounds; ++round)); do
  victim=$(fullest_node)
  hit=$(containers_on "$victim" | wc -l)
  start_ms=$(now_ms)
  kill_node "$victim"
  within 10 node_is "$victim" NotReady || not_ok "round $round: the node is not lost"
  within "$limit_s" all_run || true
  took_ms=$(($(now_ms) - start_ms))
  if all_run; then
    ok "round $round: node $victim killed, its $hit projects run elsewhere in $took_ms ms [S32]"
  else
    not_ok "round $round: all run elsewhere within $limit_s s [S32]" "$(ctl get projects)"
  fi
  equals "nothing is lost, nothing is there twice" "$expected" "$(containers_off "$victim")"
  start_node "$victim"
  eventually "node $victim is back" 20 node_is "$victim" Ready
  eventually "and has removed what it had: each is there once [S32]" 20 every_one_once
done
