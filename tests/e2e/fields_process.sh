#!/usr/bin/env bash
# Each field of a service that says what runs, and for how long, seen in a real container.
# shellcheck disable=SC2016
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"
source "$here/lib/fields.sh"

start_cluster
make_image e2e/idle:1 "$wait_for_term"
make_image e2e/sick:1 "$wait_for_term" 'HEALTHCHECK --interval=1s --retries=1 CMD ["/bin/false"]'
platform=$(docker_ version --format '{{.Server.Os}}/{{.Server.Arch}}')

# --- the program ----------------------------------------------------------------------------------
apply_spec proc <<SPEC
  services:
    - name: all
      image: e2e/idle:1
      imagePullPolicy: Never
      platform: $platform
      entrypoint: [/bin/sh, -c]
      command: ["trap 'echo it is INT; exit 0' INT; while :; do sleep 1 & wait; done"]
      env:
        - {name: ZULU, value: "a b=c"}
        - {name: ALPHA}
      workingDir: /tmp
      user: "1000:100"
      groupAdd: ["27", "999"]
      tty: true
      stdin: true
      stopSignal: SIGINT
      stopGracePeriod: 2500ms
    - {name: plain, image: "e2e/idle:1"}
    - {name: tended, image: "e2e/idle:1", init: true, entrypoint: [sleep], command: ["1000"]}
    - name: stubborn
      image: e2e/idle:1
      command: [/bin/sh, -c, "trap '' TERM; while :; do sleep 1; done"]
      stopGracePeriod: 1s
SPEC
runs proc
sees services[].name proc-all proc-all '.Name[1:]'
sees services[].image e2e/idle:1 proc-all .Config.Image
shows services[].platform "$platform" "$(docker_ image inspect "$(inspected proc-all .Image)" \
  --format '{{.Os}}/{{.Architecture}}')"
sees services[].entrypoint '["/bin/sh","-c"]' proc-all .Config.Entrypoint
on_int="trap 'echo it is INT; exit 0' INT; while :; do sleep 1 & wait; done"
sees services[].command "[\"$on_int\"]" proc-all .Config.Cmd
sees services[].env[].name '["ZULU","ALPHA"]' proc-all \
  '[.Config.Env[] | split("=")[0] | select(. != "PATH")]'
shows services[].env[].value 'a b=c:' "$(inside proc-all 'echo "$ZULU:$ALPHA"')"
shows services[].workingDir /tmp "$(inside proc-all pwd)"
shows services[].user "1000:100" "$(inside proc-all 'echo "$(id -u):$(id -g)"')"
shows services[].groupAdd "100 27 999" "$(inside proc-all 'id -G')"
sees services[].tty true proc-all .Config.Tty
shows services[].tty yes "$(docker_ exec proc-all sh -c 'test -c /dev/console && echo yes')"
sees services[].stdin true proc-all .Config.OpenStdin
sees services[].stopSignal SIGINT proc-all .Config.StopSignal
sees services[].stopGracePeriod 3 proc-all .Config.StopTimeout
sees services[].init true proc-tended .HostConfig.Init
shows services[].init /sbin/docker-init "$(inside proc-tended 'readlink /proc/1/exe')"
equals "unsaid: no terminal, no input, no init, the image's program, ten seconds" \
  'false false null null ["/bin/sh","-c"] 10' "$(inspected proc-plain '"\(.Config.Tty) " +
    "\(.Config.OpenStdin) \(.HostConfig.Init) \(.Config.Entrypoint) \(.Config.Cmd[:2]) " +
    "\(.Config.StopTimeout)"')"
equals "the engine itself restarts nothing" no \
  "$(inspected proc-all .HostConfig.RestartPolicy.Name)"

begin=$(now_ms)
{ ctl --output yaml get projects proc | sed 's/^  paused: false//; s/^spec:/&\n  paused: true/'; } |
  ctl apply -f - >/dev/null
stopped() {
  [[ -z $(container_ids proc) ]]
}
eventually "all have ended" 15 stopped
took=$(($(now_ms) - begin))
check "spec.services[].stopGracePeriod: killed after a second, not ten: $took ms" \
  test "$took" -lt 8000
equals "who ignores the signal is killed" 137 "$(inspected proc-stubborn .State.ExitCode)"
contains "spec.services[].stopSignal: it arrives" "it is INT" "$(docker_ logs proc-all)"
ctl delete project proc >/dev/null

# --- images ---------------------------------------------------------------------------------------
apply_spec absent <<'SPEC'
  services: [{name: a, image: "e2e/absent:1", imagePullPolicy: Never}]
