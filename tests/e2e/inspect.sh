#!/usr/bin/env bash
# What anybody sees who looks at the bus with tools that are not ours: every command of
# compose/INSPECT.md, as it stands there. Debian has no nats CLI: tests/e2e/node/ stands for it,
# made of what NATS publishes for Node, and checks every reply against the service protocol.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/check.sh"
# In a network of its own, where the ports of the page are free; the packages come from outside.
if [[ -z ${IN_OWN_NETWORK:-} ]]; then
  if ! node_dir=$("$here/node/install" 2>&1); then
    not_ok "the packages of tests/e2e/node are installed" "$node_dir"
    exit 1
  fi
  exec env IN_OWN_NETWORK=yes NODE_DIR="$node_dir" unshare --net "$0" "$@"
fi
# shellcheck source-path=SCRIPTDIR
{
  source "$here/lib/load.sh"
  source "$here/lib/recipes.sh"
}
page=$source_dir/compose/INSPECT.md

# --- the reader's desk: nats and caractrl on the PATH -------------------------------------------
# Below $work, so that one that is left behind is seen.
# shellcheck disable=SC2153
ln -s "$NODE_DIR" "$work/node"
printf '#!/bin/sh\nexec node %q "$@"\n' "$work/node/nats.mjs" >"$work/bin/nats"
chmod +x "$work/bin/nats"
export PATH=$work/bin:$bin:$PATH
read_page "$page"
contains "the page has recipes" "nats micro ls" "$(cat "$recipes"/??)"

# --- the cluster: where the page says it is, figures at the ports of its scrape configuration ---
mapfile -t targets < <(grep --only-matching '"127\.0\.0\.1:94[0-9]*"' "$page" | tr -d '"')
equals "the page scrapes an apiserver, two schedulers, a gc and an agent" 5 "${#targets[@]}"
nats_port=4222
nats_url=nats://127.0.0.1:$nats_port
# Each program as a user of its own, once the bus wants to know everybody: `key_dir` is set then.
keys=$desk
key_dir=""
ctl_flags=()
# daemon NAME KEY TARGET FLAG...
daemon() {
  spawn "$1" "$bin/${1%-s[12]}" --nats "$nats_url" ${key_dir:+--nats-nkey "$key_dir/$2.nk"} \
    --metrics-listen "${targets[$3]}" "${@:4}"
}
start_apiserver() { daemon cara-apiserver a1 0 --db "$work/cara.db"; }
# start_scheduler s1|s2 TARGET
start_scheduler() { daemon "cara-scheduler-$1" "$1" "$2" --id "$1"; }
start_gc() { daemon cara-gc g1 2 --id g1; }
start_agent() {
  daemon cara-agent "$node" 3 --node "$node" --docker-host "$engine" --state-dir "$work/agent"
}
ctl() {
  timeout 60 "$bin/caractrl" --nats "$nats_url" "${ctl_flags[@]}" "$@"
}
start_control_plane() {
  start_nats
  start_apiserver
  start_scheduler s1 1
  start_scheduler s2 4
  start_gc
}
# hello NUMBER: the project of the page; another number is another spec
hello() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: hello}\nspec:\n'
  printf '  services: [{name: web, image: "e2e/idle:1", stopGracePeriod: 1s,\n'
  printf '    env: [{name: NUMBER, value: "%s"}]}]\n' "$1"
}
ip link set lo up
start_cluster
make_image e2e/idle:1 "$wait_for_term"

# heard NAME NEEDLE: what goes on in the background has printed it; else something is changed
heard() {
  grep --quiet --fixed-strings -e "$2" "$logs/$1.log" ||
    { hello "$RANDOM" | ctl apply -f - >/dev/null && false; }
}
# listens NAME NEEDLE WHAT SAID: the recipe that holds NEEDLE prints SAID
listens() {
  begin_recipe "$1" "$2" || return 0
  poll_s=0.5 eventually "$3" 30 heard "$1" "$4"
  end "$1"
}
# All that is said from here on.
spawn everything nats sub 'cara.>' --headers-only --server "$nats_url"

recipe "a context is kept" "context save cara"
hello 0 | ctl apply -f - >/dev/null
eventually "a project becomes Running" 20 is_in hello Running

