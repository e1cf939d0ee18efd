"""How the processor is divided, under each policy of the scheduler; phase 1 has one, with no name.

Each policy's machine runs all that is measured from a script, in place of init, and its clock
counts instructions: so nothing depends on the host, and every run gives the same figures.  Times
are microseconds of the guest's; a turn is 10 ms, and a share can be a turn more or less than it
should."""

from __future__ import annotations

import re
import stat
from typing import Iterator

import pytest

import image
from conftest import PHASE, ROOT, Boots, shell_of
from machine import Machine, Settings

POLICIES = ["", "sched=stride"] if int(PHASE) >= 2 else [""]
TURN = 10_000
SECOND = 1_000_000
# Sixteen nanoseconds an instruction: a slow machine has less to do in a second.
ICOUNT = "-icount shift=4,sleep=off -seed 1 -rtc base=2024-01-01T00:00:00,clock=vm".split()
# What a nice value weighs: Linux's table.
WEIGHTS = {-10: 9548, -5: 3121, 0: 1024, 5: 335, 10: 110, 19: 15}

NICES = [(0, 0), (0, 5), (0, 10), (-10, 0), (-5, 0, 5, 10), (19, 19, 19), (0, 0, 0, 10)]
CROWDS = [1, 5, 40]
# What probe-shares is given.
MEASURED = [f"2000 {' '.join(map(str, nices))}" for nices in NICES]
MEASURED += [f"2000 {'0 ' * crowd}sleep" for crowd in CROWDS]
MEASURED += ["2000 0 batch idle", "500 idle", "2000 0 0@3000", "2000 0 half", "2000 0 fork"]
MEASURED += ["1000 0 yield", "5000" + " 0" * 100]


class Figures:
    """What probe-shares has printed under one policy, by its arguments."""

    def __init__(self, machine: Machine) -> None:
        machine.expect(r"#end\r\n", patience=300)
        text = bytes(machine.transcript).decode(errors="replace").replace("\r\n", "\n")
        self.found = {
            found[1]: [[int(figure) for figure in line.split()[1:]] for line in found[2].splitlines()]
            for found in re.finditer(r"^#(.*)\n((?:[^#\n].*\n)*)", text, re.M)
        }

    def __getitem__(self, arguments: str) -> list[list[int]]:
        """The figures of each worker."""
        assert len(self.found[arguments]) == len(arguments.split()) - 1
        return self.found[arguments]

    def times(self, arguments: str) -> list[int]:
        """Each worker's time on the processor."""
        return [figures[0] for figures in self[arguments]]


@pytest.fixture(scope="module", params=POLICIES, ids=lambda words: words or "default")
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    boots = Boots(tmp_path_factory.mktemp("scheduler"))
    script = "".join(f"echo '#{words}'; probe-shares {words}\n" for words in MEASURED)
    text = f"#!/bin/sh\n{script}echo '#end'\npoweroff -f\n".encode()
    lists = [ROOT / "common/user" / name for name in ("image.list", "image-programs.list")]
    entries = [entry for each in lists for entry in image.parse(each, ROOT / "build/user/bin")]
    entries.append(image.Entry("/bin/measure", stat.S_IFREG | 0o755, text))
    initramfs = image.archive(entries)
    medium = boots.iso(initramfs, f"init=/bin/measure {request.param}")
    with Machine(Settings(medium, arguments=ICOUNT)) as machine:
        yield Figures(machine)


@pytest.mark.parametrize("nices", NICES, ids=str)
def test_nice_values(measured: Figures, nices: tuple[int, ...]) -> None:
    """Shares are as the weights, and the processor is never idle."""
    got = measured.times(f"2000 {' '.join(map(str, nices))}")
    assert sum(got) > 1.95 * SECOND
    for nice, time in zip(nices, got):
        due = sum(got) * WEIGHTS[nice] / sum(WEIGHTS[each] for each in nices)
        assert abs(time - due) < 0.02 * due + 2 * TURN, (got, nice)


def test_batch_and_idle(measured: Figures) -> None:
    """SCHED_BATCH has an equal share; SCHED_IDLE next to nothing, but something."""
    ordinary, batch, idle = measured.times("2000 0 batch idle")
    assert abs(ordinary - batch) < 2 * TURN
    assert idle < 0.003 * ordinary + 2 * TURN
    assert measured.times("500 idle")[0] > 0.48 * SECOND


def test_who_was_alone_owes_nothing(measured: Figures) -> None:
    """After three seconds without competition the first has its half all the same, but for what a
    sleeper's child may be ahead."""
    old, new = measured.times("2000 0 0@3000")
    assert abs(old - new) < 6 * TURN


def test_sleep_saves_nothing(measured: Figures) -> None:
    """Who sleeps a part of the time has no more than an equal share."""
    busy, half = measured.times("2000 0 half")
    assert 0.3 * SECOND < half < SECOND + 2 * TURN
    assert busy + half > 1.95 * SECOND


def test_children_inherit_no_time(measured: Figures) -> None:
    """A chain of processes, each the child of one that has just used up its turn, is one process."""
    busy, _ = measured.times("2000 0 fork")
    assert busy > 0.9 * SECOND


def test_yield(measured: Figures) -> None:
    """Who always yields leaves the processor to others."""
    busy, generous = measured.times("1000 0 yield")
    assert busy > 0.95 * SECOND > 19 * generous


@pytest.mark.parametrize("crowd", CROWDS)
def test_sleeper(measured: Figures, crowd: int) -> None:
    """Who mostly sleeps has its turn at the end of the running one, however many wait."""
    *_, (longest, mean, naps) = measured[f"2000 {'0 ' * crowd}sleep"]
    assert naps > 70
    assert mean < 1.5 * TURN
    assert longest < 6 * TURN


def test_hundred(measured: Figures) -> None:
    """All have the same number of turns, or one more or less."""
    got = measured.times("5000" + " 0" * 100)
    assert max(got) - min(got) < 2.5 * TURN
    assert min(got) > 2.5 * TURN


@pytest.mark.parametrize("append", POLICIES, ids=lambda words: words or "default")
def test_real_time(boot: Boots, append: str) -> None:
    """Real-time tasks come before all others, and what else probe-schedule asks."""
    result = shell_of(boot(append=append)).run("probe-schedule", patience=120)
    assert [line for line in result.output.splitlines() if not line.startswith("ok ")] == []
    assert result.status == 0


@pytest.mark.skipif(int(PHASE) < 2, reason="phase 1 has one policy")
def test_report(boot: Boots) -> None:
    """The log names the policy; one that there is not is reported, with those that there are."""
    assert "scheduler policy: stride\n" in shell_of(boot(append="sched=stride")).output("dmesg")
    machine = boot(append="sched=lottery")
    shell = shell_of(machine)
    report = b"sched=lottery: there is no such scheduler policy, only: fair stride; fair is used"
    assert report in machine.transcript
    assert "scheduler policy: fair\n" in shell.output("dmesg")
