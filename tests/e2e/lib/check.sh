# What tests/run counts: `ok - what` and `not ok - what`, the details indented below. Sourced.
# shellcheck shell=bash disable=SC2034

failures=0

ok() {
  printf 'ok - %s\n' "$1"
}

# not_ok WHAT [DETAILS]
not_ok() {
  failures=$((failures + 1))
  printf 'not ok - %s\n' "$1"
  if [[ -n ${2:-} ]]; then printf '%s\n' "$2" | head -n 40 | sed 's/^/  /'; fi
}

# check WHAT COMMAND...: the command succeeds
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then ok "$what"; else not_ok "$what" "failed: $* "$'\n'"$output"; fi
}

# equals WHAT EXPECTED ACTUAL
equals() {
  if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "expected: $2"$'\n'"actual:   $3"; fi
}

# matches WHAT REGEX ACTUAL
matches() {
  if [[ $3 =~ $2 ]]; then ok "$1"; else not_ok "$1" "expected to match: $2"$'\n'"actual: $3"; fi
}

# contains WHAT NEEDLE ACTUAL
contains() {
  if [[ $3 == *"$2"* ]]; then ok "$1"; else not_ok "$1" "expected to hold: $2"$'\n'"actual: $3"; fi
}

# refuses WHAT STATUS NEEDLE COMMAND...: it ends with this status and says so, a needle per line
refuses() {
  local what=$1 status=$2 needles=$3 output got=0 needle
  shift 3
  output=$("$@" 2>&1) || got=$?
  while read -r needle; do
    if ((got != status)) || [[ $output != *"$needle"* ]]; then
      not_ok "$what" "expected status $status and: $needle"$'\n'"got status $got and: $output"
      return 0
    fi
  done <<<"$needles"
  ok "$what"
}

# within SECONDS COMMAND...: true as soon as the command succeeds, false at the deadline; a script
# that waits long sets `poll_s`
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep "${poll_s:-0.05}"
  done
}

# eventually WHAT SECONDS COMMAND...
eventually() {
  local what=$1 seconds=$2
  shift 2
  if within "$seconds" "$@"; then
    ok "$what"
  else
    not_ok "$what" "not within $seconds s: $*"$'\n'"$("$@" 2>&1 || true)"
  fi
}

now_ms() {
  printf '%s\n' $((${EPOCHREALTIME/[.,]/} / 1000))
}
