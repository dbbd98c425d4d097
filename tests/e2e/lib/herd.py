#!/usr/bin/env python3
"""A herd of agents without engines: each on a connection of its own, as cara-agent speaks.

usage: herd.py PORT COUNT STATE   COUNT agents, for ever; every 0.2 s STATE says how they are
       herd.py PORT slow          subscribes to everything, floods it and never reads

STATE is JSON: how many are `connected` and `registered`; `registrations`, `losses` (of
connections), `refused` and `unanswered` requests in all; since when all have had a heartbeat
answered (`heardAtMs`, 0: some never had); the longest time that one was without
(`silenceMs`) and that an answer took (`answerMs`) since the last SIGUSR1.
"""
import asyncio
import json
import os
import random
import resource
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
import packed

HEARTBEAT_S = 5
PULL_S = 30
ANSWER_S = 5
CONNECT_S = 5
FLOOD_BYTES = 48 << 20  # of 64 MiB that nats-server keeps; beyond half it holds senders back
ROLE = "cara.v1.api.agent"


class Refused(Exception):
    """The apiserver said no."""


def backoff(failures):
    return min(5.0, 0.2 * 2 ** min(failures - 1, 10))


class Bus:
    """One connection: requests in its own inbox, and a callback for hints."""

    def __init__(self, reader, writer, on_wake):
        self.reader, self.writer, self.on_wake = reader, writer, on_wake
        self.waiting, self.number, self.inbox = {}, 0, ""

    @staticmethod
    async def connect(port, name, on_wake):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        bus = Bus(reader, writer, on_wake)
        info = json.loads((await bus.line()).split(b" ", 1)[1])
        options = {"verbose": False, "pedantic": False, "name": name, "lang": "python",
                   "version": "1", "protocol": 1, "headers": True, "no_responders": True}
        bus.send(f"CONNECT {json.dumps(options)}\r\nPING\r\n")
        if not (await bus.line()).startswith(b"PONG"):
            raise ConnectionError("no PONG")
        bus.inbox = f"{os.getpid()}-{info['client_id']}"
        return bus

    def send(self, text, payload=b""):
        self.writer.write(text.encode() + payload)

    async def line(self):
        line = await self.reader.readline()
        if not line:
            raise ConnectionError("closed")
        return line

    async def read(self):
        """Until the connection ends."""
        while True:
            words = (await self.line()).split()
            if words[0] == b"PING":
                self.send("PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                body = await self.reader.readexactly(int(words[-1]) + 2)
                # Headers come with one kind of message alone: nobody listens there.
                self.take(words[1].decode(), None if words[0] == b"HMSG" else body[:-2])

    def take(self, subject, body):
        if not subject.startswith("_INBOX."):
            self.on_wake(body)
            return
        waiting = self.waiting.pop(subject, None)  # None: it comes too late
        if waiting is not None and not waiting.done():
            waiting.set_result(body)

    async def request(self, inbox, subject, message):
        self.number += 1
        reply = f"{inbox}.{self.inbox}.{self.number}"
        answer = self.waiting[reply] = asyncio.get_running_loop().create_future()
        body = packed.pack(message)
        self.send(f"PUB {subject} {reply} {len(body)}\r\n", body + b"\r\n")
        try:
            taken = await asyncio.wait_for(answer, ANSWER_S)
        finally:
            self.waiting.pop(reply, None)
        if taken is None:
            raise TimeoutError("nobody answers")
        said = packed.unpack(taken)
        if "error" in said:
            raise Refused(said["error"]["message"])
        return said


class Agent:
    def __init__(self, port, node, totals):
        self.port, self.node, self.totals = port, node, totals
        self.inbox = f"_INBOX.agent.{node}"
        self.bus = None
        self.registration = 0
        self.have = -1          # the revision of the desired set that was read last
        self.wake = asyncio.Event()
        self.heard = self.pulled = 0.0

    async def live(self):
        failures = 0
        while True:
            try:
                await self.on_a_connection()
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                failures = 1 if self.bus else failures + 1
                if self.bus:
                    self.totals["losses"] += 1
                    self.totals["lastLoss"] = repr(error)
            finally:
                if self.bus:
                    self.bus.writer.close()
                self.bus = None
            longest = backoff(failures)
            await asyncio.sleep(random.uniform(longest / 4, longest))

    async def on_a_connection(self):
        name = f"cara-agent {self.node}"
        bus = await asyncio.wait_for(Bus.connect(self.port, name, self.on_wake), CONNECT_S)
        bus.send(f"SUB {self.inbox}.{bus.inbox}.* 1\r\nSUB cara.v1.node.{self.node}.wake 2\r\n"
                 "SUB cara.v1.node.all.wake 3\r\n")
        self.bus = bus
        tasks = [asyncio.create_task(bus.read()), asyncio.create_task(self.serve(bus))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def on_wake(self, body):
        if packed.unpack(body)["revision"] > self.have:
            self.wake.set()

    async def serve(self, bus):
        """Registers, pulls and beats. The bus is back: everything at once."""
        failures = 0
        self.wake.set()
        while True:
            beat_at = time.monotonic() + HEARTBEAT_S
            if self.registration == 0:
                failures = 0 if await self.register(bus) else failures + 1
                if failures:
                    await asyncio.sleep(backoff(failures))
                    continue
            await self.beat(bus)
            while (left := beat_at - time.monotonic()) > 0:
                if self.wake.is_set() or time.monotonic() > self.pulled + PULL_S:
                    await self.pull(bus)
                    continue
                try:
                    await asyncio.wait_for(self.wake.wait(), left)
                except TimeoutError:
                    break

    async def ask(self, bus, subject, message):
        """The answer; None if there is none."""
        sent = time.monotonic()
        try:
            answer = await bus.request(self.inbox, subject, message)
        except TimeoutError:
            self.totals["unanswered"] += 1
            return None
        except Refused as refusal:
            self.totals["refused"] += 1
            self.totals["lastRefusal"] = str(refusal)
            return None
        took = int((time.monotonic() - sent) * 1000)
        self.totals["answerMs"] = max(self.totals["answerMs"], took)
        return answer

    async def register(self, bus):
        info = {"address": "127.0.0.1", "os": "Debian GNU/Linux 12 (bookworm)",
                "kernel": "6.1.0-18-amd64", "architecture": "x86_64", "engineVersion": "20.10.24",
                "agentVersion": "0.1.0", "cpus": 4, "memoryBytes": 8 << 30}
        answer = await self.ask(bus, f"{ROLE}.{self.node}.node.register", {
            "node": self.node, "agentId": f"id-of-{self.node}", "labels": {"herd": "yes"},
            "info": info, "engineReady": True, "engineMessage": "Docker 20.10.24"})
        if answer is None:
            return False
        self.registration = answer["registration"]
        self.totals["registrations"] += 1
        self.have = -1
        self.wake.set()
        return True

    async def beat(self, bus):
        answer = await self.ask(bus, f"cara.v1.hb.{self.node}", {
            "registration": self.registration, "engineReady": True,
            "engineMessage": "Docker 20.10.24"})
        if answer is None:
            return
        if not answer["registered"]:
            self.registration = 0
            return
        now = time.monotonic()
        if self.heard:
            self.totals["silenceMs"] = max(self.totals["silenceMs"],
                                           int((now - self.heard) * 1000))
        self.heard = now
        if answer["revision"] > self.have:
            self.wake.set()

    async def pull(self, bus):
        self.wake.clear()
        self.pulled = time.monotonic()
        answer = await self.ask(bus, f"{ROLE}.{self.node}.desired.get", {
            "node": self.node, "registration": self.registration, "after": ""})
        if answer is None:  # soon again, not at once
            self.pulled += 1 - PULL_S
        else:
            self.have = answer["revision"]


def write_state(path, agents, totals):
    oldest = min(agent.heard for agent in agents)
    silence = time.monotonic() - oldest
    state = totals | {
        "connected": sum(agent.bus is not None for agent in agents),
        "registered": sum(agent.registration != 0 for agent in agents),
        "heardAtMs": int((time.time() - silence) * 1000) if oldest else 0,
    }
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(path + ".new", path)


async def herd(port, count, path):
    totals = {"registrations": 0, "losses": 0, "refused": 0, "unanswered": 0,
              "silenceMs": 0, "answerMs": 0, "lastLoss": "", "lastRefusal": ""}
    agents = [Agent(port, f"herd-{number:04}", totals) for number in range(count)]
    asyncio.get_running_loop().add_signal_handler(
        signal.SIGUSR1, lambda: totals.update(silenceMs=0, answerMs=0))
    lives = [asyncio.create_task(agent.live()) for agent in agents]
    while True:
        write_state(path, agents, totals)
        broken = [life for life in lives if life.done()]
        if broken:
            broken[0].result()
        await asyncio.sleep(0.2)


def slow(port):
    """Prints the number that the server gave it, floods, and stays until it is ended."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    info = b""
    while not info.endswith(b"\r\n"):
        info += deaf.recv(1)
    deaf.sendall(b'CONNECT {"verbose":false,"name":"slow"}\r\nSUB cara.v1.> 1\r\nPING\r\n')
    pong = b""
    while not pong.endswith(b"PONG\r\n"):
        pong += deaf.recv(1)
    print(json.loads(info.split(b" ", 1)[1])["client_id"], flush=True)
    loud = socket.create_connection(("127.0.0.1", port))
    loud.recv(4096)
    event = packed.pack({"kind": "project", "name": "x" * 64_000, "uid": "u", "phase": "Running",
                         "revision": 1, "deleted": False})
    message = f"PUB cara.v1.evt.project.flood {len(event)}\r\n".encode() + event + b"\r\n"
    loud.sendall(b'CONNECT {"verbose":false,"name":"loud"}\r\n')
    for _ in range(FLOOD_BYTES // len(message)):
        loud.sendall(message)
    signal.pause()


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[2] == "slow":
        slow(int(sys.argv[1]))
    else:
        asyncio.run(herd(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))


if __name__ == "__main__":
    main()