SPEC
eventually "an image that may not be pulled" 15 is_in absent Failed
contains "spec.services[].imagePullPolicy: the condition says why" "pull policy is Never" \
  "$(condition absent Phase)"
# field: services[].restartedAt (changes.sh)
# field: services[].imagePullPolicy (Always and IfNotPresent: images.sh, and tests/contract)
apply_spec strange <<'SPEC'
  services: [{name: a, image: "e2e/idle:1", imagePullPolicy: Never, platform: linux/s390x}]
SPEC
waits_for_platform() {
  is_in strange Pending && [[ $(condition strange Phase) == *architecture* ]]
}
eventually "an image for another platform waits for a node that has it" 15 waits_for_platform
contains "spec.services[].platform: the condition says why" "s390x" "$(condition strange Phase)"
ctl delete project absent strange >/dev/null

# --- restarts -------------------------------------------------------------------------------------
apply_spec ended <<'SPEC'
  services:
    - {name: job, image: "e2e/idle:1", command: ["true"], restartPolicy: OnFailure}
    - {name: once, image: "e2e/idle:1", command: ["true"], restartPolicy: Never}
SPEC
runs ended
shows services[].restartPolicy "exited 0 exited 0" "$(docker_ inspect --format \
  '{{.State.Status}} {{.State.ExitCode}}' ended-job ended-once | paste -sd ' ')"
apply_spec fails <<'SPEC'
  services:
    - {name: always, image: "e2e/idle:1", command: ["true"], restartPolicy: Always}
    - {name: onfailure, image: "e2e/idle:1", command: [sh, -c, "exit 3"], restartPolicy: OnFailure}
    - {name: never, image: "e2e/idle:1", command: [sh, -c, "exit 3"], restartPolicy: Never}
SPEC
eventually "Always: exit code 0 is restarted" 20 has_restarted fails always
eventually "OnFailure: exit code 3 is restarted" 20 has_restarted fails onfailure
shows services[].restartPolicy 0 "$(restarts_of fails never)"
equals "OnFailure and Never: exit code 0 was not" "0 0" \
  "$(restarts_of ended job) $(restarts_of ended once)"
check "and the project has Failed" is_in fails Failed
ctl delete project ended fails >/dev/null

# --- health ---------------------------------------------------------------------------------------
apply_spec health <<'SPEC'
  services:
    - name: checked
      image: e2e/idle:1
      command:
        - /bin/sh
        - -c
        - "touch /tmp/fine; trap 'exit 0' TERM; while :; do sleep 1 & wait; done"
      healthcheck:
        test: [CMD-SHELL, test -e /tmp/fine]
        interval: 500ms
        timeout: 2s
        retries: 2
        startPeriod: 1s
        action: Restart
    - {name: quiet, image: "e2e/sick:1", healthcheck: {disable: true}}
    - {name: grown, image: "e2e/idle:1", healthcheck: {startPeriod: 2s}}
SPEC
runs health
sees services[].healthcheck.test '["CMD-SHELL","test -e /tmp/fine"]' health-checked \
  .Config.Healthcheck.Test
sees services[].healthcheck.interval 500000000 health-checked .Config.Healthcheck.Interval
sees services[].healthcheck.timeout 2000000000 health-checked .Config.Healthcheck.Timeout
sees services[].healthcheck.retries 2 health-checked .Config.Healthcheck.Retries
sees services[].healthcheck.startPeriod 1000000000 health-checked .Config.Healthcheck.StartPeriod
sees services[].healthcheck.disable null health-quiet .State.Health
equals "the engine says so, too" healthy "$(inspected health-checked .State.Health.Status)"
id=$(inspected health-checked .Id)
started=$(inspected health-checked .State.StartedAt)
restarted() {
  [[ $(inspected health-checked .State.StartedAt) != "$started" ]]
}
inside health-checked 'rm /tmp/fine'
eventually "spec.services[].healthcheck.action: Restart" 20 restarted
eventually "and it is healthy again" 20 is_inspected health-checked .State.Health.Status healthy
shows services[].healthcheck.action "$id" "$(inspected health-checked .Id)"
apply_spec sick <<'SPEC'
  services: [{name: a, image: "e2e/sick:1"}]
SPEC
eventually "action None: the project has Failed" 20 is_in sick Failed
contains "and says why" "health check fails" "$(condition sick Phase)"
sees services[].healthcheck.action "running unhealthy" sick-a \
  '"\(.State.Status) \(.State.Health.Status)"'
equals "it is left alone" 0 "$(restarts_of sick a)"

ctl delete project health sick >/dev/null
equals "nothing is left of all these" "" "$(objects)"
