#!/usr/bin/env bash
# 1,000 projects are applied to 100 nodes that they nearly fill, while four schedulers and two gcs
# are killed and frozen at random: all run, and no node ever has more than it can take.
# `SEED` repeats a run's faults.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
{
  source "$here/lib/load.sh"
  source "$here/lib/hollow.sh"
  source "$here/lib/users.sh"
}

nodes=100
projects=1000
each_mi=700
fit=11  # of 700 MiB in 8 GiB without the 256 MiB that are reserved
others=(scheduler-s1 scheduler-s2 scheduler-s3 scheduler-s4 gc-g1 gc-g2)
seed=${SEED:-$((EPOCHSECONDS % 30000))}

manifests() {
  local number
  for ((number = 1; number <= projects; ++number)); do
    printf -- '---\napiVersion: caravanserai/v1\nkind: Project\nmetadata: {name: p%s}\n' "$number"
    printf 'spec: {services: [{name: a, image: "hollow/idle:1", resources: {requests: '
    printf '{memory: %sMi}}}]}\n' "$each_mi"
  done
}
start_other() {
  "start_${1%%-*}" "${1#*-}"
}
# strike: one of them dies and comes back, or stands still for a while
strike() {
  local who=${others[$((RANDOM % ${#others[@]}))]}
  if ((RANDOM % 2 == 0)); then
    end "cara-$who" KILL
    start_other "$who"
    killed=$((killed + 1))
  else
    kill -STOP "${pids[cara-$who]}"
    sleep "0.$((RANDOM % 9 + 1))"
    kill -CONT "${pids[cara-$who]}"
    frozen=$((frozen + 1))
  fi
}

permit "$nodes" sched.s1 sched.s2 sched.s3 sched.s4 gc.g1 gc.g2
start_nats
start_apiserver
answers() {
  ctl get projects
}
within 10 answers || bail_out "the apiserver does not answer"
end cara-apiserver
python3 "$here/lib/audit.py" install "$work/cara.db"
start_apiserver
for who in "${others[@]}"; do start_other "$who"; done
start_hollow "$nodes"
within 20 nodes_are "$nodes" Ready || bail_out "the nodes are not ready"

RANDOM=$seed
printf '# SEED=%d\n' "$seed"
killed=0 frozen=0
began=$(now_ms)
manifests | ctl_limit_s=120 ctl apply -f - >"$logs/apply.log" &
applying=$!
while kill -0 "$applying" 2>/dev/null || ((killed + frozen < 12)); do strike; done
check "$projects projects are applied" wait "$applying"
# One that stays frozen takes nothing with it.
kill -STOP "${pids[cara-scheduler-s1]}"
eventually "all of them run [I13]" 60 projects_are "$projects" Running
printf '# after %d ms, %d killed, %d frozen\n' $(($(now_ms) - began)) "$killed" "$frozen"
kill -CONT "${pids[cara-scheduler-s1]}"
equals "no node had more than it can take, no project was bound twice [I10] [I11] [I14]" \
  "$projects binds" "$(python3 "$here/lib/audit.py" check "$work/cara.db" "$fit")"
equals "each project has one container" "$projects" "$(said containers)"
