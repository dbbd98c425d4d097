# Wall clocks that are wrong, one per process: libfaketime, preloaded. Their monotonic and boot
# clocks stay true, as they do when somebody sets a machine's time. Sourced.
#   set_clock NAME OFFSET            e.g. +3600 (seconds): from when the process is spawned on, and
#                                    at once if it was spawned with a clock of its own
# shellcheck shell=bash disable=SC2034,SC2154

# A process reads its file again with every look at the clock; the file's name is appended.
fake_clock=(
  "LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)"
  FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1
  FAKETIME_TIMESTAMP_FILE=
)

set_clock() {
  mkdir -p "$work/clock"
  printf '%s\n' "$2" >"$work/clock/.$1"
  mv "$work/clock/.$1" "$work/clock/$1"
}
