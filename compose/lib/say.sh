# What the user sees: a line per step, progress while it runs, and a failure that says which step,
# why, and where the log is. Sourced; the caller sets `program`.
# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with who sources it

step_name=""
step_log=""
step_started=0

# step NAME [LOG]: what runs from here on, and where its output goes
step() {
  step_name=$1
  step_log=${2:-}
  step_started=${EPOCHREALTIME/[.,]/}
  if [[ -t 1 ]]; then printf '\033[2m... %s\033[0m' "$step_name"; fi
}

# done_step TEXT: closes the step
done_step() {
  local elapsed=$(( (${EPOCHREALTIME/[.,]/} - step_started) / 100000 ))
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
  printf '==> %-9s %s (%d.%d s)\n' "$step_name" "$1" $((elapsed / 10)) $((elapsed % 10))
}

# note TEXT: a line in the middle of a step
note() {
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
  printf '    %s\n' "$*"
}

# die WHY: ends the program
die() {
  trap - ERR
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
  {
    printf '%s: FAILED at step "%s": %s\n' "$program" "${step_name:-start}" "$*"
    if [[ -n $step_log && -s $step_log ]]; then
      printf '  log: %s, its last lines:\n' "$step_log"
      tail -n 12 "$step_log" | sed 's/^/    | /'
    fi
  } >&2
  exit 1
}

# Called by the ERR trap: a command that nobody expected to fail. A subshell leaves the report to
# whoever waits for it.
die_unexpected() {
  if ((BASH_SUBSHELL > 0)); then exit 1; fi
  die "unexpected failure in ${BASH_SOURCE[1]##*/} line $1"
}

# logged COMMAND...: output to the step's log; the log's last line is shown every 15 s
logged() {
  local pid seconds_shown=$SECONDS
  printf '+ %s\n' "$*" >>"$step_log"
  "$@" >>"$step_log" 2>&1 </dev/null 9>&- &
  pid=$!
  # A background command of a script does not hear Ctrl-C.
  trap 'kill -TERM "$pid" 2>/dev/null; die "interrupted"' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.1
    if ((SECONDS - seconds_shown >= 15)); then
      seconds_shown=$SECONDS
      note "$(tail -n 1 "$step_log" | tr -d '\r' | cut -c 1-90)"
    fi
  done
  trap - INT TERM
  wait "$pid"
}

# wait_until SECONDS COMMAND...: true as soon as the command succeeds, false at the deadline
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep 0.1
  done
}
