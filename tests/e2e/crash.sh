#!/usr/bin/env bash
# Services that crash, end badly or do not end; images that never come; an agent that is killed.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

agent_flags=(--restart-backoff-max 2s)
idle='  services: [{name: a, image: "e2e/idle:1"}]'

# apply NAME SPEC-LINES
apply() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\nspec:\n%s\n' "$@" |
    ctl apply -f -
}
# once NAME SHELL-COMMAND [FIELDS]: a service that runs once
once() {
  local yaml
  yaml=$(jq -n --arg line "$2" '["/bin/sh", "-c", $line]')
  apply "$1" "  services:
    - {name: a, image: \"e2e/idle:1\", restartPolicy: Never, command: $yaml${3:+, $3}}"
}
# says PROJECT NEEDLE...: its Phase condition holds all of them
says() {
  local name=$1 message needle
  message=$(condition "$name" Phase)
  shift
  for needle in "$@"; do [[ $message == *"$needle"* ]] || return 1; done
}
# explained WHAT PROJECT NEEDLE...
explained() {
  local what=$1 name=$2
  shift 2
  if within 15 says "$name" "$@" && is_in "$name" Failed; then
    ok "$what"
  else
    not_ok "$what" "expected: $*"$'\n'"actual: $(phase "$name"): $(condition "$name" Phase)"
  fi
}
reason() {
  ctl --output json get projects "$1" |
    jq -r '.status.conditions[] | select(.type == "Phase") | .reason'
}
restarts() {
  ctl --output json get projects "$1" | jq '[.status.services[].restarts // 0] | add'
}
restarted() {
  (($(restarts "$1") >= $2))
}
crash_looped() {
  is_in "$1" Failed && [[ $(reason "$1") == CrashLoopBackOff ]]
}
# turns PROJECT: how often its agent said Running and Failed, by its events
turns() {
  ctl --output json events project "$1" | jq -r '
    [.items[] | select(.actor | startswith("agent/"))] |
    def times(f): map(select(.reason | f) | .count) | add // 0;
    "\(times(. == "AgentReady")) Running, " +
    "\(times(. == "ContainerExited" or . == "CrashLoopBackOff")) Failed"'
}
start_registry() {
  spawn registry nsenter --net="/run/netns/$(dockerd_name "$work/d")" -- \
    python3 "$here/../contract/registry.py"
}
# The volumes that images ask for have no names but 64 digits.
anonymous_volumes() {
  docker_ volume ls --quiet | grep -cE '^[0-9a-f]{64}$' || true
}
all_facts() {
  local name
  docker_ ps --all --format '{{.Names}}' --filter label=cara.project | sort |
    while read -r name; do facts "$name"; done
}

start_cluster
make_image e2e/idle:1 "$wait_for_term"
make_image e2e/volume:1 "$wait_for_term" 'VOLUME /anonymous'
start_registry
mkdir "$work/flags"
apply later "  services:
    - name: a
      image: e2e/idle:1
      command: [sh, -c, 'while [ ! -e /flags/crash ]; do sleep 0.2; done; sleep 0.9; exit 3']
      volumeMounts: [{name: flags, mountPath: /flags}]
    - {name: b, image: \"e2e/idle:1\"}
  volumes: [{name: flags, type: HostPath, path: $work/flags}]" >/dev/null
apply never '  services: [{name: a, image: "e2e/idle:1", command: [sh, -c, "sleep 1; exit 3"]}]' \
  >/dev/null
apply three '  services:
    - {name: a, image: "e2e/idle:1"}
    - {name: b, image: "e2e/idle:1", command: [no-such-program]}
    - {name: c, image: "e2e/idle:1"}' >/dev/null

# --- how a container ended ------------------------------------------------------------------------
# A program that is process 1 is not hurt by its own signals: a child is.
once segv 'printf "\033[31mred\007\n"; echo last words; sh -c "kill -SEGV \$\$"; exit $?' >/dev/null
# The engine says so only if it has heard of it before process 1 ends: here a child is killed.
once oom 'dd if=/dev/zero of=/dev/null bs=256M count=1; code=$?; sleep 1; exit $code' \
  'resources: {limits: {memory: 32Mi}}' >/dev/null
once closed 'exec /etc/passwd' >/dev/null
once absent 'exec /no/such' >/dev/null
once shot "$wait_for_term" >/dev/null
explained "139: a segmentation fault, with the last lines [E33]" segv \
  "139 (segmentation fault, SIGSEGV)" "last words"
explained "their control characters are escaped [E33, E51]" segv '\x1b[31mred\x07'
equals "none is left in it" "" "$(condition segv Phase | tr -d '[:print:]\n')"
explained "137: out of memory [E33]" oom "137 (killed: out of memory)"
explained "126: not executable, with the last lines [E33]" closed \
  "126 (the command is not executable)" "Permission denied"
explained "127: not found, with the last lines [E33]" absent "127 (command not found)" "not found"
explained "a command that the engine cannot start [E33]" three "service \`b\`" "no-such-program"
within 10 is_in shot Running
docker_ kill shot-a >/dev/null
explained "137: killed by hand [E33]" shot "137 (killed, SIGKILL)"
equals "two of three services run although one cannot [E32]" "running running" \
  "$(docker_ inspect -f '{{.State.Status}}' three-a three-c | xargs)"

# --- a service that crashes every second ----------------------------------------------------------
eventually "a service that has never been up for long: Failed, CrashLoopBackOff [E32]" 15 \
  crash_looped never
matches "its phase has not flapped [E32]" '^[01] Running, 1 Failed$' "$(turns never)"
ten_seconds_old() {
  (($(date +%s) - $(date --date "$(docker_ inspect -f '{{.State.StartedAt}}' later-a)" +%s) > 10))
}
within 15 ten_seconds_old
equals "a service that has been up" "1 Running, 0 Failed" "$(turns later)"
neighbour=$(facts later-b)
touch "$work/flags/crash"
stays_running() {
  restarted later 1 || is_in later Failed
}
within 10 stays_running
equals "one crash makes nothing Failed [E32]" "Running" "$(phase later)"
eventually "three quick ones do: CrashLoopBackOff [E32]" 15 crash_looped later
equals "after as many restarts" 2 "$(restarts later)"
eventually "it is retried [E32]" 15 restarted later 3
equals "and the phase has not flapped [E32]" "1 Running, 1 Failed" "$(turns later)"
rm "$work/flags/crash"

# --- meanwhile ------------------------------------------------------------------------------------
apply stubborn '  services:
    - name: a
      image: e2e/idle:1
      command: [sh, -c, "trap : TERM; while :; do sleep 1; done"]
      stopGracePeriod: 2s' >/dev/null
apply volume '  services: [{name: a, image: "e2e/volume:1"}]' >/dev/null
eventually "a container that ignores SIGTERM" 10 is_in stubborn Running
start=$(now_ms)
ctl delete project stubborn >/dev/null
took=$(($(now_ms) - start))
check "is gone after its stopGracePeriod of 2 s: $took ms [E18]" test $((took / 1000)) -ge 2 -a \
  $took -lt 5000
eventually "an image with VOLUME" 10 is_in volume Running
equals "has its anonymous volume [E17]" 1 "$(anonymous_volumes)"
before=$(facts volume-a)
apply volume '  services: [{name: a, image: "e2e/volume:1", env: [{name: A, value: b}]}]' >/dev/null
replaced() {
  is_in volume Running && [[ $(facts volume-a) != "$before" && $(anonymous_volumes) == 1 ]]
}
eventually "only one after an update [E17]" 10 replaced
ctl delete project volume >/dev/null
equals "and none after the delete [E17]" 0 "$(anonymous_volumes)"

# --- images that never come -----------------------------------------------------------------------
# asked TIMES: the registry was asked for a file of the image so often
asked() {
  (($(grep -c 'GET /v2/hangs/blobs/' "$logs/registry.log") == $1))
}
apply pulls '  services: [{name: a, image: "127.0.0.1:5000/hangs:1"}]' >/dev/null
eventually "a pull that hangs" 15 asked 2
start=$(now_ms)
equals "a delete does not wait for it [E26]" "project/pulls deleted" \
  "$(ctl_limit_s=10 ctl delete project pulls)"
check "at all: $(($(now_ms) - start)) ms [E26]" test $(($(now_ms) - start)) -lt 2000
apply pulls '  services: [{name: a, image: "127.0.0.1:5000/hangs:1"}]' >/dev/null
# The engine would not ask again for what it is still pulling.
eventually "nor does the engine go on with it [E26]" 15 asked 4
apply pulls "$idle" >/dev/null
eventually "an image that is here instead: the pull is cancelled, and it runs [E26]" 5 \
  is_in pulls Running
before=$(facts pulls-a)
apply pulls '  services: [{name: a, image: "127.0.0.1:5000/nothing:1"}]' >/dev/null
eventually "an update to an image that does not exist: said [E31]" 15 says pulls nothing:1
equals "the old container runs on [E31]" "$before" "$(facts pulls-a)"
ctl delete project pulls >/dev/null
equals "nothing comes back [E26]" "none " "$(phase pulls) $(objects pulls)"

# --- the service that crashed, and an agent that is killed ----------------------------------------
eventually "a service that crashes no more: Running, when it has stayed up [E32]" 30 \
  is_in later Running
equals "so its phase has turned three times [E32]" "2 Running, 1 Failed" "$(turns later)"
equals "its neighbour was not touched" "$neighbour" "$(facts later-b)"
matches "the other one has never stopped failing [E32]" '^[01] Running, 1 Failed$' "$(turns never)"
ctl delete project never three >/dev/null
before=$(all_facts)
end cara-agent KILL
start_agent
seen_by_new_agent() {
  (($(grep -c 'registered as node' "$logs/cara-agent.log") == 2)) &&
    [[ $(docker_ ps --quiet --filter name=^sign-a) ]]
}
apply sign "$idle" >/dev/null
eventually "an agent that is killed and started again works" 20 seen_by_new_agent
ctl delete project sign >/dev/null
equals "it makes nothing anew and restarts nothing, also of what has ended [E37, S51]" "$before" \
  "$(all_facts)"
equals "and says the same" "Running Failed Failed" "$(phase later) $(phase segv) $(phase oom)"
