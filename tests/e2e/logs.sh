#!/usr/bin/env bash
# caractrl logs: of all services, of what was before, and -f over kills, updates, moves and restarts
# of everything: a container counts, and every number is there exactly once.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

# Each start has a name of its own and counts from 1.
count="read id </proc/sys/kernel/random/uuid; n=0; trap 'exit 0' TERM"
count+="; while :; do n=\$((n + 1)); echo \$id \$n; sleep 0.02; done"
start_bed 2
bed_image e2e/count:1 "$count"
bed_image e2e/chatty:1 "echo to out; echo to err >&2; $wait_for_term"
bed_image e2e/last:1 "echo first words; printf 'last words' >&2; exit 3"
bed_image e2e/long:1 \
  "head -c 1000000 /dev/zero | tr '\\\\0' x; echo; printf 'a\\\\033[2Jb\\\\n'; $wait_for_term"

shop() {
  cat <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: shop}
spec:
  services:
    - {name: count, image: "e2e/count:1", stopGracePeriod: 3s, env: [{name: RUN, value: "$1"}]}
    - {name: chatty, image: "e2e/chatty:1", stopGracePeriod: 1s}
MANIFEST
}

# --- What there is --------------------------------------------------------------------------------
shop 1 | ctl apply -f - >/dev/null
eventually "it runs" 30 is_in shop Running
chatty_said() {
  [[ $(ctl logs shop/chatty | sort | paste -sd ,) == "to err,to out" ]]
}
eventually "both outputs of a service [E48]" 10 chatty_said
matches "all services, each behind its name" $'chatty  \\| to out\n' \
  "$(ctl logs shop --tail 3)"$'\n'
equals "--tail 0 is nothing [E48]" "" "$(ctl logs shop --tail 0)"
equals "--tail 2 are two of each" 4 "$(ctl logs shop --tail 2 | wc -l)"
matches "--timestamps" "^20[0-9-]+T[0-9:.]+Z to " "$(ctl logs shop/chatty --tail 2 -t)"
equals "--since in the future is nothing" "" "$(ctl logs shop/chatty --since 2099-01-01T00:00:00Z)"
refuses "a service that is none" 1 "did you mean \`count\`?" ctl logs shop/cont
refuses "a project that is none" 1 "not found" ctl logs nix

ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: odd}
spec:
  services:
    - {name: last, image: "e2e/last:1"}
    - {name: long, image: "e2e/long:1", stopGracePeriod: 1s}
MANIFEST
last_said() {
  [[ $(ctl logs odd/last --tail 2 | sort | paste -sd ,) == "first words,last words" ]]
}
eventually "of a container that crashes [E48]" 20 last_said
before_said() {
  [[ $(ctl logs odd/last --previous --tail 2 | sort | paste -sd ,) == "first words,last words" ]]
}
eventually "--previous: of the run before" 20 before_said
long_said() {
  long=$(ctl logs odd/long | wc -lc | awk '{print $1, $2}')
  [[ $long == "2 1000008" ]]
}
long=""
eventually "a line of a megabyte is one, bytes are as they are in a pipe [E48]" 20 long_said
printf '# %s\n' "$long"
shown=$(TERM=xterm "${in_control[@]}" script -qec \
  "$bin/caractrl --nats $nats_url logs odd/long --tail 1" /dev/null </dev/null 2>&1 || true)
contains "and safe on a terminal [E51]" 'a\x1b[2Jb' "$shown"
ctl delete project odd >/dev/null
ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: nowhere}
spec: {nodeSelector: {no: such}, services: [{name: a, image: "e2e/idle:1"}]}
MANIFEST
refuses "a project without a node: why [E48]" 1 "has no node" ctl logs nowhere

# --- Following ------------------------------------------------------------------------------------
spawn follow "${in_control[@]}" sh -c "exec \"\$0\" \"\$@\" 2>$logs/follow-notes.log" \
  "$bin/caractrl" --nats "$nats_url" logs -f shop/count
followed() {
  grep -c . "$logs/follow.log" || true
}
goes_on() {
  local now
  now=$(followed)
  more() { (($(followed) > now + 20)); }
  eventually "it goes on $1" "${2:-20}" more
}
on_other() {
  [[ $(tail -n 1 "$logs/follow.log" | cut -d ' ' -f 1) != "$last_start" ]]
}
remember() {
  last_start=$(tail -n 1 "$logs/follow.log" | cut -d ' ' -f 1)
}
goes_on "at first"
home=$(where shop)
on_node "$home" kill shop-count >/dev/null
goes_on "after its container was killed [E48]"
remember
shop 2 | ctl apply -f - >/dev/null
eventually "an update: lines of the new container" 20 on_other
goes_on "after an update"
end "cara-agent-$home"
start_node_agent "$home"
goes_on "after the agent was started anew"
end nats-server KILL
start_nats
goes_on "after the bus was started anew" 40
end cara-apiserver KILL
start_apiserver
goes_on "while the apiserver is started anew"
within 30 nodes_are_ready || true
remember
ctl drain "$(name_of "$home")" --timeout 40s >/dev/null 2>&1 || true
eventually "a move: lines of the container on the other node" 40 on_other
goes_on "after a move"
ctl delete project shop >/dev/null
eventually "until the project is deleted" 20 dead follow
contains "and says so" 'project "shop" was deleted' "$(cat "$logs/follow-notes.log")"

verdict=$(awk '
  $2 == 1 { last[$1] = 1; starts++; next }
  $2 != last[$1] + 1 { print "behind " last[$1] " of " $1 ": " $2; bad = 1 }
  { last[$1] = $2 }
  END { if (!bad) print "every one of " starts " starts" }' "$logs/follow.log")
equals "every number exactly once, in order [E48]" "every one of 4 starts" "$verdict"
