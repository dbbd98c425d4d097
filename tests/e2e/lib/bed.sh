# Several nodes on one machine: each is a network namespace with a Docker engine and a cara-agent; a
# bridge in a namespace of its own connects them with another one that has the bus and the control
# plane. Nodes are called by number here; node 1 has a name with dots. Sourced, after cluster.sh,
# whose variables hold for all nodes; `schedulers` and `gcs` say how many there are, `ingress=yes`
# that each node has a router on port 80 of its address, `ingress=tls` also on port 443, with the
# certificates in $work/tls.
#   start_bed N                      bed_image TAG SHELL-COMMAND [CHANGE...]
#   name_of I    number_of NAME      on_node I DOCKER-ARGUMENTS...    in_node I COMMAND...
#   address_of I
#   cut_node I [to-bus|from-bus]     heal_node I       the cable, or what goes in one direction
#   outage I SECONDS                 the cable is cut for so long
#   freeze_node I [all]              thaw_node I       the daemons; all: the containers as well
#   kill_node I                      start_node I      a power cut; the machine is switched on
#   where PROJECT   runs_on PROJECT  objects_on I [PROJECT]
#   apply_pair NAME [LINE]           all_run           first_node PROJECT
#   mark                             timeline [PROJECT]
#   never_two_at_once PROJECT        false: its containers ran on two nodes at once; says when
# shellcheck shell=bash disable=SC2034,SC2154

nodes=0
schedulers=1
gcs=1
ingress=""
mark_ns=0
bed_name=cara-b$(cksum <<<"$work" | cut -d ' ' -f 1)

name_of() {
  if (($1 == 1)); then printf 'n1.lab.example\n'; else printf 'n%d\n' "$1"; fi
}
# number_of NAME: 0 if it is no node's
number_of() {
  local name=${1%%.*}
  if [[ $name =~ ^n[0-9]+$ ]]; then printf '%s\n' "${name#n}"; else printf '0\n'; fi
}
address_of() {
  printf '10.77.0.%d\n' "$1"
}
on_node() {
  on_dockerd "$work/$1" "${@:2}"
}
in_node() {
  in_dockerd_net "$work/$1" "${@:2}"
}
in_fabric() {
  nsenter --net="/run/netns/$bed_name-f" -- "$@"
}

# --- Up -------------------------------------------------------------------------------------------

# plug NAMESPACE PORT HOST: a cable from the fabric, where its end is called PORT
plug() {
  ip -n "$bed_name-f" link add "$2" type veth peer name eth0 netns "$1"
  ip -n "$bed_name-f" link set "$2" master fabric up
  ip -n "$1" address add "$(address_of "$3")/24" dev eth0
  ip -n "$1" link set eth0 up
}

start_fabric() {
  ip netns add "$bed_name-f"
  ip -n "$bed_name-f" link add fabric type bridge
  ip -n "$bed_name-f" link set fabric up
  ip netns add "$bed_name-c"
  ip -n "$bed_name-c" link set lo up
  plug "$bed_name-c" control 254
  in_control=(nsenter "--net=/run/netns/$bed_name-c" --)
  nats_host=$(address_of 254) nats_port=4222
  nats_url=nats://$nats_host:$nats_port
}

start_bed_control() {
  local i
  start_nats
  start_apiserver
  start_scheduler
  for ((i = 2; i <= schedulers; ++i)); do start_scheduler "-$i"; done
  start_gc
  for ((i = 2; i <= gcs; ++i)); do start_gc "-$i"; done
}

# start_machine I: its network and its engine
start_machine() {
  local namespace
  namespace=$(dockerd_name "$work/$1")
  mkdir -p "$work/$1"
  ln -sfn "/run/netns/$namespace" "$work/$1/net"
  ip netns add "$namespace" && plug "$namespace" "node$1" "$1" &&
    start_dockerd "$work/$1" "${engine_flags[@]}"
}

# start_node_agent I: its agent, and who writes down what its engine starts and ends
start_node_agent() {
  local address router_flags=()
  address=$(address_of "$1")
  if [[ -n $ingress ]]; then router_flags+=(--ingress-listen "$address:80"); fi
  if [[ $ingress == tls ]]; then
    mkdir -p "$work/tls"
    router_flags+=(--ingress-tls-listen "$address:443" --ingress-tls-dir "$work/tls")
  fi
  spawn "events-$1" docker --host "unix://$work/$1/docker.sock" events --since "$bed_started" \
    --filter type=container --filter event=create --filter event=start --filter event=die \
    --filter event=destroy --format '{{.TimeNano}} {{.Action}}'\
' {{with .Actor.Attributes}}{{.name}} {{index . "cara.project"}}{{end}}'
  spawn "cara-agent-$1" nsenter --net="/run/netns/$(dockerd_name "$work/$1")" -- \
    "$bin/cara-agent" --nats "$nats_url" --node "$(name_of "$1")" \
    --docker-host "unix://$work/$1/docker.sock" --state-dir "$work/$1/agent" \
    --label "number=$1" "${router_flags[@]}" "${agent_flags[@]}"
}

