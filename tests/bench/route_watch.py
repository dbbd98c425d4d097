#!/usr/bin/env python3
"""route_watch.py HOST ADDRESS...: says `ready`, and for each router (ADDRESS:PORT) when it answered
the host with 200 for the first time: `ADDRESS SECONDS-SINCE-THE-EPOCH`. Then it ends."""
import socket
import sys
import threading
import time

LIMIT_S = 30


def watch(address, host, ready):
    ip, port = address.rsplit(":", 1)
    ask = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    end = time.time() + LIMIT_S
    router = socket.create_connection((ip, int(port)), timeout=5)
    ready.wait()
    while time.time() < end:
        router.sendall(ask)
        if b" 200 " in router.recv(65536).split(b"\r\n", 1)[0]:
            print(address, f"{time.time():.6f}", flush=True)
            return
        time.sleep(0.001)


def main():
    host, addresses = sys.argv[1], sys.argv[2:]
    ready = threading.Barrier(len(addresses) + 1)
    watchers = [threading.Thread(target=watch, args=(a, host, ready)) for a in addresses]
    for each in watchers:
        each.start()
    ready.wait()
    print("ready", flush=True)
    for each in watchers:
        each.join()


main()
