#!/usr/bin/env bash
# Requests to hosts of projects, at both of two nodes, by HAProxy and real containers: which hosts
# there are, who answers, what a container is told, what is refused, uploads, streams, TLS.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

ingress=tls
agent_flags=(--heartbeat-interval 500ms --ingress-metrics-listen 127.0.0.1:8404)
shop=shop.default.cara.internal
upload_bytes=$((256 << 20))

# hosts_of PROJECT: as its status has them
hosts_of() {
  ctl --output json get projects "$1" | jq -r '.status.ingress[].host' | paste -sd ' '
}
# header I HOST PATH NAME [CURL-ARGUMENTS...]: of the answer
header() {
  host_curl "${@:1:3}" "${@:5}" --output /dev/null --dump-header - | tr -d '\r' |
    sed -n "s/^$4: //Ip"
}
# stat_of HOST NAME: what the origin counted
stat_of() {
  host_curl 1 "$1" /stats | jq -r ".$2"
}
stat_is() {
  [[ $(stat_of "$1" "$2") == "$3" ]]
}
# told NAME CURL-ARGUMENTS...: a header as the container got it, asked at node 2
told() {
  host_curl 2 "$shop" /headers "${@:2}" | jq -r ".headers[\"$1\"] // \"none\""
}
# certificate FILE NAME...: one that it signs itself, in the folder of both nodes
certificate() {
  local names
  names=$(printf ',DNS:%s' "${@:2}")
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$2" -addext \
    "subjectAltName=${names#,}" -keyout "$work/key" -out "$work/$1.crt" 2>/dev/null
  cat "$work/$1.crt" "$work/key" >"$work/tls/.$1"
  mv "$work/tls/.$1" "$work/tls/$1.pem"
}
# tls_curl I HOST PATH CERTIFICATE [CURL-ARGUMENTS...]
tls_curl() {
  "${in_control[@]}" curl --silent --max-time 5 --cacert "$work/$4.crt" \
    --resolve "$2:443:$(address_of "$1")" "${@:5}" "https://$2$3"
}
tls_answers() {
  [[ $(tls_curl "$1" "$2" /whoami "$3") == "shop-1 "* ]]
}

mkdir -p "$work/tls"
certificate first "$shop"
start_bed 2
origin_images

# --- hosts [S13] [S14] ----------------------------------------------------------------------------
apply_origin shop 1 <<'RULES'
- {name: web, host: shop, target: {service: web, port: 80}}
- {name: www, host: Shop.Example, target: {service: web, port: 80}}
- {name: idn, host: bücher.example, target: {service: web, port: 80}}
RULES
equals "a host without a dot is completed, one with a dot is as it is [S13, S14, E19]" \
  "$shop shop.example xn--bcher-kva.example" "$(hosts_of shop)"
origin_labels='caravanserai.io/environment: staging' apply_origin stage 2 <<'RULES'
- {name: web, host: shop, target: {service: web, port: 80}}
RULES
equals "the label says which environment [S14]" shop.staging.cara.internal "$(hosts_of stage)"

for i in 1 2; do
  eventually "node $i answers for a project of node 1 [S16]" 10 route_is "$i" "$shop" shop-1
  eventually "and for one of node 2 [S16]" 10 route_is "$i" shop.staging.cara.internal stage-1
  for host in shop.example SHOP.Example shop.example. Shop.Example.:8080 "$shop:80" \
    xn--bcher-kva.example; do
    check "node $i: Host: $host [S13, S16, E19]" route_is "$i" "$host" shop-1
  done
done
equals "it is the container's port" "$(on_node 1 inspect --format \
  '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' shop-web):80" \
  "$(host_curl 2 "$shop" /whoami | cut -d ' ' -f 3)"
ready_hosts() {
  ctl --output json get projects shop |
    jq -r '.status.ingress[] | select(.ready).url' | paste -sd ' '
}
equals "status has the URLs, and that they are ready" \
  "https://$shop/ https://shop.example/ https://xn--bcher-kva.example/" "$(ready_hosts)"
matches "caractrl get ingress" "web +$shop +shop +web:80 +n1.lab.example +" "$(ctl get ingress)"

# --- who listens [S17] ----------------------------------------------------------------------------
for i in 1 2; do
  equals "node $i listens on the address it was given alone [S17]" \
    "$(address_of "$i"):443 $(address_of "$i"):80" \
    "$(in_node "$i" ss -Hltn 'sport = :80 or sport = :443' | awk '{print $4}' | sort | xargs)"
done
check "not on loopback [S17]" test \
  "$(in_node 1 curl --silent --output /dev/null --write-out '%{exitcode}' http://127.0.0.1/)" = 7
refuses "another scope [S17]" 2 "Internal" ctl apply -f - < <(origin_project public 1 <<'RULES'
- {name: web, host: public, target: {service: web, port: 80}, access: {scope: Public}}
RULES
)
refuses "all addresses must be spelled out [S17]" 2 "0.0.0.0:80" timeout 5 "$bin/cara-agent" \
  --nats "$nats_url" --state-dir "$work/nobody" --ingress-listen :80

# --- one holder [E19] -----------------------------------------------------------------------------
for host in shop.example SHOP.EXAMPLE shop.example. bücher.EXAMPLE "$shop" shop; do
  refuses "another project asks for $host: the holder is named [E19]" 1 "project/shop" \
    ctl apply -f - < <(origin_project thief 1 \
    <<<"- {name: x, host: $host, target: {service: web, port: 80}}")
done
refuses "twice in one project [E19]" 2 "another rule" \
  ctl apply -f - < <(origin_project twice 1 <<'RULES'
- {name: a, host: twice, target: {service: web, port: 80}}
- {name: b, host: twice.default.cara.internal, target: {service: web, port: 80}}
RULES
)

# --- paths ----------------------------------------------------------------------------------------
ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: paths}
spec:
  onNodeLoss: Move
  nodeSelector: {number: "2"}
  services:
    - {name: web, image: "e2e/origin:1", env: [{name: NAME, value: site}], $usr_mount}
    - {name: api, image: "e2e/origin:1", env: [{name: NAME, value: api}], $usr_mount}
    - {name: deep, image: "e2e/origin:1", env: [{name: NAME, value: deep}], $usr_mount}
  $usr_volume
  ingress:
    - {name: web, host: paths, target: {service: web, port: 80}}
    - {name: api, host: paths, path: /api, target: {service: api, port: 80}}
    - {name: deep, host: paths, path: /api/v2/deep, target: {service: deep, port: 80}}
    - {name: only, host: only, path: /here, target: {service: web, port: 80}}
    - {name: closed, host: closed, target: {service: web, port: 81}}
