#!/usr/bin/env bash
# Every process in turn is ended with kill -9 during an apply and during a delete, then started
# again: the system converges. ROUNDS says how many times (50; tests/run asks for fewer).
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

rounds=${ROUNDS:-50}
victims=(cara-agent cara-apiserver cara-scheduler nats-server cara-gc)
settle_s=30

start_cluster
make_image e2e/idle:1 "$wait_for_term"

# Bystanders: a project that runs, and a container that looks like ours and is not.
sed 's/name: shared/name: bystander/' "$here/manifests/shared.yaml" | ctl apply -f - >/dev/null
within 20 is_in bystander Running || bail_out "the bystander does not start"
docker_ run --detach --name shared-stranger --label cara.project=shared \
  --label cara.service=writer e2e/idle:1 >/dev/null
bystanders=$(container_ids bystander)

# The client tries again, as a user would: the bus or the apiserver may be what is dead.
apply_until_done() {
  until ctl apply -f "$here/manifests/shared.yaml"; do sleep 0.1; done
}
delete_until_done() {
  local output
  until output=$(ctl delete project shared 2>&1) || [[ $output == *"not found"* ]]; do
    sleep 0.1
  done
}
all_there() {
  is_in shared Running && [[ $(objects shared | grep -v stranger) == \
    $'container shared-reader\ncontainer shared-writer\nnetwork cara-shared
volume cara-shared-data' ]]
}
all_gone() {
  is_in shared none && [[ $(objects shared) == "container shared-stranger" ]]
}

# round NUMBER VICTIM OPERATION GOAL
round() {
  local delay_ms=$(($1 * 37 % 400)) client output
  "$3" >"$work/client.out" 2>&1 &
  client=$!
  sleep "0.$(printf %03d "$delay_ms")"
  end "$2" KILL
  start_again "$2"
  output="round $1: $2 killed $delay_ms ms into ${3%%_*}"
  if within "$settle_s" "$4"; then
    ok "$output: converges [S52, S54, E36]"
  else
    not_ok "$output: converges [S52, S54, E36]" "$(tail -n 5 "$work/client.out"
      ctl --output yaml get projects shared 2>&1 | sed -n '/^status/,$p'; objects shared)"
  fi
  kill "$client" 2>/dev/null || true
  wait "$client" 2>/dev/null || true
}

for ((i = 1; i <= rounds; ++i)); do
  victim=${victims[(i - 1) / 2 % ${#victims[@]}]}
  if ((i % 2)); then
    round "$i" "$victim" apply_until_done all_there
  else
    round "$i" "$victim" delete_until_done all_gone
  fi
done

equals "what ran was never touched: container ids after $rounds rounds [S51]" "$bystanders" \
  "$(container_ids bystander)"
check "nor was a container that only looks like ours [I20]" docker_ exec shared-stranger true

# --- the agent alone ------------------------------------------------------------------------------
for _ in 1 2 3; do
  end cara-agent KILL
  start_agent
  sleep 0.3
done
eventually "the agent is back" 15 node_is_ready
equals "the agent killed three times recreates nothing [S51]" "$bystanders" \
  "$(container_ids bystander)"
check "and the project is Running" is_in bystander Running
docker_ rm --force shared-stranger >/dev/null
