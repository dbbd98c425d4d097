#!/usr/bin/env bash
# Nodes by hand, and what fits on them: capacity and the words for why not, cordon, taints, labels,
# drain, delete, a second agent of one name, a machine that is set up anew, and most nodes lost.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

timeout_s=3
grace_s=4
schedulers=2
gcs=2
apiserver_flags=(--node-timeout "${timeout_s}s" --grace-period "${grace_s}s")
agent_flags=(--heartbeat-interval 500ms)
n1=n1.lab.example

# apply NAME MEMORY [LINE]: one service that asks for memory; a line of its spec
apply() {
  ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1}
spec:
  ${3:-onNodeLoss: Move}
  services:
    - {name: a, image: "e2e/idle:1", stopGracePeriod: 1s, resources: {requests: {memory: $2}}}
MANIFEST
}
is_on() {
  is_in "$1" Running && (($(where "$1") == $2))
}
runs() {
  is_in "$1" Running
}
# reason NAME: of its Phase condition
reason() {
  condition "$1" Phase
}
waits_because() {
  is_in "$1" Pending && [[ $(reason "$1") == *"$2"* ]]
}
# allocatable I: bytes of memory that projects may request
allocatable() {
  ctl --output json get nodes "$(name_of "$1")" | jq .status.info.allocatable.memoryBytes
}
nothing_on() {
  [[ -z $(objects_on "$1") ]]
}

start_bed 3
all=$(allocatable 1)
most=$((all * 9 / 10 / 1048576))Mi
most_gi=$(awk -v bytes="$((${most%Mi} * 1048576))" 'BEGIN { printf "%d", bytes / 1073741824 }')

# --- what a node is -------------------------------------------------------------------------------
node=$(ctl --output json get nodes "$n1")
matches "a node reports what it is and has" "amd64 linux .*[0-9] true true true" \
  "$(jq -r '.metadata.labels["caravanserai.io/arch"] + " " + .metadata.labels["caravanserai.io/os"]
     + " " + .status.info.kernel + " " + (.status.info.allocatable.memoryBytes > 1e8 | tostring)
     + " " + (.status.info.addresses | index("10.77.0.1") != null | tostring)
     + " " + (.status.machineId != .status.bootId and .status.bootId != "" | tostring)' <<<"$node")"

# --- capacity [E45] -------------------------------------------------------------------------------
for i in 1 2 3; do apply "big$i" "$most"; done
for i in 1 2 3; do
  eventually "three projects that fill a node each: big$i runs" 20 runs "big$i"
done
equals "each on a node of its own" "1 2 3" \
  "$(for i in 1 2 3; do where "big$i"; done | sort | xargs)"
apply more "$most"
eventually "a fourth waits, and says why [E45]" 10 \
  waits_because more "0/3 nodes fit: 3 insufficient memory (needs $most_gi"
ctl delete project "big1" >/dev/null
eventually "when something frees it is placed at once [E45]" 10 runs more
refuses "a change that asks for more than its node has left [I10]" 1 \
  "project/more asks for more than node/" apply more "$((all / 1048576 + 512))Mi"
check "and nothing was changed" is_in more Running
for name in big2 big3 more; do ctl delete project "$name" >/dev/null; done

# --- cordon, labels, taints -----------------------------------------------------------------------
ctl cordon "$n1" n2 >/dev/null
apply where1 1Mi
eventually "on cordoned nodes nothing new is placed [E45]" 10 is_on where1 3
contains "a cordoned node is shown as one" "Ready,SchedulingDisabled" "$(ctl get nodes n2)"
ctl uncordon n2 "$n1" >/dev/null
ctl taint node n2 dedicated=db:NoSchedule >/dev/null
ctl label node n2 disk=ssd >/dev/null
apply ssd 1Mi 'nodeSelector: {disk: ssd}'
eventually "a taint keeps away what does not tolerate it, and that is said [E45]" 10 \
  waits_because ssd "1 with a taint that spec.tolerations does not name"

tolerates='nodeSelector: {disk: ssd}
  tolerations: [{key: dedicated, value: db}]'
apply ssd 1Mi "$tolerates"
eventually "what tolerates it is placed there" 10 is_on ssd 2
end cara-agent-2
start_node_agent 2
contains "labels and taints by hand outlive the agent" "ssd db" \
  "$(ctl --output json get nodes n2 | jq -r '.metadata.labels.disk + " " + .spec.taints[0].value')"
