#!/usr/bin/env bash
# What a person does to change things: diff and dry runs, waiting, labels, restart without downtime,
# stop and start, edit, prune; and the exit codes.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

ingress=yes
agent_flags=(--heartbeat-interval 500ms)
start_bed 1
serve="httpd -p 80 -h /www; $wait_for_term"
bed_image e2e/web:1 "echo one >/www/index.html; $serve"
bed_image e2e/web:2 "echo two >/www/index.html; $serve"
bed_image e2e/crash:1 "echo no such luck >&2; exit 7"

# project NAME [WEB-IMAGE] [LINE-OF-WEB]: a manifest
project() {
  cat <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1, labels: {team: a}}
spec:
  updatePolicy: {healthyDeadline: 4s}
  services:
    - name: web
      image: ${2:-e2e/web:1}
      healthcheck: {test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1/"], interval: 200ms,
        startPeriod: 5s}
      ${3:-stopGracePeriod: 5s}
    - {name: db, image: "e2e/idle:1", volumeMounts: [{name: data, mountPath: /d}]}
  volumes: [{name: data}]
  ingress: [{name: web, host: $1.example, target: {service: web, port: 80}}]
MANIFEST
}
# exit_of COMMAND...: its exit code; what it prints is in $said
exit_of() {
  code=0
  said=$("$@" 2>&1) || code=$?
}
# gives WHAT CODE COMMAND...
gives() {
  local what=$1 expected=$2
  shift 2
  exit_of "$@"
  if ((code == expected)); then
    ok "$what"
  else
    not_ok "$what" "expected exit code $expected, got $code: $said"
  fi
}
on_file() {
  local file=$work/$1.yaml
  shift
  project "$@" >"$file"
}
id_of() {
  on_node 1 inspect --format '{{.Id}}' "$1" 2>/dev/null
}

# --- Before it is there ---------------------------------------------------------------------------
on_file shop shop
gives "diff of a new project ends with 1" 1 ctl diff -f "$work/shop.yaml"
contains "and says what it would do" "create web, create db" "$said"
equals "apply --dry-run=server says so, too" "project/shop created (server dry run)" \
  "$(ctl apply --dry-run=server -f "$work/shop.yaml" | head -n 1)"
equals "and --dry-run=client that the file is right" "project/shop checked (client dry run)" \
  "$(ctl apply --dry-run=client -f "$work/shop.yaml")"
equals "nothing was made" none "$(phase shop)"
gives "apply --wait ends with 0" 0 ctl apply --wait -f "$work/shop.yaml"
contains "when it runs" "project/shop is running" "$said"
contains "and tells how it goes, a line each" "project/shop: " "$said"
equals "it does" Running "$(phase shop)"

# --- Foretold, and done ---------------------------------------------------------------------------
gives "diff without a difference ends with 0" 0 ctl diff -f "$work/shop.yaml"
equals "and says nothing" "" "$said"
on_file shop shop e2e/web:2 "env: [{name: DB_PASSWORD, value: geheim}]"
gives "diff of a change ends with 1" 1 ctl diff -f "$work/shop.yaml"
contains "field by field" "spec.services[web].image: e2e/web:1 -> e2e/web:2" "$said"
contains "without secrets" "env[DB_PASSWORD].value: <hidden>" "$said"
contains "and what becomes of the containers" \
  "recreate web (start first), keep db, move nothing" "$said"
web=$(id_of shop-web) db=$(id_of shop-db)
gives "apply --wait of an update ends when the new one runs" 0 ctl apply --wait -f "$work/shop.yaml"
check "web is another container" test "$web" != "$(id_of shop-web)"
equals "db is the same" "$db" "$(id_of shop-db)"
on_file rival rival
sed -i 's/rival.example/shop.example/' "$work/rival.yaml"
gives "a host that is taken: diff ends with 2" 2 ctl diff -f "$work/rival.yaml"
gives "the dry run with 1" 1 ctl apply --dry-run=server -f "$work/rival.yaml"
contains "and says whose it is" "taken by project/shop" "$said"
gives "a manifest that is wrong: 2" 2 ctl diff -f - <<<'kind: Project'
gives "nobody there: 3" 3 "$bin/caractrl" --nats nats://127.0.0.1:9 diff -f "$work/shop.yaml"

on_file shop shop e2e/crash:1
gives "apply --wait of what crashes ends with 1" 1 ctl apply --wait -f "$work/shop.yaml"
contains "says why" "no such luck" "$said"
contains "and that the old spec is back" "rolled back" "$said"

