#!/usr/bin/env python3
r"""Sends bytes that no HTTP client would, and prints all that comes back.

usage: raw_http.py [--quiet-s S] HOST:PORT [BYTES]

BYTES as in a C string (`GET / HTTP/1.0\r\n\r\n`), else standard input as it is. It waits until the
other side closes, or says nothing for S seconds (1).
"""
import argparse
import socket
import sys


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--quiet-s", type=float, default=1)
    parser.add_argument("server")
    parser.add_argument("bytes", nargs="?")
    options = parser.parse_args()
    if options.bytes is None:
        data = sys.stdin.buffer.read()
    else:
        data = options.bytes.encode("latin-1").decode("unicode_escape").encode("latin-1")
    host, _, port = options.server.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), options.quiet_s) as connection:
        try:
            connection.sendall(data)
            while piece := connection.recv(1 << 16):
                sys.stdout.buffer.write(piece)
        except (TimeoutError, ConnectionError):
            pass  # what came until then is what there is
    return 0


if __name__ == "__main__":
    sys.exit(main())
