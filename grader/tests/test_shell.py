"""At the prompt of an unmodified BusyBox, in QEMU: everything behaves as on Linux."""

import hashlib
import re
import subprocess
import time

import pytest

from commands import CASES, Case
from conftest import INITRAMFS
from shell import Shell

pytestmark = pytest.mark.every_phase

# Every case starts in a directory of its own.
BEGIN = "cd /tmp && rm -rf t && mkdir t && cd t"


def host(command: str) -> str:
    """What this machine's tools answer."""
    run = subprocess.run(command, shell=True, capture_output=True, check=True)
    return run.stdout.decode().strip()


def names_in_bin() -> str:
    """The MD5 of what `tar t` lists of the initramfs's /bin, sorted."""
    names = host(f"cpio -t --quiet <'{INITRAMFS}'").split("\n")
    listed = ["bin/"] + [name for name in names if name.startswith("bin/")]
    return hashlib.md5("".join(name + "\n" for name in sorted(listed)).encode()).hexdigest()


def expected(case: Case) -> str:
    """The case's output with the figures that come from elsewhere filled in."""
    figures = {
        "@SH@": lambda: "-/bin/sh: eval",
        "@BUSYBOX@": lambda: hashlib.md5(open("/bin/busybox", "rb").read()).hexdigest(),
        "@TAR@": names_in_bin,
        "@SORT@": lambda: host(
            "seq 1 20000 | awk '{ print ($1 * 7919) % 20011, $1 }' | LC_ALL=C sort | md5sum | cut -c 1-32"
        ),
    }
    output = case.output
    for name, figure in figures.items():
        if name in output:
            output = output.replace(name, figure())
    return output


def check(shell: Shell, case: Case) -> None:
    """Run `case` and compare."""
    shell.output(BEGIN)
    result = shell.run(case.command)
    wanted = expected(case)
    if case.pattern:
        assert re.fullmatch(wanted, result.output), (wanted, result.output)
    else:
        assert result.output == wanted
    assert result.status == case.status


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_command(shell: Shell, case: Case) -> None:
    check(shell, case)


def test_date(shell: Shell) -> None:
    """The wall clock is the host's, from the real-time clock."""
    before = int(time.time())
    guest = int(shell.output("date +%s"))
    assert before - 3 <= guest <= time.time() + 3


def test_every_file_of_the_initramfs_is_there(shell: Shell) -> None:
    """Nothing is lost and nothing invented on the way from the archive to the root."""
    names = host(f"cpio -t --quiet <'{INITRAMFS}'").split("\n")
    shell.output("rm -rf /tmp/*")
    # What rc makes at boot is in /var/run.
    found = shell.output("cd /; find . -xdev | grep -v ^./var/run/ | sort | md5sum; cd").split()[0]
    listed = "".join(f"{name}\n" for name in sorted(["."] + ["./" + name for name in names]))
    assert found == hashlib.md5(listed.encode()).hexdigest()
