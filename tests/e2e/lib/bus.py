#!/usr/bin/env python3
"""Speaks the text protocol of NATS from a plain socket, to say what no program of ours would.

usage: bus.py PORT garbage     publish and request garbage on every subject of ours
       bus.py PORT oversize    a payload beyond the server's limit
       bus.py PORT stolen USER PASSWORD NODE OTHER
           what an agent of NODE may not do, such as what concerns OTHER: prints what is allowed
           all the same; then whether its own heartbeat is answered
       bus.py PORT slow        subscribes to everything, floods it and never reads
"""
import json
import random
import signal
import socket
import sys

SUBJECTS = [
    "cara.v1.api.admin.mallory.project.apply", "cara.v1.api.admin.mallory.project.delete",
    "cara.v1.api.admin.mallory.project.get", "cara.v1.api.admin.mallory.project.list",
    "cara.v1.api.admin.mallory.node.list", "cara.v1.api.admin.mallory.node.delete",
    "cara.v1.api.sched.mallory.project.bind", "cara.v1.api.sched.mallory.project.unschedulable",
    "cara.v1.api.sched.mallory.changes.since", "cara.v1.api.gc.mallory.project.expire",
    "cara.v1.api.gc.mallory.project.reap", "cara.v1.api.gc.mallory.project.evict",
    "cara.v1.api.agent.mallory.node.register", "cara.v1.api.agent.mallory.project.status",
    "cara.v1.api.agent.mallory.desired.get", "cara.v1.api.admin.mallory.server.info",
    "cara.v1.api.admin.mallory.project.undo", "cara.v1.api.viewer.mallory.project.history",
    "cara.v1.api.viewer.mallory.event.list", "cara.v1.api.agent.mallory.event.report",
    "cara.v1.api.nobody.mallory.project.get", "cara.v1.api.admin.mallory.no.such",
    "cara.v1.api.admin", "cara.v1.api.a.b.c.d.e.f", "cara.v1.hb.worker-01", "cara.v1.hb.mallory",
    "cara.v1.node.worker-01.wake", "cara.v1.node.all.wake", "cara.v1.sched.all",
    "cara.v1.gc.wake", "cara.v1.evt.project.x", "cara.v1.evt.node.worker-01",
    "cara.v1.apiserver.alive", "$SRV.PING", "$SRV.INFO.cara-apiserver",
]
FLOOD_BYTES = 48 << 20  # of 64 MiB that nats-server keeps; beyond half it holds senders back
RANDOM = random.Random(53)
PAYLOADS = [
    b"", b"\xc0", b"\xc1", b"\x80", b"\x90", b"garbage", b"\xff" * 64,
    b"\xdd\xff\x00\x00\x00",                      # an array that claims 4 billion elements
    b"\xdb\xff\xff\xff\xff" + b"x" * 16,          # a string that claims 4 GiB
    b"\xdf\xff\xff\xff\xff",                      # a map likewise
    b"\x91" * 100_000,                            # nesting
    b"\x81\xa4name\xcf" + b"\xff" * 8,            # the wrong type
    b"\x82\xa4name\xa1a\xa4name\xa1b",            # a key twice
    b"\x81\xa4name\xa3a.*",                       # cut off
    b"\x81\xa4name\xa4a.*>",                      # a name that is no subject token
    b"\x81\xa4name\xa2\xc3\x28",                  # no UTF-8
    b"\x80\x80\x80",                              # trailing bytes
    b"{\"json\": true}", bytes(RANDOM.randrange(256) for _ in range(4096)),
]


class Bus:
    def __init__(self, port, credentials=None, receive_buffer=None, host="127.0.0.1"):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect((host, port))
        self.reader = self.socket.makefile("rb")
        self.info = json.loads(self.reader.readline().split(b" ", 1)[1])
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
        if credentials:
            options["user"], options["pass"] = credentials
        self.send(f"CONNECT {json.dumps(options)}\r\nPING\r\n".encode())
        if not (answer := self.reader.readline()).startswith(b"PONG"):
            raise SystemExit(f"the bus refuses the connection: {answer.decode().strip()}")

    def send(self, data):
        self.socket.sendall(data)

    def publish(self, subject, payload, reply=""):
        head = f"PUB {subject} {reply} {len(payload)}\r\n".encode()
        self.send(head + payload + b"\r\n")

    def is_refused(self, line, payload=b""):
        """Whether the server does not permit what the line asks for."""
        self.send(line.encode() + b"\r\n" + payload + b"PING\r\n")
        refused = False
        while not (answer := self.reader.readline()).startswith(b"PONG"):
            refused = refused or answer.startswith(b"-ERR 'Permissions Violation")
            if not answer:
                raise SystemExit("the bus closed the connection")
        return refused

    def flush(self):
        """Waits until the server has taken everything; returns the number of messages received."""
        self.send(b"PING\r\n")
        received = 0
        while True:
            line = self.reader.readline()
            if not line:
                raise SystemExit("the bus closed the connection")
            if line.startswith(b"PONG"):
                return received
            if line.startswith(b"PING"):
                self.send(b"PONG\r\n")
            if line.startswith(b"MSG"):
                self.reader.read(int(line.split()[-1]) + 2)
                received += 1


