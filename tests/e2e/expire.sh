#!/usr/bin/env bash
# spec.expireAt: what is refused, and what happens at that time.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

# expiring NAME TIME: the manifest
expiring() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\nspec:\n' "$1"
  if [[ -n $2 ]]; then printf '  expireAt: %s\n' "$2"; fi
  printf '  services: [{name: a, image: "e2e/idle:1"}]\n'
}
apply_expiring() {
  expiring "$@" | ctl apply -f -
}
# in_seconds N [DATE-OPTIONS]
in_seconds() {
  date --utc --date "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ
}
is_gone() {
  is_in "$1" none
}

start_cluster
make_image e2e/idle:1 "$wait_for_term"

# --- refused --------------------------------------------------------------------------------------
for bad in 2025-1-1T1:1:1Z 2099-02-30T00:00:00Z 2099-01-01T00:00:00 2099-01-01 soon; do
  refuses "expireAt $bad is refused, naming the field [S18]" 2 "expireAt" apply_expiring bad "$bad"
done
refuses "a time that is past is refused [S18]" 2 "expireAt" \
  apply_expiring bad "$(in_seconds -60)"
equals "nothing was stored" none "$(phase bad)"

# --- accepted -------------------------------------------------------------------------------------
equals "an offset, quoted [S18]" "project/later created" \
  "$(apply_expiring later '"2099-12-31T23:59:59+05:30"')"
equals "a fraction, not quoted [S18]" "project/later configured" \
  "$(apply_expiring later 2099-12-31T23:59:59.5Z)"

# --- the time comes -------------------------------------------------------------------------------
due=$(($(date +%s) + 8))
apply_expiring soon "$(date --utc --date "@$due" +%Y-%m-%dT%H:%M:%SZ)" >/dev/null
apply_expiring moved "$(date --utc --date "@$due" +%Y-%m-%dT%H:%M:%SZ)" >/dev/null
apply_expiring kept "$(date --utc --date "@$due" +%Y-%m-%dT%H:%M:%SZ)" >/dev/null
for project in soon moved kept later; do
  eventually "$project is Running" 15 is_in "$project" Running
done
ids=$(container_ids kept)
apply_expiring moved "$(in_seconds 3600)" >/dev/null
apply_expiring kept "" >/dev/null
check "not before its time [S19, I25]" is_in soon Running
leaves() {
  ! is_in soon Running
}
within 20 leaves || true
lag_ms=$(($(now_ms) - due * 1000))
check "deleted by itself, $lag_ms ms after its time [S19]" \
  test "$lag_ms" -ge 0 -a "$lag_ms" -lt 1000
eventually "its record is gone [S19]" 10 is_gone soon
equals "with container, network and volume [S19]" "" "$(objects soon)"
check "a time that was moved before it came counts [S20]" is_in moved Running
check "a time that was removed counts [S20]" is_in kept Running
equals "and neither change restarted anything [S20, E30]" "$ids" "$(container_ids kept)"
