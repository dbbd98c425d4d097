#!/usr/bin/env bash
# caractrl exec, port-forward, cp and top on real containers: exit codes, terminals, signals,
# half-close, many at once, and nothing that is left behind.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
source "$here/lib/load.sh"

# A bed of one node: its agent is where its containers can be reached.
start_bed 1
# A web server that says when it has heard all, and a server that echoes.
files="mkdir -p /data/sub; echo A >/data/a; echo B >/data/sub/b; chmod 640 /data/a"
bed_image e2e/box:1 \
  "nc -ll -p 7 -e cat & httpd -p 80 -h /www; $files; ln -s a /data/link; $wait_for_term"
ctl apply -f - >/dev/null <<MANIFEST
apiVersion: caravanserai/v1
kind: Project
metadata: {name: shop}
spec:
  services: [{name: box, image: "e2e/box:1", stopGracePeriod: 1s}]
MANIFEST
eventually "it runs" 30 is_in shop Running

# --- exec -----------------------------------------------------------------------------------------
code() {
  local got=0
  "$@" >/dev/null 2>&1 || got=$?
  printf '%s\n' "$got"
}
equals "exec: the output" "hello there" "$(ctl exec shop -- echo hello there)"
equals "exec: the exit code [E49]" 7 "$(code ctl exec shop/box -- sh -c 'exit 7')"
matches "exec: a command that is not there" '^12[67]$' "$(code ctl exec shop/box -- nix)"
equals "exec: ended by a signal" 143 "$(code ctl exec shop -- sh -c 'kill -TERM $$')"
equals "exec: outputs apart [E49]" "err" \
  "$(ctl exec shop -- sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)"
equals "exec -i: the end of the input is passed on [E49]" "x" "$(echo x | ctl exec -i shop -- cat)"
equals "exec: the input stays ours without -i" "" "$(echo x | ctl exec shop -- cat)"
equals "exec: folder, variable, user" "/data b 65534" \
  "$(ctl exec -w /data -e A=b -u 65534 shop -- sh -c 'echo $PWD $A $(id -u)')"
refuses "exec -it without a terminal" 2 "standard input is no terminal" ctl exec -it shop -- sh
head -c 20000000 /dev/urandom >"$work/random"
equals "exec: 20 MB through and back [E49]" "$(cksum <"$work/random")" \
  "$(ctl exec -i shop -- cat <"$work/random" | cksum)"

"${in_control[@]}" "$here/lib/terminal.py" "$bin/caractrl" "$nats_url" shop/box \
  >"$work/tty" 2>&1 || true
equals "exec -it: a terminal with its size, resize, Ctrl-C, exit code; and ours as before [E49]" \
  "tty size 24x80 resized 40x132 interrupted exit 5 restored" "$(paste -sd ' ' "$work/tty")"

spawn sleeper "${in_control[@]}" "$bin/caractrl" --nats "$nats_url" exec shop -- sh -c \
  'trap "echo got TERM; exit 9" TERM; echo ready; while :; do sleep 0.1; done'
said() {
  grep -q "$1" "$logs/sleeper.log"
}
eventually "exec: a command runs" 10 said ready
kill -TERM "${pids[sleeper]}"
eventually "exec: a signal is passed on [E49]" 10 said "got TERM"
eventually "and caractrl ends with it" 10 dead sleeper

# --- port-forward ---------------------------------------------------------------------------------
spawn forward "${in_control[@]}" "$bin/caractrl" --nats "$nats_url" port-forward shop/box :80 :7 :81
port_of() {
  grep -oP "127.0.0.1:\K[0-9]+(?= -> $1\$)" "$logs/forward.log"
}
eventually "port-forward listens on free ports" 10 port_of 81
http() {
  "${in_control[@]}" curl --silent --max-time 20 --output /dev/null --write-out '%{http_code}\n' \
    "http://127.0.0.1:$(port_of 80)/"
}
matches "port-forward: an answer" '^[24]' "$(http)"
"${in_control[@]}" python3 - "$(port_of 7)" >"$work/echo" 2>&1 <<'PYTHON' || true
import socket, sys, threading
good = []
def one(s, i):
    data = bytes([i]) * 100000
    threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR))).start()
    got = b""
    while piece := s.recv(65536):
        got += piece
    if got == data:
        good.append(i)
