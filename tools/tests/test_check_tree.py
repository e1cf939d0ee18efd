"""Tests of tools/check_tree.py: each rule is violated once in a scratch repository, and the check
must name the file and the rule, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from repository import FIRST, Repository


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("tree") / "repository")


@pytest.fixture
def repository(original: Repository, tmp_path: Path) -> Repository:
    return original.copy(tmp_path / "repository")


def test_clean(repository: Repository) -> None:
    assert repository.check() == []
    last = repository.run("check_tree.py").stdout.splitlines()[-1]
    assert last == "tree: 3 phases, 19 regular files, 8 links, 0 violations"


def copy_of_predecessor(it: Repository) -> None:
    it.write("phase3-extract/kernel/main.c", FIRST["kernel/main.c"])
    it.git("add", "--all")


def copy_of_moved(it: Repository) -> None:
    it.write("phase3-extract/services/tmpfs/tree.c", FIRST["kernel/services/tmpfs/tree.c"])
    it.git("add", "--all")


def whole_directory(it: Repository) -> None:
    (it.root / "phase2-traits/kernel/services").unlink()
    for path in ("tmpfs", "old.c"):
        it.link(f"phase2-traits/kernel/services/{path}", f"phase1-split/kernel/services/{path}")
    it.git("add", "--all")


def moved_by_later_phase(it: Repository) -> None:
    it.replace("phase2-traits/kernel/fs/queue.c", "step_5", "step_five")


def linked_to_old_version(it: Repository) -> None:
    it.write("phase3-extract/MOVES", it.read("phase3-extract/MOVES").replace("queue.c ", "file.c "))


def build_of_another(it: Repository) -> None:
    """kernel/services is a link, so .. behind it is phase 1's kernel."""
    it.write("build/phase2/kernel/fs/file.c.d", "../build/phase2/kernel/fs/file.c.o: \\\n"
             " kernel/fs/file.c kernel/fs/file.h \\\n kernel/services/../fs/queue.c\n")


