#!/usr/bin/env bash
# Images behind a login, and what the agent's flags about images and networks do.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

image=127.0.0.1:5001/app:1
agent_flags=(--docker-config "$work/docker" --network-pool 10.190.16.0/20 --network-prefix 26
  --image-max-age 1h --allow-privileged=false --allow-host-path "/srv/*")

# Without a shell around it: what is ended is the registry.
start_registry() {
  spawn registry nsenter --net="/run/netns/$(dockerd_name "$work/d")" -- \
    python3 "$here/../contract/registry.py"
}
apply_app() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: app}\nspec:\n%s\n' \
    "  services: [{name: web, image: \"$image\"}]" | ctl apply -f -
}
says() {
  ctl --output json get projects app | jq -r '.status.conditions[].message' | grep -qF -- "$1"
}
has_image() {
  docker_ image inspect "$image"
}

start_cluster
start_registry

# --- a login --------------------------------------------------------------------------------------
apply_app >/dev/null
eventually "an image behind a login is missing, and where the login should be is said [E17]" 20 \
  says "there is no readable $work/docker/config.json with credentials for 127.0.0.1:5001"
mkdir "$work/docker"
printf '{"auths":{"127.0.0.1:5001":{"auth":"%s"}}}\n' "$(printf 'cara:pass:word' | base64)" \
  >"$work/docker/config.json"
eventually "it is pulled after the login, without a restart of the agent [E17]" 20 has_image
pull_is_told() {
  ctl events project app | grep -q "Pulling .*$image: 2 of 2 layers, 3.0 MB of 3.0 MB"
}
eventually "the project's events tell how far the pull was" 10 pull_is_told
equals "the agent logs no secret" "" \
  "$(grep -e 'pass:word' -e 'Y2FyYTpwYXNzOndvcmQ' "$logs/cara-agent.log")"

# --- what is remembered ---------------------------------------------------------------------------
matches "the agent keeps in mind what it has pulled" "^[0-9]+ sha256:[0-9a-f]{64} $image\$" \
  "$(cat "$work/agent/pulled-images")"
equals "in a file for itself" 600 "$(stat -c %a "$work/agent/pulled-images")"
before=$(cut -d ' ' -f 2- "$work/agent/pulled-images")
end cara-agent KILL
start_agent
eventually "the agent is back" 15 node_is_ready
equals "and still knows [S51]" "$before" "$(cut -d ' ' -f 2- "$work/agent/pulled-images")"

# --- networks -------------------------------------------------------------------------------------
equals "the project's network is the first of the pool [E15]" 10.190.16.0/26 \
  "$(docker_ network inspect -f '{{(index .IPAM.Config 0).Subnet}}' cara-app)"
refuses "a pool without room is refused [E15]" 2 "no room for a /24" \
  "$bin/cara-agent" --network-pool 10.1.0.0/28 --state-dir "$work/other"
refuses "so is what is no range [E15]" 2 "--network-pool" \
  "$bin/cara-agent" --network-pool fd00::/64 --state-dir "$work/other"

# --- what the node's owner forbids ----------------------------------------------------------------
forbidden() {
  cat <<MANIFEST | ctl apply -f - >/dev/null
apiVersion: caravanserai/v1
kind: Project
metadata: {name: eager}
spec:
  services:
    - {name: a, image: "$image", privileged: true, volumeMounts: [{name: etc, mountPath: /h}]}
  volumes: [{name: etc, type: HostPath, path: /etc}]
MANIFEST
}
forbidden
says_no() {
  local message
  message=$(condition eager Phase)
  [[ $message == *"does not allow privileged"* && $message == *"does not allow the path /etc"* ]]
}
eventually "what weakens the node's isolation is refused where its owner says so" 10 says_no
equals "and nothing of it was made" "" "$(container_ids eager)"
