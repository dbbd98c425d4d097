#!/usr/bin/env python3
"""route_watch.py HOST -- ADDRESS...: prints, for each address (ADDRESS:PORT of a router), when the
host was answered with 200 for the first time: `ADDRESS SECONDS-SINCE-THE-EPOCH`, then ends."""
import socket
import sys
import threading
import time

LIMIT_S = 30


def watch(address, host):
    ip, port = address.rsplit(":", 1)
    ask = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    end = time.time() + LIMIT_S
    router = socket.create_connection((ip, int(port)), timeout=5)
    while time.time() < end:
        router.sendall(ask)
        if b" 200 " in router.recv(65536).split(b"\r\n", 1)[0]:
            print(address, f"{time.time():.6f}", flush=True)
            return
        time.sleep(0.001)


def main():
    cut = sys.argv.index("--")
    host, addresses = sys.argv[1], sys.argv[cut + 1:]
    watchers = [threading.Thread(target=watch, args=(a, host)) for a in addresses]
    for each in watchers:
        each.start()
    for each in watchers:
        each.join()


main()
