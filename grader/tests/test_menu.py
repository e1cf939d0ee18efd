"""The medium with a menu of all phases: `make iso` builds it, a key or nobody chooses."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import BOCHS_PATIENCE, ROOT
from machine import Machine, Settings
from shell import Shell

MEDIUM = ROOT / "build" / "aramid.iso"
# What each phase calls itself, in the menu's order.
NAMES = [
    re.search(r'PHASE_NAME "(.*)"', path.read_text())[1]
    for path in sorted(ROOT.glob("phase[0-9]-*/kernel/phase.h"))
    if path.parents[1].joinpath("Makefile").exists()
]
UP, ENTER = "\x1b[A", "\r"

QEMU = pytest.param("qemu", id="qemu")
BOCHS = pytest.param("bochs", id="bochs", marks=pytest.mark.bochs)


@pytest.fixture(scope="module")
def medium() -> Path:
    """What `make iso` makes if no phase is asked for."""
    asked = ("PHASE", "IMAGE", "APPEND", "MAKEFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in asked}
    subprocess.run(["make", "--silent", "-C", ROOT, "iso"], env=environment, check=True)
    return MEDIUM


def phase_of(medium: Path, emulator: str, keys: str) -> str:
    """The phase that runs when these keys were typed at the menu, as it says itself."""
    with Machine(Settings(medium, emulator)) as machine:
        patience = 20 * (BOCHS_PATIENCE if emulator == "bochs" else 1)
        for name in NAMES:
            machine.expect(re.escape(name), patience)
        machine.expect("executed automatically in", patience)
        machine.send(keys.encode())
        shell = Shell(machine, patience)
        shell.wait_prompt()
        return re.search(r"#1 (.*) x86_64", shell.output("uname -a"))[1]


@pytest.mark.parametrize("emulator", [QEMU, BOCHS])
def test_no_key(medium: Path, emulator: str) -> None:
    """The newest phase, after some seconds."""
    assert phase_of(medium, emulator, "") == NAMES[-1]


@pytest.mark.parametrize("emulator", [QEMU, BOCHS])
def test_number(medium: Path, emulator: str) -> None:
    assert phase_of(medium, emulator, "1") == NAMES[0]


def test_every_number(medium: Path) -> None:
    found = [phase_of(medium, "qemu", str(number)) for number in range(2, len(NAMES) + 1)]
    assert found == NAMES[1:]


@pytest.mark.parametrize("emulator", [QEMU, BOCHS])
def test_script(medium: Path, emulator: str) -> None:
    """Of a script's lines, a phase's number goes to the menu if it is the first."""
    boot = [sys.executable, ROOT / "grader/boot.py", "--emulator", emulator, "--nic", "none"]
    command = [*boot, "--menu", str(len(NAMES)), medium]
    for first, name in ("1\n", NAMES[0]), ("", NAMES[-1]):
        done = subprocess.run(command, input=f"{first}uname -a\n2\n".encode(), capture_output=True)
        assert done.returncode == 0, done.stderr
        said = done.stdout.decode(errors="replace")
        assert re.search(r"#1 (.*) x86_64", said)[1] == name
        assert said.count("not found") == 1


def test_arrow_key(medium: Path) -> None:
    """From the newest phase to the one before."""
    assert phase_of(medium, "qemu", UP + ENTER) == NAMES[-2]
