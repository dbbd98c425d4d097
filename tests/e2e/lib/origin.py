#!/usr/bin/env python3
"""An HTTP server that says what it was asked and counts what happens to it.

usage: origin.py [PORT]        80 if not given

  GET /whoami            "NAME HOSTNAME ADDRESS": who answers, and where it was asked
  GET /headers           what it received, as JSON
  GET /ws                WebSocket: a text is answered by "NAME TEXT", binary by the same
  GET /sse?n=5&every_ms=100        text/event-stream; without n: until the client goes
  GET /stream            chunks until the client goes
  POST /upload           {"bytes": N, "sha256": HEX} of a body of any size, chunked or not
  GET /download?bytes=N  so many bytes
  GET /slow?ms=1000      answers late
  GET /fail?status=500   with this status
  GET /healthz           ok
  GET /stats             JSON: open (requests under way), served, aborted (the client went first),
                         websockets (open), paths (requests of each path)
  anything else          "NAME METHOD PATH"

NAME, START_AFTER_MS (listens late) and GRACEFUL come from the environment. SIGTERM ends it at once;
with GRACEFUL=1 it finishes what is under way first.
"""
import asyncio
import collections
import hashlib
import json
import os
import pathlib
import signal
import socket
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import ws

MAX_HEAD_BYTES = 1 << 20
MAX_PATHS = 1000
CHUNK = b"x" * 16384
POLL_S = 0.02
NAME = os.environ.get("NAME", socket.gethostname())


class ClientGone(Exception):
    """It closed the connection before it had its answer."""


class Request:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.method, target, self.version = lines[0].split(" ", 2)
        self.path, _, query = target.partition("?")
        self.query = {k: v[-1] for k, v in urllib.parse.parse_qs(query).items()}
        self.headers = [(k.strip(), v.strip()) for k, _, v in
                        (line.partition(":") for line in lines[1:] if line)]

    def header(self, name):
        return next((v for k, v in self.headers if k.lower() == name), "")

    def number(self, name, default):
        return int(self.query.get(name, default))

    def keeps_alive(self):
        connection = self.header("connection").lower()
        return "close" not in connection and (
            self.version == "HTTP/1.1" or "keep-alive" in connection)


