# nats-server: the one that speaks NATS on the port, else our own on loopback. Sourced, after
# process.sh; the caller sets `port`.
# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with who sources it

# bus_greeting: the first line that whoever holds the port says; false if nobody listens
bus_greeting() {
  local line=""
  # The subshell keeps a refused connection from ending the program.
  (
    exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
    read -r -t 3 line <&3 || true
    printf '%s\n' "$line"
  ) 2>/dev/null
}

bus_answers() {
  [[ $(bus_greeting) == "INFO {"* ]]
}

# ensure_bus: sets `bus_is` to how it came about
ensure_bus() {
  local greeting
  if runs nats-server && bus_answers; then
    bus_is="runs already"
  elif greeting=$(bus_greeting); then
    if [[ $greeting != "INFO {"* ]]; then
      die "port $port is held by something that does not speak NATS: free it, or choose another" \
        "with --port"
    fi
    bus_is="found running, used"
  else
    step_log=$log/nats-server.log
    start nats-server nats-server --addr 127.0.0.1 --port "$port"
    wait_until 10 bus_answers || die "nats-server does not answer on 127.0.0.1:$port"
    bus_is="started"
  fi
}
