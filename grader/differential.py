#!/usr/bin/python3
"""Seeded random system calls, on Linux and on Aramid: the same lines (probes/differential.c).

    differential.py record             make differential.tsv anew, from this machine's Linux
    differential.py lines AREA SEED    print what this machine's Linux says, for comparing with
                                       probe-differential AREA SEED CALLS in the guest

Both need root, since each sequence has a tmpfs of its own for its root directory, in a private mount
namespace.  differential.tsv holds, for each area and seed, one hash of six digits for every BLOCK
lines of Linux's answers: enough to tell where the first difference is."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROBE = ROOT / "build/user/bin/probe-differential"
EXPECTED = ROOT / "grader/differential.tsv"

AREAS = ["names", "data", "pipes", "sockets", "locks", "credentials"]
SEEDS = 6  # of each area, from 1 on
CALLS = 400
BLOCK = 50  # lines that one hash stands for


def command(area: str, first: int = 1, seeds: int = SEEDS) -> str:
    """The guest's command for the hashes of `seeds` sequences."""
    return f"probe-differential {area} {first} {CALLS} {BLOCK} {seeds}"


def on_linux(*arguments: str) -> str:
    """What the probe prints on this machine."""
    run = subprocess.run([PROBE, *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"differential.py: {run.stdout}{run.stderr}")
    return run.stdout


def expected(area: str) -> list[str]:
    """A line for each seed: area, seed and hashes."""
    lines = EXPECTED.read_text().splitlines()
    return [line for line in lines if line.split(" ", 1)[0] == area]


def first_difference(wanted: str, got: str) -> int | None:
    """The number of the first block, from 0 on, in which two lines of hashes differ."""
    if wanted == got:
        return None
    left, right = wanted.split()[2:], got.split()[2:]
    same = [a == b for a, b in zip(left, right)]
    return same.index(False) if False in same else len(same)


def main() -> None:
    match sys.argv[1:]:
        case ["record"]:
            lines = [on_linux(*command(area).split()[1:]) for area in AREAS]
            EXPECTED.write_text("".join(lines))
        case ["lines", area, seed]:
            print(on_linux(area, seed, str(CALLS)), end="")
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
