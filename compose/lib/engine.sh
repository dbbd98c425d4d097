# The Docker engine: the one that answers, else a private one with its state below the directory.
# Sourced, after process.sh; the caller sets `dir`, `run`, `log`. find_engine sets `engine_host`,
# and `engine_sudo` where only root may talk to it. The private engine's sockets lie in
# `engine_run`: the path of a socket may not be longer than 108 characters.
# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with who sources it

engine_host=""
engine_sudo=""
engine_run=/run/caravanserai-$(cksum <<<"$dir" | cut -d ' ' -f 1)

# on_engine ARGUMENTS...: the docker client on our engine
on_engine() {
  if [[ -n $engine_sudo ]]; then
    sudo DOCKER_HOST="$engine_host" docker "$@"
  else
    DOCKER_HOST=$engine_host docker "$@"
  fi
}

engine_answers() {
  command -v docker >/dev/null &&
    on_engine version --format '{{.Server.Version}}' >/dev/null 2>&1 </dev/null
}

# find_engine: true if an engine answers where the user points, at the usual place, or ours
find_engine() {
  local usual=unix:///var/run/docker.sock
  engine_sudo=""
  if [[ -n ${DOCKER_HOST:-} ]]; then
    engine_host=$DOCKER_HOST
    engine_answers && return 0
    die "DOCKER_HOST is $DOCKER_HOST, but no Docker engine answers there" \
      "(unset it to have one started)"
  fi
  engine_host=unix://$engine_run/docker.sock
  if [[ -S $engine_run/docker.sock ]] && engine_answers; then return 0; fi
  engine_host=$usual
  if [[ -S ${usual#unix://} ]]; then
    engine_answers && return 0
    if ((EUID != 0)) && command -v sudo >/dev/null; then
      engine_sudo=yes
      engine_answers && return 0
      engine_sudo=""
    fi
  fi
  engine_host=""
  return 1
}

start_engine() {
  local dockerd
  dockerd=$(command -v dockerd) || die "no dockerd: install a Docker engine"
  step_log=$log/dockerd.log
  if runs dockerd; then stop dockerd 30; fi  # ours, but it does not answer any more
  save_firewall
  # What a killed engine leaves behind keeps the next one from starting.
  as_root rm -f "$engine_run/dockerd.pid" "$engine_run/exec/containerd/containerd.pid"
  as_root mkdir -p "$engine_run"
  start_root dockerd "$dockerd" --host "unix://$engine_run/docker.sock" --group "$(id -gn)" \
    --data-root "$dir/docker" --exec-root "$engine_run/exec" --pidfile "$engine_run/dockerd.pid" \
    --default-address-pool base=172.16.0.0/12,size=24 --log-level warn
  engine_host=unix://$engine_run/docker.sock
  wait_until 60 engine_up_or_dead || die "the Docker engine does not answer"
  runs dockerd || die "the Docker engine ended"
}

engine_up_or_dead() {
  engine_answers || ! runs dockerd
}

# Stops what start_engine started, and leaves the machine's mounts and firewall as they were.
stop_engine() {
  local path
  stop dockerd 30
  while read -r path; do
    case $path in
      "$dir/docker" | "$dir/docker"/* | "$engine_run"/*) as_root umount -l "$path" || true ;;
    esac
  done < <(awk '{print $5}' /proc/self/mountinfo | sed 's/\\040/ /g' | sort -r)
  as_root rm -rf "$engine_run"
  restore_firewall
}

# --- dockerd leaves its chains, its bridge and ip_forward behind ----------------------------------

firewall_rules() {
  local table
  for table in filter nat; do
    as_root iptables -w 5 -t "$table" -S 2>/dev/null | sed "s/^/$table /" || true
  done
}

has_docker0() {
  ip link show docker0 >/dev/null 2>&1
}

save_firewall() {
  if [[ -e $run/firewall ]]; then return 0; fi
  firewall_rules >"$run/firewall.new"
  printf 'ip_forward %s\n' "$(</proc/sys/net/ipv4/ip_forward)" >>"$run/firewall.new"
  if has_docker0; then printf 'docker0\n' >>"$run/firewall.new"; fi
  mv "$run/firewall.new" "$run/firewall"
}

restore_firewall() {
  local table rule chain
  if [[ ! -e $run/firewall ]]; then return 0; fi
  # Rules first, then the chains they named. Only what was not there before, and only Docker's.
  while read -r table rule; do
    # shellcheck disable=SC2086
    as_root iptables -w 5 -t "$table" -D ${rule#-A } || true
  done < <(firewall_rules | grep -e ' -A ' | grep -E 'DOCKER|docker0|br-[0-9a-f]{12}|172\.' |
    grep -vxFf "$run/firewall" || true)
  while read -r table _ chain; do
    as_root iptables -w 5 -t "$table" -X "$chain" || true
  done < <(firewall_rules | grep -e ' -N DOCKER' | grep -vxFf "$run/firewall" || true)
  if grep -qx 'filter -P FORWARD ACCEPT' "$run/firewall"; then
    as_root iptables -w 5 -P FORWARD ACCEPT || true
  fi
  if ! grep -qx docker0 "$run/firewall" && has_docker0; then
    as_root ip link delete docker0 || true
  fi
  if grep -qx 'ip_forward 0' "$run/firewall"; then
    as_root sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward' || true
  fi
  rm -f "$run/firewall"
}
