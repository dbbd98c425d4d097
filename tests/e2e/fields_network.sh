#!/usr/bin/env bash
# Each field of networks, ports and shared namespaces, seen in real containers.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"
source "$here/lib/fields.sh"

start_cluster
make_image e2e/idle:1 "$wait_for_term"
make_image e2e/web:1 "echo here >/www/index.html; httpd -p 8001 -h /www; $wait_for_term"
docker_ network create --subnet 10.198.4.0/24 guest >/dev/null

# network CONTAINER NETWORK JQ
network() {
  inspected "$1" ".NetworkSettings.Networks[\"$2\"] | $3"
}
# fetch ADDRESS PORT: from the node
fetch() {
  in_dockerd_net "$work/d" timeout 5 bash -c "exec 3<>/dev/tcp/$1/$2
    printf 'GET / HTTP/1.0\r\n\r\n' >&3; tail -n 1 <&3"
}
# pings CONTAINER NAME: the address that the name has there
pings() {
  inside "$1" "ping -c 1 -W 2 $2" | sed -n 's/^PING [^(]*(\([0-9.]*\)).*/\1/p'
}

# echo_udp CONTAINER PORT HOST-PORT TEXT: what comes back from one who listens there
echo_udp() {
  local pid
  nsenter --net="/proc/$(inspected "$1" .State.Pid)/ns/net" timeout 10 python3 -c '
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("0.0.0.0", int(sys.argv[1])))
text, peer = udp.recvfrom(100)
udp.sendto(text, peer)' "$2" >/dev/null &
  pid=$!
  within 5 inside "$1" "grep -qi ':$(printf %04X "$2") ' /proc/net/udp"
  in_dockerd_net "$work/d" bash -c \
    "exec 3<>/dev/udp/127.0.0.1/$3; echo $4 >&3; timeout 5 head -n 1 <&3"
  wait "$pid" || true
}

# --- networks -------------------------------------------------------------------------------------
apply_spec net <<'SPEC'
  services:
    - name: web
      image: e2e/web:1
      hostname: here.example
      aliases: [www, front.example]
      extraHosts: ["db.example:10.1.2.3", "node:host-gateway"]
      dns: [10.0.0.53, "10.0.0.54"]
      networks: [{name: default}, {name: back, aliases: [store]}]
    - name: db
      image: e2e/idle:1
      networks: [{name: back}]
    - name: far
      image: e2e/idle:1
      networks: [{name: fixed, ipv4: 10.199.3.77}, {name: guest}]
    - {name: plain, image: "e2e/idle:1"}
  networks:
    - {name: back, internal: true}
    - {name: fixed, subnet: 10.199.3.0/24}
    - {name: guest, external: true}
SPEC
runs net
shows networks[].name "bridge cara-net bridge cara-net-back bridge cara-net-fixed" \
  "$(docker_ network ls --filter label=cara.project=net --format '{{.Driver}} {{.Name}}' | sort |
    paste -sd ' ')"
shows networks[].internal "true false" "$(docker_ network inspect --format '{{.Internal}}' \
  cara-net-back cara-net | paste -sd ' ')"
contains "nothing on it reaches outside" "! -d $(docker_ network inspect cara-net-back --format \
  '{{(index .IPAM.Config 0).Subnet}}')" \
  "$(in_dockerd_net "$work/d" iptables -S DOCKER-ISOLATION-STAGE-1)"
shows networks[].subnet 10.199.3.0/24 "$(docker_ network inspect cara-net-fixed --format \
  '{{(index .IPAM.Config 0).Subnet}}')"
shows networks[].external 10.198.4 "$(network net-far guest .IPAddress | cut -d . -f 1-3)"
shows services[].networks[].name '["cara-net","cara-net-back"]' \
  "$(inspected net-web '.NetworkSettings.Networks | keys')"
shows services[].networks[].aliases "$(network net-web cara-net-back .IPAddress)" \
  "$(pings net-db store)"
shows services[].networks[].ipv4 10.199.3.77 "$(network net-far cara-net-fixed .IPAddress)"
shows services[].aliases "$(network net-web cara-net .IPAddress)" "$(pings net-plain front.example)"
equals "also there" "$(network net-web cara-net-back .IPAddress)" "$(pings net-db www)"
contains "an alias of one network is none of another" "bad address" \
  "$(inside net-plain 'ping -c 1 -W 1 store' || true)"
shows services[].hostname here.example "$(inside net-web hostname)"
shows services[].extraHosts 10.1.2.3 "$(pings net-web db.example)"
matches "the node's address by its word" '^10\.|^172\.' "$(inside net-web "awk '\$2 == \"node\" \
{print \$1}' /etc/hosts")"
sees services[].dns '["10.0.0.53","10.0.0.54"]' net-web .HostConfig.Dns
sees services[].networkMode "$(docker_ network inspect cara-net --format '{{.Id}}')" net-plain \
  .HostConfig.NetworkMode
