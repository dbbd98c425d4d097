#!/usr/bin/env bash
# Each field of a service about limits and isolation, and the defaults, seen in real containers.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"
source "$here/lib/fields.sh"

start_cluster
make_image e2e/idle:1 "$wait_for_term"
make_image e2e/talks:1 "echo said; $wait_for_term" 'LABEL com.example.image=yes'

apply_spec iso <<'SPEC'
  services:
    - name: all
      image: e2e/talks:1
      resources:
        requests: {cpu: 250m, memory: 16Mi}
        limits: {cpu: 0.5, memory: 64Mi, pids: 50}
      capabilities: {add: [NET_ADMIN], drop: [CHOWN, MKNOD]}
      ulimits:
        - {name: nofile, soft: 500, hard: 600}
        - {name: nproc, soft: 700}
      sysctls: {net.ipv4.tcp_keepalive_time: "1234"}
      runtime: runc
      logging: {driver: json-file, options: {max-size: 1m, max-file: "2"}}
      labels: {com.example.tier: front}
    - name: plain
      image: e2e/talks:1
    - name: loose
      image: e2e/idle:1
      securityOpt: ["no-new-privileges:false", "seccomp=unconfined"]
    - name: mute
      image: e2e/talks:1
      logging: {driver: none}
SPEC
runs iso

# status_of CONTAINER FIELD: of its first process
status_of() {
  awk -v field="$2:" '$1 == field {print $2}' "/proc/$(inspected "$1" .State.Pid)/status"
}

# --- resources ------------------------------------------------------------------------------------
sees services[].resources.limits.cpu 500000000 iso-all .HostConfig.NanoCpus
sees services[].resources.limits.memory 67108864 iso-all .HostConfig.Memory
sees services[].resources.limits.pids 50 iso-all .HostConfig.PidsLimit
sees services[].resources.requests.cpu 256 iso-all .HostConfig.CpuShares
sees services[].resources.requests.memory 16777216 iso-all .HostConfig.MemoryReservation
# field: services[].resources.requests.pids (used to place it only: scheduler_place_test.cpp)
# field: services[].resources.limits.gpus (docker_container_json_test.cpp: no machine here has any)
# field: services[].resources.requests.gpus (the same)
equals "unsaid: no limit but that of processes" "0 0 0 0 4096" "$(inspected iso-plain '.HostConfig |
  "\(.NanoCpus) \(.CpuShares) \(.Memory) \(.MemoryReservation) \(.PidsLimit)"')"
sees services[].ulimits[].name '["nofile","nproc"]' iso-all '[.HostConfig.Ulimits[].Name]'
shows services[].ulimits[].soft 500 "$(inside iso-all 'ulimit -S -n')"
shows services[].ulimits[].hard 600 "$(inside iso-all 'ulimit -H -n')"
sees services[].ulimits[].hard 700 iso-all '.HostConfig.Ulimits[1].Hard'
shows services[].sysctls 1234 "$(inside iso-all 'cat /proc/sys/net/ipv4/tcp_keepalive_time')"

# --- privileges -----------------------------------------------------------------------------------
sees services[].capabilities.add '["CAP_NET_ADMIN"]' iso-all \
  '[.HostConfig.CapAdd[] | sub("^(CAP_)?"; "CAP_")]'
sees services[].capabilities.drop '["CAP_CHOWN","CAP_MKNOD"]' iso-all \
  '[.HostConfig.CapDrop[] | sub("^(CAP_)?"; "CAP_")]'
# Bits of capabilities(7): CHOWN 0, NET_ADMIN 12, MKNOD 27.
shows services[].capabilities.add "$((0xa80425fb & ~(1 << 0) & ~(1 << 27) | 1 << 12))" \
  "$((0x$(status_of iso-all CapEff)))"
equals "unsaid: Docker's own set" "$((0xa80425fb))" "$((0x$(status_of iso-plain CapEff)))"
contains "spec.services[].capabilities.drop" "not permitted" \
  "$(inside iso-all 'chown 1 /www' || true)"
sees services[].securityOpt '["no-new-privileges:false","seccomp=unconfined"]' iso-loose \
  .HostConfig.SecurityOpt
shows services[].securityOpt "0 0" \
  "$(status_of iso-loose NoNewPrivs) $(status_of iso-loose Seccomp)"
equals "unsaid: no new privileges, and Docker's filter of calls" "1 2" \
  "$(status_of iso-plain NoNewPrivs) $(status_of iso-plain Seccomp)"
apply_spec mighty <<'SPEC'
  services: [{name: a, image: "e2e/idle:1", privileged: true}]
SPEC
# A machine that itself lacks capabilities cannot give all of them.
mighty_runs() {
  is_inspected mighty-a .State.Running true
}
mighty_is_tried() {
  is_in mighty Running || is_in mighty Failed
}
eventually "a privileged one is tried" 20 mighty_is_tried
sees services[].privileged true mighty-a .HostConfig.Privileged
if mighty_runs; then
  check "spec.services[].privileged: with every capability" \
    test "$((0x$(status_of mighty-a CapEff)))" -gt "$((0xa80425fb))"
else
  printf 'skip - no privileged container can start on this machine\n'
fi
ctl delete project mighty >/dev/null
equals "unsaid: not privileged" false "$(inspected iso-plain .HostConfig.Privileged)"
sees services[].runtime runc iso-all .HostConfig.Runtime

# --- labels and logs ------------------------------------------------------------------------------
shows services[].labels "front yes iso all" "$(inspected iso-all '.Config.Labels |
  [.["com.example.tier"], .["com.example.image"], .["cara.project"], .["cara.service"]] |
  join(" ")')"
sees services[].logging.driver json-file iso-all .HostConfig.LogConfig.Type
sees services[].logging.options '{"max-file":"2","max-size":"1m"}' iso-all \
  .HostConfig.LogConfig.Config
equals "unsaid: three files of 10 MB" '{"max-file":"3","max-size":"10m"}' \
  "$(inspected iso-plain .HostConfig.LogConfig.Config)"
equals "logs are there" said "$(docker_ logs iso-plain)"
sees services[].logging.driver none iso-mute .HostConfig.LogConfig.Type
docker_ kill iso-mute >/dev/null
has_come_back() {
  has_restarted iso mute && is_inspected iso-mute .State.Status running
}
eventually "who keeps no logs is restarted all the same" 20 has_come_back
eventually "and all is well" 30 is_in iso Running
ctl delete project iso >/dev/null
equals "nothing is left of all these" "" "$(objects)"
