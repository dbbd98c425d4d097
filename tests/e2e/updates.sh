#!/usr/bin/env bash
# A changed spec: what is recreated and what is not, what is put back when it does not come up, and
# how a user goes back.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

start_cluster
make_image e2e/web:1 "echo one >/www/index.html; httpd -p 80 -h /www; $wait_for_term"
make_image e2e/web:2 "echo two >/www/index.html; httpd -p 80 -h /www; $wait_for_term"
make_image e2e/db:1 "$wait_for_term"
make_image e2e/crash:1 "echo no such luck >&2; exit 7"
make_image e2e/sick:1 "$wait_for_term" "HEALTHCHECK --interval=1s --retries=1 CMD [\"/bin/false\"]"

# shop WEB-IMAGE [SPEC-LINES] [WEB-FIELDS]: a manifest
shop() {
  cat <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: shop, labels: {run: "${label:-1}"}}
spec:
  updatePolicy: {healthyDeadline: ${deadline:-4s}}
  services:
    - {name: web, image: $1, dependsOn: [{service: db}], ${3:-stopGracePeriod: 5s}}
    - name: db
      image: e2e/db:1
      stopGracePeriod: 3s
      volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, type: Persistent}]
${2:-}
MANIFEST
}
apply_shop() {
  shop "$@" | ctl apply -f -
}
id_of() {
  docker_ inspect --format '{{.Id}}' "$1" 2>/dev/null
}
image_of() {
  docker_ inspect --format '{{.Config.Image}}' "$1" 2>/dev/null
}
generation_runs() {
  ctl -o json get projects shop |
    jq -e '.status.phase == "Running" and .status.observedGeneration == .metadata.generation'
}
served() {
  docker_ exec shop-db sh -c 'printf "GET / HTTP/1.0\r\n\r\n" | nc web 80 | tail -n 1' 2>/dev/null
}
serves() {
  [[ $(served) == "$1" ]]
}

# --- What is recreated ----------------------------------------------------------------------------
apply_shop e2e/web:1 >/dev/null
eventually "it runs" 20 generation_runs
docker_ exec shop-db sh -c 'echo precious >/data/file'
web=$(id_of shop-web) db=$(id_of shop-db)

label=2 apply_shop e2e/web:1 "  ingress:
    - {name: main, host: shop, target: {service: web, port: 80}}
  expireAt: 2099-01-01T00:00:00Z" >/dev/null
eventually "labels, ingress and expireAt are taken [E30]" 10 generation_runs
equals "and restart nothing [E30]" "$web $db" "$(id_of shop-web) $(id_of shop-db)"

since=$(date +%s)
apply_shop e2e/web:2 >/dev/null
eventually "an image is changed" 20 generation_runs
eventually "the new one answers to the name" 5 serves two
check "the service that changed has a new container" test "$web" != "$(id_of shop-web)"
equals "the other one is untouched" "$db" "$(id_of shop-db)"
died=$(docker_ events --since "$since" --until "$(($(date +%s) + 1))" \
  --filter "container=$web" --filter event=die --format '{{.TimeNano}}')
started=$(date --date "$(docker_ inspect --format '{{.State.StartedAt}}' shop-web)" +%s%N)
check "the new one was up before the old one went" test "$started" -lt "${died:-0}"
equals "its name is the promised one [S48]" shop-web \
  "$(docker_ ps --filter label=cara.service=web --format '{{.Names}}')"

apply_shop e2e/web:2 "" "env: [{name: A, value: b}]" >/dev/null
eventually "a variable is added" 20 generation_runs
equals "the other one is still untouched" "$db" "$(id_of shop-db)"

# --- What does not come up ------------------------------------------------------------------------
web=$(id_of shop-web)
rolled_back() {
  [[ $(condition shop RolledBack) == *"$1"* ]] && generation_runs
}
apply_shop 127.0.0.1:9/no/such:1 >/dev/null
eventually "an image that cannot be had: Failed, with the reason [E31, S24]" 10 is_in shop Failed
equals "the old container runs on [E31]" "$web" "$(id_of shop-web)"
eventually "after the deadline the old spec is back" 20 rolled_back no/such
equals "the container never stopped" "$web running" \
  "$(docker_ inspect --format '{{.Id}} {{.State.Status}}' shop-web)"

