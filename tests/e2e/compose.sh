#!/usr/bin/env bash
# The image and compose.yaml on an engine that reaches no registry: three schedulers, an agent that
# runs a project beside itself, health, users, restarts, a stop, and the state that stays.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/lib/load.sh"

start_engine
export DOCKER_HOST=$engine
export CARA_IMAGE=caravanserai:e2e CARA_DOCKER_SOCKET=$work/d/docker.sock CARA_AGENT_DIR=$work/agent
export CARA_NODE=$node CARA_HEALTH_INTERVAL=1s

compose() {
  timeout 120 docker-compose -f "$source_dir/compose/compose.yaml" --profile agent "$@"
}
# In the container that has the program and knows the bus.
ctl() {
  timeout 60 docker exec --interactive "$(of apiserver)" caractrl "$@"
}
# of SERVICE: its containers
of() {
  docker ps --all --quiet --filter label=com.docker.compose.project=caravanserai \
    --filter "label=com.docker.compose.service=$1" --no-trunc
}
field() {
  docker inspect --format "$2" "$1"
}
# "healthy healthy ...", a word per container of ours that runs
health() {
  docker ps --quiet --filter label=com.docker.compose.project=caravanserai |
    xargs -r docker inspect --format '{{.State.Health.Status}}' | paste -sd ' '
}
all_healthy() {
  [[ $(health) == "healthy healthy healthy healthy healthy healthy healthy" ]]
}
is() {
  [[ $(field "$1" '{{.State.Health.Status}}') == "$2" ]]
}
pid_in() {
  field "$1" '{{.State.Pid}}'
}
# pids SERVICE: of its processes, as the machine sees them
pids_in() {
  local id
  for id in $(of "$1"); do pid_in "$id"; done
}
up() {
  compose up -d --no-build --scale scheduler=3
}

# --- the image ------------------------------------------------------------------------------------
check "the image is made without a registry" \
  "$source_dir/compose/image" --no-registry --tag "$CARA_IMAGE"
equals "it runs as a user of its own" cara \
  "$(docker image inspect -f '{{.Config.User}}' "$CARA_IMAGE")"
check "the programs find their libraries in it" docker run --rm "$CARA_IMAGE" bash -ec \
  'for name in cara-apiserver cara-scheduler cara-gc cara-agent caractrl; do $name --version; done'

# --- up -------------------------------------------------------------------------------------------
began=$(now_ms)
check "docker-compose up" up
eventually "seven containers are healthy, three of them schedulers" 40 all_healthy
printf '# up and healthy: %d ms\n' $(($(now_ms) - began))

# --- as a user uses it ----------------------------------------------------------------------------
contains "the node is Ready" "$node" "$(ctl get nodes 2>&1)"
make_image hello:1 "nc -ll -p 7 -e cat & $wait_for_term"
apply_hello() {
  ctl apply -f - <<'MANIFEST'
apiVersion: caravanserai/v1
kind: Project
metadata: {name: hello}
spec: {services: [{name: web, image: "hello:1"}]}
MANIFEST
}
check "apply through the container" apply_hello
eventually "the project runs beside the containers that run it" 30 is_in hello Running
equals "its container is the engine's" running "$(docker_ inspect -f '{{.State.Status}}' hello-web)"
# shellcheck disable=SC2016
equals "caractrl reaches a port of it through the agent" "said" \
  "$(docker exec "$(of apiserver)" timeout 20 bash -c '
    caractrl port-forward hello/web 7007:7 >/dev/null & trap "kill $!" EXIT
    until exec 3<>/dev/tcp/127.0.0.1/7007; do sleep 0.1; done 2>/dev/null
    echo said >&3 && read -r line <&3 && echo "$line"')"
check "the bus is on loopback of this machine" \
  in_dockerd_net "$work/d" "$bin/caractrl" --nats nats://127.0.0.1:4222 get nodes
equals "and nowhere else" 127.0.0.1 \
  "$(field "$(of nats)" '{{(index .HostConfig.PortBindings "4222/tcp" 0).HostIp}}')"

# --- what the processes may -----------------------------------------------------------------------
status_of() {
  local service pid
  for service in "$@"; do
    for pid in $(pids_in "$service"); do
      awk '$1 ~ /^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):/ {printf "%s%s ", $1, $2}' \
        "/proc/$pid/status"
      printf '\n'
    done
  done | sort -u
}
# may CAPABILITIES: these and no others, in the kernel's bits
may() {
  printf 'CapEff:%016x CapBnd:%016x NoNewPrivs:1 Seccomp:2 ' "$1" "$1"
}
equals "no root, no capability, no new privileges, seccomp" "Uid:10000 $(may 0)" \
  "$(status_of nats apiserver scheduler gc)"
cap_kill=5
equals "the agent: root that may end commands and nothing else" "Uid:0 $(may $((1 << cap_kill)))" \
  "$(status_of agent)"
refuses "the file systems are read-only" 1 "Read-only file system" \
  docker exec --user 0 "$(of apiserver)" touch /usr/local/bin/x

# --- health ---------------------------------------------------------------------------------------
scheduler=$(of scheduler | head -n 1)
check "--healthcheck of a healthy process" docker exec "$scheduler" cara-scheduler --healthcheck
kill -STOP "$(pid_in "$scheduler")"
eventually "a frozen scheduler is unhealthy" 40 is "$scheduler" unhealthy
kill -CONT "$(pid_in "$scheduler")"
eventually "and healthy again when it goes on" 15 is "$scheduler" healthy

before=$(pid_in "$scheduler")
kill -KILL "$before"
is_restarted() {
  is "$scheduler" healthy && [[ $(pid_in "$scheduler") != "$before" ]]
}
eventually "a killed scheduler is started again [S52]" 30 is_restarted

# --- stop, down, up -------------------------------------------------------------------------------
for service in scheduler agent apiserver nats; do
  docker stop --time 2 "$(of "$service" | head -n 1)" >/dev/null
  check "$service ends by itself within 2 s of docker stop" test \
    "$(field "$(of "$service" | head -n 1)" '{{.State.ExitCode}}')" != 137
done
check "down" compose down
equals "the project goes on without its cluster" running \
  "$(docker_ inspect -f '{{.State.Status}}' hello-web)"
facts_before=$(facts hello-web)
check "up again" up
eventually "all are healthy again" 60 all_healthy
eventually "the state is there: the project is Running" 20 is_in hello Running
equals "its container was not touched" "$facts_before" "$(facts hello-web)"
check "delete" ctl delete project hello

check "down --volumes" compose down --volumes
remains() {
  docker ps --all --quiet
  docker volume ls --quiet
  docker network ls --quiet --filter type=custom
}
equals "no container, volume or network is left" "" "$(remains)"