# --- Restart --------------------------------------------------------------------------------------
on_file shop shop e2e/web:2 "env: [{name: DB_PASSWORD, value: geheim}]"
ctl apply --wait -f "$work/shop.yaml" >/dev/null 2>&1
# ask_without_pause: until there is $work/enough; writes each answer
ask_without_pause() {
  until [[ -e $work/enough ]]; do host_status 1 shop.example / && echo; done >"$work/answers"
}
has_answers() {
  (($(wc -l <"$work/answers") >= $1))
}
web=$(id_of shop-web)
ask_without_pause &
asking=$!
eventually "somebody asks it without a pause" 10 has_answers 5
gives "restart PROJECT/SERVICE --wait" 0 ctl restart shop/web --wait
contains "says what it did" "project/shop restarted (web)" "$said"
check "services[].restartedAt: web is another container" test "$web" != "$(id_of shop-web)"
asked=$(wc -l <"$work/answers")
eventually "and goes on asking" 10 has_answers $((asked + 5))
touch "$work/enough"
wait "$asking"
equals "no request failed meanwhile" 200 "$(sort -u "$work/answers")"
equals "db is untouched" "$db" "$(id_of shop-db)"
equals "applying the same again changes nothing" "project/shop unchanged" \
  "$(ctl apply -f "$work/shop.yaml")"
contains "it is an event" RestartRequested "$(ctl events project shop)"
gives "rollout restart" 0 ctl rollout restart project shop
gives "of a service that is not there: 1" 1 ctl restart shop/wbe
contains "and what was meant" 'did you mean `web`?' "$said"
gives "wait for it" 0 ctl wait project/shop --for=phase=Running --timeout 20s
check "db is another one now" test "$db" != "$(id_of shop-db)"

# --- Stop, start, labels --------------------------------------------------------------------------
web=$(id_of shop-web)
gives "stop --wait" 0 ctl stop project shop --wait
equals "its containers are kept, and stopped" "exited exited" \
  "$(on_node 1 ps --all --format '{{.State}}' --filter label=cara.project=shop | paste -sd ' ')"
equals "again" "project/shop already stopped" "$(ctl stop project shop)"
gives "a restart has nothing to do" 1 ctl restart project shop
gives "start --wait" 0 ctl start project shop --wait
equals "starts the same container" "$web" "$(id_of shop-web)"
equals "label" "project/shop labeled" "$(ctl label project shop tier=web)"
equals "annotate" "project/shop annotated" "$(ctl annotate project shop owner='Jane Doe')"
equals "both are there" "web Jane Doe" "$(ctl -o json get project shop |
  jq -r '.metadata.labels.tier + " " + .metadata.annotations.owner')"
equals "and restart nothing" "$web" "$(id_of shop-web)"

# --- Edit -----------------------------------------------------------------------------------------
# editor NAME SHELL-LINE: changes the file $1
editor() {
  printf '#!/bin/sh\n%s\n' "$2" >"$work/$1"
  chmod +x "$work/$1"
}
editor other 's() { sed -i "s/stopGracePeriod: 10s/stopGracePeriod: 7s/" "$1"; }; s "$1"'
equals "edit" "project/shop edited" "$(EDITOR=$work/other ctl edit project shop)"
equals "is applied" 7s \
  "$(ctl -o json get project shop | jq -r '.spec.services[0].stopGracePeriod')"
equals "without a change nothing is" "Edit cancelled, no changes made." \
  "$(EDITOR=true ctl edit project shop)"
editor wrong 'sed -i s/image:/imgae:/ "$1"; cp "$1" "$1.seen"; mv "$1.seen" '"$work/seen.yaml"
EDITOR=$work/wrong exit_of ctl edit project shop
equals "what stays wrong is given up" 1 "$code"
contains "with the field" "imgae" "$said"
contains "which the file told, too" "# line " "$(cat "$work/seen.yaml")"
rm -f "$(sed -n 's/^A copy of your changes is in //p' <<<"$said")"

# --- Prune, wait ----------------------------------------------------------------------------------
for name in old foreign; do
  project "$name" | sed "s/team: a/team: $name/" | ctl apply --wait -f - >/dev/null 2>&1
done
ctl label project old team=a --overwrite >/dev/null
gives "prune needs a selector" 2 ctl apply --prune -f "$work/shop.yaml"
ctl apply --prune -l team=a -f "$work/shop.yaml" --wait >"$work/pruned" 2>&1
contains "prune says what it deletes" "project/old pruned" "$(cat "$work/pruned")"
equals "and has deleted it" none "$(phase old)"
equals "and nothing else" "Running Running" "$(phase foreign) $(phase shop)"
gives "wait that is in vain: 4" 4 ctl wait project/shop --for=phase=Failed --timeout 300ms
gives "wait for a condition of a node" 0 ctl wait node "$(name_of 1)" --for=condition=Ready
gives "wait for what is not there: 1" 1 ctl wait project/none --for=phase=Running
ctl delete project foreign --wait=false >/dev/null
gives "wait for a deletion" 0 ctl wait project/foreign --for=delete --timeout 20s
ctl delete project shop >/dev/null
gives "of what is gone" 0 ctl wait project/shop --for=delete
