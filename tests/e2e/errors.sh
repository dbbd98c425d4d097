#!/usr/bin/env bash
# What a user does wrong, and what somebody else did: a clear message, and nothing half-applied.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

head_of() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\n' "$1"
}
# project NAME SPEC-LINES: a manifest
project() {
  head_of "$1"
  printf 'spec:\n%s\n' "$2"
}
apply() {
  project "$@" | ctl apply -f -
}
# bad WHAT NEEDLES NAME SPEC: refused as invalid, naming the field; nothing is stored
bad() {
  refuses "$1" 2 "$2" apply "$3" "$4"
}
idle='  services: [{name: a, image: "e2e/idle:1"}]'

start_engine
make_image e2e/idle:1 "$wait_for_term"
start_control_plane
within 10 ctl get nodes || bail_out "the apiserver does not answer"

# --- no node yet ----------------------------------------------------------------------------------
apply early "$idle" >/dev/null
says_why_it_waits() {
  condition early Phase | grep -qi node
}
eventually "no node: Pending, and the condition says why [S21]" 10 says_why_it_waits
matches "the table says <none> for its node [S41]" '^early   Pending   <none>   ' \
  "$(ctl get projects early | sed -n 2p)"
equals "delete while Pending: gone at once [E24]" "project/early deleted" \
  "$(ctl_limit_s=5 ctl delete project early)"
start_agent
within 30 node_is_ready || bail_out "the node is not ready"
make_image e2e/broken:1 "echo no such thing as luck >&2; exit 7"

# --- manifests ------------------------------------------------------------------------------------
bad "an upper-case name is refused with the reason [E12]" "metadata.name" Upper "$idle"
bad "a name with a wildcard never reaches a subject [E6]" "metadata.name" "'a.*'" "$idle"
bad "a name with a line feed [E6]" "metadata.name" '"a\nb"' "$idle"
bad "a name beyond its limit [E12]" "metadata.name" "$(printf 'x%.0s' {1..64})" "$idle"
bad "unicode in a service name [E10, E12]" "services[0].name" p \
  "  services: [{name: dätä, image: x}]"
bad "a typo is refused with path, line and the nearest name [E22]" \
  $'spec.services[0].imgae\nimage' p "  services: [{name: a, imgae: x}]"
matches "the line is named [E22]" '(line |:)6' \
  "$(project p $'  services:\n    - {name: a, imgae: x}' | ctl apply -f - 2>&1)"
bad "a key twice [E22]" "image" p "  services: [{name: a, image: x, image: y}]"
bad "a service name twice [S4]" "services[1].name" p \
  "  services: [{name: a, image: x}, {name: a, image: y}]"
bad "an env name twice [E13]" "env[1].name" p \
  "  services: [{name: a, image: x, env: [{name: A, value: b}, {name: A, value: c}]}]"
bad "a relative mount path [E16]" "mountPath" p \
  "  services: [{name: a, image: x, volumeMounts: [{name: v, mountPath: v}]}]
  volumes: [{name: v, type: Ephemeral}]"
bad "a mount without its volume [S9]" "volumeMounts[0].name" p \
  "  services: [{name: a, image: x, volumeMounts: [{name: v, mountPath: /v}]}]"
bad "a volume type that we do not know, with those that we do [S7]" \
  $'volumes[0].type\nEphemeral' p "$idle
  volumes: [{name: v, type: Magic}]"
bad "all errors at once" $'services[0].name\nservices[0].image' p \
  "  services: [{name: A, image: ''}]"
refuses "another kind [S1]" 2 "kind" ctl apply -f - <<<"$(project p "$idle" | sed s/Project/Pod/)"
refuses "a file that is not there" 2 "nowhere.yaml" ctl apply -f "$work/nowhere.yaml"
refuses "several documents, one wrong: none is applied [E22]" 2 "services" ctl apply -f - \
  <<<"$(project good "$idle"; echo ---; project wrong "  services: []")"
equals "nothing was stored by any of these" 0 "$(ctl get projects | wc -l)"

# --- values ---------------------------------------------------------------------------------------
big=$(head -c 100000 /dev/zero | tr '\0' x)
apply values "  services:
    - name: a
      image: e2e/idle:1
      env:
        - {name: QUOTED, value: \"a\\nb=c \\\"'\$X é\"}
        - {name: OCTAL, value: 0777}
        - {name: TRUTH, value: true}
        - {name: NUMBER, value: 1e3}
        - {name: NONE, value: no}
        - {name: EMPTY, value: ''}
        - {name: BIG, value: $big}
status:
  phase: Failed" >"$work/values.out" 2>&1 || not_ok "values are taken" "$(<"$work/values.out")"
eventually "a status: in a manifest is ignored [E23]" 20 is_in values Running
env=$(docker_ inspect values-a | jq -c '[.[0].Config.Env[] | select(startswith("BIG=") | not)]')
contains "values with newline, quotes, dollar and unicode arrive as written [E13]" \
  "$(jq -nc --arg v $'QUOTED=a\nb=c "\'$X é' '$v')" "$env"
