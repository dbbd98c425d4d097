#!/usr/bin/env bash
# A backup that is made while projects are applied, and going back to it: what the cluster does with
# everything that happened since, and what is no backup.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

backup=$work/backup.db

# project NAME VALUE [SPEC-LINE]: one service, that says so in its environment
project() {
  cat <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1}
spec:
  ${3:-onNodeLoss: Stay}
  services:
    - name: a
      image: e2e/idle:1
      stopGracePeriod: 1s
      env: [{name: SAYS, value: "$2"}]
MANIFEST
}
apply() {
  project "$@" | ctl apply -f - >/dev/null
}
# runs NAME VALUE: what it has now, and not what it had before
runs() {
  [[ $(docker_ inspect -f '{{.State.Status}} {{json .Config.Env}}' "$1-a" 2>&1) == \
    running*"\"SAYS=$2\""* ]] && is_in "$1" Running
}
# No node has that label: they wait, so that there is much to write and nothing to start.
nowhere='nodeSelector: {there: nowhere}'
# write_on: applies one project after the other; the last one that was acknowledged is in `acked`
write_on() {
  local number
  for ((number = 1; ; ++number)); do
    apply "w$number" "$number" "$nowhere" || return
    printf '%d\n' "$number" >"$work/acked.new" && mv "$work/acked.new" "$work/acked"
  done
}
acked() {
  cat "$work/acked" 2>/dev/null || printf '0\n'
}
is_acked() {
  (($(acked) >= $1))
}
# written: how many w1, w2, ... there are; -1 if one is missing between them
written() {
  sed -n 's/^\(project\/\)\?w\([0-9]*\)$/\2/p' | sort -n |
    awk '$1 != NR {gap = 1} END {print gap ? -1 : NR}'
}
# in_file FILE SQL: read only, and without the journals that a database in use has
in_file() {
  python3 - "$@" <<'PYTHON'
import sqlite3
import sys

database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro&immutable=1", uri=True)
for row in database.execute(sys.argv[2]):
    print(*row)
PYTHON
}
# newest: the highest revision that anything has
newest() {
  { ctl -o json get projects && ctl -o json get nodes; } |
    jq -s '[.[].items[].metadata.revision] | max'
}
# cut_short SIGNAL FILE [NAME]: a backup into the file, and the signal for the process of this name
# (none: for caractrl) while the bytes come; the exit code is in `code`. A slow machine does not hit
# that moment at once.
cut_short() {
  local attempt pid
  for ((attempt = 0; attempt < 20; ++attempt)); do
    code=0
    rm -f "$2"
    "$bin/caractrl" --nats "$nats_url" backup "$2" >"$work/said" 2>&1 &
    pid=$!
    until [[ -e $2.partial || ! -d /proc/$pid ]]; do :; done
    kill "-$1" "${pids[${3:-none}]:-$pid}" 2>/dev/null || true
    if [[ -n ${3:-} ]]; then end "$3" "$1" && start_again "$3"; fi
    { wait "$pid" || code=$?; } 2>/dev/null
    if ((code != 0)); then break; fi
  done
}
files_of() {
  find "$work" -maxdepth 1 -name "$1*" -printf '%f ' | xargs
}

start_cluster
make_image e2e/idle:1 "$wait_for_term"
for name in keep changed deleted again; do apply "$name" one; done
apply waiting one 'nodeSelector: {zone: a}'
for name in keep changed deleted again; do
  within 20 runs "$name" one || bail_out "$name does not run"
done
# Some megabytes, so that a backup takes its time.
printf 'a%.0s' {1..110000} >"$work/fat"
for ((i = 1; i <= 40; ++i)); do
  project "fat$i" "$(<"$work/fat")" "$nowhere" && printf -- '---\n'
done | ctl apply -f - >/dev/null

# --- while projects are applied -------------------------------------------------------------------
spawn writer write_on
eventually "projects are applied all the time" 20 is_acked 5
before=$(acked)
said=$(ctl backup "$backup" -o json)
after=$(acked)
eventually "and still are" 20 is_acked $((after + 5))
equals "the file is a whole database [E46]" ok "$(in_file "$backup" 'PRAGMA integrity_check')"
equals "of the revision and cluster that were printed, and so large [E46]" \
  "$(in_file "$backup" 'SELECT revision, cluster FROM meta') $(stat -c %s "$backup")" \
  "$(jq -r '"\(.revision) \(.cluster) \(.bytes)"' <<<"$said")"