class Origin:
    def __init__(self):
        self.counts = collections.Counter(open=0, served=0, aborted=0, websockets=0)
        self.paths = collections.Counter()
        self.ending = asyncio.Event()
        self.idle = set()   # writers of connections without a request
        self.busy = set()   # tasks of those with one

    # --- Connections ------------------------------------------------------------------------------

    async def serve(self, reader, writer):
        try:
            while not self.ending.is_set():
                self.idle.add(writer)
                head = await reader.readuntil(b"\r\n\r\n")
                self.idle.discard(writer)
                if not await self.answer(Request(head[:-4]), reader, writer):
                    break
        except (EOFError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass  # between two requests, or no HTTP
        finally:
            self.idle.discard(writer)
            writer.close()

    async def answer(self, request, reader, writer):
        """Whether the connection goes on."""
        if len(self.paths) < MAX_PATHS:
            self.paths[request.path] += 1
        self.counts["open"] += 1
        self.busy.add(asyncio.current_task())
        exchange = Exchange(self, request, reader, writer)
        try:
            await exchange.run()
            self.counts["served"] += 1
            return request.keeps_alive() and not exchange.closed
        except (ClientGone, ConnectionError, asyncio.IncompleteReadError):
            self.counts["aborted"] += 1
            return False
        finally:
            self.counts["open"] -= 1
            self.busy.discard(asyncio.current_task())

    # --- The end ----------------------------------------------------------------------------------

    async def finish(self, server):
        server.close()
        for writer in list(self.idle):
            writer.close()
        if self.busy:
            await asyncio.wait(self.busy)


class Exchange:
    """One request and its answer."""

    def __init__(self, origin, request, reader, writer):
        self.origin, self.request, self.reader, self.writer = origin, request, reader, writer
        self.closed = False

    async def run(self):
        handler = getattr(self, "get_" + self.request.path[1:].replace("/", "_"), self.other)
        await handler()

    def head(self, status, fields):
        if self.origin.ending.is_set() or not self.request.keeps_alive():
            self.closed = True
            fields = {**fields, "Connection": "close"}
        elif self.request.version == "HTTP/1.0":
            fields = {**fields, "Connection": "keep-alive"}
        lines = [f"HTTP/1.1 {status} Said", *(f"{k}: {v}" for k, v in fields.items()), "", ""]
        self.writer.write("\r\n".join(lines).encode("latin-1"))

    async def reply(self, body, status=200, kind="text/plain"):
        await self.skip_body()
        data = body.encode() if isinstance(body, str) else body
        self.head(status, {"Content-Type": kind, "Content-Length": len(data), "X-Origin": NAME})
        if self.request.method != "HEAD":
            self.writer.write(data)
        await self.writer.drain()

    async def wait(self, seconds):
        """Sleeps, unless the client goes."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while (left := until - loop.time()) > 0:
            if self.reader.at_eof() or self.writer.transport.is_closing():
                raise ClientGone
            await asyncio.sleep(min(left, POLL_S))

    # --- Bodies -----------------------------------------------------------------------------------

    async def body(self):
        """The pieces of the request's body."""
        if "chunked" in self.request.header("transfer-encoding").lower():
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                async for piece in self.piece(size):
                    yield piece
                await self.reader.readexactly(2)
            while (await self.reader.readline()).strip():
                pass
        elif size := int(self.request.header("content-length") or 0):
            async for piece in self.piece(size):
                yield piece

    async def piece(self, size):
        while size > 0:
            data = await self.reader.read(min(size, 1 << 16))
            if not data:
                raise ClientGone
            size -= len(data)
            yield data

    async def skip_body(self):
        if self.request.path != "/upload":
            async for _ in self.body():
                pass

    # --- What is answered -------------------------------------------------------------------------

    async def other(self):
        await self.reply(f"{NAME} {self.request.method} {self.request.path}\n")

    async def get_whoami(self):
        address, port = self.writer.get_extra_info("sockname")[:2]
        await self.reply(f"{NAME} {socket.gethostname()} {address}:{port}\n")

    async def get_headers(self):
        headers = {}
        for name, value in self.request.headers:
            headers.setdefault(name.lower(), []).append(value)
        said = {"name": NAME, "method": self.request.method, "path": self.request.path,
                "version": self.request.version,
                "headers": {k: ", ".join(v) for k, v in headers.items()}}
        await self.reply(json.dumps(said) + "\n", kind="application/json")

    async def get_healthz(self):
        await self.reply("ok\n")

    async def get_stats(self):
        counts = {"name": NAME, **self.origin.counts, "paths": self.origin.paths}
        counts["open"] -= 1  # this one
        await self.reply(json.dumps(counts) + "\n", kind="application/json")

    async def get_fail(self):
        await self.reply(f"{NAME} fails as told\n", status=self.request.number("status", 500))

    async def get_slow(self):
        await self.wait(self.request.number("ms", 1000) / 1000)
        await self.reply(f"{NAME} was slow\n")

    async def get_download(self):
        left = self.request.number("bytes", 1 << 20)
        self.head(200, {"Content-Type": "application/octet-stream", "Content-Length": left})
        while left > 0:
            self.writer.write(CHUNK[:left])
            left -= len(CHUNK)
            await self.writer.drain()

    async def get_upload(self):
        digest, size = hashlib.sha256(), 0
        if self.request.header("expect"):
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async for data in self.body():
            digest.update(data)
            size += len(data)
        await self.reply(json.dumps({"name": NAME, "bytes": size, "sha256": digest.hexdigest()}) +
                         "\n", kind="application/json")

    async def chunk(self, data):
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self.writer.drain()

    async def get_sse(self):
        self.head(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-cache",
                        "Transfer-Encoding": "chunked"})
        n, every_s = self.request.number("n", 0), self.request.number("every_ms", 100) / 1000
        i = 0
        while (n == 0 or i < n) and not self.origin.ending.is_set():
            await self.chunk(f"id: {i}\ndata: {NAME} {i}\n\n".encode())
            i += 1
            await self.wait(every_s)
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def get_stream(self):
        self.head(200, {"Content-Type": "application/octet-stream",
                        "Transfer-Encoding": "chunked"})
        while True:
            await self.chunk(CHUNK)
            await self.wait(0.01)

    # --- WebSocket --------------------------------------------------------------------------------

    async def get_ws(self):
        key = self.request.header("sec-websocket-key")
        if self.request.header("upgrade").lower() != "websocket" or not key:
            await self.reply("this is a WebSocket\n", status=426)
            return
        self.closed = True
        self.writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           f"Sec-WebSocket-Accept: {ws.accept_key(key)}\r\n\r\n").encode())
        self.origin.counts["websockets"] += 1
        echo = asyncio.create_task(self.echo())
        ending = asyncio.create_task(self.origin.ending.wait())
        try:
            await asyncio.wait({echo, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not echo.done():
                self.writer.write(ws.close_frame(ws.GOING_AWAY))
            else:
                echo.result()
        finally:
            echo.cancel()
            ending.cancel()
            self.origin.counts["websockets"] -= 1

    async def echo(self):
        while True:
            opcode, payload = await ws.read_message(self.reader, self.writer)
            if opcode == ws.CLOSE:
                self.writer.write(ws.frame(ws.CLOSE, payload))
                return
            if opcode == ws.TEXT:
                payload = NAME.encode() + b" " + payload
            self.writer.write(ws.frame(opcode, payload))
            await self.writer.drain()


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 80
    origin = Origin()
    graceful = os.environ.get("GRACEFUL") == "1"
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM,
                            origin.ending.set if graceful else lambda: os._exit(0))
    await asyncio.sleep(int(os.environ.get("START_AFTER_MS", 0)) / 1000)
    server = await asyncio.start_server(origin.serve, None, port, limit=MAX_HEAD_BYTES,
                                        backlog=1024)
    print(f"{NAME} listens on port {port}", flush=True)
    await origin.ending.wait()
    await origin.finish(server)


if __name__ == "__main__":
    asyncio.run(main())
