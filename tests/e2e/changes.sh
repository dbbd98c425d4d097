#!/usr/bin/env bash
# What people do to a project with caractrl: diff and dry run say what then happens to the
# containers, exit codes tell how it ended, and a terminal shows how it goes.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

ingress=yes
engine_dir=$work/1
export TMPDIR=$work/tmp
mkdir "$TMPDIR" "$work/files"

# shop LEVEL [DB-LINE] [POLICY] [IMAGE]: a manifest; db has a volume that only one of it may write
shop() {
  cat <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: shop, labels: {team: web}}
spec:
  updatePolicy: {${3:-healthyDeadline: 5m}}
  services:
    - name: web
      image: ${4:-e2e/idle:1}
      dependsOn: [{service: db}]
      env: [{name: LEVEL, value: $1}, {name: API_TOKEN, value: token-$1}]
    - name: db
      image: e2e/idle:1
      volumeMounts: [{name: data, mountPath: /data}]
      ${2:-stopGracePeriod: 5s}
  volumes: [{name: data, type: Persistent}]
MANIFEST
}
# one NAME TEAM [SERVICE-LINE] [POLICY]: a project with one service
one() {
  cat <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1, labels: {team: $2}}
spec:
  updatePolicy: {${4:-healthyDeadline: 5m}}
  services: [{name: a, ${3:-image: "e2e/idle:1"}}]
MANIFEST
}
# try COMMAND...: its exit code is in `status`, what it said in `out` and `err`
try() {
  status=0
  "$@" >"$work/out" 2>"$work/err" || status=$?
  out=$(<"$work/out") err=$(<"$work/err")
}
# ends WHAT STATUS COMMAND...
ends() {
  try "${@:3}"
  equals "$1: exit code $2" "$2" "$status"
  if ((status != $2)); then sed 's/^/  /' "$work/out" "$work/err"; fi
}
# on_terminal COMMAND-LINE: all that it writes to a terminal, which is its standard error, too
on_terminal() {
  TERM=xterm "${in_control[@]}" script --quiet --return --command \
    "stty columns 132; $bin/caractrl --nats $nats_url $1" /dev/null </dev/null
}
# editor LINES: what $EDITOR does to the file "$1"
editor() {
  printf '#!/bin/sh\nset -e\n%s\n' "$1" >"$work/editor"
  chmod +x "$work/editor"
}
edit() {
  EDITOR=$work/editor ctl edit project shop
}
id_of() {
  docker_ inspect --format '{{.Id}}' "$1"
}
# died_at ID SINCE: nanoseconds, 0 if it did not
died_at() {
  local at
  at=$(docker_ events --since "$2" --until "$(($(date +%s) + 1))" --filter "container=$1" \
    --filter event=die --format '{{.TimeNano}}')
  printf '%s\n' "${at:-0}"
}
started_at() {
  date --date "$(docker_ inspect --format '{{.State.StartedAt}}' "$1")" +%s%N
}
level() {
  docker_ inspect shop-web | jq -r '.[0].Config.Env[] | select(startswith("LEVEL="))'
}
generation() {
  ctl --output json get projects shop | jq .metadata.generation
}
# stored: all that an apply could change
stored() {
  ctl --output json get projects | jq -Sc '[.items[] | {metadata, spec}]'
  ctl --output json rollout history project shop
  facts shop-web
  facts shop-db
}
is_gone() {
  [[ $(phase "$1") == none ]]
}

start_bed 1
origin_images
# The contract's registry: the image `slow` takes ten seconds.
spawn registry nsenter "--net=/run/netns/$(dockerd_name "$work/1")" -- \
  python3 "$here/../contract/registry.py"

# --- diff, and the first apply --------------------------------------------------------------------
ends "diff of what is not there" 1 ctl diff -f - < <(shop one)
equals "it says what it would be, and do" \
  "project/shop would be created
  = create web, create db, create volume data, place it on a node" \
  "$(sed -n '1p;$p' <<<"$out")"