equals "everything in it is of that moment [E46]" \
  "$(jq .revision <<<"$said") 0" "$(in_file "$backup" 'SELECT MAX(revision),
    (SELECT COUNT(*) FROM objects WHERE revision > (SELECT revision FROM meta)) FROM changes')"
in_backup=$(in_file "$backup" "SELECT name FROM objects WHERE kind = 'project'" | written)
check "no write that was acknowledged before is missing, none after it is there: \
$before <= $in_backup <= $after + 1 [E46, S54]" \
  test "$before" -le "$in_backup" -a "$in_backup" -le $((after + 1))
equals "only its owner may read it" 600 "$(stat -c %a "$backup")"
equals "nothing else is left of it" "backup.db" "$(files_of backup.db)"

hash=$(sha256sum <"$backup")
refuses "a file that is there is not replaced" 1 "exists; --force replaces it" ctl backup "$backup"
refuses "nor is a directory, whatever is said" 1 "is a directory" ctl backup --force "$work"
equals "it is what it was" "$hash" "$(sha256sum <"$backup")"
check "--force replaces it" ctl backup --force "$backup"
check "by a newer one" test "$hash" != "$(sha256sum <"$backup")"
refuses "where nothing can be written" 1 "cannot be made" ctl backup /proc/backup.db
refuses "no name of a file" 2 "into which file?" ctl backup

# --- cut short ------------------------------------------------------------------------------------
end writer
cut_short INT "$work/cut.db"
equals "Ctrl-C in the middle: exit code 130, and no half of a file [E46]" "130 " \
  "$code $(files_of cut.db)"
check "the next one is not held up" ctl backup "$work/cut.db"
cut_short KILL "$work/cut.db" cara-apiserver
equals "the apiserver is killed in the middle: exit code 1, and no half of a file [E46]" "1 " \
  "$code $(files_of cut.db)"
contains "and the reason" "the copy is not there any more" "$(<"$work/said")"
equals "nor does it leave its copy" "cara.db cara.db-shm cara.db-wal cara.db.lock" \
  "$(files_of cara.db | xargs -n 1 | sort | xargs)"
cut_short KILL "$work/cut.db"
equals "caractrl is killed: 137, and the file is not there under its name [E46]" "137 none" \
  "$code $([[ -e $work/cut.db ]] || printf none)"
refuses "for some seconds it may still be reading" 1 "another backup is being made" \
  ctl backup "$work/cut.db"

# --- what happens after the backup ----------------------------------------------------------------
restored=$(in_file "$backup" "SELECT name FROM objects WHERE kind = 'project'" | written)
saved=$(in_file "$backup" "SELECT revision FROM meta")
kept=$(facts keep-a)
apply after one
apply changed two
ctl delete project deleted again --timeout 30s >/dev/null
apply again two
apply "w$((restored + 1))" late "$nowhere"
ctl label node "$node" zone=a >/dev/null
for name in "after one" "changed two" "again two" "waiting one"; do
  # shellcheck disable=SC2086
  eventually "after the backup: ${name/ / says }" 20 runs $name
done
# The node's registration is another one than in the backup.
end cara-agent
start_agent
eventually "the agent is started again" 20 node_is_ready
eventually "a backup after one that was killed" 15 ctl backup "$work/cut.db"
equals "takes its file with it" "cut.db" "$(files_of cut.db)"
spawn watch "$bin/caractrl" --nats "$nats_url" get projects -w
eventually "a watch has all of it" 10 grep -q '^after ' "$logs/watch.log"
seen=$(newest)

# --- what is no backup ----------------------------------------------------------------------------
restore() {
  "$bin/cara-apiserver" --db "$work/cara.db" --force-restore --restore "$@"
}
refuses "over a running apiserver: who it is [E46]" 1 \
  "process ${pids[cara-apiserver]}) uses the database $work/cara.db" restore "$backup"
end cara-apiserver
state=$(sha256sum <"$work/cara.db")
refuses "over a database that is there, if that is not said [E46]" 1 \
  "exists; with --force-restore it is put aside" \
  "$bin/cara-apiserver" --db "$work/cara.db" --restore "$backup"