MANIFEST
within 30 is_current paths || bail_out "paths is not Running: $(condition paths Phase)"
for i in 1 2; do
  eventually "node $i has the paths" 10 \
    route_is "$i" paths.default.cara.internal deep /api/v2/deep
  while read -r path name; do
    equals "node $i: $path is for $name: the longest prefix of whole segments" \
      "$name GET ${path%%\?*}" "$(host_curl "$i" paths.default.cara.internal "$path")"
  done <<'PATHS'
/ site
/apix site
/api api
/api/ api
/api/v2 api
/api/v2/deeper api
/api/v2/deep deep
/api/v2/deep/x?a=/b deep
/x/api site
PATHS
done

# --- nobody answers -------------------------------------------------------------------------------
for i in 1 2; do
  equals "node $i: an unknown host is 404" 404 "$(host_status "$i" nobody.example /)"
  equals "node $i: a path that no rule has, too" 404 \
    "$(host_status "$i" only.default.cara.internal /there)"
  equals "node $i: a target that does not listen is 503 [E20]" 503 \
    "$(host_status "$i" closed.default.cara.internal /)"
done
contains "404 is a page for people" "<html" "$(host_curl 1 nobody.example /)"
matches "its type" "^text/html" "$(header 1 nobody.example / content-type)"
contains "503 is a page, and names the project [E20]" "paths" \
  "$(host_curl 1 closed.default.cara.internal /)"
matches "503 says when to try again" "^[0-9]+$" \
  "$(header 1 closed.default.cara.internal / retry-after)"
equals "as JSON, if asked" 503 "$(host_curl 2 closed.default.cara.internal / \
  --header 'Accept: application/json' | jq .error.status)"
check "404 as well" jq --exit-status .error.reason <<<"$(host_curl 2 nobody.example / \
  --header 'Accept: application/json')"
spec_lines='paused: true' origin_project shop 1 <<'RULES' | ctl apply -f - >/dev/null
- {name: web, host: shop, target: {service: web, port: 80}}
- {name: www, host: shop.example, target: {service: web, port: 80}}
RULES
for i in 1 2; do
  eventually "node $i: a paused project is 503" 15 status_is "$i" "$shop" 503
  eventually "and the page says so" 5 route_is "$i" "$shop" paused
done
equals "a host that it gave up is free" 404 "$(host_status 1 xn--bcher-kva.example /)"
apply_origin shop 1 <<'RULES'
- {name: web, host: shop, target: {service: web, port: 80}}
- {name: www, host: shop.example, target: {service: web, port: 80}}
RULES
for i in 1 2; do eventually "node $i: and is back" 10 route_is "$i" "$shop" shop-1; done

