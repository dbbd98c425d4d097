#!/usr/bin/env bash
# What people read: get in all its forms, and -w over the death of the bus and of the apiserver: the
# last state of every object is printed. Needs no engine: without nodes projects wait, and are
# changed by their labels.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

projects=30

# manifest NAME VERSION
manifest() {
  printf -- '---\napiVersion: caravanserai/v1\nkind: Project\n'
  printf 'metadata: {name: %s, labels: {app: web, version: "%s"}}\n' "$1" "$2"
  printf 'spec: {services: [{name: a, image: "e2e/idle:1"}]}\n'
}
# apply_all VERSION [FIRST]
apply_all() {
  local number
  for ((number = ${2:-1}; number <= projects; ++number)); do manifest "p$number" "$1"; done |
    ctl apply -f - >/dev/null
}
# watch NAME WORDS...: caractrl in the background; what it prints is in $logs/NAME.log
watch() {
  local name=$1
  shift
  spawn "$name" "$bin/caractrl" --nats "$nats_url" "$@"
}
# last_rows NAME: of each project the last row that was printed, without its age
last_rows() {
  awk '$1 ~ /^p[0-9]+$/ {$(NF - 1) = ""; row[$1] = $0}
    END {for (name in row) print row[name]}' "$logs/$1.log" | sort
}
# rows_now: what there is, as last_rows prints it
rows_now() {
  ctl get projects --show-labels | awk '$1 ~ /^p/ {$(NF - 1) = ""; print}' | sort
}
# All that there is was printed as it is, and all that is gone as deleted.
rows_are_current() {
  [[ $(last_rows rows | grep -v Deleted) == "$(rows_now)" ]]
}
# The same of the objects: revision and name are enough.
objects_are_current() {
  local last now
  last=$(jq -c 'select(.deleted != true) | [.metadata.name, .metadata.revision]' \
    <(sed '/^warning: /d; /^The control plane/d' "$logs/objects.log") |
    sort -V | jq -sc 'group_by(.[0]) | map(max_by(.[1]))')
  now=$(ctl get projects -o json | jq -c '[.items[] | [.metadata.name, .metadata.revision]] | sort')
  [[ $(jq -c --argjson gone "$1" 'map(select(.[0] as $n | $gone | index($n) | not)) | sort' \
    <<<"$last") == "$now" ]]
}
printed() {
  grep -q "$2" "$logs/$1.log"
}
# events_are_all: the numbers that the watch printed are all there are
events_are_all() {
  local number
  for number in $(ctl events -o jsonpath='{.items[*].number}'); do
    grep -qx "$number" "$logs/events.log" || return 1
  done
}

start_control_plane
within 20 ctl get projects || bail_out "the control plane does not start"

# --- Forms ----------------------------------------------------------------------------------------
apply_all 1
all_are_pending() {
  [[ $(ctl get projects --phase Pending -o name | wc -l) == "$projects" ]]
}
eventually "all are Pending" 10 all_are_pending
matches "get prints a table [S38] [S39] [S41]" \
  '^NAME +PHASE +NODE +CONDITIONS +AGE'$'\n''p1 +Pending +<none> +[A-Za-z]+ +[0-9]+s' \
  "$(ctl get projects)"
equals "-o name" "project/p7" "$(ctl get project p7 -o name)"
equals "-o jsonpath of one" "Pending web" \
  "$(ctl get project p7 -o jsonpath='{.status.phase} {.metadata.labels.app}')"
pending='{range .items[?(@.status.phase=="Pending")]}{.metadata.name}{"\n"}{end}'
equals "-o jsonpath with a range" "$projects" \
  "$(ctl get projects -o jsonpath="$pending" | wc -l)"
equals "-o json is taken before and after the verb [S42]" \
  "$(ctl --output json get project p7)" "$(ctl get project p7 -o json)"
equals "-l and --sort-by" "p9" \
  "$(ctl get projects -l 'app=web,version in (1)' --sort-by name --no-headers |
    tail -n 1 | awk '{print $1}')"
equals "-l that nothing has" "No projects found" "$(ctl get projects -l app=db 2>&1)"
refuses "errors are JSON where that was asked for" 1 '"exitCode":1' \
  ctl get project nobody -o json
equals "and one object" notFound "$(ctl get project nobody -o json 2>&1 | jq -r .error.code)"
refuses "a wrong path says where" 2 'character 6' ctl get projects -o 'jsonpath={.a[0}'
contains "on a terminal as in a pipe" "p7     Pending   <none>" \
  "$(script -qec "$bin/caractrl --nats $nats_url get projects p7 p12" /dev/null | tr -d '\r')"
contains "explain" "action  <None|Restart>, default None" \
  "$(ctl explain project.spec.services.healthcheck)"
refuses "explain knows what was meant" 2 'did you mean `services`' ctl explain project.spec.servces
contains "describe" "No node" "$(ctl describe project p7 | sed 's/no node\|NoNode/No node/g')"

# --- A watch --------------------------------------------------------------------------------------
watch rows get projects -w --show-labels
watch objects get projects -w -o json
watch events events -w -o jsonpath='{.number}'
eventually "a watch prints what there is" 10 rows_are_current
apply_all 2 16
eventually "and what changes" 10 rows_are_current
ctl delete project p1 >/dev/null
eventually "and what is gone" 10 printed rows '^p1 .*Deleted'

# --- Hints are lost, changes are not --------------------------------------------------------------
for name in rows objects events; do kill -STOP "${pids[$name]}"; done
for version in 3 4 5; do apply_all "$version" 10; done
ctl delete project p2 >/dev/null
for name in rows objects events; do kill -CONT "${pids[$name]}"; done
eventually "what changed while it stood still is printed [E47]" 10 rows_are_current

# --- The apiserver and the bus die ----------------------------------------------------------------
end cara-apiserver KILL
start_apiserver
within 20 ctl get project p3
apply_all 6 4
ctl delete project p3 >/dev/null
eventually "the apiserver is killed: what changed then is printed [E47]" 20 rows_are_current
end nats-server KILL
end cara-apiserver KILL
start_nats
start_apiserver
within 30 ctl get project p4
apply_all 7 5
ctl delete project p4 >/dev/null
apply_all 8 20
eventually "the bus and the apiserver are killed: every last state is printed [E47]" 30 \
  rows_are_current
equals "and all that are gone, once" "p1 p2 p3 p4" \
  "$(grep -oP '^p\d+(?= +Deleted)' "$logs/rows.log" | sort | paste -sd ' ')"
eventually "of the objects as well" 10 objects_are_current '["p1","p2","p3","p4"]'
eventually "and every event" 10 events_are_all
equals "no watch has ended" "rows objects events" \
  "$(for name in rows objects events; do alive "$name" && printf '%s ' "$name"; done | xargs)"

# --- The end --------------------------------------------------------------------------------------
kill -INT "${pids[rows]}"
eventually "Ctrl-C ends it" 5 dead rows
{
  timeout 30 "$bin/caractrl" --nats "$nats_url" get projects -w --show-labels |
    head -n 1 >"$work/first"
} 2>/dev/null &
reader=$!
eventually "a reader takes a line and goes" 10 grep -q NAME "$work/first"
apply_all 9 25
nobody_writes() {
  ! kill -0 "$reader" 2>/dev/null
}
eventually "and the watch ends when nobody reads it" 10 nobody_writes
