#!/usr/bin/env bash
# usage: dockerd.sh DIR   Keeps a private Docker engine with the contract's images in DIR: prints
# `ready` when it is up, and takes everything down, DIR too, when its standard input ends.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/../e2e/lib/dockerd.sh"
dir=$1
registry_pid=""

cleanup() {
  trap '' HUP INT TERM
  if [[ -n $registry_pid ]]; then kill "$registry_pid" 2>/dev/null; fi
  stop_dockerd "$dir"
  rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

fail() {
  printf '%s\n' "$1"
  exit 1
}

# On loopback of the engine's namespace. Without a shell around it: what is ended is the registry.
start_registry() {
  nsenter --net="/run/netns/$(dockerd_name "$dir")" -- python3 "$here/registry.py" \
    >"$dir/registry.log" 2>&1 &
  registry_pid=$!
}

# image TAG LINE...: lines of a Dockerfile on top of the busybox image
image() {
  local tag=$1 line
  shift
  for line in 'FROM cara-test/base:1' "$@"; do printf '%s\n' "$line"; done |
    DOCKER_BUILDKIT=0 on_dockerd "$dir" build -q -t "$tag" - >>"$dir/build.log" 2>&1 ||
    fail "image $tag: $(tail -n 1 "$dir/build.log")"
}

[[ $EUID -eq 0 ]] || fail "this needs root"
command -v dockerd >/dev/null || fail "no dockerd: install docker.io"
start_dockerd "$dir" 2>"$dir/start.log" || fail "$(tail -n 3 "$dir/start.log" | tr '\n' ' ')"
start_registry
make_busybox_image "$dir" cara-test/base:1 || fail "cannot import the busybox image"
loop='trap "exit 143" TERM; while true; do sleep 0.1; done'
image cara-test/runs:1 "CMD [\"/bin/sh\", \"-c\", \"${loop//\"/\\\"}\"]"
image cara-test/deaf:1 'CMD ["/bin/sh", "-c", "trap : TERM; while true; do sleep 0.1; done"]'
image cara-test/exits0:1 'CMD ["/bin/true"]'
image cara-test/exits3:1 'CMD ["/bin/sh", "-c", "echo one; echo two; exit 3"]'
image cara-test/killed:1 'CMD ["/bin/sh", "-c", "exit 137"]'
image cara-test/nocommand:1 'CMD ["/nosuch"]'
image cara-test/notexecutable:1 'CMD ["/etc/passwd"]'
image cara-test/healthy:1 'FROM cara-test/runs:1' \
  'HEALTHCHECK --interval=1s --retries=1 CMD ["/bin/true"]'
image cara-test/unhealthy:1 'FROM cara-test/runs:1' \
  'HEALTHCHECK --interval=1s --retries=1 CMD ["/bin/false"]'
image cara-test/ownvolume:1 'FROM cara-test/runs:1' 'VOLUME /own'
image cara-test/env:1 'CMD ["/bin/sh", "-c", "cat /proc/1/environ | tr \"\\000\" \"\\001\""]'
image cara-test/ask:1 'CMD ["/bin/sh", "-c", "eval \"$ASK\""]'
echo ready
cat >/dev/null
