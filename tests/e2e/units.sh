#!/usr/bin/env bash
# The units of compose/systemd as systemd's own tool sees them, with the programs of build/bin. What
# the programs tell systemd: tests/integration/health_test.cpp.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/check.sh"
PATH=$PATH:/usr/sbin:/sbin
bin=${CARA_BIN_DIR:-$(dirname "$(dirname "$here")")/build/bin}
units=$(dirname "$(dirname "$here")")/compose/systemd
max_exposure=20 # in tenths; a unit without any of these settings has 96
max_of_agent=21 # it may end commands in containers, whoever they run as
max_with_ingress=25

if ! command -v systemd-analyze >/dev/null; then
  printf 'skip - no systemd-analyze on this machine\n'
  exit 0
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/cara-units.XXXXXX")
trap 'rm -rf "$work"' EXIT

# exposure UNIT: in tenths
exposure() {
  systemd-analyze security --offline=true "$1" 2>/dev/null |
    sed -n 's/.*Overall exposure level.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'
}
# unknown_variables UNIT PROGRAM ENV-FILE: those that are set and that no flag reads
unknown_variables() {
  local name help
  help=$("$bin/$2" --help)
  while read -r name; do
    if [[ $help != *"[$name]"* ]]; then printf '%s\n' "$name"; fi
  done < <(sed -n -e 's/^Environment=\(.*\)=.*/\1/p' -e 's/^#\?\(CARA_[A-Z_]*\)=.*/\1/p' "$1" "$3")
}

# holds UNIT MAX-EXPOSURE [WITH]: what systemd-analyze says of it
holds() {
  local name=${1##*/}${3:-} tenths
  equals "$name: systemd-analyze verify has nothing to say" "" "$(systemd-analyze verify "$1" 2>&1)"
  tenths=$(exposure "$1")
  check "$name: exposure of $tenths tenths is at most $2" test "${tenths:-100}" -le "$2"
}

for unit in "$units"/*.service; do
  name=$(basename "$unit" | sed 's/@/@1/')
  program=$(sed -n 's|^ExecStart=/usr/local/bin/\([a-z-]*\).*|\1|p' "$unit")
  sed "s|^ExecStart=/usr/local/bin/|ExecStart=$bin/|" "$unit" >"$work/$name"
  env_file=/dev/null max=$max_exposure
  if [[ $program == cara-agent ]]; then env_file=$units/env max=$max_of_agent; fi
  holds "$work/$name" "$max"
  equals "$name: every variable belongs to a flag of $program" "" \
    "$(unknown_variables "$unit" "$program" "$env_file")"
done

install -D -m 644 "$units/ingress.conf" "$work/cara-agent.service.d/ingress.conf"
check "the drop-in is read" test "$(exposure "$work/cara-agent.service")" -gt "$max_of_agent"
holds "$work/cara-agent.service" "$max_with_ingress" " with ingress.conf"
exit $((failures > 0))
