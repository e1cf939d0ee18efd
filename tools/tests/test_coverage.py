"""Tests of grader/coverage.py: a small program that is built as the kernel is, but runs here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import coverage
from coverage import Counters, CoverageError, Lines

# It is called in two different ways and prints the memory between two addresses.
SOURCE = """\
#include <stdlib.h>
#include <unistd.h>

static int twice(int number)
{
    if (number > 1000)
        return 0;
    return 2 * number;
}

int main(int count, char **words)
{
    int sum = 0;
    for (int i = 0; i < count; i++)
        sum += twice(i);
    const char *begin = (const char *)strtoul(words[1], NULL, 0);
    const char *end = (const char *)strtoul(words[2], NULL, 0);
    if (sum < 0)
        return 1;
    if (count > 3)
        abort();
    return write(1, begin, end - begin) != end - begin;
}
"""
COMPILE = "gcc -O1 -g -fprofile-arcs -ftest-coverage -fprofile-info-section=gcov_info -c".split()
# The flags above given to the linker too would bring gcc's own run-time part.
LINK = "gcc -static -Wl,--defsym=__gcov_merge_add=1".split()
LINK += [f"-Wl,--undefined=__{end}_gcov_info" for end in ("start", "stop")]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "small.c").write_text(SOURCE)
    small = str(tmp_path / "small")
    subprocess.run([*COMPILE, "-o", small + ".o", small + ".c"], check=True)
    subprocess.run([*LINK, "-o", small, small + ".o"], check=True)
    return Path(small)


def run(program: Path, counters: Counters) -> bytes:
    """The program's counters when it has run."""
    command = [program, hex(counters.begin), hex(counters.end)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def measured(program: Path, directory: Path) -> Lines:
    return coverage.measure(program, directory)[program.with_suffix(".c")]


def test_lines(program: Path, tmp_path: Path) -> None:
    """The counters of two machines are added up and gcov finds the lines that they belong to."""
    memory = run(program, Counters(program))
    for name in ("one", "two"):
        (tmp_path / f"{name}.counters").write_bytes(memory)
    lines = measured(program, tmp_path)
    text = SOURCE.splitlines()
    counts = {text[number - 1].strip(): count for number, count in lines.items()}
    assert counts["sum += twice(i);"] == 6
    assert counts["if (number > 1000)"] == 6
    assert counts["abort();"] == 0
    reached = sum(count > 0 for count in lines.values())
    row = list(coverage.table({Path("small.c"): lines}))[1]
    assert row.split()[:3] == ["small.c", str(len(lines)), str(reached)]


def test_no_counters(program: Path, tmp_path: Path) -> None:
    with pytest.raises(CoverageError, match="holds no counters"):
        coverage.measure(program, tmp_path)


def test_another_kernels_counters(program: Path, tmp_path: Path) -> None:
    (tmp_path / "one.counters").write_bytes(b"short")
    with pytest.raises(CoverageError, match="holds no counters"):
        coverage.measure(program, tmp_path)


def test_program_without_counters(tmp_path: Path) -> None:
    (tmp_path / "plain.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-o", tmp_path / "plain", tmp_path / "plain.c"], check=True)
    with pytest.raises(CoverageError, match="no symbol"):
        Counters(tmp_path / "plain")


def test_counters_out_of_a_memory(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are taken from a memory that holds this program, and from no other."""
    directory = tmp_path / "runs"
    coverage.begin(program, directory)
    monkeypatch.setenv(coverage.ENVIRONMENT, str(directory))
    counters = Counters(program)
    values = bytes(range(256)) * (counters.end // 256)
    wanted = values[: counters.end - counters.begin]
    for contents in (b"", bytes.fromhex(str(counters.place()["contents"]))):
        memory = os.memfd_create("memory")
        os.pwrite(memory, wanted, counters.program.physical(counters.begin))
        os.pwrite(memory, contents, counters.program.physical(counters.table[0]))
        coverage.save(memory)
        os.close(memory)
    assert [path.read_bytes() for path in directory.glob(coverage.SAVED)] == [wanted]