contains "field by field" "  + spec.services[web].env[LEVEL].value: one" "$out"
contains "without what looks like a secret" "[API_TOKEN].value: <hidden>" "$out"
equals "and made nothing" "none" "$(phase shop)"
ends "apply --wait" 0 ctl apply -f - --wait --timeout 30s < <(shop one)
equals "what it did, on standard output" "project/shop created
project/shop is running" "$out"
contains "how it went, on standard error" "project/shop: " "$err"
equals "in plain lines where no terminal is, none twice" "" \
  "$(tr -d '[:print:]\n' <<<"$err")$(uniq --repeated <<<"$err")"
check "and it does run" is_in shop Running
ends "diff of what is there" 0 ctl diff -f - < <(shop one)
equals "which says nothing" "" "$out$err"

# --- what the diff says is what happens -----------------------------------------------------------
before=$(stored) web=$(id_of shop-web) db=$(facts shop-db)
ends "diff of another variable" 1 ctl diff -f - < <(shop two)
equals "the variable, and what it does" "project/shop would be configured
  ~ spec.services[web].env[LEVEL].value: one -> two
  ~ spec.services[web].env[API_TOKEN].value: <hidden> -> <hidden>
  = recreate web (start first), keep db, move nothing" "$out"
said=$(sed 1d <<<"$out")
equals "the same for programs" '[["web","recreate"],["db","keep"]] false' \
  "$(ctl diff -o json -f - < <(shop two) | jq -r '.projects[0] |
    "\([.services[] | [.name, .action]]) \(.moves)"')"
ends "apply --dry-run=server" 0 ctl apply --dry-run=server -f - < <(shop two)
equals "says what the diff says" "project/shop configured (server dry run)
$said" "$out"
ends "apply --dry-run=client" 0 ctl apply --dry-run=client -f - < <(shop two)
equals "neither changes spec, revisions or containers" "$before" "$(stored)"
since=$(date +%s)
ends "the apply" 0 ctl apply -f - --wait --timeout 30s < <(shop two)
check "web is another container" test "$web" != "$(id_of shop-web)"
equals "which has the other value" LEVEL=two "$(level)"
equals "db is the same, and was not started again" "$db" "$(facts shop-db)"
check "start first: the new one was up before the old one went" \
  test "$(started_at shop-web)" -lt "$(died_at "$web" "$since")"

web=$(facts shop-web) db=$(id_of shop-db)
try ctl diff -f - < <(shop two 'env: [{name: A, value: b}]')
contains "of db the diff says the other order" "= keep web, recreate db (stop first), move" "$out"
since=$(date +%s)
ends "that apply" 0 ctl apply -f - --wait --timeout 30s < <(shop two 'env: [{name: A, value: b}]')
check "db is another container" test "$db" != "$(id_of shop-db)"
equals "web is the same" "$web" "$(facts shop-web)"
died=$(died_at "$db" "$since")
check "stop first: the old one went before the new one came" \
  test "$died" -gt 0 -a "$died" -lt "$(started_at shop-db)"

