# Requests through the nodes' routers, and what answers them: the images e2e/origin:1 (origin.py)
# and e2e/fast:1 (HAProxy, for load); their programs are the machine's. Sourced, after bed.sh.
#   origin_images                    on every node; a service of them has the lines of `usr_mount`,
#                                    its project those of `usr_volume`
#   origin_project NAME I [VERSION]  reads the lines of its ingress; apply_origin does, too, and
#                                    waits until it is Running
#   host_curl I HOST PATH [CURL-ARGUMENTS...]      asks node I from where the control plane is
#   host_status I HOST PATH          host_raw I BYTES
#   route_is I HOST TEXT [PATH]      the answer holds it
#   hold_sockets NAME COUNT I HOST   release_sockets NAME           WebSockets that stay open
#   container_of I CONTAINER         as /whoami says it
#   load NAME I HOST [PATH]          requests without a pause, until end_load NAME; then
#                                    load_failures NAME, load_requests NAME
# shellcheck shell=bash disable=SC2034,SC2154

lib_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usr_mount='volumeMounts: [{name: usr, mountPath: /usr, readOnly: true}]'
usr_volume='volumes: [{name: usr, type: HostPath, path: /usr}]'
# Busybox is /bin in these images.
origin_healthcheck='healthcheck: {interval: 200ms, timeout: 5s, retries: 25, test: [CMD-SHELL,
        "printf '"'GET /healthz HTTP/1.0\\\\r\\\\n\\\\r\\\\n'"' | nc 127.0.0.1 80 | grep -q 200"]}'

fast_command='"/usr/sbin/haproxy", "-db", "-f", "/srv/fast_origin.cfg"'

origin_images() {
  local i importing=()
  usr_tar "$lib_dir"/{origin.py,ws.py,fast_origin.cfg} >"$work/usr.tar"
  for ((i = 1; i <= nodes; ++i)); do
    import_image "$work/$i" e2e/origin:1 'CMD ["/usr/bin/python3", "/srv/origin.py"]' \
      <"$work/usr.tar" &&
      import_image "$work/$i" e2e/fast:1 "CMD [$fast_command]" <"$work/usr.tar" &
    importing+=($!)
  done
  for i in "${importing[@]}"; do wait "$i" || bail_out "an image cannot be imported"; done
}

# origin_project NAME I [VERSION]: a manifest with one service, `web`, on node I (any: 0), that says
# NAME-VERSION; `origin_lines` are more of that service, `spec_lines` of the spec, `origin_image` is
# another image. The rules of its ingress come from standard input.
origin_project() {
  cat <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: $1, labels: {${origin_labels:-}}}
spec:
  onNodeLoss: Move
  nodeSelector: {$(if (($2 > 0)); then printf 'number: "%d"' "$2"; fi)}
  services:
    - name: web
      image: ${origin_image:-e2e/origin:1}
      env: [{name: NAME, value: $1-${3:-1}}, {name: GRACEFUL, value: "1"}]
      $usr_mount
      $origin_healthcheck
      ${origin_lines:-stopGracePeriod: 10s}
  $usr_volume
  ${spec_lines:-}
  ingress:
MANIFEST
  sed 's/^ */    /'
}
apply_origin() {
  origin_project "$@" | ctl apply -f - >/dev/null || not_ok "apply $1"
  within 60 is_current "$1" || bail_out "$1 is not Running: $(condition "$1" Phase)"
}
# is_current PROJECT: what was applied last runs
is_current() {
  ctl --output json get projects "$1" | jq -e \
    '.status.phase == "Running" and .status.observedGeneration == .metadata.generation'
}
container_of() {
  on_node "$1" inspect --format '{{.Id}}' "$2" | cut -c 1-12
}

# --- Requests -------------------------------------------------------------------------------------

host_curl() {
  "${in_control[@]}" curl --silent --max-time "${curl_limit_s:-5}" --header "Host: $2" "${@:4}" \
    "http://$(address_of "$1")$3"
}
# host_status I HOST PATH [CURL-ARGUMENTS...]: the number, 000 without an answer
host_status() {
  host_curl "$@" --output /dev/null --write-out '%{http_code}' || true
}
route_is() {
  [[ $(host_curl "$1" "$2" "${4:-/whoami}") == *"$3"* ]]
}
# status_is I HOST STATUS [PATH]
status_is() {
  [[ $(host_status "$1" "$2" "${4:-/whoami}") == "$3" ]]
}
# host_raw I BYTES: all that comes back; as in a C string
host_raw() {
  "${in_control[@]}" "$lib_dir/raw_http.py" "$(address_of "$1"):80" "$2"
}

# --- WebSockets -----------------------------------------------------------------------------------

sockets_are_open() {
  grep -q "^open $2\$" "$logs/$1.log"
}
hold_sockets() {
  spawn "$1" "${in_control[@]}" "$lib_dir/ws_client.py" --count "$2" --every-ms 100 \
    "$(address_of "$3"):80" "$4"
  eventually "$2 WebSockets to $4 by node $3" 20 sockets_are_open "$1" "$2"
}
# release_sockets NAME: its report
release_sockets() {
  end "$1"
  sed -n 's/^opened=/opened=/p' "$logs/$1.log"
}
# sockets_lost NAME: closed and broken ones, up to now
sockets_lost() {
  grep -cE '^(closed|errors):' "$logs/$1.log" || true
}

# --- Load -----------------------------------------------------------------------------------------

load() {
  spawn "$1" "${in_control[@]}" wrk --threads 1 --connections "${load_connections:-16}" \
    --duration 1h --timeout 5s --header "Host: $3" "http://$(address_of "$2")${4:-/whoami}"
}
end_load() {
  end "$1" INT
}
# load_failures NAME: what wrk says of requests that failed; nothing: none did
load_failures() {
  grep -E 'Non-2xx|Socket errors|unable' "$logs/$1.log" || true
}
load_requests() {
  sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' "$logs/$1.log"
}