open_ones = []
for i in range(60):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30)
    s.sendall(b"?")
    assert s.recv(1) == b"?"
    open_ones.append(s)
threads = [threading.Thread(target=one, args=(s, i)) for i, s in enumerate(open_ones)]
for t in threads: t.start()
for t in threads: t.join()
print(len(good))
PYTHON
equals "port-forward: 60 connections at once, each half-closed [E49]" 60 "$(cat "$work/echo")"
"${in_control[@]}" curl --silent --max-time 5 "http://127.0.0.1:$(port_of 81)/" \
  >/dev/null 2>&1 || true
refused() {
  grep -q -- '-> 81: .*refused' "$logs/forward.log"
}
eventually "port-forward: a refused connection is said" 10 refused
end cara-agent-1
start_node_agent 1
within 30 nodes_are_ready || true
on_node 1 restart -t 1 shop-box >/dev/null
answers_again() {
  [[ $(http) == [24]* ]]
}
eventually "port-forward goes on over restarts of agent and container" 30 answers_again

# --- cp -------------------------------------------------------------------------------------------
mkdir "$work/here"
ctl cp shop:/data "$work/here/"
equals "cp out: names, contents, links" "A B a" \
  "$(paste -sd ' ' "$work/here/data/a" "$work/here/data/sub/b" | paste -sd ' ')$(
    readlink -n "$work/here/data/link" | sed 's/^/ /')"
equals "cp out: permissions" 640 "$(stat -c %a "$work/here/data/a")"
check "cp in: a folder" ctl cp "$work/here/data" shop/box:/data/back
equals "cp in: names, contents, links, permissions, owner" "A B a 640 0" \
  "$(ctl exec -w /data/back shop -- \
    sh -c 'echo $(cat a sub/b; readlink link; stat -c "%a %u" a)')"
check "cp in: a file under a new name" ctl cp "$work/random" shop:/tmp/big
equals "cp in: all of it" "$(cksum <"$work/random")" "$(ctl exec shop -- cat /tmp/big | cksum)"
equals "cp to -: a tar archive" "data/a" "$(ctl cp shop:/data - | tar t | grep '^data/a')"
check "cp from -" ctl cp - shop:/tmp < <(tar c -C "$work/here" data)
equals "cp from -: it is there" B "$(ctl exec shop -- cat /tmp/data/sub/b)"
refuses "cp: what is not there" 1 "/nix" ctl cp shop:/nix "$work/here/"
refuses "cp: no such folder" 1 "no such folder" ctl cp "$work/random" shop:/nix/x/

# --- top ------------------------------------------------------------------------------------------
matches "top nodes" "$(name_of 1) +[0-9]+m +[0-9]+% +[0-9]+Mi" "$(ctl top nodes)"
matches "top project: service by service" "shop +box +[0-9]+m +[0-9]+Mi" "$(ctl top project shop)"

# --- Many, and what is left -----------------------------------------------------------------------
sessions() {
  on_node 1 top shop-box -o pid,args 2>/dev/null | grep -c "^[0-9]* *sleep 4711" || true
}
# Engines start a few commands a second.
enough() {
  (($(sessions) >= n))
}
for n in $(seq 100); do
  "${in_control[@]}" "$bin/caractrl" --nats "$nats_url" exec shop -- sleep 4711 \
    </dev/null >>"$logs/sessions.log" 2>&1 &
  clients[n]=$!
  disown
  if ((n % 10 == 0)); then within 30 enough || true; fi
done
equals "100 sessions at once [E49]" 100 "$(sessions)"
kill -KILL "${clients[@]}"
none_left() {
  (($(sessions) == 0))
}
eventually "kill -9 of all clients leaves none" 60 none_left
end forward INT
ctl delete project shop >/dev/null