# What is told is what was seen by then: a slow machine takes seconds for a crash or a health check.
deadline=8s apply_shop e2e/crash:1 >/dev/null
eventually "one that crashes is rolled back, with its last lines" 30 rolled_back "no such luck"
contains "and its exit code" "exited with code 7" "$(condition shop RolledBack)"
equals "by the image that ran" e2e/web:2 "$(image_of shop-web)"
deadline=8s apply_shop e2e/sick:1 >/dev/null
eventually "one that is never healthy, too" 30 rolled_back "health check fails"
eventually "the old one answers" 10 serves two

apply_shop e2e/web:1 >/dev/null
eventually "a good one clears the condition" 20 generation_runs
equals "RolledBack is gone" "" "$(condition shop RolledBack)"
shop e2e/crash:1 | sed 's/healthyDeadline: 4s/healthyDeadline: 2s, onFailure: Pause/' |
  ctl apply -f - >/dev/null
eventually "onFailure Pause: Failed" 10 is_in shop Failed
sleep_until=$(($(now_ms) + 4000))
past_deadline() {
  (($(now_ms) > sleep_until))
}
within 10 past_deadline
equals "and left as it is" e2e/crash:1 \
  "$(ctl -o json get projects shop | jq -r '.spec.services[0].image')"

# --- Going back -----------------------------------------------------------------------------------
history=$(ctl rollout history project shop)
contains "the history names what was tried" e2e/crash:1 "$history"
contains "and why there is a revision" rollback "$history"
first=$(ctl -o json rollout history project shop |
  jq -r '[(.revisions // .items // .)[] | select(.healthy == true)][-1].number')
matches "undo says what it did" "^project/shop rolled back to revision $first\$" \
  "$(ctl rollout undo project shop --to-revision "$first" 2>&1)"
eventually "it runs again" 20 generation_runs
refuses "a revision that is not there" 1 "999" ctl rollout undo project shop --to-revision 999
equals "all the time the data stayed" precious "$(docker_ exec shop-db cat /data/file)"
events=$(ctl events project shop)
contains "events tell of the rollback" RolledBack "$events"
contains "events tell of a restart" Restarted "$events"
described=$(ctl describe project shop)
contains "describe shows services" e2e/db:1 "$described"

# --- Several at once ------------------------------------------------------------------------------
revision=$(ctl -o json get projects shop | jq .metadata.revision)
for n in 1 2 3 4 5 6; do
  apply_shop "e2e/web:$((n % 2 + 1))" "" "env: [{name: N, value: '$n'}]" >/dev/null &
done
wait
eventually "six applies at once: one of them holds [E29]" 30 generation_runs
equals "one container for each service [E29]" "shop-db shop-web" \
  "$(docker_ ps --format '{{.Names}}' --filter label=cara.project=shop | sort | paste -sd ' ')"
refuses "an apply of an older revision is refused [E29]" 1 "has changed" \
  ctl apply -f - < <(shop e2e/web:1 | sed "s/metadata: {/metadata: {revision: $revision, /")

swap() {
  cat <<MANIFEST | ctl apply -f -
apiVersion: caravanserai/v1
kind: Project
metadata: {name: swap}
spec:
  services:
    - {name: $1, image: "e2e/web:1"}
    - {name: $2, image: "e2e/web:2"}
MANIFEST
}
swap a b >/dev/null
eventually "two services run" 20 is_in swap Running
swap b a >/dev/null
swapped() {
  [[ "$(image_of swap-b) $(image_of swap-a)" == "e2e/web:1 e2e/web:2" ]] && is_in swap Running
}
eventually "their images are swapped [E29]" 20 swapped
swap c d >/dev/null
renamed() {
  [[ $(docker_ ps --all --format '{{.Names}}' --filter label=cara.project=swap | sort |
    paste -sd ' ') == "swap-c swap-d" ]] && is_in swap Running
}
eventually "both are renamed [E29]" 20 renamed

# --- The end --------------------------------------------------------------------------------------
ctl delete project swap >/dev/null
contains "delete says which volume stays" cara-shop-data "$(ctl delete project shop 2>&1)"
equals "only the Persistent volume is left" "volume cara-shop-data" "$(objects shop)"
apply_shop e2e/web:1 >/dev/null
eventually "a new project of that name" 20 generation_runs
equals "finds its data" precious "$(docker_ exec shop-db cat /data/file)"
ctl delete project shop --volumes >/dev/null
equals "delete --volumes leaves nothing [S26]" "" "$(objects shop)"
