"""Files, memory and hostile input, through the probes of common/user/probes.

Each probe is an ordinary Linux program that knows what Linux answers; it prints a line for each
check and ends with status 0 if all are as they should be."""

import re
import time
from pathlib import Path

import pytest

import image
from conftest import ROOT, Boots, shell_of
from mutants import mutants
from shell import Shell

LISTS = [ROOT / "common/user/image.list", ROOT / "common/user/image-programs.list"]
PROGRAMS = ROOT / "build/user/bin"
ANSWER = re.compile(r"(errno|exit|signal) \d+")


def free_memory(shell: Shell) -> int:
    """MemFree in KiB."""
    return int(shell.output("grep MemFree /proc/meminfo").split()[1])


def wait_for_memory(shell: Shell, wanted: int, patience: float = 6) -> None:
    """Wait until `wanted` KiB are free again: init buries orphans once a second."""
    deadline = time.monotonic() + patience
    while (free := free_memory(shell)) < wanted:
        assert time.monotonic() < deadline, f"{free} KiB are free, {wanted} were to be"
        time.sleep(0.2)


PROBES = ["file", "data", "mount", "names", "xattr", "memory", "channel", "locks", "addresses",
          "lengths", "socket", "unix", "rights", "netlink", "tcp", "udp"]


@pytest.mark.every_phase
@pytest.mark.parametrize("probe", PROBES)
def test_probe(shell: Shell, probe: str) -> None:
    """The same answers as Linux's."""
    result = shell.run(f"cd /tmp; probe-{probe} >out; s=$?; grep -v ^ok out; rm out; (exit $s)", 60)
    assert (result.output, result.status) == ("", 0)


@pytest.mark.parametrize("probe", PROBES)
def test_probe_leaves_nothing(shell: Shell, probe: str) -> None:
    """Running it once more takes no memory that does not come back."""
    run = f"cd /tmp; probe-{probe} >/dev/null"
    shell.run(run)
    before = free_memory(shell)
    for _ in range(3):
        shell.run(run)
    wait_for_memory(shell, before - 32)


@pytest.mark.parametrize("user", [0, 1000], ids=["root", "user"])
@pytest.mark.parametrize("threads", [0, 1], ids=["alone", "beside a thread"])
@pytest.mark.parametrize("seed", range(1, 4))
def test_hostile_calls(shell: Shell, seed: int, threads: int, user: int) -> None:
    """No arguments of a system call harm the kernel, and what they made it take comes back."""
    shell.output("cd /; probe-hostile 1000 500 2>/dev/null", 60)
    before = free_memory(shell)
    assert "ok hostile" in shell.output(f"probe-hostile {seed} 4000 {user} {threads}", 120)
    wait_for_memory(shell, before - 256)
    assert len(shell.output("mount").split("\n")) < 8
    assert shell.output("cd /tmp; probe-channel >out && echo well; rm out") == "well\n"


def test_broken_programs(boot: Boots, tmp_path: Path) -> None:
    """Whatever an ELF file says, execve() has an answer: an errno, or a signal for the caller."""
    entries = [e for name in LISTS for e in image.parse(name, PROGRAMS)]
    entries.append(image.Entry("/mutants", 0o040755))
    files = mutants()
    entries += [image.Entry(f"/mutants/{name}", 0o100755, data) for name, data in files.items()]
    shell = shell_of(boot(image.archive(entries)))
    shell.output("cd /mutants; probe-exec ./good")
    before = free_memory(shell)
    run = 'for i in *; do echo "$i: $(probe-exec ./$i)"; done'
    answers = shell.output(run, 120).strip().split("\n")
    assert len(answers) == len(files)
    assert [a for a in answers if not ANSWER.fullmatch(a.partition(": ")[2])] == []
    assert "good: exit 7" in answers
    wait_for_memory(shell, before - 128)