contains "scalars arrive as written [E14]" \
  '"OCTAL=0777","TRUTH=true","NUMBER=1e3","NONE=no","EMPTY="' "$env"
equals "100 KB arrive [E13]" 100004 "$(docker_ inspect values-a |
  jq -j '.[0].Config.Env[] | select(startswith("BIG="))' | wc -c)"

# --- names that collide ---------------------------------------------------------------------------
apply a-b '  services: [{name: c, image: "e2e/idle:1", volumeMounts: [{name: d, mountPath: /d}]}]
  volumes: [{name: d, type: Ephemeral}]' >/dev/null
refuses "two projects whose containers would share a name: the second is refused [E1]" 1 "a-b" \
  apply a '  services: [{name: b-c, image: "e2e/idle:1"}]'
refuses "likewise volumes [E2]" 1 "a-b" apply a "$idle
  volumes: [{name: b-d, type: Ephemeral}]"
equals "and nothing of it was stored" none "$(phase a)"

# foreign KIND: what somebody else made stays, and the project says why it cannot start
foreign() {
  within 20 is_in "$1" Failed || true
  contains "a $2 of that name that is not ours: the condition names it [$3]" "$4" \
    "$(condition "$1" Phase)"
}
docker_ network create --label keep=me cara-clash1 >/dev/null
docker_ volume create --label keep=me cara-clash2-v >/dev/null
docker_ create --label keep=me --name clash3-a e2e/idle:1 >/dev/null
apply clash1 "$idle" >/dev/null
apply clash2 '  services: [{name: a, image: "e2e/idle:1", volumeMounts: [{name: v, mountPath: /v}]}]
  volumes: [{name: v, type: Ephemeral}]' >/dev/null
apply clash3 "$idle" >/dev/null
foreign clash1 network E3 cara-clash1
foreign clash2 volume E3 cara-clash2-v
foreign clash3 container E4 clash3-a
for name in clash1 clash2 clash3; do ctl delete project "$name" >/dev/null; done
equals "what is not ours was neither adopted nor removed [E3, E4]" "me me me" \
  "$(docker_ network inspect -f '{{.Labels.keep}}' cara-clash1) $(docker_ volume inspect -f \
    '{{.Labels.keep}}' cara-clash2-v) $(docker_ inspect -f '{{.Config.Labels.keep}}' clash3-a)"
docker_ rm clash3-a >/dev/null

# --- projects that cannot run ---------------------------------------------------------------------
apply broken '  services: [{name: a, image: "e2e/broken:1"}]' >/dev/null
eventually "a service that ends with 7: Failed [S24]" 20 is_in broken Failed
matches "the condition says with which code [S24]" '\b7\b' "$(condition broken Phase)"
contains "and the last words of its log [S24]" "no such thing as luck" "$(condition broken Phase)"
before=$(container_ids values)
apply values '  services: [{name: a, image: "127.0.0.1:9/no/such:1"}]' >/dev/null
says_no_image() {
  ctl --output json get projects values | grep -q "no/such:1.*" &&
    condition values Phase | grep -q "no/such"
}
eventually "an update to an image that is not there: the condition says so [E31]" 30 says_no_image
equals "and the old container keeps running [E31]" "$before" "$(container_ids values)"

# --- deletes --------------------------------------------------------------------------------------
kill -STOP "${pids[cara-agent]}"
apply brief "$idle" >/dev/null
eventually "bound, and not yet seen by the agent" 10 is_in brief Scheduled
ctl delete project brief --wait=false >/dev/null
kill -CONT "${pids[cara-agent]}"
eventually "deleted between the bind and the agent's first look: gone [E25]" 15 is_in brief none
equals "and nothing was left of it [E25]" "" "$(objects brief)"

refuses "delete of the unknown: says so [E27]" 1 "not found" ctl delete project nobody
refuses "get of the unknown: says so" 1 "nobody" ctl get projects nobody
end cara-agent KILL
contains "without waiting [S43]" "project/broken deleting" \
  "$(ctl delete project broken --wait=false)"
check "a second delete is no error [E27]" ctl delete project broken --wait=false
refuses "apply while Terminating is refused, saying so [E28]" 1 "being deleted" apply broken "$idle"
ctl delete project values --force >/dev/null
equals "--force drops the record at once [E27]" none "$(phase values)"
start_agent
eventually "the node is back: what was deleted meanwhile is removed [S26, E27]" 30 nothing_of values
eventually "also what was Terminating [S26]" 30 is_in broken none
