# A cluster of real processes: nats-server on a port of its own, the four daemons, a private Docker
# engine. Everything lies below $work and is gone at the end, whatever happens. Sourced, after
# check.sh, dockerd.sh and clock.sh; the caller may set `agent_flags`, `apiserver_flags`,
# `engine_flags`, `nats_flags`. What ends a cluster of several nodes (bed.sh) is called here, too.
# shellcheck shell=bash disable=SC2034

set -Eeuo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
unset DOCKER_HOST CARA_NATS_URL CARA_CONTEXT

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
bin=${CARA_BIN_DIR:-$source_dir/build/bin}
work=$(mktemp -d "${TMPDIR:-/tmp}/cara-e2e.XXXXXX")
logs=$work/log
# Contexts of whoever runs the tests do not count.
export XDG_CONFIG_HOME=$work/config
node=worker-01
nats_host=127.0.0.1
nats_port=""
nats_url=""
engine=""
declare -A pids=()
apiserver_flags=()
agent_flags=()
engine_flags=()
nats_flags=()
# What puts a command where the control plane is, if that is another network namespace.
in_control=()
mkdir -p "$logs"
# The end may come while `within` throws away what is printed.
exec {script_output}>&1
trap finish EXIT

ctl() {
  timeout "${ctl_limit_s:-60}" "${in_control[@]}" "$bin/caractrl" --nats "$nats_url" "$@"
}

docker_() {
  on_dockerd "${engine_dir:-$work/d}" "$@"
}

# make_image TAG SHELL-COMMAND [IMPORT-CHANGE...]: busybox that runs the command
make_image() {
  local tag=$1 command=$2
  shift 2
  make_busybox_image "$work/d" "$tag" "CMD [\"/bin/sh\", \"-c\", \"$command\"]" "$@"
}

# Ends at once on SIGTERM, as a well-behaved program does.
wait_for_term="trap 'exit 0' TERM; while :; do sleep 1 & wait; done"

# --- Processes ------------------------------------------------------------------------------------

# spawn NAME COMMAND...: in the background, output to its log; by a clock of its own if it has one
spawn() {
  local name=$1
  shift
  if [[ -e $work/clock/$name ]]; then set -- env "${fake_clock[@]}$work/clock/$name" "$@"; fi
  "$@" </dev/null >>"$logs/$name.log" 2>&1 &
  pids[$name]=$!
  disown
}