ctl delete project ssd >/dev/null
ctl taint node n2 dedicated- >/dev/null
ctl label node n2 disk- >/dev/null

# --- drain [E50] ----------------------------------------------------------------------------------
apply data 1Mi 'onNodeLoss: Stay
  nodeSelector: {number: "2"}'
apply mover 1Mi 'nodeSelector: {number: "2"}'
eventually "two projects on the node" 10 is_on data 2
eventually "and one that may move" 10 is_on mover 2
apply mover 1Mi
contains "a dry run says what would move" "project/mover would move" \
  "$(ctl drain n2 --dry-run 2>/dev/null || true)"
contains "and changes nothing" "Ready " "$(ctl get nodes n2)"
refuses "drain moves what can move, and says what cannot and why [E50]" 1 \
  "project/mover moved to
project/data stays on node/n2, where its volumes are (spec.onNodeLoss: Stay)
1 project stays" ctl drain n2 --timeout 40s
check "what moved runs elsewhere" runs mover
check "and never ran on two nodes at once [I16]" never_two_at_once mover
check "what stays was not touched" is_on data 2
check "the node is cordoned" node_is 2 Ready,SchedulingDisabled
equals "nothing of it is left there: drained is drained [S11]" "" "$(objects_on 2 mover)"
ctl delete project data >/dev/null
equals "without it the node is drained" "node/n2 drained" "$(ctl drain n2 | tail -n 1)"

# --- the last node --------------------------------------------------------------------------------
ctl cordon "$n1" >/dev/null
refuses "the last node is not drained: there is nowhere to go [E50]" 1 \
  "has nowhere to go: 0/2 nodes fit: 2 cordoned" ctl drain n3 --timeout 20s
check "what runs there goes on" is_on where1 3
ctl uncordon "$n1" n2 n3 >/dev/null

# --- a second agent, a copied machine [E39] -------------------------------------------------------
spawn second "${in_control[@]}" "$bin/cara-agent" --nats "$nats_url" --node n3 \
  --state-dir "$work/second" --docker-host "unix://$work/1/docker.sock"
refused() {
  grep -q "another agent runs as node/n3" "$logs/second.log"
}
eventually "a second agent with a live node's name is refused, saying so [E39]" 10 refused
check "the first one goes on" is_on where1 3
end second

# --- a node is deleted, and set up anew [E38] -----------------------------------------------------
refuses "a node that holds projects is not deleted" 1 "node/n3 holds" ctl delete node n3
ctl cordon n2 >/dev/null
kill_node 3
ctl delete node n3 --force >/dev/null
eventually "by force: its projects are placed elsewhere at once [E38]" 10 is_on where1 1
rm -rf "${work:?}/3/agent"
start_node 3
eventually "set up anew it is a node like any other [E38]" 15 node_is 3 Ready
eventually "and has nothing of what it had before [E38]" 10 nothing_on 3
check "the old assignment is not believed [E38]" is_on where1 1
ctl uncordon n2 >/dev/null

# --- most nodes at once [E42] ---------------------------------------------------------------------
apply here2 1Mi 'nodeSelector: {number: "2"}'
apply here3 1Mi 'nodeSelector: {number: "3"}'
eventually "a project on each of the others" 10 is_on here2 2
eventually "of which two are lost now" 10 is_on here3 3
apply here2 1Mi
apply here3 1Mi
cut_node 2
cut_node 3
held() {
  ctl cluster info | grep -q "2 of 3 nodes were lost within 5m"
}
eventually "two of three nodes vanish: moves are held [E42] [I26]" 10 held
sleep $((grace_s + 2))
equals "after the grace period nothing has moved [E42]" "2 3" "$(where here2) $(where here3)"
heal_node 2
heal_node 3
eventually "they are back: all is as it was" 10 nodes_are_ready
not_held() {
  ! held
}
eventually "and nothing is held any more" 5 not_held
equals "nothing has moved [E42]" "2 3" "$(where here2) $(where here3)"
cut_node 2
cut_node 3
eventually "again" 10 held
ctl cluster allow-moves >/dev/null
eventually "an operator says so: they move [E42]" 20 is_on here2 1
eventually "both of them" 20 is_on here3 1
heal_node 2
heal_node 3
eventually "the nodes come back without their copies [I18]" 20 nothing_on 2
eventually "both" 20 nothing_on 3
