#!/usr/bin/env bash
# Hosts of projects while something changes: updates under load, stops, moves, a node that is cut
# off or loses its power, HAProxy, agent and control plane killed.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

ingress=yes
# A node that is cut off is given up when its absence has been seen in the answers of the other one.
apiserver_flags=(--node-timeout 3s --grace-period 25s)
agent_flags=(--heartbeat-interval 500ms)
updates=${UPDATES:-5}
routes=${ROUTES:-20}

# rule HOST: the only one of a project
rule() {
  printf -- '- {name: web, host: %s.example, target: {service: web, port: 80}}\n' "$1"
}
# apply NAME I [VERSION]
apply() {
  rule "$1" | apply_origin "$@"
}
# slow NAME I HOST MS: a request that takes so long, in the background
slow() {
  spawn "$1" "${in_control[@]}" curl --silent --max-time 30 --header "Host: $3" \
    --write-out ' %{http_code}' "http://$(address_of "$2")/slow?ms=$4"
}
open_requests() {
  host_curl 1 "$1" /stats | jq .open
}
is_asked() {
  [[ $(open_requests "$1") == "$2" ]]
}
answer_of() {
  within 30 dead "$1"
  tr '\n' ' ' <"$logs/$1.log"
}
# is_answered_by I HOST NODE CONTAINER
is_answered_by() {
  local container
  container=$(container_of "$3" "$4" 2>/dev/null)
  [[ -n $container && $(host_curl "$1" "$2" /whoami | cut -d ' ' -f 2) == "$container" ]]
}
router_is_another() {
  local now
  now=$(routers "$1/")
  [[ -n $now && $now != "$2" ]]
}
runs_on_is() {
  (($(runs_on "$1") == $2))
}
# drained FROM TO: the mover goes, and nothing else is there
drained() {
  local i
  check "node $1 is drained" ctl drain "$(name_of "$1")" --timeout 60s
  check "the project runs on node $2" runs_on_is mover "$2"
  for i in 1 2; do
    eventually "node $i sends to where it is now" 5 is_answered_by "$i" mover.example "$2" mover-web
  done
  ctl uncordon "$(name_of "$1")" >/dev/null
}
# stale: answers of node 1 that no container of node 2 gave, until node 1 is what it was
stale() {
  local here seen
  here=$(container_of 2 mover-web)
  until node_is 1 Ready && is_answered_by 1 mover.example 2 mover-web; do
    seen=$(curl_limit_s=1 host_curl 1 mover.example /whoami | sed -n 's/^mover-1 //p')
    if [[ -n $seen && $seen != "$here "* ]]; then printf '%s\n' "$seen"; fi
    if ((SECONDS >= $1)); then
      printf 'node 1 does not come back\n'
      return
    fi
  done
}

start_bed 2
origin_images
apply chat 1
for i in 1 2; do hold_sockets "chat$i" 20 "$i" chat.example; done

# --- other projects change ------------------------------------------------------------------------
for ((i = 1; i <= routes; ++i)); do
  origin_project "many$((i % 2 + 1))" $((i % 2 + 1)) < <(rule "changing$i") |
    ctl apply -f - >/dev/null
done
eventually "the last of $routes changes is routed, at the other node, too" 30 \
  route_is 1 "changing$routes.example" "many"
equals "no WebSocket was lost: a change of routes touches no connection" "0 0" \
  "$(sockets_lost chat1) $(sockets_lost chat2)"
for name in many1 many2; do ctl delete project "$name" >/dev/null; done

# --- updates under load ---------------------------------------------------------------------------
origin_image=e2e/fast:1
origin_lines='stopSignal: SIGUSR1'
spec_lines='updatePolicy: {order: StartFirst}'
apply fast 1
for i in 1 2; do eventually "node $i answers" 10 route_is "$i" fast.example fast-1; done
for i in 1 2; do load "load$i" "$i" fast.example; done
for ((version = 2; version <= updates + 1; ++version)); do apply fast 1 "$version"; done
for i in 1 2; do
  eventually "node $i has the last version" 5 route_is "$i" fast.example "fast-$((updates + 1))"
  end_load "load$i"
  equals "node $i: no request of $(load_requests "load$i") failed during $updates updates" "" \
    "$(load_failures "load$i")"
done
unset origin_image origin_lines spec_lines
ctl delete project fast >/dev/null
equals "and no WebSocket to another project was lost" "0 0" \
  "$(sockets_lost chat1) $(sockets_lost chat2)"

# --- requests under way, at an update and a stop --------------------------------------------------
spec_lines='updatePolicy: {order: StopFirst}' apply drains 1
for i in 1 2; do
  eventually "node $i answers" 10 route_is "$i" drains.example drains-1
  slow "slow$i" "$i" drains.example 3000
