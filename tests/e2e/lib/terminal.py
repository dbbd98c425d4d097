#!/usr/bin/env python3
"""A person at a terminal: caractrl exec -it in a pseudo terminal, whose size changes.

terminal.py CARACTRL NATS-URL PROJECT/SERVICE: says what was seen, a line each.
"""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

LIMIT_S = 30
# Of busybox, which asks where it is, and clears what is behind it.
PROMPT = r"# (\x1b\[(J|6n))?$"


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Screen:
    def __init__(self, fd):
        self.fd = fd
        self.text = ""

    def wait(self, pattern):
        """What comes until the pattern does; without it the test is over."""
        deadline = time.monotonic() + LIMIT_S
        while not (match := re.search(pattern, self.text)):
            if time.monotonic() > deadline:
                sys.exit(f"no {pattern!r} in {self.text!r}")
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                sys.exit(f"the end, without {pattern!r}: {self.text!r}")
        self.text = self.text[match.end():]
        return match

    def type(self, text):
        os.write(self.fd, text.encode())


def main():
    caractrl, url, target = sys.argv[1:]
    pid, fd = pty.fork()
    if pid == 0:
        # A shell around it tells how it left the terminal.
        os.environ["TERM"] = "xterm"
        os.execvp("sh", ["sh", "-c", "echo BEFORE-$(stty -g); "
                         f"{caractrl} --nats {url} exec -it {target} -- sh; echo CODE-$?; "
                         "echo AFTER-$(stty -g); sleep 60"])
    set_size(fd, 24, 80)
    screen = Screen(fd)
    before = screen.wait(r"BEFORE-([0-9a-f:]+)\r\n").group(1)
    screen.wait(PROMPT)
    screen.type("tty >/dev/null && echo is-a-$((1+1))-tty\r")
    screen.wait(r"is-a-2-tty\r\n")
    print("tty")
    screen.type("echo size-$(stty size)-end\r")
    rows, columns = screen.wait(r"size-(\d+) (\d+)-end\r\n").groups()
    print(f"size {rows}x{columns}")
    set_size(fd, 40, 132)
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        screen.type("echo size-$(stty size)-end\r")
        rows, columns = screen.wait(r"size-(\d+) (\d+)-end\r\n").groups()
        if rows == "40":
            break
    print(f"resized {rows}x{columns}")
    screen.type("sleep 1000; echo after-$((3+4))\r")
    screen.wait(r"sleep 1000")
    time.sleep(0.5)
    screen.type("\x03")
    screen.wait(PROMPT)
    print("interrupted")
    screen.type("exit 5\r")
    print("exit", screen.wait(r"CODE-(\d+)\r\n").group(1))
    after = screen.wait(r"AFTER-([0-9a-f:]+)\r\n").group(1)
    print("restored" if after == before else f"changed from {before} to {after}")
    os.kill(pid, 9)


main()
