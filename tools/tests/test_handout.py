"""Tests of tools/handout.py: one phase, flat, always the same bytes, and what make needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from phases import Tree
from repository import CONTAIN, FIRST, THIRD, Repository

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("tree") / "repository")


@pytest.fixture
def repository(original: Repository, tmp_path: Path) -> Repository:
    return original.copy(tmp_path / "repository")


def unpack(archive: Path, to: Path) -> Path:
    """Unpacks a handout; the one directory in it."""
    with tarfile.open(archive) as opened:
        assert all(member.isfile() for member in opened.getmembers())
        opened.extractall(to)
    (only,) = to.iterdir()
    return only


def test_one_phase_without_links(repository: Repository, tmp_path: Path) -> None:
    repository.write("phase3-extract/kernel/forgotten.c", "not tracked\n")
    repository.write("phase2-traits/kernel/forgotten.c", "not tracked either\n")
    repository.write("build/kernel.elf", "built\n")
    done = repository.run("handout.py", "--phase", 3)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("build/handout/aramid-phase3.tar.gz: phase3-extract, 10 files, ")
    assert "phase3-extract/kernel/forgotten.c" in done.stderr
    assert "phase2" not in done.stderr
    top = unpack(repository.root / "build/handout/aramid-phase3.tar.gz", tmp_path / "elsewhere")
    found = {str(path.relative_to(top)): path for path in top.rglob("*") if path.is_file()}
    assert {name: path.read_text() for name, path in found.items()} == {
        "Makefile": "all:\n",
        "common/platform/contain/contain.c": CONTAIN,
        "phase3-extract/Makefile": THIRD["Makefile"],
        "phase3-extract/README.md": THIRD["README.md"],
        "phase3-extract/kernel/main.c": FIRST["kernel/main.c"],
        "phase3-extract/kernel/fs/file.h": FIRST["kernel/fs/file.h"],
        "phase3-extract/kernel/fs/file.c": FIRST["kernel/fs/file.c"],
        "phase3-extract/libs/queue.c": THIRD["libs/queue.c"],
        "phase3-extract/services/tmpfs/tmpfs.c": THIRD["services/tmpfs/tmpfs.c"],
        "phase3-extract/services/tmpfs/tree.c": FIRST["kernel/services/tmpfs/tree.c"],
    }


def test_linked_directory(repository: Repository, tmp_path: Path) -> None:
    assert repository.run("handout.py", "--phase", 2).returncode == 0
    top = unpack(repository.root / "build/handout/aramid-phase2.tar.gz", tmp_path / "elsewhere")
    text = (top / "phase2-traits/kernel/services/tmpfs/tree.c").read_text()
    assert text == FIRST["kernel/services/tmpfs/tree.c"]


def test_the_same_bytes(repository: Repository, tmp_path: Path) -> None:
    repository.write("tool", "#!/bin/sh\n")
    (repository.root / "tool").chmod(0o755)
    repository.commit()
    archives = [tmp_path / "1.tar.gz", tmp_path / "2.tar.gz"]
    for archive in archives:
        assert repository.run("handout.py", "--phase", 1, "--output", archive).returncode == 0
        for path in repository.root.rglob("*"):
            os.utime(path, (1, 1), follow_symlinks=False)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as opened:
        modes = {member.name: member.mode for member in opened.getmembers()}
    assert modes["aramid-phase1/tool"] == 0o755 and modes["aramid-phase1/Makefile"] == 0o644


def test_bad_input(repository: Repository, tmp_path: Path) -> None:
    done = repository.run("handout.py", "--phase", 7)
    assert (done.returncode, done.stderr) == (2, "handout: 7 is not a phase; choose from: 1 2 3\n")
    done = repository.run("handout.py", "--phase", 1, "--output", tmp_path / "none/x/../y")
    assert done.returncode == 0  # directories on the way are made
    done = repository.run("handout.py", "--phase", 1, "--output", tmp_path)
    assert (done.returncode, done.stderr) == (2, f"handout: {tmp_path}: Is a directory\n")
    (repository.root / ".git").rename(tmp_path / "git")
    done = repository.run("handout.py", "--phase", 1)
    assert done.returncode == 2 and "not a git repository" in done.stderr


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="only git knows what belongs to it")
def test_real_phases(tmp_path: Path) -> None:
    """Every phase's own handout has the same sources for make to build, and passes check-tree."""
    for phase in Tree(REPOSITORY).phases:
        archive = tmp_path / f"{phase.name}.tar.gz"
        command = [sys.executable, REPOSITORY / "tools/handout.py", "--phase", str(phase.number)]
        subprocess.run([*command, "--output", archive], check=True, capture_output=True)
        top = unpack(archive, tmp_path / phase.name)
        lists = [
            subprocess.run(
                ["make", "-s", "list"], cwd=root / phase.name, check=True, capture_output=True
            ).stdout
            for root in (REPOSITORY, top)
        ]
        assert lists[0] == lists[1] != b""
        check = subprocess.run([top / "tools/check_tree.py"], capture_output=True, text=True)
        assert check.returncode == 0 and " 0 links, 0 violations" in check.stdout, check
