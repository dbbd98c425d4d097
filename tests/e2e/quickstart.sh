#!/usr/bin/env bash
# The README's first command, from a clean clone, in a directory with a blank in its name, with an
# empty environment, from somewhere else: up, up again, down, down --purge.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# On a machine that runs a cluster or an engine already the command would use them. So: a network
# of its own, and a /run without Docker's socket.
if [[ -z ${IN_OWN_NETWORK:-} ]]; then
  exec env IN_OWN_NETWORK=yes unshare --net --mount --propagation private "$0" "$@"
fi
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"
ip link set lo up
mount -t tmpfs none /run


clone="$work/a clone"
state="$work/a state"
git clone --quiet "$source_dir" "$clone" || bail_out "git clone"
# The compiler's cache makes the build of equal sources quick, wherever they lie.
cache_dir=$(ccache --get-config cache_dir 2>/dev/null || true)

# quickstart ARGUMENTS...: what a new user has in the environment, and the cache
quickstart() {
  (cd / && env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$work/home" CCACHE_DIR="$cache_dir" \
    CCACHE_BASEDIR="$clone" CCACHE_NOHASHDIR=1 "$clone/compose/quickstart" "$@" </dev/null 2>&1)
}
# quick_check WHAT ARGUMENTS...: it succeeds; sets `output` and `took_s`
quick_check() {
  local what=$1 begin=$SECONDS
  shift
  if output=$(quickstart "$@"); then ok "$what"; else not_ok "$what" "$output"; fi
  took_s=$((SECONDS - begin))
}
pids_of_state() {
  cat "$state"/run/*.pid 2>/dev/null
}
on_private_engine() {
  DOCKER_HOST=unix://$(echo /run/caravanserai-*/docker.sock) docker "$@"
}
processes() {
  pgrep --list-full --full -- "$work|/run/caravanserai-"
}
machine() {
  iptables -S && iptables -t nat -S && ip -brief link && cat /proc/sys/net/ipv4/ip_forward
}
mkdir -p "$work/home"
before=$(machine)

# --- refused --------------------------------------------------------------------------------------
refuses "an unknown argument: usage, status 2" 2 "usage: compose/quickstart" quickstart sideways
equals "down where nothing was started says so" "quickstart: nothing was started from $state" \
  "$(quickstart down --dir "$state")"

# --- up -------------------------------------------------------------------------------------------
quick_check "quickstart from a clean clone" --dir "$state"
contains "it shows the project" "hello   Running" "$output"
contains "one service reaches the other by name [S5]" "web says: Welcome to the caravanserai." \
  "$output"
contains "the ingress answers for the project's host [S14, S16]" \
  $'http://127.0.0.1:8080/\n    Welcome to the caravanserai.' "$output"
contains "it says how to stop" "quickstart down --dir" "$output"
pids=$(pids_of_state)
containers=$(on_private_engine ps --no-trunc --quiet)

quick_check "up again" up --dir "$state"
check "within 15 s: $took_s s" test "$took_s" -le 15
contains "the project is as it was" "project/hello unchanged" "$output"
equals "no process was started twice, no container was made again" "$pids $containers" \
  "$(pids_of_state) $(on_private_engine ps --no-trunc --quiet)"
contains "status names the processes" "cara-agent      runs" "$(quickstart status --dir "$state")"

caractrl() {
  "$clone/build/bin/caractrl" "$@"
}
page_is() {
  [[ $(curl --silent --max-time 5 --header 'Host: paths.example' \
    "http://127.0.0.1:8080$1") == "$2" ]]
}
caractrl apply -f "$clone/compose/examples/paths.yaml" >/dev/null
eventually "the example with paths: one of its services" 20 page_is / "The site."
eventually "and the other" 20 page_is /api/ "The api."
caractrl delete project paths >/dev/null

# --- something died -------------------------------------------------------------------------------
for name in dockerd cara-agent; do kill -KILL "$(cut -d ' ' -f 1 "$state/run/$name.pid")"; done
quick_check "engine and agent killed: up starts them again" up --dir "$state"
contains "and the project is Running" "hello   Running" "$output"

# --- down -----------------------------------------------------------------------------------------
quick_check "down" down --dir "$state"
equals "no process is left" "" "$(processes)"
equals "firewall, links and forwarding are as before" "$before" "$(machine)"
equals "no mount is left" "" "$(mounts_of_work)"
check "the state is kept" test -s "$state/cara.db"
quick_check "up after down" up --dir "$state"
check "within 15 s: $took_s s" test "$took_s" -le 15
contains "the project was remembered" "project/hello unchanged" "$output"

quick_check "down --purge" down --purge --dir "$state"
check "the state is gone" test ! -e "$state"
equals "no process is left" "" "$(processes)"
equals "firewall, links and forwarding are as before" "$before" "$(machine)"

# --- the port is taken by something else ----------------------------------------------------------
python3 -m http.server --bind 127.0.0.1 5222 >/dev/null 2>&1 &
pids[other]=$!
refuses "a port that somebody else holds: the step and the port are named" 1 \
  $'FAILED at step "bus"\nport 5222' quickstart --dir "$work/other" --port 5222
quickstart down --purge --dir "$work/other" >/dev/null
check "and its state can be removed" test ! -e "$work/other"
end other
