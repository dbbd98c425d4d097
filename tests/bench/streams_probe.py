#!/usr/bin/env python3
"""Measures for tests/bench/streams. Times are milliseconds unless said otherwise, memory is KiB.

usage: streams_probe.py run COMMAND...         its output thrown away: `WALL CPU PEAK-MEMORY STATUS`
       streams_probe.py rows COUNT COMMAND...  until so many lines have come; then it is ended
       streams_probe.py latency HOST PORT SUBJECT BODY-FILE COUNT
           one request after the other over one connection to the bus: `P50 P99` in microseconds
       streams_probe.py memory NAME=PID...     until SIGTERM: `NAME START PEAK END CPU` of each
       streams_probe.py slow BYTES-PER-SECOND  reads standard input so slowly
       streams_probe.py pull HOST PORT         reads until the end: `WALL BYTES`
       streams_probe.py push HOST PORT BYTES   sends, ends its half and reads a line: `WALL LINE`
"""
import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e/lib"))
from bus import Bus  # noqa: E402

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
PIECE = 1 << 16


def memory_of(pid):
    """(resident, peak), or nothing of a process that has ended"""
    found = {}
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(("VmRSS", "VmHWM")):
                    found[line[:5]] = int(line.split()[1])
    except OSError:
        return None
    return (found["VmRSS"], found["VmHWM"]) if len(found) == 2 else None


def cpu_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) * TICK_MS


def run(command, rows=None):
    began = time.monotonic()
    output = subprocess.PIPE if rows else subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=output)
    peak = 0
    if rows:
        seen = 0
        while seen < rows and (piece := os.read(process.stdout.fileno(), PIECE)):
            seen += piece.count(b"\n")
        wall = time.monotonic() - began
        peak = (memory_of(process.pid) or (0, 0))[1]
        process.send_signal(signal.SIGINT)
    while True:
        # Peeked at, so that the last look at its memory is a moment before its end.
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        peak = max(peak, (memory_of(process.pid) or (0, 0))[1])
        time.sleep(0.005)
    if not rows:
        wall = time.monotonic() - began
    cpu = (usage.ru_utime + usage.ru_stime) * 1000
    print(f"{wall * 1000:.1f} {cpu:.1f} {peak} {os.waitstatus_to_exitcode(status)}")


def latency(host, port, subject, body_file, count):
    with open(body_file, "rb") as file:
        body = file.read()
    bus = Bus(int(port), host=host)
    bus.send(b"SUB _INBOX.admin.bench.> 1\r\n")
    bus.flush()
    times = []
    for number in range(int(count)):
        began = time.perf_counter_ns()
        bus.publish(subject, body, f"_INBOX.admin.bench.{number}")
        while True:
            words = bus.reader.readline().split()
            if words[0] == b"PING":
                bus.send(b"PONG\r\n")
                continue
            answer = bus.reader.read(int(words[-1]) + 2)
            break
        times.append(time.perf_counter_ns() - began)
        assert words[0] in (b"MSG", b"HMSG") and len(answer) > 100, (words, answer)
    times.sort()
    print(times[len(times) // 2] // 1000, times[len(times) * 99 // 100] // 1000)


def memory(pairs):
    pids = {name: int(pid) for name, pid in (pair.split("=") for pair in pairs)}
    first, last, cpu_first, cpu_last = {}, {}, {}, {}
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    for name, pid in pids.items():
        with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the peak begins now
    while True:
        for name, pid in pids.items():
            # A process that is about to end has neither any more: its last figures stay.
            if (now := memory_of(pid)) is not None:
                first.setdefault(name, now[0])
                last[name] = now
            if (cpu := cpu_of(pid)) is not None:
                cpu_first.setdefault(name, cpu)
                cpu_last[name] = cpu
        if signal.sigtimedwait([signal.SIGTERM], 0.2):
            break
    for name in pids:
        resident, peak = last[name]
        print(name, first[name], peak, resident, round(cpu_last[name] - cpu_first[name]))


def slow(rate):
    began = time.monotonic()
    total = 0
    while piece := os.read(0, PIECE):
        total += len(piece)
        time.sleep(max(0, began + total / rate - time.monotonic()))


def pull(host, port):
    began = time.monotonic()
    total = 0
    with socket.create_connection((host, int(port)), timeout=60) as peer:
        while piece := peer.recv(PIECE):
            total += len(piece)
    print(f"{(time.monotonic() - began) * 1000:.1f} {total}")


def push(host, port, count):
    began = time.monotonic()
    piece = bytes(PIECE)
    with socket.create_connection((host, int(port)), timeout=60) as peer:
        for _ in range(int(count) // PIECE):
            peer.sendall(piece)
        peer.shutdown(socket.SHUT_WR)
        answer = b""
        while more := peer.recv(PIECE):
            answer += more
    print(f"{(time.monotonic() - began) * 1000:.1f} {answer.decode().strip()}")


def main():
    what, *words = sys.argv[1:]
    if what == "run":
        run(words)
    elif what == "rows":
        run(words[1:], int(words[0]))
    elif what == "memory":
        memory(words)
    elif what == "slow":
        slow(int(words[0]))
    else:
        {"latency": latency, "pull": pull, "push": push}[what](*words)


if __name__ == "__main__":
    main()