alive() {
  local pid=${pids[$1]:-} threads
  [[ -n $pid && -d /proc/$pid ]] || return 1
  # A zombie whose other threads have not ended yet still holds its port and its locks.
  threads=("/proc/$pid/task"/*)
  ((${#threads[@]} > 1)) || ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}

dead() {
  ! alive "$1"
}

# end NAME [SIGNAL]: and waits until it is gone
end() {
  local name=$1 signal=${2:-TERM}
  if alive "$name"; then
    kill -"$signal" "${pids[$name]}" 2>/dev/null || true
    kill -CONT "${pids[$name]}" 2>/dev/null || true
  fi
  if ! within 10 dead "$name"; then
    kill -KILL "${pids[$name]}" 2>/dev/null || true
    within 5 dead "$name"
  fi
  unset "pids[$name]"
}

# The free port that nats-server found for itself; later it gets the same one.
chosen_port() {
  grep -oshP 'nats://127.0.0.1:\K[0-9]+' "$work"/nats-server_*.ports
}

start_nats() {
  if [[ -z $nats_port ]]; then
    spawn nats-server nats-server --addr 127.0.0.1 --port -1 --ports_file_dir "$work" \
      "${nats_flags[@]}"
    within 10 chosen_port || bail_out "nats-server does not start"
    nats_port=$(chosen_port)
    nats_url=nats://127.0.0.1:$nats_port
  else
    spawn nats-server "${in_control[@]}" \
      nats-server --addr "$nats_host" --port "$nats_port" "${nats_flags[@]}"
  fi
}
start_apiserver() {
  spawn cara-apiserver "${in_control[@]}" "$bin/cara-apiserver" --nats "$nats_url" \
    --db "$work/cara.db" "${apiserver_flags[@]}"
}
# start_scheduler [-2]: a second one; so does start_gc
start_scheduler() {
  spawn "cara-scheduler${1:-}" "${in_control[@]}" "$bin/cara-scheduler" --nats "$nats_url"
}
start_gc() {
  spawn "cara-gc${1:-}" "${in_control[@]}" "$bin/cara-gc" --nats "$nats_url"
}
start_agent() {
  spawn cara-agent "$bin/cara-agent" --nats "$nats_url" --node "$node" --docker-host "$engine" \
    --state-dir "$work/agent" "${agent_flags[@]}"
}

# start_again NAME: the process of this name, after it was ended
start_again() {
  case $1 in
    nats-server) start_nats ;;
    cara-*) "start_${1#cara-}" ;;
  esac
}

node_is_ready() {
  ctl get nodes | grep -q "^$node .*Ready" && ! ctl get nodes | grep -q "^$node .*NotReady"
}

start_engine() {
  start_dockerd "$work/d" "${engine_flags[@]}" || bail_out "the Docker engine does not start"
  engine=unix://$work/d/docker.sock
}

start_control_plane() {
  start_nats
  start_apiserver
  start_scheduler
  start_gc
}

start_cluster() {
  start_engine
  start_control_plane
  start_agent
  within 30 node_is_ready || bail_out "the node is not ready: $(ctl get nodes 2>&1)"
}

# engine_condition: what the node's condition says about its engine
engine_condition() {
  ctl --output json get nodes "$node" |
    jq -r '.status.conditions[] | select(.type == "Engine") | .status + " " + .message'
}

# --- Projects -------------------------------------------------------------------------------------

# phase PROJECT: `none` if there is no such project
phase() {
  local line
  line=$(ctl get projects "$1" 2>/dev/null | sed -n 2p | awk '{print $2}') || true
  printf '%s\n' "${line:-none}"
}

is_in() {
  [[ $(phase "$1") == "$2" ]]
}

# condition PROJECT TYPE [FIELD]: its message; nothing if it is not set
condition() {
  ctl --output json get projects "$1" | jq -r --arg type "$2" --arg field "${3:-message}" \
    '.status.conditions[] | select(.type == $type) | .[$field]'
}

# objects [PROJECT]: every container, network and volume of ours (of this project) on the engine
objects() {
  local filter=label=cara.project${1:+=$1}
  docker_ ps --all --no-trunc --format 'container {{.Names}}' --filter "$filter" | sort
  docker_ network ls --format 'network {{.Name}}' --filter "$filter" | sort
  docker_ volume ls --format 'volume {{.Name}}' --filter "$filter" | sort
}

nothing_of() {
  [[ -z $(objects "$1") ]]
}

# routers [I/]: the HAProxies that agents (that of node I) have started, each in a folder of its own
routers() {
  local pid
  for pid in $(pgrep --exact haproxy); do
    if [[ $(readlink "/proc/$pid/cwd") == "$work"/${1:-*}agent/ingress ]]; then
      printf '%d\n' "$pid"
    fi
  done
}

no_routers() {
  [[ -z $(routers) ]]
}

# They outlive their agents.
end_routers() {
  local pid
  for pid in $(routers); do kill -TERM "$pid" && kill -CONT "$pid"; done
  within 10 no_routers || for pid in $(routers); do kill -KILL "$pid"; done
}

# keep_router_logs: with the others; what has been asked, and what HAProxy said
keep_router_logs() {
  local folder name file
  for folder in "$work"/*agent/ingress "$work"/*/agent/ingress; do
    name=$(cut -c $((${#work} + 2))- <<<"${folder%agent/ingress}" | tr -d /)
    for file in "$folder"/*.log; do
      if [[ -s $file ]]; then cp "$file" "$logs/ingress${name:+-$name}-${file##*/}"; fi
    done
  done
}

container_ids() {
  docker_ ps --no-trunc --quiet --filter "label=cara.project=$1" | sort
}

# facts CONTAINER: its id and when it was started; equal as long as nobody touches it
facts() {
  docker_ inspect -f '{{.Id}} {{.State.StartedAt}}' "$1"
}

# --- The end --------------------------------------------------------------------------------------

bail_out() {
  not_ok "$1"
  exit 1
}

# Ends everything and checks that nothing is left, whatever happened before.
finish() {
  local status=$? name left
  trap - EXIT ERR
  # Nobody may be reading any more: `| head`.
  trap '' PIPE
  exec >&"$script_output" 2>&1
  set +e
  if ((status != 0 && failures == 0)); then not_ok "the script ended early (status $status)"; fi
  for name in cara-agent "${!pids[@]}"; do end "$name"; done
  end_routers
  if [[ -n $engine ]]; then stop_dockerd "$work/d"; fi
  stop_bed
  left=$(ps_of_work; routers; mounts_of_work; namespaces_of_bed; cgroups_of_work)
  equals "nothing is left behind" "" "$left"
  if ((failures > 0)); then
    keep_router_logs
    for name in "$logs"/*.log; do
      printf -- '---- %s\n' "${name##*/}"
      tail -n "${E2E_LOG_LINES:-15}" "$name"
    done
  fi
  if [[ -n ${E2E_KEEP:-} ]]; then printf 'kept: %s\n' "$work"; else rm -rf "$work"; fi
  exit $((failures > 0))
}

# Processes that were started with a path below $work.
ps_of_work() {
  pgrep --list-full --full -- "$work"
}

mounts_of_work() {
  grep -F "$work" /proc/self/mountinfo
}

cgroups_of_work() {
  local dir
  for dir in "$work"/*/; do
    find /sys/fs/cgroup -type d -path "*/$(dockerd_name "${dir%/}")*"
  done
}
