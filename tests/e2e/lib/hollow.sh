# A cluster of hollow agents: real apiserver, schedulers, gcs and nats-server, each program on a
# user of its own with the permissions of that program alone; no Docker. Sourced, after load.sh.
# shellcheck shell=bash disable=SC2034,SC2154

hollow=$bin/tests/hollow/cara_hollow
control=$work/hollow.control
hollow_flags=()
# A connection each, in nats-server and in cara_hollow.
ulimit -n "$(ulimit -Hn)"

# url_of ROLE-ID
url_of() {
  printf 'nats://%s:password-of-%s@127.0.0.1:%s\n' "$1" "$1" "$nats_port"
}
# permit AGENTS ROLE.ID...: the users of everybody who will be there
permit() {
  local agents=$1 users=() user
  shift
  for user in admin.root "$@"; do users+=(--user "$user"); done
  "$hollow" --agents "$agents" --write-server-config "$work/nats.conf" "${users[@]}"
  nats_flags=(--config "$work/nats.conf")
}

ctl() {
  timeout "${ctl_limit_s:-60}" "$bin/caractrl" --nats "$(url_of admin-root)" --user root "$@"
}
start_apiserver() {
  spawn cara-apiserver "$bin/cara-apiserver" --nats "$(url_of apiserver-a1)" \
    --db "$work/cara.db" "${apiserver_flags[@]}"
}
# start_scheduler ID, start_gc ID
start_scheduler() {
  spawn "cara-scheduler-$1" "$bin/cara-scheduler" --nats "$(url_of "sched-$1")" --id "$1"
}
start_gc() {
  spawn "cara-gc-$1" "$bin/cara-gc" --nats "$(url_of "gc-$1")" --id "$1"
}
# start_hollow AGENTS
start_hollow() {
  spawn hollow "$hollow" --nats "$nats_url" --agents "$1" --log-in --control "$control" \
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
# heard_since MS: all agents had a heartbeat answered that was asked later
heard_since() {
  (($(said heardAtMs) > $1))
}
# nodes_in STATUS: how many
nodes_in() {
  ctl get nodes | awk -v status="$1" '$2 == status' | wc -l
}
nodes_are() {
  [[ $(nodes_in "$2") == "$1" ]]
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
