#!/usr/bin/env python3
"""A terminal with a person at it: runs a program on a pseudo-terminal and types, waits and sends signals by a script.

Receives: `terminal.py STEPS COMMAND...`, STEPS a JSON list of [verb, word]: `reads TEXT` (waits until TEXT is on the screen, after
what was read before), `waits FILE`, `types TEXT` (\\u0003 is Ctrl-C), `signals NAME` (to the program alone, not to its group).
Hands on, on stdout, one JSON object: `code` (128+n for signal n), `screen`, `left` (processes of the terminal's session that
are still there when the program has ended, zombies too: "PID STATE COMMAND"), and `failed` (the step that never came true).
The program gets what a shell gives a job: a process group of its own, in the foreground of the terminal, and above it the
leader of the session, who lives on. Must never wait for ever, and leave no process behind.
"""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

PATIENCE = 30


class Screen:
    def __init__(self, terminal):
        self.terminal, self.text, self.seen = terminal, "", 0

    def look(self, seconds=0.02):
        """Takes in what has come; False once nobody writes to the terminal any more."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # Linux's way to say that the last writer is gone
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def shows(self, text):
        at = self.text.find(text, self.seen)
        if at >= 0:
            self.seen = at + len(text)
        return at >= 0


def lead(command, report):
    """The leader of the session: starts the program as a shell starts a job, reports its id, its end and what stays."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(name, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.close(report)
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTTOU):
            signal.signal(name, signal.SIG_DFL)
        os.execvp(command[0], command)
    try:  # both set it, as in a shell: whoever comes second finds it done
        os.setpgid(job, job)
    except PermissionError:  # it has begun already
        pass
    os.tcsetpgrp(0, job)
    tell(report, {"pid": job})
    _, status = os.waitpid(job, 0)
    tell(report, {"code": os.waitstatus_to_exitcode(status), "left": session(os.getpid())})
    time.sleep(60)  # were it gone, the kernel would end for us what the program has left behind


def tell(report, what):
    os.write(report, (json.dumps(what) + "\n").encode())


def session(leader):
    """The processes of a session but for its leader."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,stat=,args="], stdout=subprocess.PIPE, text=True, check=True)
    found = []
    for row in table.stdout.splitlines():
        pid = int(row.split()[0])
        try:
            if pid != leader and os.getsid(pid) == leader:
                found.append(row.strip())
        except OSError:  # it has ended meanwhile, as `ps` itself has
            continue
    return found


def main():
    steps, command = json.loads(sys.argv[1]), sys.argv[2:]
    reading, report = os.pipe()
    leader, terminal = pty.fork()
    if leader == 0:
        os.close(reading)
        lead(command, report)
        os._exit(0)
    os.close(report)
    screen, reports, failed = Screen(terminal), os.fdopen(reading), None
    job = json.loads(reports.readline())["pid"]

    def until(true):
        end = time.monotonic() + PATIENCE
        while not true():
            screen.look()
            if time.monotonic() > end:
                return False
        return True

    for verb, word in steps:
        done = True
        if verb == "reads":
            done = until(lambda: screen.shows(word))
        elif verb == "waits":
            done = until(lambda: os.path.exists(word))
        elif verb == "types":
            os.write(terminal, word.encode())
        elif verb == "signals":
            os.kill(job, getattr(signal, word))
        else:
            raise SystemExit(f"terminal.py: `{verb}` is no step")
        if not done:
            failed = f"{verb} {word}"
            break
    if failed is None and not until(lambda: select.select([reports], [], [], 0)[0]):
        failed = "the end"
    ended = {"code": -1, "left": session(leader)} if failed else json.loads(reports.readline())
    while screen.look(0.1) and select.select([terminal], [], [], 0.1)[0]:
        pass
    for pid in session(leader):
        try:
            os.kill(int(pid.split()[0]), signal.SIGKILL)
        except ProcessLookupError:
            pass
    os.kill(leader, signal.SIGKILL)
    os.waitpid(leader, 0)
    code = ended["code"]
    if failed is None and code < 0:
        code = 128 - code
    print(json.dumps({"code": code, "screen": screen.text, "left": ended["left"], "failed": failed}))


if __name__ == "__main__":
    main()
