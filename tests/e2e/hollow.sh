#!/usr/bin/env bash
# 1,000 hollow agents and two of each daemon, every program with its own permissions on the bus:
# they come at once, projects are spread, the bus dies, a credential is stolen, a fifth of the nodes
# freezes and comes back. `AGENTS=5000` by hand.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
{
  source "$here/lib/load.sh"
  source "$here/lib/hollow.sh"
  source "$here/lib/users.sh"
}

agents=${AGENTS:-1000}
projects=300
node_timeout_ms=10000
grace_ms=3000
apiserver_flags=(--node-timeout "${node_timeout_ms}ms" --grace-period "${grace_ms}ms")
hollow_flags=(--heartbeat-interval 2s)

manifests() {
  local number
  for ((number = 1; number <= projects; ++number)); do
    printf -- '---\napiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: p%s}\n' "$number"
    printf 'spec: {services: [{name: a, image: "hollow/idle:1"}]}\n'
  done
}
# most_on_one_node: projects
most_on_one_node() {
  places | awk '{print $2}' | sort | uniq -c | sort -rn | awk 'NR == 1 {print $1}'
}
# on_frozen: projects that are bound to the first fifth of the nodes
on_frozen() {
  places | awk -v last="$(printf 'hollow-%04d' $((agents / 5)))" '$2 <= last' | wc -l
}
nothing_on_frozen() {
  [[ $(on_frozen) == 0 ]] && projects_are "$projects" Running
}
nobody_is_connected() {
  [[ $(said connected) == 0 ]]
}
# only_where_bound: each project's container is where it is bound, and nowhere else
only_where_bound() {
  [[ "$(said containers) $(said nodesInUse)" == \
    "$projects $(places | awk '{print $2}' | sort -u | wc -l)" ]]
}
containers_are() {
  [[ $(said containers) == "$1" ]]
}
# elapsed: since `began`
elapsed() {
  printf '%s ms' $(($(now_ms) - began))
}
refused_connection() {
  ! python3 "$here/lib/bus.py" "$nats_port" stolen agent-hollow-0001 wrong hollow-0001 hollow-0002
}

permit "$agents" sched.s1 sched.s2 gc.g1 gc.g2
start_nats
start_apiserver
for id in 1 2; do
  start_scheduler "s$id"
  start_gc "g$id"
done

# --- all at once ----------------------------------------------------------------------------------
began=$(now_ms)
start_hollow "$agents"
eventually "all agents come at once: all nodes are Ready within 20 s [E43]" 20 \
  nodes_are "$agents" Ready
printf '  %s agents Ready after %s\n' "$agents" "$(elapsed)"
equals "and each registered once [E43]" "$agents registrations, 0 refused" \
  "$(said registrations) registrations, $(said refused) refused"

began=$(now_ms)
manifests | ctl apply -f - >"$logs/apply.log"
eventually "$projects projects are applied: all run within 20 s" 20 projects_are "$projects" Running
printf '  %s projects Running after %s\n' "$projects" "$(elapsed)"
eventually "each has one container, where it is bound" 5 only_where_bound
check "they are spread" test "$(most_on_one_node)" -le 2
placed=$(places)

# --- the bus dies ---------------------------------------------------------------------------------
tell reset
began=$(now_ms)
end nats-server KILL
eventually "the bus is killed: all notice" 10 nobody_is_connected
start_nats
eventually "all agents are heard within 20 s [E43]" 20 heard_since "$began"
printf '  heard after %s; longest silence %s ms\n' "$(elapsed)" "$(said silenceMs)"
check "nobody was unheard for as long as makes a node NotReady [E43]" \
  test "$(said silenceMs)" -lt "$node_timeout_ms"
check "all nodes are Ready [E43]" nodes_are "$agents" Ready
equals "no node became NotReady, nobody registered again [E43]" "0 lost, $agents" \
  "$(lost_heartbeats) lost, $(said registrations)"
equals "nothing was moved" "$placed" "$(places)"

# --- some connections are cut ---------------------------------------------------------------------
losses=$(said losses)
began=$(now_ms)
tell "drop 10%"
eventually "a tenth of the connections is cut: their agents are back within 10 s" 10 \
  heard_since "$began"
equals "nobody else's was, and no node became NotReady" "$((agents / 10)) connections, 0 nodes" \
  "$(($(said losses) - losses)) connections, $(lost_heartbeats) nodes"

# --- a stolen credential --------------------------------------------------------------------------
stolen=$(python3 "$here/lib/bus.py" "$nats_port" stolen agent-hollow-0001 \
  password-of-agent-hollow-0001 hollow-0001 hollow-0002)
contains "a stolen credential of an agent opens nothing else [I29] [F38]" \
  "allowed: nothing of" "$stolen"
contains "but what is the agent's own [I29]" "own heartbeat: answered" "$stolen"
check "a wrong password opens nothing" refused_connection
equals "every program is allowed what it does" "0" \
  "$(said denied)$(grep -h 'server refuses' "$logs"/cara-*.log "$logs/hollow.log" || true)"

# --- a fifth of the nodes freezes -----------------------------------------------------------------
affected=$(on_frozen)
began=$(now_ms)
tell "freeze 20%"
eventually "a fifth of the nodes freezes: they are NotReady" 20 nodes_are $((agents / 5)) NotReady
printf '  NotReady after %s\n' "$(elapsed)"
eventually "their $affected projects run elsewhere" 20 nothing_on_frozen
printf '  moved after %s\n' "$(elapsed)"
check "not before the time of grace" \
  test $(($(now_ms) - began)) -ge $((node_timeout_ms - 2000 + grace_ms))
eventually "their engines still have the old ones" 5 containers_are $((projects + affected))
moved=$(places)
tell thaw
eventually "they come back: all are Ready" 20 nodes_are "$agents" Ready
eventually "and the old containers are gone [E40] [F18]" 10 only_where_bound
equals "nothing was moved again" "$moved" "$(places)"
equals "all projects run, no agent has failed" "$projects, 0" \
  "$(places | wc -l), $(said stopped)"
printf '  %s messages, %s ms of CPU, %s KiB in cara_hollow\n' \
  "$(($(said messagesIn) + $(said messagesOut)))" "$(said cpuMs)" "$(said rssKib)"
