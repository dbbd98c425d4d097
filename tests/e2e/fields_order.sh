#!/usr/bin/env bash
# dependsOn at the start and in reverse at the end, by the times that the engine tells.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"
source "$here/lib/fields.sh"

start_cluster
make_image e2e/idle:1 "$wait_for_term"
make_image e2e/slow:1 "trap 'sleep 1; exit 0' TERM; while :; do sleep 1 & wait; done"

# shop PAUSED
shop() {
  apply_spec shop <<SPEC
  paused: $1
  services:
    - name: web
      image: e2e/slow:1
      dependsOn:
        - {service: migrate, condition: Completed}
        - {service: db, condition: Healthy}
        - {service: cache}
        - {service: ghost, optional: true}
    - name: migrate
      image: e2e/idle:1
      restartPolicy: OnFailure
      command: [sh, -c, "sleep 1; exit 0"]
      dependsOn: [{service: db, condition: Healthy}]
    - name: db
      image: e2e/slow:1
      command:
        - /bin/sh
        - -c
        - "sleep 1; touch /tmp/up; trap 'sleep 1; exit 0' TERM; while :; do sleep 1 & wait; done"
      healthcheck: {test: [CMD, test, -e, /tmp/up], interval: 500ms, startPeriod: 10s}
    - {name: cache, image: "e2e/slow:1", dependsOn: [{service: db, condition: Started}]}
SPEC
}
started() {
  inspected "shop-$1" .State.StartedAt
}
finished() {
  inspected "shop-$1" .State.FinishedAt
}
first_healthy() {
  # Docker writes the times of its checks in local time.
  date --utc --date "$(inspected shop-db '[.State.Health.Log[] | select(.ExitCode == 0)][0].End' |
    sed 's/ [A-Z]*$//')" +%Y-%m-%dT%H:%M:%S.%NZ
}

shop false
runs shop 60
check "spec.services[].dependsOn[].condition Healthy: migrate comes after db's first good check" \
  comes_before "$(first_healthy)" "$(started migrate)"
check "spec.services[].dependsOn[].condition Started: cache comes after db" \
  comes_before "$(started db)" "$(started cache)"
check "and does not wait for its health" comes_before "$(started cache)" "$(first_healthy)"
check "spec.services[].dependsOn[].condition Completed: web comes after the end of migrate" \
  comes_before "$(finished migrate)" "$(started web)"
shows services[].dependsOn[].condition "exited 0" \
  "$(inspected shop-migrate '"\(.State.Status) \(.State.ExitCode)"')"
shows services[].dependsOn[].service "cache,db,ghost,migrate" \
  "$(inspected shop-web '.Config.Labels["cara.after"] | split(",") | sort | join(",")')"
shows services[].dependsOn[].optional running "$(inspected shop-web .State.Status)"

shop true
stopped() {
  [[ -z $(container_ids shop) ]]
}
eventually "all have ended" 30 stopped
check "the reverse at the end: cache ends after web" \
  comes_before "$(finished web)" "$(finished cache)"
check "db ends after web" comes_before "$(finished web)" "$(finished db)"
check "db ends after cache" comes_before "$(finished cache)" "$(finished db)"

migrated=$(finished migrate)
shop false
runs shop 60
check "again in order: web comes after db" comes_before "$(started db)" "$(started web)"
equals "what is completed stays so" "$migrated" "$(finished migrate)"
ctl delete project shop >/dev/null

# --- in vain --------------------------------------------------------------------------------------
apply_spec vain <<'SPEC'
  services:
    - {name: bad, image: "e2e/idle:1", command: [sh, -c, "exit 3"], restartPolicy: Never}
    - {name: needs, image: "e2e/idle:1", dependsOn: [{service: bad, condition: Completed}]}
    - name: may
      image: e2e/idle:1
      dependsOn: [{service: bad, condition: Completed, optional: true}]
SPEC
eventually "a job that fails" 20 is_in vain Failed
eventually "does not hold up who only may wait for it" 10 \
  is_inspected vain-may .State.Status running
sees services[].dependsOn[].optional created vain-needs .State.Status
ctl delete project vain >/dev/null
equals "nothing is left of all these" "" "$(objects)"