# --- another address [E20] ------------------------------------------------------------------------
before=$(host_curl 1 "$shop" /whoami)
network=$(on_node 1 inspect \
  --format '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}' shop-web)
# Somebody takes the address while nobody starts the container again.
kill -STOP "${pids[cara-agent-1]}"
on_node 1 rm --force shop-web >/dev/null
on_node 1 run --detach --name filler --network "$network" e2e/idle:1 >/dev/null
kill -CONT "${pids[cara-agent-1]}"
has_moved() {
  local now
  now=$(host_curl "$1" "$shop" /whoami)
  [[ $now == "shop-1 "* && ${now##* } != "${before##* }" ]]
}
for i in 1 2; do
  eventually "node $i: a container with another address is found [E20]" 30 has_moved "$i"
done
on_node 1 rm --force filler >/dev/null

# --- what a container is told ---------------------------------------------------------------------
lies=(--header 'X-Forwarded-For: 6.6.6.6' --header 'X-Forwarded-Proto: https' --header
  'X-Forwarded-Host: evil.example' --header 'X-Request-Id: mine' --header 'Forwarded: for=6.6.6.6')
equals "who asked, whatever the client says" 10.77.0.254 "$(told x-forwarded-for "${lies[@]}")"
equals "how" http "$(told x-forwarded-proto "${lies[@]}")"
equals "for which host" "$shop" "$(told x-forwarded-host "${lies[@]}")"
equals "Forwarded is not believed either" none "$(told forwarded "${lies[@]}")"
matches "an id of the request" "^[0-9a-f-]{36}$" "$(told x-request-id "${lies[@]}")"
matches "which the client is told, too" "^[0-9a-f-]{36}$" \
  "$(header 2 "$shop" /whoami x-request-id "${lies[@]}")"
equals "not how it came from the other node" none "$(told x-cara-hop)"
equals "what claims to come from another node is not forwarded" 503 \
  "$(host_status 2 "$shop" /whoami --header 'X-Cara-Hop: guess')"
equals "nor a header dropped because Connection names it" 10.77.0.254 \
  "$(told x-forwarded-for --header 'Connection: x-forwarded-for')"

# --- large and long [E20] -------------------------------------------------------------------------
truncate --size "$upload_bytes" "$work/zeros"
sum=$(sha256sum "$work/zeros" | cut -d ' ' -f 1)
curl_limit_s=120
for i in 1 2; do
  equals "node $i: an upload of $((upload_bytes >> 20)) MiB arrives whole [E20]" \
    "$upload_bytes $sum" \
    "$(host_curl "$i" "$shop" /upload --upload-file "$work/zeros" | jq -r '"\(.bytes) \(.sha256)"')"
done
equals "in chunks, too [E20]" "$upload_bytes $sum" "$(host_curl 2 "$shop" /upload --header \
  'Transfer-Encoding: chunked' --upload-file "$work/zeros" | jq -r '"\(.bytes) \(.sha256)"')"
equals "a download of the same size" "$upload_bytes" \
  "$(host_curl 2 "$shop" "/download?bytes=$upload_bytes" | wc -c)"
curl_limit_s=5
for i in 1 2; do
  contains "node $i: server-sent events come as they are made" "data: shop-1 3" \
    "$(curl_limit_s=2 host_curl "$i" "$shop" '/sse?every_ms=100' --no-buffer || true)"
done
aborted=$(stat_of "$shop" aborted)
for path in /stream "/slow?ms=60000"; do
  for i in 1 2; do
    curl_limit_s=1 host_curl "$i" "$shop" "$path" >/dev/null || true
    aborted=$((aborted + 1))
    eventually "node $i: a client that goes during ${path%\?*} is gone for the container [E20]" 5 \
      stat_is "$shop" aborted "$aborted"
  done
done
equals "no request is left open" 0 "$(stat_of "$shop" open)"
for i in 1 2; do hold_sockets "sockets$i" 10 "$i" "$shop"; done
eventually "the container has them all" 5 stat_is "$shop" websockets 20
for i in 1 2; do
  matches "node $i: they were answered by the container, none was lost" \
    "opened=10 echoes=[0-9]+ closed=0 errors=0 .* from=shop-1:" "$(release_sockets "sockets$i")"
done

# --- HTTP/1.0, smuggling, headers [E20] -----------------------------------------------------------
matches "HTTP/1.0 without a Host is refused [E20]" "^HTTP/1.[01] 400" \
  "$(host_raw 1 'GET /whoami HTTP/1.0\r\n\r\n')"
contains "with one it is served [E20]" shop-1 \
  "$(host_raw 1 "GET /whoami HTTP/1.0\\r\\nHost: $shop\\r\\n\\r\\n")"
lengths='Content-Length: 4\r\nContent-Length: 5\r\n\r\n'
h2c='Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
refused=(
  "GET /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\nHost: paths.default.cara.internal\\r\\n\\r\\n"
  "GET /smuggled HTTP/1.1\\r\\n\\r\\n"
  "GET /smuggled HTTP/1.1\\r\\nHost: <script>alert(1)</script>\\r\\n\\r\\n"
  "GET http://paths.default.cara.internal/smuggled HTTP/1.1\\r\\nHost: $shop\\r\\n\\r\\n"
  "GET /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\nHost : x\\r\\n\\r\\n"
  "GET /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\n folded: x\\r\\n\\r\\n"
  "POST /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\n${lengths}abcd"
  "POST /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\nContent-Length: +4\\r\\n\\r\\nabcd"
  "POST /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\nContent-Length : 4\\r\\n\\r\\nabcd"
  "CONNECT $shop:80 HTTP/1.1\\r\\nHost: $shop:80\\r\\n\\r\\n"
  "GET /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\nX: a\\0b\\r\\n\\r\\n"
  "GET /smuggled HTTP/1.1\\r\\nHost: $shop\\r\\nX: $(printf '%40000s' "" | tr ' ' x)\\r\\n\\r\\n"
)
for request in "${refused[@]}"; do
  what=$(cut -c 1-110 <<<"${request//\\r\\n/, }")
  for i in 1 2; do
    matches "node $i refuses: $what [E20]" "^(HTTP/1.[01] 4[0-9][0-9]|$)" \
      "$(host_raw "$i" "$request")"
  done
done
# A second request inside the body of the first: for a host that no project has, so that only what
# a container takes for a request of its own reaches one.
inner="GET /smuggled HTTP/1.1\\r\\nHost: nobody.example\\r\\n\\r\\n"
length=$((${#inner} - 3 * 2))
hidden=(
  "Content-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n$inner"
  "Content-Length: $((length + 5))\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n$inner"
  "Transfer-Encoding: xchunked\\r\\nContent-Length: 5\\r\\n\\r\\n0\\r\\n\\r\\n$inner"
  "Transfer-Encoding: chunked, identity\\r\\n\\r\\n0\\r\\n\\r\\n$inner"
  "Transfer-Encoding:\\tchunked\\r\\nContent-Length: 5\\r\\n\\r\\n0\\r\\n\\r\\n$inner"
  "Transfer-Encoding: chunked\\r\\n\\r\\n0;x\\n\\r\\n$inner"
  "Connection: Content-Length\\r\\nContent-Length: $length\\r\\n\\r\\n$inner"
  "$h2c\\r\\n$inner"
)
for body in "${hidden[@]}"; do
  for i in 1 2; do
    host_raw "$i" "POST /whoami HTTP/1.1\\r\\nHost: $shop\\r\\n$body" >/dev/null
  done
done
equals "no request within a request has reached a container [E20]" null \
  "$(stat_of "$shop" 'paths["/smuggled"]')"
equals "nor was one that was refused handed to another project" null \
  "$(stat_of paths.default.cara.internal 'paths["/smuggled"]')"

# --- TLS ------------------------------------------------------------------------------------------
for i in 1 2; do
  eventually "node $i: HTTPS with the owner's certificate" 10 tls_answers "$i" "$shop" first
done
equals "HTTP/2" 2 "$(tls_curl 1 "$shop" /whoami first --output /dev/null \
  --write-out '%{http_version}')"
equals "the container is told" https \
  "$(tls_curl 2 "$shop" /headers first | jq -r '.headers["x-forwarded-proto"]')"
haproxy_pids=$(routers | xargs)
certificate second shop.example
for i in 1 2; do
  eventually "node $i: a certificate that is added is used" 30 tls_answers "$i" shop.example second
done
cp "$work/first.crt" "$work/old.crt"
certificate first "$shop"
for i in 1 2; do
  eventually "node $i: one that is replaced is, too" 30 tls_answers "$i" "$shop" first
done
printf 'nonsense\n' >"$work/tls/third.pem"
check "a broken one hurts nobody" tls_answers 1 shop.example second
equals "no process was started for it" "$haproxy_pids" "$(routers | xargs)"

# --- what an operator sees ------------------------------------------------------------------------
id=$(header 1 "$shop" /logged x-request-id)
logged() {
  grep -q "shop.*/logged.*$id" "$work/1/agent/ingress/access.log"
}
eventually "a request is in the access log, with its project and id" 5 logged
contains "HAProxy's metrics" haproxy_process_ \
  "$(in_node 1 curl --silent http://127.0.0.1:8404/metrics)"
ctl delete project shop >/dev/null
for i in 1 2; do
  eventually "node $i: a host whose project is deleted is 404" 5 status_is "$i" "$shop" 404
done