# --- what runs ------------------------------------------------------------------------------------
check "the check of replies finds every mistake" node "$work/node/micro_schema_check.mjs"
all=(cara-agent cara-apiserver cara-gc cara-scheduler cara-scheduler)
check "PING, INFO and STATS are answered by all, those of a name, and one, as the schemas say" \
  node "$work/node/micro_check.mjs" "$nats_url" "${all[@]}"
refuses "which fails if one is missing" 1 "answered by" \
  node "$work/node/micro_check.mjs" "$nats_url" "${all[@]}" cara-gc

recipe "nats micro ls, info and stats" "nats micro info cara-agent"
for name in "${all[@]}"; do contains "ls, info, stats: $name is there" "$name  " "$output"; done
contains "an agent says which node is its own" "node: $node" "$output"
recipe "names that stay" "@tsv"
equals "each process by itself, by its own name" "$(printf '%s\n' "cara-agent/$node" \
  cara-apiserver/a1 cara-gc/g1 cara-scheduler/s1 cara-scheduler/s2)" \
  "$(awk '{print $1 "/" $3}' <<<"$output" | sort)"

recipe "the figures of all schedulers" "data: .endpoints[0].data"
equals "of two" 2 "$(jq -s length <<<"$output")"
# stats SERVICE FILTER: of the first one
stats() {
  nats micro stats "$1" --json | jq -r "[.[0].endpoints[]] | $2"
}
for name in cara-agent cara-apiserver cara-gc cara-scheduler; do
  equals "$name: every endpoint has p50, p99, queue_depth and revision in \`data\`" true \
    "$(stats "$name" 'length > 0 and all(.data | (.p50 <= .p99) and (.p50 >= 0) and
      (.queue_depth >= 0) and (.revision > 0) and
      all(.p50, .p99, .queue_depth, .revision; type == "number"))')"
  equals "$name: averages are those of the sums" true "$(stats "$name" 'all(
    .average_processing_time == (if .num_requests == 0 then 0
      else (.processing_time / .num_requests | floor) end))')"
done
of_get='map(select(.name == "project-get"))[0]'
before=$(stats cara-apiserver "$of_get | .num_requests, .num_errors" | tr '\n' ' ')
ctl get projects hello -o json >/dev/null
for _ in 1 2 3; do
  recipe "what is refused is answered with an error" '"name": "nowhere"'
done
contains "and says why" '"code":"notFound"' "$(tr -d ' ' <<<"$output")"
after=$(stats cara-apiserver "$of_get | .num_requests, .num_errors" | tr '\n' ' ')
read -r requests errors <<<"$before"
equals "requests are counted one by one, and errors too" "$((requests + 4)) $((errors + 3)) " \
  "$after"
contains "the last error is told" nowhere "$(stats cara-apiserver "$of_get | .last_error")"
matches "p50 is there after the first request" '^[1-9][0-9]*$' \
  "$(stats cara-apiserver "$of_get | .data.p50")"
# revision_of_state: what the apiserver says it is
revision_of_state() {
  caractrl json2msgpack <<<'{}' | nats req cara.v1.api.admin.me.server.info --raw \
    --translate "caractrl msgpack2json" | jq .revision
}
follows() {
  [[ $(stats "$1" '.[0].data.revision') == "$(revision_of_state)" ]]
}
for name in cara-apiserver cara-gc cara-scheduler; do
  eventually "$name: \`revision\` is that of the state" 10 follows "$name"
done

matches "what waits is counted" '^[1-9][0-9]*$' \
  "$(node "$work/node/queue_check.mjs" "$nats_url" "${pids[cara-apiserver]}")"

# --- what changes, the API, a node ----------------------------------------------------------------
listens feed "cara.v1.evt.>' --translate" \
  "the change feed in JSON" '"name":"hello"'
matches "with its subject" 'Received on "cara.v1.evt.project.hello"' "$(<"$logs/feed.log")"
begin_recipe once "sub cara.v1.evt.project.hello"
poll_s=0.5 eventually "of one project only" 30 heard once '"name":"hello"'
eventually "and not for ever" 10 dead once
equals "exactly one line of JSON" '["project","hello"]' "$(jq -c '[.kind, .name]' "$logs/once.log")"

