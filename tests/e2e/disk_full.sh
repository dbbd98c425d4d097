#!/usr/bin/env bash
# The engine's disk is full: what runs goes on, what cannot start says why, and starts when there is
# room again.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

if [[ ! -e /dev/loop-control ]]; then
  printf 'skip - a full disk: not possible here: the machine has no loop devices\n'
  exit 0
fi

idle() {
  printf 'apiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: %s}\nspec:\n' "$1"
  printf '  services: [{name: a, image: "e2e/idle:1"}]\n'
}
says() {
  [[ $(condition "$1" Phase) == *"$2"* ]]
}

# A disk of its own. The engine's end unmounts it, also if the engine never starts.
engine=unix://$work/d/docker.sock
mkdir -p "$work/d/data"
truncate --size 96M "$work/disk"
mkfs.ext4 -q -m 0 "$work/disk"
mount -o loop "$work/disk" "$work/d/data" || bail_out "a loop device cannot be mounted"
# Else nothing new would come to this node: what comes all the same is what this is about.
agent_flags=(--disk-pressure-free 0)
start_cluster
make_image e2e/idle:1 "$wait_for_term"
idle before | ctl apply -f - >/dev/null
eventually "a project that runs" 20 is_in before Running
before=$(facts before-a)

# In large pieces first, then the last blocks and the last small files.
for size in 1M 4k; do
  dd if=/dev/zero "of=$work/d/data/fill-$size" "bs=$size" status=none 2>/dev/null || true
done
left_kb=$(df --output=avail "$work/d/data" | tail -n 1 | xargs)
check "the disk is full: $left_kb KB are left" test "$left_kb" -lt 32
idle late | ctl apply -f - >/dev/null
eventually "a project that cannot start for want of room says so [E35]" 20 \
  says late "no space left on device"
equals "but it has not failed [E35]" Scheduled "$(phase late)"
equals "what ran is not touched [E35]" "$before Running" "$(facts before-a) $(phase before)"
rm "$work/d/data"/fill-*
eventually "with room again it starts [E35]" 30 is_in late Running
equals "and there is one container of it" "late-a" \
  "$(docker_ ps --all --format '{{.Names}}' --filter name=late)"
equals "nothing else was touched" "$before Running" "$(facts before-a) $(phase before)"
