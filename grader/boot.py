#!/usr/bin/env python3
"""Boot an ISO with its console on this terminal, or on standard input and output.

On a terminal, every byte passes both ways, Ctrl-C and Ctrl-Z included.  Otherwise the lines of
standard input are typed as a user would: each when the shell has printed its prompt, or when the
guest has waited quietly for a while; after the last one, `poweroff`.  If the medium has a menu, a
first line that is the number of an entry is typed there.

Unless told otherwise the machine has a network card, and two free ports of 127.0.0.1 lead to the
guest's httpd and telnetd: they are printed first, on standard error if the console is a script's.

Exit status:
  0    the guest powered off (or you left with Ctrl-A x)
  1    the emulator ended in some other way
  2    wrong arguments
  3    kernel panic
  4    the emulator did not start
  5    the guest has said nothing more for two minutes after the last line
  130, 143, 129  ended by Ctrl-C, SIGTERM, SIGHUP
"""

import signal

# Until main() has its own handlers, Ctrl-C just ends this program.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import os
import re
import sys
import termios
import time
import tty
from pathlib import Path
from select import select
from types import FrameType

from machine import CARDS, Machine, MachineError, Network, Settings, StartError, die_with_parent
from shell import PROMPT

OFF, FAILED, PANIC, NO_START, NO_ANSWER = 0, 1, 3, 4, 5

ESCAPE = 0x01  # Ctrl-A
HELP = "Ctrl-A x ends the machine, Ctrl-A a types Ctrl-A; all other keys go to the guest."

# What the forwarded ports of the guest's are for.
HTTP, TELNET = 80, 23

# A prompt of the shell, the first or a continued line's, that nothing follows.
READY = re.compile(rb"(?:" + PROMPT + rb"|\n> )(?:\x1b\[6n)?$")
# GRUB's menu, counting down.
MENU = re.compile(rb"executed automatically in \d+s\. *(?:\x1b\[[\d;]*H)?$")
# After such a line the system goes down, but its shell prints one more prompt.
LEAVE = re.compile(rb"\b(?:poweroff|reboot|halt)\b")
# A machine that `halt` has stopped stays on, and says nothing more.
HALTED = re.compile(rb"system halted\r?\n")
# A guest that has been quiet for so many seconds, its processor idle, waits for input.
QUIET = 3
# After so many quiet seconds a line is typed in any case,
STUCK = 30
# and after so many when there is no line left, the guest is given up.
SILENT = 120


class Signalled(Exception):
    """This process was told to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def on_signal(number: int, _: FrameType | None) -> None:
    raise Signalled(number)


def write_all(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def verdict(machine: Machine) -> int:
    """This program's exit status for a machine that has ended, halted or panicked."""
    if machine.panicked or HALTED.search(machine.transcript):
        write_all(plain(machine.pump(0.1)))
        return PANIC if machine.panicked else OFF
    while machine.connected:
        write_all(machine.pump(0.25))
    qemu = machine.settings.emulator == "qemu"
    status = machine.wait_end()
    if status == 0 if qemu else "soft power off" in machine.messages():
        return OFF
    print(f"boot: the emulator ended with status {status}", file=sys.stderr)
    print(machine.messages(), file=sys.stderr)
    return FAILED if machine.transcript else NO_START


# ---- on a terminal -----------------------------------------------------------------------------


class Keys:
    """What is typed, less the commands that follow Ctrl-A."""

    def __init__(self) -> None:
        self.escaped = False
        self.leave = False

    def filter(self, data: bytes) -> bytes:
        """The bytes for the guest."""
        out = bytearray()
        for byte in data:
            if not self.escaped and byte != ESCAPE:
                out.append(byte)
            elif not self.escaped:
                self.escaped = True
                continue
            elif byte in b"xX":
                self.leave = True
            elif byte in b"aA\x01":
                out.append(ESCAPE)
            else:
                write_all(f"\r\n{HELP}\r\n".encode())
            self.escaped = False
        return bytes(out)


def interactive(machine: Machine, stay: bool) -> int:
    """Pass bytes both ways until the machine ends; `stay`: also after a panic, for a debugger."""
    before = termios.tcgetattr(0)
    keys = Keys()
    try:
        tty.setraw(0)
        while machine.connected and not keys.leave:
            readable = select([0, machine], [] if machine.sent else [machine], [])[0]
            if 0 in readable:
                data = os.read(0, 4096)
                if not data:
                    break
                machine.send(keys.filter(data))
            write_all(machine.pump(0))
            if machine.panicked and not stay:
                break
    finally:
        termios.tcsetattr(0, termios.TCSAFLUSH, before)
    if keys.leave or (machine.connected and not machine.panicked):
        write_all(b"\n")
        return OFF
    return verdict(machine)


# ---- in a script -------------------------------------------------------------------------------


def plain(data: bytes) -> bytes:
    """The console's bytes as a text file's: no carriage returns, no questions to a terminal."""
    return data.replace(b"\x1b[6n", b"").replace(b"\r", b"")