db=$(facts shop-db)
try ctl diff -f - < <(shop two 'restartPolicy: OnFailure
      env: [{name: A, value: b}]')
contains "what containers are not made from is adjusted" "= keep web, adjust db, move" "$out"
ends "that apply" 0 ctl apply -f - --wait --timeout 30s < <(shop two 'restartPolicy: OnFailure
      env: [{name: A, value: b}]')
equals "and touches none of them" "$web $db" "$(facts shop-web) $(facts shop-db)"

ends "diff of what is no manifest" 2 ctl diff -f - < <(shop two 'imgae: x')
contains "and says where" "did you mean" "$err"
ends "diff of what the server refuses" 2 ctl diff -f - \
  < <(shop three | sed 's/metadata: {/metadata: {revision: 1, /')
contains "and why" "has changed" "$err"
ends "diff without a control plane" 3 \
  "$bin/caractrl" --nats nats://127.0.0.1:9 diff -f - < <(shop two)

# --- apply --wait that does not end well ----------------------------------------------------------
# What only ran for a moment did not come up.
one bad x 'image: "e2e/idle:1", command: [sh, -c, "exit 3"], healthcheck: {startPeriod: 2s}' \
  'healthyDeadline: 1s, onFailure: Pause' >"$work/bad.yaml"
ends "apply --wait of what crashes" 1 ctl apply --wait -f "$work/bad.yaml"
contains "ends when it is given up, and says why [S24]" "exited with code 3" "$err"
web=$(facts shop-web)
ends "apply --wait of an update that is rolled back" 1 ctl apply --wait -f - \
  < <(shop three "" "healthyDeadline: 1s" 127.0.0.1:9/no/such:1)
contains "says that it was" "rolled back" "$err"
equals "what ran runs on [E31]" "$web" "$(facts shop-web)"

one slow x 'image: "127.0.0.1:5000/slow:1"' >"$work/slow.yaml"
ends "apply --wait --timeout" 4 ctl apply --wait --timeout 3s -f "$work/slow.yaml"
contains "says what it was about" "project/slow: timed out after 3s; it is Scheduled" "$err"
matches "a line for each news of the pull" \
  "project/slow: 127.0.0.1:5000/slow:1: 0 of 1 layers, [0-9.]+ MB of 6.0 MB" "$err"

# --- on a terminal --------------------------------------------------------------------------------
ends "apply --wait on a terminal" 4 on_terminal "apply --wait --timeout 3s -f $work/slow.yaml"
contains "shows a spinner" "⠙" "$out"
contains "that is drawn over" $'\e[3A\r\e[J' "$out"
matches "how long it took, and where it is" \
  'project/slow: Scheduled on node/n1[^'$'\n'']* \([0-9]s\)' "$out"
matches "how far the pull is" \
  '    127.0.0.1:5000/slow:1: 0 of 1 layers, [0-9.]+ MB of 6.0 MB' "$out"
ends "and until it runs" 0 on_terminal "restart shop/web --wait --timeout 30s"
matches "each service, as it is" '    web +[a-z]' "$out"
equals "and leaves only the end of it" "project/shop is running" \
  "$(tail -n 1 <<<"$out" | tr -d '\r' | sed 's/.*\x1b\[J//')"

# --- wait -----------------------------------------------------------------------------------------
ends "wait for a phase that it has" 0 ctl wait project shop --for=phase=Running
equals "it says so" "project/shop condition met" "$out"
ends "wait for one that it does not get" 4 ctl wait project bad --for=phase=Running --timeout 300ms
contains "and says which it has" "it is Failed" "$err"
ends "wait for Failed" 0 ctl wait project/bad --for=phase=Failed
ends "wait for a condition" 0 ctl wait project shop --for=condition=Phase
ends "wait for one that is not there" 4 \
  ctl wait project bad --for=condition=RolledBack --timeout 300ms
ends "wait for its absence" 0 ctl wait project bad --for=condition=RolledBack=False
ends "wait for a node" 0 ctl wait node n1.lab.example --for=condition=Ready
ends "wait for what is nowhere" 1 ctl wait project nobody --for=phase=Running
ends "wait for what is no phase" 2 ctl wait project shop --for=phase=Runing
contains "and says which was meant" "did you mean \`Running\`" "$err"
spawn waiter "${in_control[@]}" "$bin/caractrl" --nats "$nats_url" wait project bad slow \
  --for=delete --timeout 30s
ctl delete project bad >/dev/null
check "wait --for=delete of two goes on while one is there" alive waiter
ctl delete project slow >/dev/null
eventually "and ends when both are gone" 5 dead waiter
equals "with a line for each" "project/bad deleted
project/slow deleted" "$(grep deleted "$logs/waiter.log")"

# --- apply --prune --------------------------------------------------------------------------------
for name in kept leaves; do one "$name" x >"$work/files/$name.yaml"; done
one other y >"$work/files/other.yaml"
ends "a folder is applied" 0 ctl apply -f "$work/files" --wait --timeout 30s
rm "$work"/files/{leaves,other}.yaml
refuses "prune wants labels" 2 "--prune needs --selector" ctl apply -f "$work/files" --prune
ends "prune as a dry run" 0 ctl apply -f "$work/files" --prune -l team=x --dry-run=server
contains "says what would go" "project/leaves pruned (server dry run)" "$out"
one late x | sed 's/metadata: {/metadata: {revision: 1, /' >"$work/files/late.yaml"
ends "when one of the files is refused" 1 ctl apply -f "$work/files" --prune -l team=x
contains "nothing is pruned" "nothing was pruned" "$err"
one late x 'imgae: x' >"$work/files/late.yaml"
ends "and when one is wrong" 2 ctl apply -f "$work/files" --prune -l team=x
rm "$work/files/late.yaml"
equals "everything is still there" "Running Running Running" \
  "$(phase kept) $(phase leaves) $(phase other)"
ends "prune" 0 ctl apply -f "$work/files" --prune -l team=x --wait --timeout 30s
equals "what has the label and is in no file" "project/kept unchanged
project/leaves pruned
project/kept is running" "$out"
equals "is gone, and nothing else" "none Running Running Running" \
  "$(phase leaves) $(phase kept) $(phase other) $(phase shop)"
equals "with its containers" "" "$(objects leaves)"
ctl delete project kept other >/dev/null

# --- edit -----------------------------------------------------------------------------------------
# shellcheck disable=SC2016
{
  editor 'sed -i "s/value: two/value: edited/" "$1"'
  ends "edit" 0 edit
  equals "it says so" "project/shop edited" "$out"
  ctl wait project shop --for=phase=Running >/dev/null 2>&1 || not_ok "it runs after the edit"
  equals "and does it" LEVEL=edited "$(level)"
  was=$(generation)
  editor ':'
  ends "edit without a change" 0 edit
  equals "changes nothing" "Edit cancelled, no changes made. $was" "$out $(generation)"
  editor 'exit 7'
  ends "an editor that fails" 1 edit
  contains "is told" "ended with exit code 7" "$err"
  editor 'if grep -q imgae: "$1"; then
  cp "$1" '"$work"'/reopened
  sed -i "s/imgae:/image:/; s/value: edited/value: again/" "$1"
else
  sed -i "0,/image:/s//imgae:/" "$1"
fi'
  ends "what is wrong is opened again" 0 edit
  line=$(sed -n 's/^# line \([0-9]*\): .*imgae.*/\1/p' "$work/reopened" | head -n 1)
  contains "with the line of it as a comment" "imgae:" "$(sed -n "${line:-1}p" "$work/reopened")"
  equals "and then taken" "project/shop edited" "$out"
  equals "no file is left" "" "$(ls "$TMPDIR")"
  was=$(generation)
  editor 'sed -i "0,/image:/s//imgae:/" "$1"'
  ends "who does not put it right" 1 edit
  check "finds the text in a file" grep -q imgae: "$TMPDIR"/caractrl-shop-*.yaml
  equals "and nothing is applied" "$was" "$(generation)"
}

# --- label, annotate ------------------------------------------------------------------------------
ctl wait project shop --for=phase=Running >/dev/null 2>&1 || not_ok "it runs after the edits"
was="$(generation) $(facts shop-web) $(facts shop-db)"
ends "label" 0 ctl label project shop tier=front
refuses "another value is not put over it unasked" 1 "already has a value (front)" \
  ctl label project shop tier=back
ends "but when that is said" 0 ctl label project shop tier=back --overwrite
equals "-l finds it" shop "$(ctl get projects -l tier=back | awk 'NR > 1 {print $1}')"
ends "it is removed" 0 ctl label project shop tier-
ends "annotate" 0 ctl annotate project shop note='any text'
equals "both are there" '{"team":"web"} {"note":"any text"}' \
  "$(ctl --output json get projects shop | jq -r '.metadata | "\(.labels) \(.annotations)"')"
equals "and nothing was made anew by them [E30]" "$was" \
  "$(generation) $(facts shop-web) $(facts shop-db)"

# --- stop, start, restart -------------------------------------------------------------------------
shop stopped >"$work/shop.yaml"
ctl apply --wait -f "$work/shop.yaml" >/dev/null 2>&1 || not_ok "apply before the stop"
ids="$(id_of shop-web) $(id_of shop-db)"
ends "stop --wait" 0 ctl stop project shop --wait --timeout 30s
equals "it says so" "project/shop stopped
project/shop is stopped" "$out"
equals "its containers are kept, and none runs" "$ids exited exited" \
  "$(id_of shop-web) $(id_of shop-db) $(docker_ inspect -f '{{.State.Status}}' shop-web shop-db |
    paste -sd ' ')"
equals "the phase and why" "Scheduled Paused" "$(phase shop) $(condition shop Phase reason)"
refuses "there is nothing to restart" 1 "is stopped" ctl restart project shop
ends "its manifest would start it" 1 ctl diff -f "$work/shop.yaml"
contains "as the diff says" "= start it: keep web, keep db, move nothing" "$out"
ends "start --wait" 0 ctl start project shop --wait --timeout 30s
equals "the same containers run" "$ids running running" \
  "$(id_of shop-web) $(id_of shop-db) $(docker_ inspect -f '{{.State.Status}}' shop-web shop-db |
    paste -sd ' ')"
