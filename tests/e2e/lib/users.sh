# Every program logs in to the bus as a user of its own, with the permissions of that program alone.
# Sourced, after load.sh and hollow.sh; replaces what starts the programs.
# shellcheck shell=bash disable=SC2034,SC2154

# url_of ROLE-ID
url_of() {
  printf 'nats://%s:password-of-%s@127.0.0.1:%s\n' "$1" "$1" "$nats_port"
}
# permit AGENTS ROLE.ID...: the hollow agents, the apiserver, caractrl and those named
permit() {
  local agents=$1 users=() user
  shift
  for user in admin.root "$@"; do users+=(--user "$user"); done
  "$hollow" --agents "$agents" --write-server-config "$work/nats.conf" "${users[@]}"
  nats_flags=(--config "$work/nats.conf")
  hollow_flags+=(--log-in)
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