class Script:
    """The lines of standard input, read as they are needed, then `poweroff`."""

    def __init__(self) -> None:
        self.pending = b""
        self.ended = False

    def read(self) -> None:
        """Wait for more of it."""
        data = os.read(0, 65536)
        self.pending += data
        if not data:
            self.ended = True
            if self.pending:
                self.pending += b"\n"

    def take_number(self, most: int) -> bytes:
        """Take the next line if it is there by now and a number from 1 to `most`; nothing if not."""
        if b"\n" not in self.pending and not self.ended and select([0], [], [], 0)[0]:
            self.read()
        line, end, rest = self.pending.partition(b"\n")
        if not end or line.strip() not in [b"%d" % number for number in range(1, most + 1)]:
            return b""
        self.pending = rest
        return line.strip()

    def next_line(self) -> bytes | None:
        """The next line with its end, None after the last."""
        while b"\n" not in self.pending and not self.ended:
            self.read()
        if not self.pending:
            return None
        line, _, self.pending = self.pending.partition(b"\n")
        return line + b"\n"


class Output:
    """The console as it is printed: a question to the terminal may arrive in two pieces."""

    def __init__(self) -> None:
        self.held = b""

    def write(self, data: bytes) -> None:
        data = self.held + data
        begin = data.rfind(b"\x1b", -3)
        self.held = data[begin:] if begin >= 0 and not data.endswith(b"n") else b""
        write_all(plain(data[: len(data) - len(self.held)]))


def scripted(machine: Machine, entries: int) -> int:
    """Type the script's lines and print what the console says; `entries`: of a menu."""
    script, output, ended, leaving = Script(), Output(), False, False
    since, used = time.monotonic(), machine.processor_time()
    while machine.connected:
        data = machine.pump(0.25)
        output.write(data)
        if machine.panicked or HALTED.search(machine.transcript):
            return verdict(machine)
        if data:
            since, used = time.monotonic(), machine.processor_time()
        if entries and MENU.search(machine.transcript[-200:]):
            if number := script.take_number(entries):
                machine.send(number)
                entries = 0
        quiet = time.monotonic() - since
        if ended and quiet > SILENT:
            print("boot: the guest does not answer", file=sys.stderr)
            return NO_ANSWER
        idle = machine.seen > 0 and machine.processor_time() - used < quiet / 5
        waits = quiet > STUCK or (quiet > QUIET and idle)
        ready = None if leaving else READY.search(machine.transcript, machine.seen)
        if ended and not ready or not (ready or waits):
            continue
        line = script.next_line()
        ended, entries = line is None, 0
        machine.seen = len(machine.transcript)
        line = line or b"poweroff\n"
        leaving = LEAVE.search(line) is not None
        machine.send(line)
        since, used = time.monotonic(), machine.processor_time()
    return verdict(machine)


def ways_in(machine: Machine) -> str:
    """How to reach the guest from this host."""
    http, telnet = machine.ports[HTTP], machine.ports[TELNET]
    return f"http://127.0.0.1:{http}/ is the guest's httpd, telnet 127.0.0.1 {telnet} its telnetd."


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("iso", type=Path)
    parser.add_argument("--emulator", choices=["qemu", "bochs"], default="qemu")
    parser.add_argument("--memory", type=int, default=128, help="MiB")
    parser.add_argument("--nic", help="virtio, e1000 or none: the network card")
    parser.add_argument("--menu", type=int, default=0, metavar="ENTRIES", help="it has a menu")
    parser.add_argument("--stay", action="store_true", help="do not end at a kernel panic")
    parser.add_argument("--gdb", type=Path, metavar="SOCKET", help="stop and wait for a debugger")
    options = parser.parse_args()
    cards = CARDS[options.emulator]
    if (nic := options.nic or cards[0]) not in (*cards, "none"):
        parser.error(f"{options.emulator} has no network card {nic}: {', '.join(cards)} or none")

    if sys.stdin is None:  # closed: as an empty script
        os.open(os.devnull, os.O_RDONLY)
    # make's death is ours: nothing may be left running when a whole build is killed.
    die_with_parent(signal.SIGTERM)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    arguments = ["-S", "-gdb", f"unix:{options.gdb},server=on,wait=off"] if options.gdb else []
    settings = Settings(
        options.iso, options.emulator, options.memory, reboot=True, arguments=arguments,
        network=None if nic == "none" else Network(nic, (HTTP, TELNET)),
    )  # fmt: skip
    try:
        with Machine(settings) as machine:
            typed = sys.stdin and sys.stdin.isatty()
            if machine.ports:
                print(ways_in(machine), file=sys.stdout if typed else sys.stderr, flush=True)
            if not typed:
                return scripted(machine, options.menu)
            print(HELP, flush=True)
            return interactive(machine, options.stay)
    except StartError as error:
        print(f"boot: {error}", file=sys.stderr)
        return NO_START
    except MachineError as error:
        print(f"boot: {error}", file=sys.stderr)
        return NO_ANSWER
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED
    except Signalled as error:
        return 128 + error.number
    finally:
        if options.gdb:
            options.gdb.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
