#!/usr/bin/env bash
# 1,000 agents on one bus: they come at once, and come back after the bus or the apiserver died; a
# client that does not read is cut off alone. One agent has an engine, the others are hollow.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
{
  source "$here/lib/load.sh"
  source "$here/lib/hollow.sh"
}

herd=1000
node_timeout_ms=15000
agent_flags=(--label real=yes)

# pinned NAME: a manifest for the real node
pinned() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\nspec:\n' "$1"
  printf '  nodeSelector: {real: "yes"}\n  services: [{name: a, image: "e2e/idle:1"}]\n'
}
nobody_is_connected() {
  [[ $(said connected) == 0 ]] && grep -q 'is lost' "$logs/cara-agent.log"
}
# more_unanswered_than N: what was asked while nobody was there
more_unanswered_than() {
  (($(said unanswered) > $1))
}
list_ms() {
  local start
  start=$(now_ms)
  ctl get nodes >/dev/null || return 1
  printf '%s\n' $(($(now_ms) - start))
}
lists_quickly() {
  (($(list_ms) < 1000))
}
rss_kib() {
  awk '/^VmRSS/ {print $2}' "/proc/${pids[$1]}/status"
}
# Silences and waits are measured from here on.
measure() {
  began=$(now_ms)
  tell reset
}
# back WHAT: everybody is heard again, in time
back() {
  local took
  eventually "$1: all $herd agents are heard within 30 s [E43]" 30 heard_since "$began"
  took=$(($(now_ms) - began))
  eventually "$1: all nodes are Ready [E43]" 10 nodes_are $((herd + 1)) Ready
  eventually "$1: the nodes are listed in less than 1 s [E43]" 10 lists_quickly
  equals "$1: no node became NotReady meanwhile [E43]" 0 "$(lost_heartbeats)"
  equals "$1: what runs was not touched [E43]" "$containers" "$(container_ids real)"
  check "$1: the apiserver's memory is bounded [E43]" test "$(rss_kib cara-apiserver)" -lt 65536
  printf '  heard after %s ms; longest silence %s ms, longest answer %s ms; list %s ms; %s\n' \
    "$took" "$(said silenceMs)" "$(said answerMs)" "$(list_ms)" \
    "apiserver $(rss_kib cara-apiserver) KiB, nats-server $(rss_kib nats-server) KiB"
}
# kept_lease WHAT: all the time since `measure`
kept_lease() {
  check "$1: nobody was unheard for longer than the lease [E43]" \
    test "$(said silenceMs)" -lt "$node_timeout_ms"
}
is_cut_off() {
  grep -q "cid:$1 - .*Slow Consumer Detected" "$logs/nats-server.log"
}

start_cluster
make_image e2e/idle:1 "$wait_for_term"
pinned real | ctl apply -f - >/dev/null
within 20 is_in real Running || bail_out "the project does not run"
containers=$(container_ids real)

# --- all at once ----------------------------------------------------------------------------------
began=$(now_ms)
start_hollow "$herd"
within 10 said agents || bail_out "the herd does not start"
back "a herd starts"
equals "and each registered once [E43]" "$herd registrations, 0 refused" \
  "$(said registrations) registrations, $(said refused) refused"

# --- the bus dies ---------------------------------------------------------------------------------
measure
end nats-server KILL
eventually "the bus is killed: all notice [E43]" 10 nobody_is_connected
start_nats
back "the bus is killed"
kept_lease "the bus is killed"
equals "and nobody had to register again [E43]" "$herd" "$(said registrations)"

# --- the apiserver dies ---------------------------------------------------------------------------
losses=$(said losses)
measure
end cara-apiserver KILL
check "the apiserver is killed: most agents are left without an answer [E43]" \
  within 10 more_unanswered_than $(($(said unanswered) + herd / 2))
start_apiserver
back "the apiserver is killed"
kept_lease "the apiserver is killed"
equals "and nobody had to register again, no connection was lost [E43]" "$herd $losses" \
  "$(said registrations) $(said losses)"

# --- a client that does not read ------------------------------------------------------------------
connections_lost=$(grep -c 'is lost' "$logs"/cara-*.log)
measure
spawn slow python3 "$here/lib/bus.py" "$nats_port" slow
within 10 test -s "$logs/slow.log" || bail_out "the slow consumer does not start"
pinned second | ctl apply -f - >/dev/null
eventually "a client does not read: work is done as before [E43]" 20 is_in second Running
eventually "and it is cut off by nats-server [E43]" 20 is_cut_off "$(cat "$logs/slow.log")"
equals "alone [E43]" "1 $losses $connections_lost" \
  "$(grep -c 'Slow Consumer' "$logs/nats-server.log") $(said losses) $(
    grep -c 'is lost' "$logs"/cara-*.log
  )"
began=$(now_ms)
back "a client did not read"
kept_lease "a client did not read"
