#!/usr/bin/env bash
# Living without the control plane: a host that reboots while it is away, a node that is cut off,
# and what `spec.onNodeLoss` says about both.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

apiserver_flags=(--node-timeout 4s --grace-period 10m)
agent_flags=(--heartbeat-interval 1s --offline-after 2s)
control_plane=(cara-gc cara-scheduler cara-apiserver nats-server)

# apply_losing NAME ON-NODE-LOSS
apply_losing() {
  ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1}
spec:
  onNodeLoss: $2
  services:
    - {name: a, image: "e2e/serve:1", env: [{name: SECRET, value: "only-for-$1"}]}
MANIFEST
}
# Id, state and start of every container of ours: equal as long as nobody touches them.
containers() {
  docker_ ps --all --quiet --no-trunc --filter label=cara.project |
    xargs -r -n 1 env "DOCKER_HOST=$engine" docker inspect --format \
      '{{.Name}} {{.Id}} {{.State.Status}} {{.State.StartedAt}}' | sort
}
ids() {
  containers | cut -d ' ' -f 1,2
}
runs() {
  containers | grep -q "^/$1-a .* running "
}
stands() {
  containers | grep -q "^/$1-a .* exited "
}
both_run() {
  runs moves && runs stays
}
all_run() {
  both_run && runs once
}
# The machine is switched off and on: the engine ends its containers, and comes back without them.
reboot_engine() {
  local pid
  pid=$(dockerd_pid "$work/d")
  kill -TERM "$pid"
  wait_for_end "$pid" 30 || bail_out "the Docker engine does not stop"
  start_dockerd "$work/d" || bail_out "the Docker engine does not start again"
}
said() {
  grep -q -- "$1" "$logs/cara-agent.log"
}

start_cluster
make_image e2e/serve:1 "${wait_for_term/exit 0/exit 143}"
apply_losing moves Move
apply_losing stays Stay
apply_losing once MoveExclusive
within 30 all_run || bail_out "the projects do not start"
equals "what the node should have is on disk, for root alone" "600 700" \
  "$(stat --format %a "$work/agent/desired" "$work/agent" | xargs)"
check "with what it takes to start it" grep -q only-for-moves "$work/agent/desired"

# --- a reboot, and nobody to ask ------------------------------------------------------------------
all_ids=$(ids)
within 10 is_in once Running
for process in cara-agent "${control_plane[@]}"; do end "$process" KILL; done
reboot_engine
equals "after the reboot nothing runs" "" "$(docker_ ps --quiet --filter label=cara.project)"
start_agent
eventually "alone, the agent starts what may run in two places [F40]" 20 both_run
check "and says once from where it has it" test \
  "$(grep -c 'going on from the cached desired set' "$logs/cara-agent.log")" = 1
check "what must not run twice waits for a lease [F40]" stands once
equals "the containers are those of before" "$all_ids" "$(ids)"

# --- the control plane is back --------------------------------------------------------------------
before=$(containers | grep -v '^/once-a')
start_control_plane
within 30 node_is_ready || bail_out "the node is not ready again"
eventually "under a lease it starts again" 30 runs once
for project in moves stays once; do
  eventually "project $project is Running" 20 is_in "$project" Running
done
equals "nothing is made anew" "$all_ids" "$(ids)"
equals "what ran is not restarted" "$before" "$(containers | grep -v '^/once-a')"

# --- a node that is cut off -----------------------------------------------------------------------
end cara-apiserver KILL
eventually "a cut-off node stops what must not run twice when its lease ends [I16]" 20 stands once
check "and says why" said 'the lease has ended'
equals "it keeps serving the rest" "$before" "$(containers | grep -v '^/once-a')"
start_apiserver
eventually "with the apiserver it is back" 30 runs once
equals "and the rest was not touched" "$before" "$(containers | grep -v '^/once-a')"

# --- a damaged file -------------------------------------------------------------------------------
end cara-agent KILL
before=$(containers)
truncate --size 100 "$work/agent/desired"
start_agent
eventually "a damaged file is ignored in words" 10 said 'is ignored: it is damaged'
within 20 node_is_ready
eventually "and written again" 20 grep -q only-for-moves "$work/agent/desired"
equals "a restart of the agent touches nothing [S51]" "$before" "$(containers)"
