# Background processes by record: $run/<name>.pid holds "pid start-time", so that a pid that was
# given to somebody else meanwhile is never taken for ours. Sourced, after say.sh and packages.sh;
# the caller sets `run` and `log`.
# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with who sources it

# start_time PID: in clock ticks since boot (proc(5)); together with the pid it names one process
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The second field may hold blanks; it ends at the last ")". Start time is field 22.
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  printf '%s\n' "${20}"
}

# pid_of NAME: prints the pid if the process that was started under this name still runs
pid_of() {
  local pid started
  [[ -f $run/$1.pid ]] || return 1
  read -r pid started <"$run/$1.pid" || return 1
  [[ -n $pid && $(start_time "$pid") == "$started" ]] || return 1
  [[ $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) != Z ]] || return 1
  printf '%s\n' "$pid"
}

runs() {
  pid_of "$1" >/dev/null
}

# outdated NAME: it runs, but its program was replaced since (a new build)
outdated() {
  local pid
  pid=$(pid_of "$1") || return 1
  [[ $(as_owner "$1" readlink "/proc/$pid/exe") == *" (deleted)" ]]
}

# Programs that had to be started as root are also looked at and ended as root.
as_owner() {
  local name=$1
  shift
  if [[ -e $run/$name.root ]]; then as_root "$@"; else "$@"; fi
}

# start NAME COMMAND...: detached, output to $log/NAME.log; start_root: as root
start() {
  local name=$1
  shift
  rm -f "$run/$name.pid" "$run/$name.root"
  launch "$name" "$@"
}
start_root() {
  local name=$1
  shift
  rm -f "$run/$name.pid"
  : >"$run/$name.root"
  launch "$name" "$@"
}
launch() {
  local name=$1 pid started as=()
  shift
  if [[ -e $run/$name.root ]] && ((EUID != 0)); then as=(sudo); fi
  : >>"$log/$name.log"
  # The shell writes its own pid, then becomes the program.
  # shellcheck disable=SC2016
  "${as[@]}" setsid sh -c 'echo $$ >"$0"; exec "$@"' "$run/$name.pid" "$@" \
    </dev/null >>"$log/$name.log" 2>&1 9>&- &
  disown
  wait_until 5 test -s "$run/$name.pid" || die "cannot start $name"
  pid=$(<"$run/$name.pid")
  started=$(start_time "$pid") || die "$name ended at once"
  printf '%s %s\n' "$pid" "$started" | as_owner "$name" tee "$run/$name.pid" >/dev/null
}

# stop NAME [SECONDS]: SIGTERM, and SIGKILL when it has not ended by then
stop() {
  local name=$1 seconds=${2:-10} pid
  if pid=$(pid_of "$name"); then
    as_owner "$name" kill -TERM "$pid" 2>/dev/null || true
    if ! wait_until "$seconds" gone "$name"; then
      as_owner "$name" kill -KILL "$pid" 2>/dev/null || true
      wait_until 5 gone "$name" || die "$name (pid $pid) does not end"
    fi
  fi
  as_owner "$name" rm -f "$run/$name.pid"
  rm -f "$run/$name.root"
}

gone() {
  ! runs "$1"
}
