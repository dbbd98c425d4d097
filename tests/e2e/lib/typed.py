"""What bash makes of what somebody types: typed.py RC-FILE TEXT; \\t in TEXT is the tab key.

Prints the line as it stands then. A bash on a terminal of its own, so readline and the programmable
completion are the real ones.
"""
import os
import pty
import select
import sys
import tempfile
import time

PATIENCE = 20


def wait_for(path, master, key=b""):
    """Reads what bash writes meanwhile: a full terminal would stop it. Presses the key once a
    second: bash may discard what is typed while a completion runs."""
    end = time.monotonic() + PATIENCE
    pressed = 0.0
    while time.monotonic() < end and not os.path.exists(path):
        if key and time.monotonic() > pressed + 1:
            pressed = time.monotonic()
            os.write(master, key)
        if select.select([master], [], [], 0.02)[0]:
            os.read(master, 65536)
    if not os.path.exists(path):
        sys.exit("typed.py: bash does not answer")


def main():
    rc_file, text = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        ready, line = folder + "/ready", folder + "/line"
        with open(folder + "/rc", "w", encoding="utf-8") as script:
            script.write(f"source {rc_file}\n")
            script.write("PS1='$ '; bind 'set bell-style none'\n")
            script.write(f"dump() {{ printf '%s' \"$READLINE_LINE\" >{line}.part; ")
            script.write(f"mv {line}.part {line}; }}\n")
            script.write("bind -x '\"\\C-x\\C-d\": dump'\n")
            script.write(f"PROMPT_COMMAND='touch {ready}'\n")
        pid, master = pty.fork()
        if pid == 0:
            os.execvp("bash", ["bash", "--noprofile", "--rcfile", folder + "/rc", "-i"])
        wait_for(ready, master)
        os.write(master, text.replace("\\t", "\t").encode())
        wait_for(line, master, b"\x18\x04")
        with open(line, encoding="utf-8") as result:
            print(result.read())
        os.kill(pid, 9)
        os.waitpid(pid, 0)


main()
