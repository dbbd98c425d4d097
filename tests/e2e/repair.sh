#!/usr/bin/env bash
# What somebody does by hand to the objects of running projects is undone within seconds, the
# neighbours are not touched, and what is somebody else's stays as it is.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

limit_s=5
cases=(stopped killed removed paused renamed cut both net vol)
clashes=(taken lost nettaken voltaken)

# Two services; only `a` has the volume.
manifest() {
  printf -- '---\napiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\n' "$1"
  printf 'spec:\n  services:\n'
  printf '    - {name: a, image: "e2e/idle:1", volumeMounts: [{name: v, mountPath: /v}]}\n'
  printf '    - {name: b, image: "e2e/idle:1"}\n'
  printf '  volumes: [{name: v, type: Ephemeral}]\n'
}
# shape CONTAINER: what may not differ in one that was repaired
shape() {
  docker_ inspect -f '{{.Name}} {{.State.Status}} {{range $n, $e := .NetworkSettings.Networks -}}
    {{$n}} {{end}}{{range .Mounts}}{{.Name}}:{{.Destination}} {{end}}' "$1"
}
id() {
  docker_ inspect -f '{{.Id}}' "$1"
}
# whole PROJECT: all of it is there, as it was made, and nothing beside it
whole() {
  is_in "$1" Running &&
    [[ $(shape "$1-a") == "/$1-a running cara-$1 cara-$1-v:/v " ]] &&
    [[ $(shape "$1-b") == "/$1-b running cara-$1 " ]] &&
    [[ $(objects "$1") == "container $1-a"$'\n'"container $1-b"$'\n'"network cara-$1
volume cara-$1-v" ]]
}
all_whole() {
  local name
  for name in "${cases[@]}" "${clashes[@]}"; do whole "$name" || return 1; done
}
# Docker's clock and ours agree: nothing that is broken now counts as a failed first start.
up_for_a_while() {
  local started
  started=$(docker_ inspect -f '{{.State.StartedAt}}' "$1")
  (($(date +%s) - $(date --date "$started" +%s) >= 4))
}
# repaired WHAT PROJECT: at the deadline the project is whole; says how long it took
repaired() {
  local start took
  start=$(now_ms)
  if within "$limit_s" whole "$2"; then
    took=$(($(now_ms) - start))
    ok "$1: repaired after $((took / 1000)).$((took / 100 % 10)) s [E34]"
  else
    not_ok "$1: repaired within $limit_s s [E34]" "$(phase "$2"
      condition "$2" Phase; objects "$2"; shape "$2-a"; shape "$2-b")"
  fi
}
frozen_agent() {
  kill -STOP "${pids[cara-agent]}"
  "$@" >/dev/null
  kill -CONT "${pids[cara-agent]}"
}

start_cluster
make_image e2e/idle:1 "$wait_for_term"
for name in "${cases[@]}" "${clashes[@]}"; do manifest "$name"; done | ctl apply -f - >/dev/null
within 40 all_whole || bail_out "the projects do not start: $(ctl get projects)"
within 10 up_for_a_while vol-b && within 10 up_for_a_while voltaken-b
declare -A neighbour=() before=()
for name in "${cases[@]}" "${clashes[@]}"; do
  neighbour[$name]=$(facts "$name-b")
  before[$name]=$(facts "$name-a")
done
neighbour_is_untouched() {
  equals "$1: its neighbour was not touched [E34]" "${neighbour[$1]}" "$(facts "$1-b")"
}
same_container() {
  equals "$1: it is the same container" "${before[$1]%% *}" "$(id "$1-a")"
}

# --- containers -----------------------------------------------------------------------------------
docker_ stop stopped-a >/dev/null
repaired "a container that was stopped by hand" stopped
same_container stopped
docker_ kill killed-a >/dev/null
repaired "a container that was killed by hand" killed
same_container killed
docker_ rm --force removed-a >/dev/null
repaired "a container that was removed by hand" removed
docker_ pause paused-a >/dev/null
repaired "a container that was paused by hand" paused
equals "it goes on where it was" "${before[paused]}" "$(facts paused-a)"
docker_ rename renamed-a somebody
repaired "a container that was renamed by hand" renamed
equals "it was not restarted for that" "${before[renamed]}" "$(facts renamed-a)"
docker_ rm --force both-a both-b >/dev/null
repaired "all containers of a project removed by hand" both
docker_ network disconnect cara-cut cut-a
repaired "a container that was disconnected from its network by hand" cut
for name in stopped killed removed paused renamed cut; do neighbour_is_untouched "$name"; done
contains "the project's events tell of it" "is started again: it exited with code 0" \
  "$(ctl events project stopped)"

# --- networks and volumes -------------------------------------------------------------------------
remove_network() {
  docker_ network disconnect --force "cara-$1" "$1-a"
  docker_ network disconnect --force "cara-$1" "$1-b"
  docker_ network rm "cara-$1"
}
remove_volume() {
  docker_ rm --force "$1-a"
  docker_ volume rm "cara-$1-v"
}
docker_ exec vol-a touch /v/data
frozen_agent remove_network net
repaired "a network that was removed by hand, and who was on it" net
check "they find each other there" docker_ exec net-a ping -c 1 -w 5 b
frozen_agent remove_volume vol
repaired "a volume that was removed by hand, and who had it" vol
equals "it is a new one" "" "$(docker_ exec vol-a ls /v)"
neighbour_is_untouched vol
# The agent looks at once: what it makes and what the user takes away may cross.
while ! remove_network net 2>/dev/null >/dev/null; do :; done
repaired "a network that was removed under the agent's eyes" net

# --- what is somebody else's ----------------------------------------------------------------------
take_name() {
  docker_ rm --force "$1-a"
  docker_ create --label keep=me --name "$1-a" e2e/idle:1
}
rename_and_take() {
  docker_ rename "$1-a" "$1-stolen"
  docker_ create --label keep=me --name "$1-a" e2e/idle:1
}
take_network() {
  remove_network "$1"
  docker_ network create --label keep=me --subnet 10.99.1.0/24 "cara-$1"
}
take_volume() {
  remove_volume "$1"
  docker_ volume create --label keep=me "cara-$1-v"
}
frozen_agent take_name taken
frozen_agent rename_and_take lost
frozen_agent take_network nettaken
frozen_agent take_volume voltaken
foreign_things() {
  docker_ ps --all --no-trunc --format '{{.ID}} {{.Names}} {{.Status}}' --filter label=keep=me
  docker_ network ls --no-trunc --format '{{.ID}} {{.Name}}' --filter label=keep=me
  docker_ volume inspect -f '{{.CreatedAt}} {{.Name}}' cara-voltaken-v
}
foreign=$(foreign_things)
# says PROJECT NEEDLE
says() {
  is_in "$1" Failed && [[ $(condition "$1" Phase) == *"$2"* ]]
}
eventually "a removed container whose name somebody took: said [E4]" 10 says taken taken-a
eventually "a renamed container whose name somebody took: said [E4]" 10 says lost lost-a
eventually "a removed network whose name somebody took: said [E3]" 10 says nettaken cara-nettaken
eventually "a removed volume whose name somebody took: said [E3]" 10 says voltaken cara-voltaken-v
for name in taken lost voltaken; do neighbour_is_untouched "$name"; done
equals "a container that lost its name runs on" "${before[lost]}" "$(facts lost-stolen)"
equals "what is not ours was not touched [E3, E4]" "$foreign" "$(foreign_things)"
docker_ rm taken-a lost-a >/dev/null
docker_ network rm cara-nettaken >/dev/null
docker_ volume rm cara-voltaken-v >/dev/null
for name in taken lost nettaken voltaken; do
  eventually "$name: it heals when the name is free [E34]" 20 whole "$name"
done
equals "the renamed one got its name back" "${before[lost]}" "$(facts lost-a)"
