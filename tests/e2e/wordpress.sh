#!/usr/bin/env bash
# The seed's WordPress manifest, verbatim: what its user sees, from apply to delete.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

manifest=$source_dir/compose/examples/wordpress.yaml
start_cluster
make_image mysql:8 "echo \$MYSQL_DATABASE >/www/index.html; httpd -p 3306 -h /www; $wait_for_term"
make_image wordpress:latest "httpd -p 80 & $wait_for_term"

# --- apply ----------------------------------------------------------------------------------------
begin=$(now_ms)
equals "apply says what it did [S36, S44, S45]" "project/wordpress created" \
  "$(ctl apply -f "$manifest" 2>&1)"
eventually "it is Running [S21, S22, S23, S45]" 20 is_in wordpress Running
took=$(($(now_ms) - begin))
check "within 5 s, stand-in images: $took ms [S46]" test "$took" -lt 5000
equals "apply again: unchanged [S37]" "project/wordpress unchanged" "$(ctl apply -f "$manifest")"

# --- get ------------------------------------------------------------------------------------------
table=$(ctl get projects wordpress)
equals "the table's head, columns three spaces apart [S38]" \
  "NAME        PHASE     NODE        CONDITIONS          AGE" "$(sed -n 1p <<<"$table")"
matches "the table's row [S38, S39, S40]" \
  '^wordpress   Running   worker-01   ContainersRunning   [0-9]+s$' "$(sed -n 2p <<<"$table")"
equals "and nothing else" 2 "$(wc -l <<<"$table")"

json=$(ctl --output json get projects wordpress)
equals "json before the verb [S42]" "caravanserai/v1 Project wordpress" \
  "$(jq -r '"\(.apiVersion) \(.kind) \(.metadata.name)"' <<<"$json")"
equals "json after the verb is the same [S42]" "$(jq -S .spec <<<"$json")" \
  "$(ctl get projects wordpress --output json | jq -S .spec)"
equals "the Phase condition of the seed [S28, S29, S30]" \
  "True AgentReady All containers are running" \
  "$(jq -r '.status.conditions[] | select(.type == "Phase") |
     "\(.status) \(.reason) \(.message)"' <<<"$json")"
matches "its time is RFC 3339 UTC [S29]" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$' \
  "$(jq -r '.status.conditions[] | select(.type == "Phase") | .lastTransitionTime' <<<"$json")"
equals "status.nodeRef [S22]" "$node" "$(jq -r .status.nodeRef <<<"$json")"
contains "yaml has the same fields [S42]" "phase: Running" \
  "$(ctl --output yaml get projects wordpress)"

# --- Docker ---------------------------------------------------------------------------------------
equals "network, containers and volume have the seed's names [S47, S48, S49]" \
  $'container wordpress-app\ncontainer wordpress-db\nnetwork cara-wordpress
volume cara-wordpress-mysql-data' "$(objects wordpress)"
equals "the containers' labels [S50]" "wordpress app wordpress db" "$(docker_ inspect --format \
  '{{index .Config.Labels "cara.project"}} {{index .Config.Labels "cara.service"}}' \
  wordpress-app wordpress-db | paste -sd ' ')"
equals "env in order, verbatim [S3]" "MYSQL_ROOT_PASSWORD=secret MYSQL_DATABASE=wp" \
  "$(docker_ inspect --format '{{json .Config.Env}}' wordpress-db |
    jq -r '[.[] | select(startswith("MYSQL_"))] | join(" ")')"
check "app resolves db by name [S5]" docker_ exec wordpress-app ping -c 1 -W 2 db
check "db resolves app by name [S5]" docker_ exec wordpress-db ping -c 1 -W 2 app
equals "app reads what db serves, by name [S5]" wp \
  "$(docker_ exec wordpress-app sh -c \
    'printf "GET / HTTP/1.0\r\n\r\n" | nc $WORDPRESS_DB_HOST 3306' 2>&1 | tail -n 1)"
equals "the volume is mounted where the manifest says [S10]" \
  "cara-wordpress-mysql-data /var/lib/mysql" "$(docker_ inspect --format \
    '{{range .Mounts}}{{.Name}} {{.Destination}}{{end}}' wordpress-db)"

# --- change ---------------------------------------------------------------------------------------
before=$(container_ids wordpress)
sed 's/^  name: wordpress$/&\n  labels: {tier: blog}/' "$manifest" >"$work/labelled.yaml"
equals "a new label: configured [S37]" "project/wordpress configured" \
  "$(ctl apply -f "$work/labelled.yaml")"
check "it stays Running" is_in wordpress Running
equals "and restarts nothing [E30]" "$before" "$(container_ids wordpress)"

# --- a shared volume ------------------------------------------------------------------------------
make_image e2e/idle:1 "$wait_for_term"
ctl apply -f "$here/manifests/shared.yaml" >/dev/null
eventually "a project whose services share a volume is Running" 20 is_in shared Running
docker_ exec shared-writer sh -c 'echo seen >/data/mark'
equals "both see the same data [S10]" seen "$(docker_ exec shared-reader cat /other/mark)"
equals "all projects, by name [S41]" "shared wordpress" \
  "$(ctl get projects | awk 'NR > 1 {print $1}' | paste -sd ' ')"
ctl delete project shared >/dev/null
ctl apply -f "$here/manifests/shared.yaml" >/dev/null
eventually "made again" 20 is_in shared Running
equals "its volume starts empty [S11]" "" "$(docker_ exec shared-reader ls /other)"
ctl delete project shared >/dev/null

# --- delete ---------------------------------------------------------------------------------------
equals "delete waits and says so [S43, S25]" "project/wordpress deleted" \
  "$(ctl delete project wordpress 2>&1)"
equals "no container, network or volume is left [S11, S26]" "" "$(objects)"
refuses "the record is gone [S26]" 1 "wordpress" ctl get projects wordpress
