# The example's ingress: HAProxy, which the agent starts and which outlives it. Sourced, after
# process.sh; the caller sets `dir`, `run`, `engine_host` and `ingress_port`.
# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with who sources it

# router_pids: of the one that runs in our agent's folder
router_pids() {
  local comm pid
  for comm in /proc/[0-9]*/comm; do
    if [[ $(cat "$comm" 2>/dev/null) != haproxy ]]; then continue; fi
    pid=${comm#/proc/} pid=${pid%/comm}
    if [[ $(as_owner ingress readlink "/proc/$pid/cwd" 2>/dev/null) == "$dir/agent/ingress" ]]; then
      printf '%d\n' "$pid"
    fi
  done
}

no_router() {
  [[ -z $(router_pids) ]]
}

port_is_taken() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# choose_ingress: sets `ingress_flags` for the agent; none, and no `ingress_port`, where that is
# somebody else's, or where the containers are on another machine
choose_ingress() {
  ingress_flags=()
  if [[ $engine_host != unix://* ]]; then
    note "no ingress: the containers are not on this machine"
    ingress_port=""
  elif no_router && port_is_taken "$ingress_port"; then
    note "no ingress: 127.0.0.1:$ingress_port is taken; another one: --ingress-port"
    ingress_port=""
  else
    ingress_flags=(--ingress-listen "127.0.0.1:$ingress_port")
    printf '%s\n' "$ingress_port" >"$dir/ingress-port"
  fi
}

# ask_ingress HOST: the last line of its page
ask_ingress() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$ingress_port" || exit 1
    printf 'GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" >&3
    timeout 5 tail -n 1 <&3
  ) 2>/dev/null
}

# stop_router: when its agent has ended, which would start it again
stop_router() {
  local pid
  for pid in $(router_pids); do as_owner ingress kill -TERM "$pid" || true; done
  wait_until 10 no_router || die "HAProxy (pid $(router_pids | paste -sd ' ')) does not end"
  rm -f "$run/ingress" "$run/ingress.root"
}
