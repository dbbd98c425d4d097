# Private Docker engines for tests, each in a network namespace of its own, so that its bridges and
# iptables rules touch nothing of the machine. Needs root. Sourced; every function takes the
# engine's own directory, which holds its state, socket (docker.sock) and log.
#   start_dockerd DIR [FLAGS...]     stop_dockerd DIR
#   freeze_dockerd DIR               thaw_dockerd DIR               crash_dockerd DIR
#   make_busybox_image DIR TAG [CHANGE...]    e.g. 'CMD ["/bin/sleep", "60"]'
#   busybox_tar >TAR                 import_image DIR TAG [CHANGE...] <TAR
#   usr_tar FILE... >TAR             for programs of this machine
#   on_dockerd DIR ARGUMENTS...      the docker client on that engine
# A socket's path may not be longer than 108 characters: keep DIR short.
# shellcheck shell=bash

dockerd_up_limit_s=${dockerd_up_limit_s:-60}

# dockerd_name DIR: names its namespace and host; equal for equal directories
dockerd_name() {
  printf 'cara-t%s' "$(cksum <<<"$1" | cut -d ' ' -f 1)"
}

on_dockerd() {
  local dir=$1
  shift
  DOCKER_HOST=unix://$dir/docker.sock docker "$@"
}

# in_dockerd_net DIR COMMAND...: where the containers' addresses are reachable
in_dockerd_net() {
  local dir=$1
  shift
  nsenter --net="/run/netns/$(dockerd_name "$dir")" -- "$@"
}

dockerd_pid() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  # The pid of a killed engine may be somebody else's by now.
  grep -qs -- "$1/docker.sock" "/proc/$pid/cmdline" || return 1
  printf '%s\n' "$pid"
}

# start_dockerd DIR [FLAGS...]: returns when the engine answers; again after a kill -9
start_dockerd() {
  local dir=$1 name deadline
  shift
  name=$(dockerd_name "$dir")
  mkdir -p "$dir"
  # What a killed engine leaves behind keeps the next one from starting.
  rm -f "$dir/pid" "$dir/docker.sock" "$dir/exec/containerd/containerd.pid"
  if [[ ! -e /run/netns/$name ]]; then ip netns add "$name" || return 1; fi
  ip -n "$name" link set lo up
  # nsenter and not `ip netns exec`: the latter mounts a /sys without the cgroups.
  nsenter --net="/run/netns/$name" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
  nsenter --net="/run/netns/$name" unshare --uts -- sh -c \
    'hostname "$1"; shift; exec setsid dockerd "$@"' sh "$name" \
    --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
    -H "unix://$dir/docker.sock" --bip 172.31.255.1/24 \
    --default-address-pool base=172.30.0.0/16,size=24 --cgroup-parent "$name" \
    --log-level warn "$@" >>"$dir/log" 2>&1 </dev/null &
  disown
  deadline=$((SECONDS + dockerd_up_limit_s))
  until on_dockerd "$dir" version >/dev/null 2>&1; do
    if ((SECONDS >= deadline)) || { [[ -s $dir/pid ]] && ! dockerd_pid "$dir" >/dev/null; }; then
      printf 'dockerd in %s does not answer:\n' "$dir" >&2
      tail -n 20 "$dir/log" >&2
      return 1
    fi
    sleep 0.1
  done
}

freeze_dockerd() { kill -STOP "$(dockerd_pid "$1")"; }
thaw_dockerd() { kill -CONT "$(dockerd_pid "$1")"; }

# crash_dockerd DIR: kill -9; start_dockerd brings it back
crash_dockerd() {
  local pid
  pid=$(dockerd_pid "$1") || return 1
  kill -KILL "$pid"
  wait_for_end "$pid" 10
}

# stop_dockerd DIR: removes its containers, the engine, its mounts, namespace and state; works on
# an engine that is frozen, dead or was never up
stop_dockerd() {
  local dir=$1 pid containers
  if pid=$(dockerd_pid "$dir"); then
    kill -CONT "$pid"
    containers=$(timeout 10 docker -H "unix://$dir/docker.sock" ps -aq 2>/dev/null)
    # shellcheck disable=SC2086
    if [[ -n $containers ]]; then
      timeout 30 docker -H "unix://$dir/docker.sock" rm -fv $containers >/dev/null 2>&1
    fi
    kill -TERM "$pid"
    wait_for_end "$pid" 15 || kill -KILL "$pid"
  fi
  clear_dockerd "$dir"
  rm -rf "$dir/data" "$dir/exec" "$dir/pid" "$dir/docker.sock"
  return 0
}

# clear_dockerd DIR: what an engine that is dead has left behind, except for its files
clear_dockerd() {
  local dir=$1 name pid path deadline
  name=$(dockerd_name "$dir")
  # A killed engine leaves its containerd and shims behind.
  for pid in $(pgrep -f -- "$dir/exec/containerd"); do kill -KILL "$pid" 2>/dev/null; done
  while read -r path; do umount -l "$path"; done \
    < <(awk '{print $5}' /proc/self/mountinfo | grep -F -e "$dir/data" -e "$dir/exec" | sort -r)
  if [[ -e /run/netns/$name ]]; then ip netns del "$name"; fi
  # Containers that an engine was killed in the middle of starting are nobody's.
  for pid in $(find /sys/fs/cgroup -path "*/$name*/cgroup.procs" -exec cat {} + 2>/dev/null); do
    kill -KILL "$pid" 2>/dev/null
  done
  # What was killed just now may not have left its group yet.
  deadline=$((SECONDS + 5))
  until
    find /sys/fs/cgroup -depth -type d -path "*/$name*" -exec rmdir {} + 2>/dev/null
    [[ -z $(find /sys/fs/cgroup -type d -path "*/$name*" -print -quit) ]] ||
      ((SECONDS >= deadline))
  do
    sleep 0.1
  done
  return 0
}

wait_for_end() {
  local pid=$1 deadline=$((SECONDS + $2))
  while kill -0 "$pid" 2>/dev/null; do
    if ((SECONDS >= deadline)); then return 1; fi
    sleep 0.1
  done
}

# busybox_root DIR: the files of an image, from the machine's busybox-static; no registry is needed.
# Its wget crashes in a container (static NSS): use nc, nslookup, ping and httpd.
busybox_root() {
  local root=$1 applet
  mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,www}
  cp /bin/busybox "$root/bin/busybox"
  while read -r applet; do
    if [[ $applet != busybox ]]; then ln -s busybox "$root/bin/$applet"; fi
  done < <("$root/bin/busybox" --list)
  printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
}

busybox_tar() {
  usr_tar
}

# usr_tar FILE...: the same with these files in /srv, for programs of the machine, which run where
# its /usr is mounted read-only
usr_tar() {
  local root status
  root=$(mktemp -d)
  busybox_root "$root"
  if (($#)); then
    mkdir "$root/usr" "$root/srv"
    ln -s usr/lib usr/lib64 "$root"
    cp "$@" "$root/srv"
  fi
  tar -C "$root" --owner 0 --group 0 -c .
  status=$?
  rm -rf "$root"
  return $status
}

# import_image DIR TAG [CHANGE...] <TAR
import_image() {
  local dir=$1 tag=$2 change arguments=()
  shift 2
  for change in "$@"; do arguments+=(--change "$change"); done
  on_dockerd "$dir" import "${arguments[@]}" - "$tag" >/dev/null
}

make_busybox_image() {
  busybox_tar | import_image "$@"
}
