"""Processes, signals, time, limits and credentials: probes whose every line is "ok" on Linux.

Then what a crowd of processes leaves behind: the shell, and the memory that was free before.
"""

import re

import pytest

from shell import Shell

# Pages by which free memory may differ: caches of kernel stacks, directory entries.
SLACK_KIB = 256

NESTED = (
    "n=200; begin= end=; "
    'while [ $n -gt 0 ]; do begin="$begin(" end="$end; true)" n=$((n - 1)); done; '
    'sh -c "${begin}echo deep$end"'
)
BOMBS = ["probe-stress bomb", "bomb() { bomb | bomb & }; bomb"]


def free_kib(shell: Shell) -> int:
    """MemFree, once ended processes are gone."""
    text = shell.output("sleep 0.2; cat /proc/meminfo")
    match = re.search(r"MemFree: +(\d+) kB", text)
    assert match, text
    return int(match[1])


def run_probe(shell: Shell, name: str) -> None:
    """Run the probe; its failures are the test's."""
    result = shell.run(f"probe-{name}", patience=120)
    failures = [line for line in result.output.split("\n") if line and not line.startswith("ok ")]
    assert not failures
    assert result.status == 0


PROBES = ["process", "signal", "stop", "thread", "event", "timer", "schedule", "remap", "limits"]
PROBES += ["inspect", "rare", "log", "stress"]


@pytest.mark.every_phase
@pytest.mark.parametrize("name", [*PROBES, "time"])
def test_probe(shell: Shell, name: str) -> None:
    run_probe(shell, name)


@pytest.mark.parametrize("name", PROBES)
def test_memory_comes_back(shell: Shell, name: str) -> None:
    """The first run fills caches; the second must leave what it found."""
    run_probe(shell, name)
    before = free_kib(shell)
    run_probe(shell, name)
    assert abs(free_kib(shell) - before) <= SLACK_KIB


def test_setting_the_clock(shell: Shell) -> None:
    """Who waits for a time of the wall clock hears of it; on the host nobody wants to try this."""
    run_probe(shell, "timer set")


def test_nested_subshells(shell: Shell) -> None:
    """200 shells, each waiting for the next."""
    assert shell.output(NESTED, patience=60) == "deep\n"
    before = free_kib(shell)
    shell.output(NESTED, patience=60)
    assert abs(free_kib(shell) - before) <= SLACK_KIB


@pytest.mark.parametrize("bomb", BOMBS, ids=["program", "shell"])
def test_fork_bomb(shell: Shell, bomb: str) -> None:
    """A user's limit holds his processes, and nobody else's."""
    before = free_kib(shell)
    shell.output(f"su student -c 'ulimit -u 50; {bomb}' >/dev/null 2>&1 &")
    shell.output("sleep 1", patience=60)
    assert shell.output("echo alive") == "alive\n"
    count = "ps -o user | grep -c student || true"
    assert int(shell.output(count)) <= 50
    shell.run("su student -c 'kill -9 -1'")
    shell.output("sleep 2")  # init reaps once a second
    assert int(shell.output(count)) == 0
    assert abs(free_kib(shell) - before) <= SLACK_KIB


def test_init_hears_of_orphans(shell: Shell) -> None:
    """No zombie is left of children whose parents have gone."""
    shell.output("for i in 1 2 3 4 5; do sh -c 'sleep 0.1 & sleep 0.2 &'; done; sleep 3")
    assert shell.output("ps -o stat | grep -c Z || true") == "0\n"
