#!/usr/bin/env bash
# The bus: garbage on it, its death, two of everything, and that it is the only channel.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# In a network of its own, so that everything but the bus's port can be blocked.
if [[ -z ${IN_OWN_NETWORK:-} ]]; then exec env IN_OWN_NETWORK=yes unshare --net "$0" "$@"; fi
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

daemons=(cara-apiserver cara-scheduler cara-gc cara-agent)

# idle NAME: a manifest of one service
idle() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\nspec:\n' "$1"
  printf '  services: [{name: a, image: "e2e/idle:1"}]\n'
}
pids_of_daemons() {
  local name
  for name in "${daemons[@]}"; do alive "$name" && printf '%s ' "${pids[$name]}"; done
}

# How many packets went elsewhere than to the bus, and were dropped.
blocked_packets() {
  iptables --list OUTPUT --numeric --verbose --exact | awk '$3 == "DROP" {print $1}'
}

ip link set lo up
start_cluster
for side in --dport --sport; do iptables -A OUTPUT -p tcp "$side" "$nats_port" -j ACCEPT; done
iptables -A OUTPUT -j DROP
make_image e2e/idle:1 "$wait_for_term"
before=$(pids_of_daemons)

# --- garbage --------------------------------------------------------------------------------------
idle first | ctl apply -f - >/dev/null
eventually "a project runs" 20 is_in first Running
first=$(container_ids first)
sent=$(python3 "$here/lib/bus.py" "$nats_port" garbage)
equals "after $sent garbage messages on every subject all processes live [S53]" "$before" \
  "$(pids_of_daemons)"
equals "and what ran is as it was [S53]" "$first" "$(container_ids first)"
idle second | ctl apply -f - >/dev/null
eventually "and new work is done [S53]" 20 is_in second Running
contains "a payload beyond the bus's limit is the sender's problem [S53]" "Maximum Payload" \
  "$(python3 "$here/lib/bus.py" "$nats_port" oversize)"
{
  idle big | sed '/services/d'
  printf '  services:\n'
  for i in {1..12}; do
    printf '    - name: s%d\n      image: e2e/idle:1\n      env:\n' "$i"
    printf '        - {name: BIG, value: "%s"}\n' "$(head -c 100000 /dev/zero | tr '\0' x)"
  done
} >"$work/big.yaml"
if big=$(ctl apply -f "$work/big.yaml" 2>&1); then
  not_ok "a manifest over the message limit is refused by caractrl [E8]" "$big"
else
  matches "a manifest over the message limit is refused by caractrl [E8]" 'large|limit|bytes' "$big"
fi
equals "and nothing of it was stored [E8]" none "$(phase big)"

# --- the bus dies ---------------------------------------------------------------------------------
end nats-server KILL
if output=$(ctl get nodes 2>&1); then
  not_ok "caractrl without a bus fails [E43]" "$output"
else
  contains "caractrl without a bus says which one it tried [E43]" "127.0.0.1:$nats_port" "$output"
fi
sleep 1
start_nats
idle third | within 15 ctl apply -f - || true
idle third >"$work/third.yaml"
eventually "the bus is back: an apply is taken [E43]" 20 ctl apply -f "$work/third.yaml"
eventually "and runs [E43]" 20 is_in third Running
equals "no process ended, no container was recreated [E43]" "$before $first" \
  "$(pids_of_daemons) $(container_ids first)"

# --- two of everything ----------------------------------------------------------------------------
spawn scheduler-2 "$bin/cara-scheduler" --nats "$nats_url"
spawn gc-2 "$bin/cara-gc" --nats "$nats_url"
spawn agent-2 "$bin/cara-agent" --nats "$nats_url" --node worker-02 --docker-host "$engine" \
  --state-dir "$work/agent-2"
for i in {1..6}; do
  idle "many-$i" | sed 's/services: \[/&{name: b, image: "e2e\/idle:1"}, /'
  printf -- '---\n'
done | ctl apply -f - >/dev/null
for i in {1..6}; do eventually "many-$i runs, two schedulers [E44]" 20 is_in "many-$i" Running; done
equals "each was bound once [E44]" "1" \
  "$(for i in {1..6}; do ctl --output json get projects "many-$i"; done |
    jq .status.assignment | sort -u)"
equals "all services of a project are on the node of its record [S6]" "" \
  "$(for i in {1..6}; do
    ref=$(ctl --output json get projects "many-$i" | jq -r .status.nodeRef)
    docker_ ps --filter "label=cara.project=many-$i" --format '{{.Label "cara.node"}}' |
      grep -vx "$ref"
  done)"
kill -9 "${pids[cara-scheduler]}"
idle after | ctl apply -f - >/dev/null
eventually "one scheduler killed: the other works [E44]" 20 is_in after Running
start_scheduler

refuses "a second apiserver on the file is refused [I34]" 1 "$work/cara.db" \
  timeout 20 "$bin/cara-apiserver" --nats "$nats_url" --db "$work/cara.db"
refuses "a second apiserver on the bus is refused [I34]" 1 "apiserver" \
  timeout 20 "$bin/cara-apiserver" --nats "$nats_url" --db "$work/other.db"
check "the first one is not disturbed" ctl get nodes

# --- the only channel -----------------------------------------------------------------------------
# Network sockets of our processes: outbound to the bus and nothing else.
elsewhere=""
for name in "${daemons[@]}"; do
  elsewhere+=$(ss --tcp --udp --all --numeric --processes --no-header |
    grep -F "pid=${pids[$name]}," | grep -v " 127.0.0.1:$nats_port *users:" || true)
done
equals "no process listens, nor talks to anything but the bus [S52]" "" "$elsewhere"
equals "all of the above with every port but the bus's blocked: nobody missed one [S52]" 0 \
  "$(blocked_packets)"
timeout 1 bash -c "exec 3<>/dev/tcp/127.0.0.1/$((nats_port - 1))" 2>/dev/null || true
check "and the block works" test "$(blocked_packets)" -gt 0