# node_is I STATUS
node_is() {
  [[ $(ctl get nodes | awk -v name="$(name_of "$1")" '$1 == name {print $2}') == "$2" ]]
}
nodes_are_ready() {
  (($(ctl get nodes | awk '$2 == "Ready"' | wc -l) == nodes))
}

start_bed() {
  local i starting=() began
  began=$(now_ms)
  nodes=$1
  bed_started=$(date +%s)
  mark
  start_fabric
  for ((i = 1; i <= nodes; ++i)); do
    start_machine "$i" &
    starting+=($!)
  done
  start_bed_control
  busybox_tar >"$work/busybox.tar"
  for i in "${!starting[@]}"; do
    wait "${starting[i]}" || bail_out "the engine of node $((i + 1)) does not start"
    start_node_agent $((i + 1))
  done
  bed_image e2e/idle:1 "$wait_for_term"
  within 30 nodes_are_ready || bail_out "the nodes are not ready: $(ctl get nodes 2>&1)"
  printf '# %d nodes in %d ms\n' "$nodes" $(($(now_ms) - began))
}

# bed_image TAG SHELL-COMMAND [CHANGE...]: busybox that runs the command, on every node
bed_image() {
  local i importing=()
  for ((i = 1; i <= nodes; ++i)); do
    import_image "$work/$i" "$1" "CMD [\"/bin/sh\", \"-c\", \"$2\"]" "${@:3}" \
      <"$work/busybox.tar" &
    importing+=($!)
  done
  for i in "${importing[@]}"; do wait "$i" || bail_out "image $1 cannot be imported"; done
}

# --- Faults ---------------------------------------------------------------------------------------

# note_fault I WHAT: a line for its timeline
note_fault() {
  printf '%s %s - -\n' "$(date +%s%N)" "$2" >>"$logs/events-$1.log"
}

cut_node() {
  note_fault "$1" "cut${2:+-$2}"
  case ${2:-} in
    "") ip -n "$bed_name-f" link set "node$1" down ;;
    to-bus) in_node "$1" iptables --wait --insert OUTPUT --out-interface eth0 --jump DROP ;;
    from-bus) in_node "$1" iptables --wait --insert INPUT --in-interface eth0 --jump DROP ;;
  esac
}

heal_node() {
  ip -n "$bed_name-f" link set "node$1" up
  in_node "$1" iptables --wait --delete OUTPUT --out-interface eth0 --jump DROP 2>/dev/null || true
  in_node "$1" iptables --wait --delete INPUT --in-interface eth0 --jump DROP 2>/dev/null || true
  note_fault "$1" heal
}

outage() {
  cut_node "$1"
  sleep "$2"
  heal_node "$1"
}

# Its agent and engine, and what they have started, except for the containers.
daemon_pids() {
  pgrep --full -- "$work/$1/(exec|docker.sock|data)" | grep -vxF "${pids[events-$1]:-}" || true
  # Behind the agent, which starts one that was killed again.
  routers "$1/"
}
container_pids() {
  local file
  while read -r file; do cat "$file"; done < <(find /sys/fs/cgroup -name cgroup.procs \
    -path "*/$(dockerd_name "$work/$1")/*" 2>/dev/null) 2>/dev/null | sort -u
}

# signal_all SIGNAL PID...: of which some may have ended
signal_all() {
  local pid
  for pid in "${@:2}"; do kill "-$1" "$pid" 2>/dev/null || true; done
}

freeze_node() {
  local daemons containers=()
  mapfile -t daemons < <(daemon_pids "$1")
  if [[ ${2:-} == all ]]; then mapfile -t containers < <(container_pids "$1"); fi
  note_fault "$1" "freeze${2:+-$2}"
  signal_all STOP "${daemons[@]}" "${containers[@]}"
}

thaw_node() {
  local all
  mapfile -t all < <(container_pids "$1" && daemon_pids "$1")
  note_fault "$1" thaw
  signal_all CONT "${all[@]}"
}

# Nothing that runs on it survives; its disk does.
kill_node() {
  local all
  mapfile -t all < <(daemon_pids "$1" && container_pids "$1")
  signal_all KILL "${all[@]}"
  note_fault "$1" power-cut
  # What was started meanwhile by a process that was still to be killed.
  mapfile -t all < <(daemon_pids "$1" && container_pids "$1")
  signal_all KILL "${all[@]}"
  end "events-$1" KILL
  end "cara-agent-$1" KILL
  within 10 no_process_of "$1" || bail_out "node $1 is not dead: $(daemon_pids "$1")"
  unplug "$1"
}