def garbage(bus):
    sent = 0
    for subject in SUBJECTS:
        for number, payload in enumerate(PAYLOADS):
            bus.publish(subject, payload)
            bus.publish(subject, payload, f"_INBOX.admin.mallory.{number}")
            # A reply subject that is not the caller's own: nobody may be made to answer there.
            bus.publish(subject, payload, "cara.v1.api.admin.root.project.delete")
            sent += 3
        bus.flush()
    print(sent)


def oversize(bus):
    # The announced size is enough to be refused.
    bus.send(f"PUB {SUBJECTS[0]} {bus.info['max_payload'] + 1}\r\nx".encode())
    print(bus.reader.readline().decode(errors="replace").strip())


def stolen(bus, node, other):
    own = f"cara.v1.api.agent.{node}"
    publications = [
        f"cara.v1.hb.{other}", "cara.v1.hb.all", f"{own}.project.apply", f"{own}.project.delete",
        f"{own}.project.bind", f"{own}.project.list", f"{own}.node.delete", f"{own}.changes.since",
        f"_INBOX.agent.{other}.1", "_INBOX.admin.root.1", "_INBOX.apiserver.a1.1",
        "$SYS.REQ.SERVER.PING", "$JS.API.INFO", f"{own}", "cara.v1.api"]
    publications += [f"cara.v1.api.agent.{other}.{operation}" for operation in (
        "node.register", "desired.get", "project.status", "event.report", "server.info")]
    # Of everybody else: the api subjects of SUBJECTS are mallory's.
    publications += [subject for subject in SUBJECTS if subject != f"cara.v1.hb.{node}"]
    subscriptions = [
        ">", "cara.>", "cara.v1.>", "cara.v1.hb.*", f"cara.v1.hb.{node}", f"cara.v1.hb.{other}",
        "cara.v1.api.>", "cara.v1.api.> apiserver", "cara.v1.node.*.wake",
        f"cara.v1.node.{other}.wake", "cara.v1.evt.>", "cara.v1.sched.all",
        "cara.v1.gc.wake gc", "cara.v1.apiserver.alive", "$SYS.>", "_INBOX.>",
        "_INBOX.agent.>", f"_INBOX.agent.{other}.>", "_INBOX.admin.>", "_INBOX.apiserver.>"]
    allowed = [f"PUB {subject}" for subject in publications
               if not bus.is_refused(f"PUB {subject} 0\r\n")]
    allowed += [f"SUB {subject}" for number, subject in enumerate(subscriptions)
                if not bus.is_refused(f"SUB {subject} {number}")]
    print("allowed:", " ".join(allowed) or "nothing", f"of {len(publications + subscriptions)}")
    bus.send(f"SUB _INBOX.agent.{node}.stolen 99\r\n".encode())
    bus.publish(f"cara.v1.hb.{node}", b"\x80", f"_INBOX.agent.{node}.stolen")
    answer = bus.reader.readline()
    print("own heartbeat:", "answered" if answer.startswith(b"MSG") else answer.decode().strip())


def slow(loud, deaf):
    """Prints the number that the server gave to the deaf one, and stays until it is ended."""
    deaf.send(b"SUB cara.v1.> 1\r\nPING\r\n")
    assert deaf.reader.readline().startswith(b"PONG")
    print(deaf.info["client_id"], flush=True)
    payload = b"x" * 64_000
    for _ in range(FLOOD_BYTES // len(payload)):
        loud.publish("cara.v1.evt.project.flood", payload)
    signal.pause()


def main():
    port, what, *words = sys.argv[1:]
    if what == "stolen":
        stolen(Bus(int(port), words[:2]), *words[2:])
    elif what == "slow":
        slow(Bus(int(port)), Bus(int(port), receive_buffer=4096))
    else:
        {"garbage": garbage, "oversize": oversize}[what](Bus(int(port)))


if __name__ == "__main__":
    main()