VIOLATIONS: dict[str, tuple[Callable[[Repository], object], str, str]] = {
    "identical": (
        copy_of_predecessor,
        "phase3-extract/kernel/main.c: identical",
        "ln -sfn ../../phase1-split/kernel/main.c phase3-extract/kernel/main.c",
    ),
    "identical, moved": (
        copy_of_moved,
        "phase3-extract/services/tmpfs/tree.c: identical",
        "phase1-split/kernel/services/tmpfs/tree.c is the same",
    ),
    "identical, not said to be moved": (
        lambda it: it.write("phase3-extract/libs/tree.c", FIRST["kernel/services/tmpfs/tree.c"]),
        "phase3-extract/libs/tree.c: identical",
        "phase1-split/kernel/services/tmpfs/tree.c is the same: say in MOVES",
    ),
    "into itself": (
        lambda it: it.link("phase3-extract/kernel/loop", "../kernel"),
        "phase3-extract/kernel/loop: link-name",
        "leads to phase3-extract/kernel",
    ),
    "absolute": (
        lambda it: it.link("phase2-traits/kernel/main.c", f"{it.root}/phase1-split/kernel/main.c"),
        "phase2-traits/kernel/main.c: link-absolute",
        "one machine",
    ),
    "outside": (
        lambda it: it.link("phase2-traits/kernel/main.c", "../../../../etc/passwd"),
        "phase2-traits/kernel/main.c: link-outside",
        "leaves the repository",
    ),
    "dangling": (
        lambda it: it.link("phase3-extract/kernel/new.c", "../../phase1-split/kernel/new.c"),
        "phase3-extract/kernel/new.c: link-dangling",
        "is not there",
    ),
    "indirect": (
        lambda it: it.link("phase3-extract/kernel/main.c", "phase2-traits/kernel/main.c"),
        "phase3-extract/kernel/main.c: link-indirect",
        "name phase1-split/kernel/main.c",
    ),
    "of an older phase": (
        lambda it: (
            it.write("phase3-extract/MOVES", "kernel/services/tmpfs services/tmpfs\n"
                     "kernel/services/old.c -\nkernel/fs/queue.c libs/queue.c\n"),
            it.link("phase3-extract/libs/queue.c", "phase1-split/kernel/fs/queue.c"),
            it.replace("phase3-extract/BASES", "libs/queue.c", "# libs/queue.c"),
            it.git("add", "--all"),
        ),
        "phase3-extract/libs/queue.c: link-wrong",
        "has phase2-traits/kernel/fs/queue.c",
    ),  # fmt: skip
    "another name": (
        lambda it: it.link("phase3-extract/kernel/begin.c", "phase1-split/kernel/main.c"),
        "phase3-extract/kernel/begin.c: link-name",
        "leads to phase1-split/kernel/main.c",
    ),
    "whole directory": (
        whole_directory,
        "phase2-traits/kernel/services: link-directory",
        "all of it is linked to phase1-split/kernel/services",
    ),
    "missing": (
        lambda it: (it.root / "phase3-extract/kernel/main.c").unlink(),
        "phase3-extract/kernel/main.c: missing",
        "phase2-traits has kernel/main.c",
    ),
    "missing, moved": (
        lambda it: (it.root / "phase3-extract/services/tmpfs/tree.c").unlink(),
        "phase3-extract/services/tmpfs/tree.c: missing",
        "phase2-traits has kernel/services/tmpfs/tree.c",
    ),
    "moved from nowhere": (
        lambda it: it.write("phase2-traits/MOVES", "kernel/never.c -\n"),
        "phase2-traits/MOVES:1: moves",
        "there is no kernel/never.c in phase1-split",
    ),
    "moved and left": (
        lambda it: it.link(
            "phase3-extract/kernel/services/tmpfs", "phase1-split/kernel/services/tmpfs"
        ),
        "phase3-extract/MOVES:1: moves",
        "kernel/services/tmpfs is still here",
    ),
    "not clear": (
        lambda it: it.write("phase2-traits/MOVES", "../a b\n"),
        "phase2-traits/MOVES:1: moves",
        "is not clear",
    ),
    "include": (
        lambda it: it.replace("phase1-split/kernel/main.c", '"fs/file.h"', '"../kernel/fs/file.h"'),
        "phase1-split/kernel/main.c:1: include-up",
        "another phase",
    ),
    "no base": (
        lambda it: (it.root / "phase2-traits/BASES").write_text(
            it.read("phase2-traits/BASES").partition("\n")[0] + "\n"
        ),
        "phase2-traits/kernel/fs/queue.c: base",
        "make carry FILE=phase1-split/kernel/fs/queue.c ADOPT=1",
    ),
    "base moved on": (
        moved_by_later_phase,
        "phase3-extract/libs/queue.c: base",
        "make carry FILE=phase2-traits/kernel/fs/queue.c",
    ),
    "markers": (
        lambda it: it.replace("phase3-extract/libs/queue.c", "int step_5", "<<<<<<< a\nint step_5"),
        "phase3-extract/libs/queue.c: conflict",
        "solve them",
    ),
    "stale base": (
        lambda it: it.write(
            "phase2-traits/BASES",
            it.read("phase2-traits/BASES") + f"kernel/main.c {'0' * 40}\n",
        ),
        "phase2-traits/BASES:3: base-stale",
        "kernel/main.c is no regular file",
    ),
    "git": (
        lambda it: (
            it.write("phase2-traits/kernel/main.c", "int other(void);\n"),
            it.run("carry.py", "--record", "--phase", 2),
            it.link("phase3-extract/kernel/main.c", "phase2-traits/kernel/main.c"),
        ),
        "phase2-traits/kernel/main.c: git-mode",
        "git has a link here",
    ),
    "build": (
        build_of_another,
        "phase2-traits/kernel/fs/file.c: build",
        "has read phase1-split/kernel/fs/queue.c, but phase2-traits has its own kernel/fs/queue.c",
    ),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violation(repository: Repository, name: str) -> None:
    spoil, start, reason = VIOLATIONS[name]
    spoil(repository)
    found = repository.check()
    assert len(found) == 1, found
    assert found[0].startswith(start + ": ") and reason in found[0]


def test_fix(repository: Repository) -> None:
    """Links that are known are made: new files' too, and whole directories'."""
    copy_of_predecessor(repository)
    repository.link("phase2-traits/kernel/fs/file.c", "../../../phase1-split/kernel/main.c")
    (repository.root / "phase3-extract/kernel/fs/file.h").unlink()
    repository.write("phase1-split/kernel/new/new.h", "int new;\n")
    for path in (repository.root / "phase2-traits/kernel/fs").iterdir():
        path.unlink()
        name = f"kernel/fs/{path.name}"
        repository.link(f"phase2-traits/{name}", f"phase1-split/{name}")
    done = repository.run("check_tree.py", "--fix")
    assert "phase2-traits/kernel/fs -> ../../phase1-split/kernel/fs\n" in done.stdout
    assert "phase3-extract/kernel/new -> ../../phase1-split/kernel/new\n" in done.stdout
    assert "phase3-extract/kernel/main.c -> ../../phase1-split/kernel/main.c\n" in done.stdout
    repository.git("add", "--all")
    assert [row.partition(": base")[0] for row in repository.check()] == [
        "phase2-traits/BASES:2", "phase3-extract/libs/queue.c"
    ]  # fmt: skip


def test_moved_directory_by_its_files(repository: Repository) -> None:
    """A directory whose files all have lines of their own need not be anywhere."""
    repository.write(
        "phase3-extract/MOVES",
        "kernel/services/tmpfs/tmpfs.c services/tmpfs/tmpfs.c\n"
        "kernel/services/tmpfs/tree.c services/tmpfs/tree.c\n"
        "kernel/services/old.c -\nkernel/fs/queue.c libs/queue.c\n",
    )
    assert repository.check() == []


def test_split_file(repository: Repository) -> None:
    """A moved file of which a part has stayed has two descendants, each with its base."""
    repository.write("phase3-extract/kernel/fs/queue.c", "int step_1(void);\n")
    found = repository.check()
    assert len(found) == 1 and found[0].startswith("phase3-extract/kernel/fs/queue.c: base: ")
    assert repository.run("carry.py", "--record", "--phase", 3).returncode == 0
    assert repository.check() == []


def test_build_that_is_right(repository: Repository) -> None:
    """Links lead into other phases, which is what they are for."""
    repository.write("build/phase3/a.d", "a.o: services/tmpfs/tree.c kernel/fs/file.h \\\n"
                     " libs/queue.c /usr/include/stdio.h\n\nkernel/fs/file.h:\n")  # fmt: skip
    assert repository.check() == []
    assert "note: no build of phase1-split" in repository.run("check_tree.py").stdout


def test_no_repository(tmp_path: Path) -> None:
    done = Repository.run(type("Empty", (), {"root": tmp_path}), "check_tree.py")
    assert done.returncode == 2
    assert done.stderr == f"check_tree: there is no phase directory with a Makefile in {tmp_path}\n"