ctl delete project net >/dev/null
equals "a network of others stays" guest "$(docker_ network ls --format '{{.Name}}' | grep guest)"
equals "and nothing of ours" "" "$(objects)"

# --- ports ----------------------------------------------------------------------------------------
apply_spec ports <<'SPEC'
  services:
    - name: web
      image: e2e/web:1
      ports:
        - {port: 8001, hostPort: 18080}
        - {port: 8000-8002, hostPort: 19000-19002}
        - {port: 8001, hostPort: 18081, hostIP: 127.0.0.1}
        - {port: 9000}
        - {port: 5300, hostPort: 15300, protocol: UDP}
SPEC
runs ports
sees services[].ports[].port '["5300/udp","8000/tcp","8001/tcp","8002/tcp","9000/tcp"]' ports-web \
  '.Config.ExposedPorts | keys'
shows services[].ports[].hostPort "here here" "$(fetch 127.0.0.1 18080) $(fetch 127.0.0.1 19001)"
sees services[].ports[].hostPort '["19000","18080","19002"]' ports-web \
  '.HostConfig.PortBindings | [.["8000/tcp"][0], .["8001/tcp"][0], .["8002/tcp"][0] | .HostPort]'
sees services[].ports[].hostIP 127.0.0.1 ports-web \
  '.HostConfig.PortBindings["8001/tcp"][] | select(.HostPort == "18081") | .HostIp'
shows services[].ports[].hostIP here "$(fetch 127.0.0.1 18081)"
refuses "and nowhere else" 1 "refused" fetch 172.31.255.1 18081
equals "as the other one is" here "$(fetch 172.31.255.1 18080)"
sees services[].ports[].protocol '[{"HostIp":"","HostPort":"15300"}]' ports-web \
  '.HostConfig.PortBindings["5300/udp"]'
shows services[].ports[].protocol ping "$(echo_udp ports-web 5300 15300 ping)"
equals "what is not published is not" null \
  "$(inspected ports-web '.HostConfig.PortBindings["9000/tcp"]')"
ctl delete project ports >/dev/null

# --- namespaces -----------------------------------------------------------------------------------
# space CONTAINER KIND
space() {
  readlink "/proc/$(inspected "$1" .State.Pid)/ns/$2"
}
apply_spec spaces <<'SPEC'
  services:
    - {name: main, image: "e2e/web:1", ipcMode: Shareable}
    - name: side
      image: e2e/idle:1
      networkMode: Service:main
      pidMode: Service:main
      ipcMode: Service:main
      ports: [{port: 8001}]
    - {name: open, image: "e2e/idle:1", networkMode: Host, pidMode: Host, ipcMode: Host}
    - {name: alone, image: "e2e/idle:1", networkMode: None, ipcMode: Private}
SPEC
runs spaces
main=container:$(inspected spaces-main .Id)
sees services[].networkMode "$main" spaces-side .HostConfig.NetworkMode
sees services[].networkMode host spaces-open .HostConfig.NetworkMode
sees services[].networkMode none spaces-alone .HostConfig.NetworkMode
shows services[].networkMode "$(space spaces-main net)" "$(space spaces-side net)"
equals "the node's" "$(in_dockerd_net "$work/d" readlink /proc/self/ns/net)" \
  "$(space spaces-open net)"
equals "none" lo "$(inside spaces-alone "ip -o link | grep UP | sed 's/^[0-9]*: //; s/:.*//'")"
sees services[].pidMode "$main" spaces-side .HostConfig.PidMode
sees services[].pidMode host spaces-open .HostConfig.PidMode
shows services[].pidMode "$(space spaces-main pid)" "$(space spaces-side pid)"
equals "the node's processes" "$(readlink /proc/self/ns/pid)" "$(space spaces-open pid)"
sees services[].ipcMode shareable spaces-main .HostConfig.IpcMode
sees services[].ipcMode "$main" spaces-side .HostConfig.IpcMode
sees services[].ipcMode host spaces-open .HostConfig.IpcMode
sees services[].ipcMode private spaces-alone .HostConfig.IpcMode
shows services[].ipcMode "$(space spaces-main ipc)" "$(space spaces-side ipc)"

side=$(inspected spaces-side .State.StartedAt)
docker_ kill spaces-main >/dev/null
together() {
  [[ $(inspected spaces-side .State.StartedAt) != "$side" ]] &&
    [[ $(space spaces-main net) == "$(space spaces-side net)" ]]
}
eventually "who shares a network is restarted with it" 30 together
eventually "and all are well" 30 is_in spaces Running
ctl delete project spaces >/dev/null
equals "nothing is left of all these" "" "$(objects)"
