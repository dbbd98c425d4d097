#!/usr/bin/env python3
"""Holds WebSockets open and says what became of them.

usage: ws_client.py [--count N] [--every-ms MS] [--for-s S] [--path PATH] HOST:PORT NAME

Opens N WebSockets (1) to PATH (/ws) at HOST:PORT, where NAME is the Host; sends a text on each
every MS milliseconds (1000; 0: never) and expects the same back. Prints `open N` when all are
open, and at the end, after S seconds, on SIGTERM or when none is left:
    opened=N echoes=N closed=N errors=N slowest_ms=N from=NAME:ECHOES,...
`closed` and `errors` are those that were lost before: the exit code is 1 if there are any. What it
prints about them goes to standard error.
"""
import argparse
import asyncio
import collections
import pathlib
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import ws

OPEN_LIMIT_S = 10
ECHO_LIMIT_S = 10


class Client:
    def __init__(self, options):
        self.options = options
        self.counts = collections.Counter(opened=0, echoes=0, closed=0, errors=0)
        self.slowest_ms = 0
        self.origins = collections.Counter()
        self.ending = asyncio.Event()

    async def open(self):
        host, _, port = self.options.server.rpartition(":")
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        key = ws.new_key()
        writer.write((f"GET {self.options.path} HTTP/1.1\r\nHost: {self.options.name}\r\n"
                      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if " 101 " not in head.split("\r\n")[0] or ws.accept_key(key) not in head:
            raise ws.Broken(f"not a WebSocket: {head.splitlines()[0]}")
        return reader, writer

    async def converse(self, reader, writer):
        """Until it is lost. The end cancels it."""
        loop = asyncio.get_running_loop()
        number = 0
        while True:
            if not self.options.every_ms:
                await self.expect(reader, writer, None)
            text = f"echo {number}"
            number += 1
            sent = loop.time()
            writer.write(ws.frame(ws.TEXT, text.encode(), masked=True))
            await writer.drain()
            await asyncio.wait_for(self.expect(reader, writer, text), ECHO_LIMIT_S)
            took_s = loop.time() - sent
            self.slowest_ms = max(self.slowest_ms, round(took_s * 1000))
            # What comes while nothing is asked is a close, or the end of the connection.
            try:
                await asyncio.wait_for(self.expect(reader, writer, None),
                                       max(0.001, self.options.every_ms / 1000 - took_s))
            except asyncio.TimeoutError:
                pass

    async def expect(self, reader, writer, text):
        opcode, payload = await ws.read_message(reader, writer, masked=True)
        if opcode == ws.CLOSE:
            raise asyncio.IncompleteReadError(payload, None)
        name, _, echo = payload.decode().partition(" ")
        if echo != text:
            raise ws.Broken(f"expected {text!r}, got {payload!r}")
        self.counts["echoes"] += 1
        self.origins[name] += 1

    async def hold(self, opened):
        try:
            reader, writer = await asyncio.wait_for(self.open(), OPEN_LIMIT_S)
            self.counts["opened"] += 1
        except (OSError, EOFError, ws.Broken, asyncio.TimeoutError) as error:
            self.lose("errors", error)
            return
        finally:
            opened.release()
        try:
            await self.converse(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self.lose("closed", error)
        except (ws.Broken, asyncio.TimeoutError) as error:
            self.lose("errors", error)
        finally:
            writer.close()

    def lose(self, what, error):
        self.counts[what] += 1
        print(f"{what}: {type(error).__name__} {error}", file=sys.stderr, flush=True)

    async def run(self):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ending.set)
        opened = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(self.hold(opened)) for _ in range(self.options.count)]
        for _ in tasks:
            await opened.acquire()
        print(f"open {self.counts['opened']}", flush=True)
        ending = asyncio.create_task(self.ending.wait())
        lost = asyncio.gather(*tasks)
        await asyncio.wait({ending, lost}, timeout=self.options.for_s,
                           return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, lost, ending):
            task.cancel()
        await asyncio.gather(*tasks, lost, return_exceptions=True)
        origins = ",".join(f"{name}:{n}" for name, n in sorted(self.origins.items()))
        print(" ".join(f"{what}={n}" for what, n in self.counts.items()),
              f"slowest_ms={self.slowest_ms} from={origins}", flush=True)
        return 1 if self.counts["closed"] or self.counts["errors"] else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--every-ms", type=int, default=1000)
    parser.add_argument("--for-s", type=float, default=None)
    parser.add_argument("--path", default="/ws")
    parser.add_argument("server")
    parser.add_argument("name")
    return asyncio.run(Client(parser.parse_args()).run())


if __name__ == "__main__":
    sys.exit(main())