eventually "the project runs again" 20 is_in hello Running
recipe "questions in JSON, answers in JSON" '{"since": 0}'
contains "a list of projects" '"projects":[{' "$output"
contains "the phase of one" '"Running"' "$output"
matches "what changed" '\[[0-9]+,"project","hello"\]' "$output"

# A question of somebody who has no context yet, as caractrl's own help has it.
without_context() {
  caractrl json2msgpack <<<'{}' | env XDG_CONFIG_HOME="$work/none" nats req \
    cara.v1.api.admin.me.project.list --translate "caractrl msgpack2json" --server "$nats_url"
}
contains "and without the context of the page" '"projects":[{' "$(without_context 2>&1)"

listens heartbeat "sub cara.v1.hb.worker-01" "a node's heartbeat" '"engineReady":true'
listens wakes "cara.v1.node.worker-01.>" "what a node is woken by" '"revision":'
listens reports "cara.v1.api.agent.worker-01.>" "what a node reports" '"phase":'

# --- metrics --------------------------------------------------------------------------------------
check "the check of Prometheus' format finds every mistake" \
  python3 "$here/lib/prometheus.py" --self-test
# families FILE: the names, if the text is right
families() {
  python3 "$here/lib/prometheus.py" <"$1"
}
mkdir "$work/metrics"
recipe "metrics of all over the bus" 'select(.name == "metrics")'
awk -v dir="$work/metrics" '/^# HELP cara_build_info / {++n} {print >(dir "/bus-" n)}' <<<"$output"
equals "of five processes" "$(printf '%s\n' "${all[@]}")" "$(grep --no-filename --only-matching \
  '^cara_build_info{service="[a-z-]*' "$work/metrics"/bus-* | cut -d '"' -f 2 | sort)"
for file in "$work/metrics"/bus-*; do
  check "the format is Prometheus' own: ${file##*/}" families "$file"
done
recipe "metrics by curl" "curl -sS http://${targets[0]}/metrics"
contains "are the apiserver's" 'service="cara-apiserver"' "$output"
for target in "${targets[@]}"; do
  curl -sS -o "$work/metrics/$target" -w '%{http_code} %{content_type}' "http://$target/metrics" \
    >"$work/metrics/head"
  equals "$target is scraped" "200 text/plain; version=0.0.4; charset=utf-8" \
    "$(<"$work/metrics/head")"
  check "$target: the format is Prometheus' own" families "$work/metrics/$target"
done
equals "and nothing else is served" 404 \
  "$(curl -sS -o /dev/null -w '%{http_code}' "http://${targets[0]}/")"
# The families that the page promises, each of them by its whole name.
promised() {
  sed -n '/^| family/,/^$/p' "$page" | cut -d '|' -f 2 |
    grep --only-matching '[a-z_]*_[a-z_]*' | sort
}
equals "what the page promises is there" "" \
  "$(comm -23 <(promised) <(families "$work/metrics/${targets[0]}" | sort))"

# --- filters --------------------------------------------------------------------------------------
export CARA_NATS_URL=nats://127.0.0.1:1
some='{"text":"a \"b\" ü","number":-7,"list":[1,2.5,true],"map":{"none":[]}}'
equals "JSON becomes msgpack, and JSON again" "$some" \
  "$(caractrl json2msgpack <<<"$some" | caractrl msgpack2json)"
json='{ "a" : 1.0 }'
equals "JSON is passed through as it is" "$json" "$(caractrl msgpack2json <<<"$json")"
contains "garbage is shown, and is no error" '"base64":"wf8="' \
  "$(printf '\xc1\xff' | caractrl msgpack2json)"
refuses "what is no JSON is no message" 2 "not JSON" caractrl json2msgpack <<<'{"a":'
unset CARA_NATS_URL
# took COMMAND...: microseconds from start to end, of the mean of 200
took() {
  local began
  began=$(now_ms)
  for _ in {1..200}; do "$@" <<<'{}' >/dev/null; done
  printf '%d us' $((($(now_ms) - began) * 5))
}
printf '# caractrl msgpack2json takes %s; for comparison, cat: %s\n' \
  "$(took caractrl msgpack2json)" "$(took cat)"