no_process_of() {
  [[ -z $(daemon_pids "$1")$(container_pids "$1") ]]
}

# What a machine that is off does not have.
unplug() {
  ip -n "$bed_name-f" link del "node$1" 2>/dev/null || true
  clear_dockerd "$work/$1"
}

start_node() {
  note_fault "$1" boot
  start_machine "$1" || bail_out "the engine of node $1 does not start again"
  start_node_agent "$1"
}

# --- Projects -------------------------------------------------------------------------------------

# apply_pair NAME [LINE]: two services and a volume that goes with the project; a line of its spec
apply_pair() {
  ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1}
spec:
  ${2:-onNodeLoss: Move}
  services:
    - {name: a, image: "e2e/idle:1", stopGracePeriod: 1s, volumeMounts: [{name: v, mountPath: /v}]}
    - {name: b, image: "e2e/idle:1", stopGracePeriod: 1s}
  volumes: [{name: v, type: Ephemeral}]
MANIFEST
}
# all_run: of those in the list `projects`
all_run() {
  local name
  for name in "${projects[@]}"; do is_in "$name" Running || return 1; done
}
# first_node PROJECT: where it was at first is the last digit of its name
first_node() {
  printf '%s\n' "${1: -1}"
}

# --- What ran where -------------------------------------------------------------------------------

# where PROJECT: the number of its node, 0 if it has none
where() {
  number_of "$(ctl --output json get projects "$1" | jq -r .status.nodeRef)"
}

# runs_on PROJECT: the number of the node where it is Running, 0 if it is not; as one look shows it
runs_on() {
  number_of "$(ctl --output json get projects "$1" |
    jq -r '.status | select(.phase == "Running").nodeRef')"
}

objects_on() {
  local engine_dir=$work/$1
  objects "${@:2}"
}

mark() {
  mark_ns=$(date +%s%N)
}

# history_of [PROJECT]: "nanoseconds node action container" of all nodes in order, with the faults
history_of() {
  local i
  for ((i = 1; i <= nodes; ++i)); do
    awk -v node="$(name_of "$i")" -v project="${1:-}" \
      '$1 ~ /^[0-9]+$/ && ($4 == "-" || project == "" || $4 == project) {print $1, node, $2, $3}' \
      "$logs/events-$i.log"
  done | sort --numeric-sort
}

# first NODE ACTION CONTAINER: nanoseconds of the first such line since the mark, 0 if there is none
first() {
  history_of | awk -v mark="$mark_ns" -v node="$(name_of "$1")" -v what="$2 $3" '
    $1 >= mark && $2 == node && $3 " " $4 == what { print $1; found = 1; exit }
    END { if (!found) print 0 }'
}

# timeline [PROJECT]: since the mark, as comments
timeline() {
  history_of "${1:-}" | awk -v mark="$mark_ns" '
    $1 < mark || $3 == "create" || $3 == "destroy" { next }
    { printf "# t+%.1f s  %s  %s%s\n", ($1 - mark) / 1e9, $2, $3, $4 == "-" ? "" : " " $4 }'
}

# An engine that lost its power tells of no end. Containers that are frozen do not run.
never_two_at_once() {
  history_of "$1" | awk '
    { container = $2 " " $4 }
    $3 == "start" { on[container] = $2 }
    $3 == "die" { delete on[container] }
    $3 == "power-cut" { for (key in on) if (on[key] == $2) delete on[key] }
    $3 == "freeze-all" { frozen[$2] = 1 }
    $3 == "thaw" { delete frozen[$2] }
    {
      delete running
      for (key in on) if (!(on[key] in frozen)) running[on[key]] = 1
      if (length(running) < 2 || said) next
      said = 1
      print "at " $1 ":"
      for (node in running) print "  " node
    }
    END { exit said }'
}

# --- Down -----------------------------------------------------------------------------------------

namespaces_of_bed() {
  local i
  ip netns list | awk '{print $1}' | grep "^$bed_name-"
  for ((i = 1; i <= nodes; ++i)); do
    ip netns list | awk '{print $1}' | grep -x "$(dockerd_name "$work/$i")"
  done
}

# Called by the end of every script, in whatever state the nodes are.
stop_bed() {
  local i
  if ((nodes == 0)); then return 0; fi
  for ((i = 1; i <= nodes; ++i)); do
    signal_all CONT $(container_pids "$i") $(daemon_pids "$i")
    stop_dockerd "$work/$i" &
  done
  wait
  for i in c f; do
    if [[ -e /run/netns/$bed_name-$i ]]; then ip netns del "$bed_name-$i"; fi
  done
}