refuses "a file that is missing [E46]" 2 "there is no such file" restore "$work/missing.db"
refuses "a folder" 2 "it is no file" restore "$work"
refuses "the database itself" 2 "it is the database itself" restore "$work/cara.db"
head -c "$(($(stat -c %s "$backup") / 2))" "$backup" >"$work/half.db"
refuses "half of a file [E46]" 2 "the backup $work/half.db cannot be used" restore "$work/half.db"
cp "$backup" "$work/flipped.db"
# A page in the middle.
dd if=/dev/urandom of="$work/flipped.db" bs=4096 seek=20 count=1 conv=notrunc status=none
refuses "a damaged one [E46]" 2 "flipped.db cannot be used: it is damaged" \
  restore "$work/flipped.db"
: >"$work/empty.db"
refuses "an empty one" 2 "the backup $work/empty.db cannot be used" restore "$work/empty.db"
printf 'CREATE TABLE meta (a);' | python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())' "$work/foreign.db"
refuses "one of another program" 2 "it is no database of a cara-apiserver" \
  restore "$work/foreign.db"
refuses "a backup is not served, it is restored" 1 "--restore" \
  timeout 10 "$bin/cara-apiserver" --nats "$nats_url" --db "$backup"
equals "all that changed nothing [E46]" "$state" "$(sha256sum <"$work/cara.db")"
equals "and left nothing" "cara.db cara.db.lock" "$(files_of cara.db | xargs -n 1 | sort | xargs)"

# --- back to the backup ---------------------------------------------------------------------------
hash=$(sha256sum <"$backup")
chown 65534:65534 "$work/cara.db"
said=$(restore "$backup" 2>&1) || not_ok "the backup is restored" "$said"
contains "restored: as of the backup's revision" "as of revision $saved;" "$said"
equals "the backup is only read" "$hash" "$(sha256sum <"$backup")"
equals "the database that was there is put aside" "$state" \
  "$(sha256sum <"$work/cara.db.before-restore")"
equals "only whose the other one was may read the new one, and lock it" "600 65534 600 65534" \
  "$(stat -c '%a %u' "$work/cara.db" "$work/cara.db.lock" | xargs)"
chown 0:0 "$work"/cara.db*
start_apiserver
within 20 ctl get projects || bail_out "the apiserver does not serve what was restored"
for name in "changed one" "deleted one" "again one"; do
  # shellcheck disable=SC2086
  eventually "as in the backup: ${name/ / says } [E46]" 30 runs $name
done
eventually "what was applied after it is gone, and its container [E46]" 20 nothing_of after
equals "there is no such project" none "$(phase after)"
eventually "what waited then waits again [E46]" 20 is_in waiting Pending
eventually "and its container is gone" 20 nothing_of waiting
equals "of the writes those before it" "$restored" \
  "$(ctl get projects -o name | written)"
check "what runs in both was not touched [E46]" runs keep one
equals "it is the same container, and was not started again [E46]" "$kept" "$(facts keep-a)"
check "the agent has gone on" alive cara-agent

# --- nobody goes on from what is not there any more -----------------------------------------------
ctl label node "$node" zone=a >/dev/null
eventually "a scheduler that saw more places what waits [E46]" 20 runs waiting one
apply after two
eventually "and what is new [E46]" 20 runs after two
check "revisions go on above all that was seen: $seen < $(newest) [E46]" \
  test "$seen" -lt "$(newest)"
# watched: of each project the row that was printed last, without its age
watched() {
  awk '$1 != "NAME" && NF > 3 {row[$1] = $1 " " $2 " " $3}
    END {for (name in row) print row[name]}' "$logs/watch.log" | grep -v ' Deleted ' | sort
}
watch_is_current() {
  [[ $(watched) == "$(ctl get projects --no-headers | awk '{print $1, $2, $3}' | sort)" ]]
}
eventually "a watch that saw more prints what is there now [E46]" 10 watch_is_current
ctl delete project keep >/dev/null
equals "what was restored can be deleted" "" "$(objects keep)"
eventually "and that is seen" 10 watch_is_current
check "by the watch that has gone on" alive watch