# --- subjects -------------------------------------------------------------------------------------
ctl logs hello/web >/dev/null
ctl delete project hello >/dev/null
# Rows of the table as patterns: a word in capitals is any token; what begins with a dot stands for
# the end of the subject before it.
patterns() {
  sed -n '/^| subject | who/,/^$/p' "$page" | cut -d '|' -f 2 |
    grep --only-matching '`cara[^`]*`' | tr -d '`' |
    sed 's/\.in$/.(in|out)/; s/\./\\./g; s/\\\.(in/[.](in/; s/[A-Z]\+/[a-zA-Z0-9_-]+/g; s/.*/^&$/'
}
subjects_heard() {
  sed -n 's/^\[#[0-9]*\] Received on "\([^"]*\)".*/\1/p' "$logs/everything.log" | sort -u
}
# not_heard: of the page's subjects; nobody here has an ingress, of which all nodes are told
not_heard() {
  local pattern
  while read -r pattern; do
    subjects_heard | grep -Eq "$pattern" || printf '%s\n' "$pattern"
  done < <(patterns | grep -Fv 'node\.all\.wake')
}
all_is_heard() {
  not_heard
  [[ -z $(not_heard) ]]
}
eventually "every subject of the page is said on the bus" 10 all_is_heard
end everything
equals "and the page explains every subject" "" "$(subjects_heard | grep -Evf <(patterns) || true)"

# --- with permissions -----------------------------------------------------------------------------
for name in cara-agent cara-gc cara-scheduler-s1 cara-scheduler-s2 cara-apiserver nats-server; do
  end "$name"
done
bus_certificates "$keys" localhost nats.example || bail_out "openssl makes no certificates"
key() {
  caractrl bus key "$keys/$1.nk"
}
caractrl bus config --listen "127.0.0.1:$nats_port" --monitor= --tls-cert "$keys/bus.crt" \
  --tls-key "$keys/bus.key" "apiserver/a1=$(key a1)" "sched/s1=$(key s1)" "sched/s2=$(key s2)" \
  "gc/g1=$(key g1)" "agent/$node=$(key "$node")" "admin/jane=$(key jane)" \
  "viewer/bob=$(key bob)" >"$work/nats.conf"
nats_flags=(--config "$work/nats.conf")
nats_url=tls://localhost:$nats_port
export CARA_NATS_CA=$keys/ca.crt
key_dir=$keys
ctl_flags=(--nats-nkey "$keys/jane.nk" --user jane)
start_control_plane
start_agent
within 30 node_is_ready || bail_out "the node is not ready on a bus with permissions"
hello 0 | ctl apply -f - >/dev/null

# The server's name is known where a command of the page runs, and nowhere else.
printf '127.0.0.1 localhost nats.example\n' >"$work/hosts"
known=(unshare --mount bash -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$work/hosts")
recipe "an admin's context" "context save prod" "${known[@]}"
for name in "${all[@]}"; do contains "an admin sees $name" "$name  " "$output"; done
contains "and is answered by the apiserver" '"projects":[{' "$output"
begin_recipe admin-feed "cara.v1.evt.>' --translate" "${known[@]}"
poll_s=0.5 eventually "an admin hears what changes" 30 heard admin-feed '"name":"hello"'
end admin-feed
recipe "a viewer's flags" "--nkey bob.nk" "${known[@]}"
contains "a viewer sees figures" project-list "$output"
violations() {
  ! grep --no-filename 'Violation\|refuses' "$logs"/cara-*.log
}
check "no process has said or heard what it may not" violations
as_jane=(--server "$nats_url" --tlsca "$keys/ca.crt" --nkey "$keys/jane.nk")
refuses "without the prefix of the page nobody is answered" 1 "Permissions Violation" \
  nats micro ls "${as_jane[@]}" --inbox-prefix _INBOX
refuses "nor does an admin hear what a node is told" 1 "Permissions Violation" \
  nats sub 'cara.v1.node.worker-01.>' "${as_jane[@]}"
ctl delete project hello >/dev/null

equals "every command of the page was run" "" "$(untried)"