done
eventually "two requests are under way" 5 is_asked drains.example 2
spec_lines='updatePolicy: {order: StopFirst}' apply drains 1 2
for i in 1 2; do
  equals "node $i: they end well although the container is replaced" "drains-1 was slow  200" \
    "$(answer_of "slow$i")"
  eventually "then the new one answers" 5 route_is "$i" drains.example drains-2
  slow "last$i" "$i" drains.example 3000
done
eventually "again two" 5 is_asked drains.example 2
began=$(now_ms)
ctl delete project drains >/dev/null &
deleting=$!
eventually "a project that is deleted gets no new request" 2 status_is 2 drains.example 503
wait "$deleting"
took=$(($(now_ms) - began))
for i in 1 2; do
  equals "node $i: those it had end well" "drains-2 was slow  200" "$(answer_of "last$i")"
done
check "and it is not kept for longer: $took ms" test "$took" -lt 8000

origin_lines='stopGracePeriod: 2s' apply stubborn 1
hold_sockets stubborn 3 2 stubborn.example
began=$(now_ms)
ctl delete project stubborn >/dev/null
took=$(($(now_ms) - began))
check "those that do not end hold a stop up for its grace period and no longer: $took ms" \
  test "$took" -lt 8000
matches "then they are closed" "opened=3 .* closed=3 errors=0" "$(release_sockets stubborn)"

# --- the agent ------------------------------------------------------------------------------------
router=$(routers 1/)
for signal in TERM KILL; do
  end cara-agent-1 "$signal"
  for i in 1 2; do
    check "without its agent ($signal): node $i answers" route_is "$i" chat.example chat-1
  done
  start_node_agent 1
  eventually "the agent is back" 20 node_is 1 Ready
done
equals "HAProxy is the same process" "$router" "$(routers 1/)"
equals "and no WebSocket was lost" "0 0" "$(sockets_lost chat1) $(sockets_lost chat2)"
apply late 1
for i in 1 2; do
  eventually "routes change as before: node $i" 10 route_is "$i" late.example late-1
done
ctl delete project late >/dev/null

# --- the control plane ----------------------------------------------------------------------------
for name in cara-apiserver nats-server; do end "$name" KILL; done
for i in 1 2; do
  check "without the control plane: node $i answers" route_is "$i" chat.example chat-1
done
end cara-agent-2
start_node_agent 2
sleep_until=$(($(now_ms) + 3000))
past() {
  (($(now_ms) > sleep_until))
}
within 10 past
check "and so it does when its agent is started without one" route_is 2 chat.example chat-1
for name in nats-server cara-apiserver; do start_again "$name"; done
eventually "the control plane is back" 20 nodes_are_ready
equals "no WebSocket was lost" "0 0" "$(sockets_lost chat1) $(sockets_lost chat2)"

# --- HAProxy --------------------------------------------------------------------------------------
for name in chat1 chat2; do release_sockets "$name"; done
router=$(routers 1/)
kill -KILL "$router"
began=$(now_ms)
eventually "HAProxy, killed, is back with its routes" 10 route_is 1 chat.example chat-1
printf '# after %d ms\n' $(($(now_ms) - began))
check "as another process" router_is_another 1 "$router"
end cara-agent-1 KILL
kill -KILL "$(routers 1/)"
start_node_agent 1
eventually "both killed: back with the agent" 20 route_is 1 chat.example chat-1
eventually "at the other node, too" 10 route_is 2 chat.example chat-1

# --- a project that moves -------------------------------------------------------------------------
ctl delete project chat >/dev/null
ctl cordon n2 >/dev/null
apply mover 0
ctl uncordon n2 >/dev/null
for i in 1 2; do eventually "node $i answers" 10 is_answered_by "$i" mover.example 1 mover-web; done
drained 1 2
drained 2 1

cut_node 1
curl_limit_s=20
began=$(now_ms)
contains "its node is cut off: the page names it" n1.lab.example "$(host_curl 2 mover.example /)"
printf '# after %d ms\n' $(($(now_ms) - began))
equals "and says 503" 503 "$(host_status 2 mover.example /)"
curl_limit_s=5
heal_node 1
eventually "the cable is back: it is answered again" 15 is_answered_by 2 mover.example 1 mover-web

kill_node 1
eventually "a power cut: it moves, and node 2 has it" 90 is_answered_by 2 mover.example 2 mover-web
start_node 1
equals "a node that returns serves nothing stale" "" "$(stale $((SECONDS + 60)))"
ctl delete project mover >/dev/null
for i in 1 2; do
  eventually "node $i: deleted, it is unknown" 5 status_is "$i" mover.example 404
done
