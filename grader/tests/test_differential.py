"""Random sequences of system calls have the answers that Linux gave (grader/differential.py)."""

import pytest

from differential import AREAS, BLOCK, CALLS, command, expected, first_difference
from shell import Shell


def block_of(shell: Shell, area: str, seed: int, block: int) -> str:
    """The guest's lines in which the first difference is, and how to see Linux's."""
    run = f"probe-differential {area} {seed} {CALLS}"
    lines = f"sed -n '{block * BLOCK + 1},{(block + 1) * BLOCK}p'"
    return (
        f"{area}, seed {seed}: Linux answers otherwise somewhere in these lines; for its own run\n"
        f"  grader/differential.py lines {area} {seed} | {lines}\n"
        + shell.run(f"{run} | {lines}", 60).output
    )


@pytest.mark.parametrize("area", AREAS)
def test_same_answers(shell: Shell, area: str) -> None:
    """Every line of every sequence."""
    wanted = expected(area)
    got = shell.output(command(area, seeds=len(wanted)), 120).splitlines()
    assert wanted and len(got) == len(wanted), got
    for seed, lines in enumerate(zip(wanted, got), start=1):
        block = first_difference(*lines)
        assert block is None, block_of(shell, area, seed, block)