equals "started twice" "project/shop already started" "$(ctl start project shop)"

web=$(id_of shop-web) db=$(facts shop-db)
ends "restart of one service" 0 ctl restart shop/web --wait --timeout 30s
check "web is another container" test "$web" != "$(id_of shop-web)"
equals "db was not touched" "$db" "$(facts shop-db)"
equals "the manifest is what it was [S37]" "project/shop unchanged" \
  "$(ctl apply -f "$work/shop.yaml")"
refuses "a service that is not there" 1 "did you mean \`web\`" ctl restart shop/wbe

# --- rollout --------------------------------------------------------------------------------------
newest=$(ctl --output json rollout history project shop | jq '[.revisions[].number] | max')
contains "history shows a revision whole" "LEVEL" \
  "$(ctl rollout history project shop --revision "$newest")"
# Restarts, stops and starts are nothing to go back from.
ends "undo" 0 ctl rollout undo project shop
matches "it says where to" "^project/shop rolled back to revision [0-9]+\$" "$out"
ends "wait for it" 0 ctl wait project shop --for=phase=Running
equals "it is the spec before the last apply" LEVEL=again "$(level)"

origin_image=e2e/fast:1 origin_lines='stopSignal: SIGUSR1'
spec_lines='updatePolicy: {order: StartFirst}'
apply_origin fast 1 < <(printf '{name: web, host: fast.example, target: {service: web, port: 80}}' |
  sed 's/^/- /')
eventually "a service behind the ingress answers" 10 route_is 1 fast.example fast-1
load load 1 fast.example
restarts=0
for _ in 1 2 3; do
  fast=$(id_of fast-web)
  ctl rollout restart project fast >/dev/null
  ctl wait project fast --for=phase=Running >/dev/null 2>&1 || break
  if [[ $fast != "$(id_of fast-web)" ]]; then restarts=$((restarts + 1)); fi
done
equals "rollout restart makes it anew, three times" 3 "$restarts"
end_load load
requests=$(load_requests load)
check "there were requests all the time: ${requests:-none}" test "${requests:-0}" -gt 100
equals "and none of them failed" "" "$(load_failures load)"
