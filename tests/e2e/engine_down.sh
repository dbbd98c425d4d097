#!/usr/bin/env bash
# The Docker engine dies during 20 applies, with and without --live-restore; it is restarted as by a
# reboot; it hangs. Everything converges, nothing is made twice, and no project is Failed for it.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

count=20

# idle NAME: a project of one service
idle() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\nspec:\n' "$1"
  printf '  services: [{name: a, image: "e2e/idle:1"}]\n'
}
names() {
  seq --format "$1-%02g" "$count"
}
apply_all() {
  local name
  for name in $(names "$1"); do idle "$name" | ctl apply -f -; done
}
running() {
  ctl get projects | grep -c "^$1-.* Running "
}
# at_least NAME N: so many of its projects are Running
at_least() {
  (($(running "$1") >= $2))
}
all_of() {
  local name
  for name in $(names "$1"); do printf 'container %s-a running\n' "$name"; done
  for name in $(names "$1"); do printf 'network cara-%s\n' "$name"; done
}
# Every container and network on the engine with such a name or label: also what is made twice.
there_is() {
  docker_ ps --all --format 'container {{.Names}} {{.State}}' | grep "^container $1-" | sort
  docker_ network ls --format 'network {{.Name}}' | grep "^network cara-$1-" | sort
}
converged() {
  (($(running "$1") == count)) && [[ $(there_is "$1") == "$(all_of "$1")" ]]
}
restart_engine() {
  crash_dockerd "$work/d"
  start_engine
}
# What the agent says of projects when it is the engine that fails.
complaints() {
  ctl --output json events | jq -r '.items[] | select(.kind == "project" and
    (.reason | test("Failed$|Error|Exceeded|Conflict"))) |
    "\(.name): \(.reason): \(.message)"'
}
# storm NAME: 20 applies, and the engine dies when a third and when two thirds of them run
storm() {
  local client
  apply_all "$1" >"$work/client.out" 2>&1 &
  client=$!
  within 30 at_least "$1" $((count / 3)) || not_ok "$1: the projects do not start"
  restart_engine
  within 60 at_least "$1" $((count * 2 / 3)) || not_ok "$1: the projects do not go on starting"
  restart_engine
  wait "$client"
  eventually "$1: the engine killed twice during $count applies: all are Running [E35]" 60 \
    converged "$1"
  equals "$1: one container and one network each, under their names [E35]" "$(all_of "$1")" \
    "$(there_is "$1")"
}

start_cluster
make_image e2e/idle:1 "$wait_for_term"
idle early | ctl apply -f - >/dev/null
# In an order that is not the alphabet's.
ctl apply -f - >/dev/null <<'MANIFEST'
apiVersion: caravanserai/v1
kind: Project
metadata: {name: order}
spec:
  services:
    - {name: a, image: "e2e/idle:1", dependsOn: [{service: m, condition: Healthy}]}
    - {name: m, image: "e2e/idle:1", dependsOn: [{service: z, condition: Healthy}],
       healthcheck: {startPeriod: 1s}}
    - {name: z, image: "e2e/idle:1", healthcheck: {startPeriod: 1s}}
MANIFEST
eventually "a project that runs" 20 is_in early Running
early=$(facts early-a)

# --- killed during applies ------------------------------------------------------------------------
storm plain
equals "a project that ran before: its container is the same" "${early%% *}" \
  "$(facts early-a | cut -d ' ' -f 1)"
check "and runs again" is_in early Running
names plain | xargs timeout 60 "$bin/caractrl" --nats "$nats_url" delete project >/dev/null
equals "deleted, nothing is left of them" "" "$(there_is plain)"

# --- a reboot -------------------------------------------------------------------------------------
order_facts() {
  local name
  for name in order-z order-m order-a; do facts "$name"; done
}
ms() {
  date --date "$(facts "$1" | cut -d ' ' -f 2)" +%s%3N
}
all_run_anew() {
  local name line
  while read -r name line; do
    [[ $(facts "$name") != "$line" ]] || return 1
    [[ $(docker_ inspect -f '{{.State.Status}}' "$name") == running ]] || return 1
  done <"$work/before"
  is_in order Running
}
eventually "a project with an order" 20 is_in order Running
for name in order-z order-m order-a; do printf '%s %s\n' "$name" "$(facts "$name")"; done \
  >"$work/before"
pid=$(dockerd_pid "$work/d")
kill -TERM "$pid"
wait_for_end "$pid" 30 || bail_out "the Docker engine does not stop"
engine_flags=(--live-restore)
start_engine
eventually "the engine stopped and started, as by a reboot: all containers run again" 30 \
  all_run_anew
equals "the same ones" "$(cut -d ' ' -f 2 "$work/before")" "$(order_facts | cut -d ' ' -f 1)"
check "in the order that dependsOn asks for, each when the other is healthy" \
  test $(($(ms order-m) - $(ms order-z))) -ge 1000 -a $(($(ms order-a) - $(ms order-m))) -ge 1000
within 20 is_in early Running

# --- killed during applies, and the containers live on --------------------------------------------
early=$(facts early-a)
storm live
equals "with --live-restore what ran was not even restarted [E35, S51]" "$early" "$(facts early-a)"
equals "no project was blamed for what the engine failed at [E35]" "" "$(complaints)"

# --- hanging --------------------------------------------------------------------------------------
before=$(facts live-01-a)
freeze_dockerd "$work/d"
idle late | ctl apply -f - >/dev/null
engine_is() {
  [[ $(engine_condition) == "$1 "* ]]
}
eventually "an engine that hangs: the node's condition says so [E35]" 40 engine_is False
equals "what runs stays Running, what came meanwhile waits [E35]" "Running Running Scheduled" \
  "$(phase early) $(phase live-20) $(phase late)"
thaw_dockerd "$work/d"
eventually "it answers again: so says the condition [E35]" 20 engine_is True
eventually "and what waited runs [E35]" 20 is_in late Running
equals "what ran was not touched [E35]" "$before" "$(facts live-01-a)"
equals "and nobody was blamed [E35]" "" "$(complaints)"
