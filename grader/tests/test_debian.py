"""Debian's own programs, with their loader and C library, unmodified: make boot IMAGE=debian.

debian.jsonl has commands and what they print on Debian's Linux, from this very image; the rest is
bash at a terminal."""

import json
import re
from pathlib import Path
from typing import Iterator

import pytest

from conftest import ROOT, Boots, Shared, shell_of
from shell import Shell

IMAGE = ROOT / "build" / "user" / "debian.cpio"
MEMORY = 256  # the Makefile's MEM_debian
ROWS = [json.loads(row) for row in Path(__file__).with_name("debian.jsonl").open()]
PATIENCE = 60


@pytest.fixture(scope="module", autouse=True)
def debian(shared: Shared) -> None:
    """The machine of this file's tests has the image with Debian's programs."""
    shared.start = lambda: shell_of(shared.boots(initramfs=IMAGE, memory=MEMORY))


@pytest.fixture
def typed(shell: Shell) -> Iterator[Shell]:
    """For what is typed key by key: at the end the shell is at its prompt again."""
    yield shell
    assert shell.output("jobs") == ""


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_as_on_linux(shell: Shell, row: dict[str, str]) -> None:
    assert shell.run(row["command"], PATIENCE).output == row["output"]


def test_the_files_are_debians(shell: Shell) -> None:
    """What runs are the dynamic programs of the packages, not BusyBox's applets."""
    shell.output("for i in bash ls grep sed gawk find tar xz make ps python3; do ldd /bin/$i; done >/dev/null")
    assert shell.output("readlink -f /proc/$$/exe") == "/usr/bin/bash\n"


def test_stop_and_continue(typed: Shell) -> None:
    typed.start("sleep 1000")
    typed.type("\x1a")
    typed.expect(r"\[1\]\+  Stopped .*\r\n")
    typed.wait_prompt()
    assert re.fullmatch(r"\[1\]\+  Stopped .*\n", typed.output("jobs"))
    assert re.fullmatch(r"\[1\]\+ .* &\n", typed.output("bg"))
    assert re.fullmatch(r"\[1\]\+  Running .* &\n", typed.output("jobs"))
    typed.type("fg\n")
    typed.expect(r"sleep 1000 ?\)\r\n")
    typed.type("\x03")
    typed.wait_prompt()


def test_kill_a_job(typed: Shell) -> None:
    assert re.fullmatch(r"\[1\] \d+\n", typed.output("sleep 1000 &"))
    killed = typed.run("kill %1; wait %1")
    assert "Terminated" in killed.output and killed.status == 143


def test_editing_and_history(typed: Shell) -> None:
    """Keys of readline: back to the beginning, the line before, completion of a path."""
    typed.type("ho one\x01ec\x05 two\n")
    typed.expect(r"\none two\r\n")
    typed.wait_prompt()
    typed.type("\x1b[A\x7f\x7f\x7fthree\n")
    typed.expect(r"\none three\r\n")
    typed.wait_prompt()
    typed.type("echo /etc/host\tname\n")
    typed.expect(r"\n/etc/hostname\r\n")
    typed.wait_prompt()
    assert "echo one three\n" in typed.output("history 9")


def test_top_at_the_terminal(typed: Shell) -> None:
    typed.type("TERM=vt102 top\n")
    typed.expect("COMMAND", PATIENCE)
    typed.expect("init", PATIENCE)
    typed.type("q")
    typed.wait_prompt()


def test_python_at_the_terminal(typed: Shell) -> None:
    typed.start("python3 -q")
    typed.expect(">>> ", PATIENCE)
    typed.type("6 * 7\n")
    typed.expect(r"\n42\r\n")
    # A signal between Python's last look for one and its call is noticed when the call is over (on
    # Linux too): so it sleeps again and again.
    typed.type("import time; print(42 * 100); [time.sleep(0.1) for i in range(10000)]\n")
    typed.expect(r"\n4200\r\n")  # Ctrl-C while readline has the terminal would mean something else
    typed.type("\x03")
    typed.expect("KeyboardInterrupt\r\n>>> ", PATIENCE)
    typed.type("exit()\n")
    typed.wait_prompt()


def test_nothing_is_missing(shell: Shell) -> None:
    """None of these programs has asked for a system call that is not there."""
    assert shell.output("dmesg | grep 'not implemented' || true") == ""
