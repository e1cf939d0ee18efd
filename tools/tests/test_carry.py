"""Tests of tools/carry.py: changes are merged through the phases, with and without conflicts."""

from __future__ import annotations

from pathlib import Path

import pytest
from phases import blob_hash
from repository import Repository

FIRST = "phase1-split/kernel/fs/queue.c"
SECOND = "phase2-traits/kernel/fs/queue.c"
THIRD = "phase3-extract/libs/queue.c"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("tree") / "repository")


@pytest.fixture
def repository(original: Repository, tmp_path: Path) -> Repository:
    return original.copy(tmp_path / "repository")


def test_through_all_phases(repository: Repository) -> None:
    repository.replace(FIRST, "step_10(", "fixed_10(")
    assert len(repository.check()) == 1  # phase 3 was made from phase 2's, which is as it was
    done = repository.run("carry.py", FIRST)
    assert done.returncode == 0
    assert done.stdout == f"{SECOND}: carried\n{THIRD}: carried\n"
    assert "fixed_10(" in repository.read(SECOND) and "trait_3(" in repository.read(SECOND)
    assert "fixed_10(" in repository.read(THIRD) and "module_17(" in repository.read(THIRD)
    assert repository.check() == []
    again = repository.run("carry.py", FIRST)
    assert again.returncode == 0
    assert again.stdout == f"{SECOND}: up to date\n{THIRD}: up to date\n"


def test_through_links_and_moves(repository: Repository) -> None:
    """Phase 2 links the file and phase 3 has moved and changed it."""
    name = "phase1-split/kernel/services/tmpfs/tmpfs.c"
    repository.replace(name, "tmpfs_2(", "tmpfs_two(")
    done = repository.run("carry.py", name)
    assert (done.returncode, done.stdout) == (0, "phase3-extract/services/tmpfs/tmpfs.c: carried\n")
    text = repository.read("phase3-extract/services/tmpfs/tmpfs.c")
    assert "tmpfs_two(" in text and "tmpfs_nine(" in text
    assert repository.check() == []


def test_nothing_to_carry(repository: Repository) -> None:
    for name, why in (
        ("kernel/fs/file.c", "later phases have it by links"),
        ("README.md", "later phases have files of their own there"),
    ):
        done = repository.run("carry.py", f"phase1-split/{name}")
        said = f"phase1-split/{name}: {why}: nothing to carry\n"
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def test_conflict(repository: Repository) -> None:
    bases = repository.read("phase2-traits/BASES")
    repository.replace(FIRST, "step_3(", "fixed_3(")
    done = repository.run("carry.py", FIRST)
    assert done.returncode == 1 and done.stdout.startswith(f"{SECOND}: CONFLICT: ")
    assert "<<<<<<< phase2-traits/kernel/fs/queue.c\n" in repository.read(SECOND)
    assert THIRD not in done.stdout  # half-merged text goes no further
    assert bases.splitlines()[1] in repository.read("phase2-traits/BASES")  # still the old base
    found = repository.check()
    assert any(row.startswith(f"{SECOND}: conflict: ") for row in found)

    again = repository.run("carry.py", FIRST)  # still the markers
    assert again.returncode == 1 and "has conflict markers" in again.stdout

    head, _, rest = repository.read(SECOND).partition("<<<<<<<")
    solved = head + "int fixed_trait_3(void);\n" + rest.partition(">>>>>>>")[2].partition("\n")[2]
    repository.write(SECOND, solved)
    assert any(row.startswith(f"{SECOND}: conflict: ") for row in repository.check())
    done = repository.run("carry.py", FIRST)
    assert done.stdout.startswith(f"{SECOND}: solved\n{SECOND}: up to date\n{THIRD}: carried\n")
    assert repository.read(SECOND) == solved and "fixed_trait_3" in repository.read(THIRD)
    assert done.returncode == 0 and repository.check() == []


def test_nothing_left(repository: Repository) -> None:
    """A change that the later phase has too leaves it nothing of its own."""
    repository.replace(FIRST, "step_3(", "trait_3(")
    done = repository.run("carry.py", FIRST)
    assert done.returncode == 0
    assert f"{SECOND}: carried: nothing of its own is left, make it a link\n" in done.stdout


def test_adopt(repository: Repository) -> None:
    (repository.root / "phase2-traits/BASES").unlink()
    done = repository.run("carry.py", FIRST)
    assert done.returncode == 2 and "ADOPT=1" in done.stderr
    done = repository.run("carry.py", "--adopt", FIRST)
    assert done.stdout.startswith(f"{SECOND}: made from today's {FIRST}\n")
    done = repository.run("carry.py", FIRST)
    assert done.returncode == 0 and "up to date" in done.stdout


def test_record_finds_the_text_it_was_made_from(repository: Repository) -> None:
    """The predecessor has changed before the base was recorded."""
    bases = repository.read("phase2-traits/BASES")
    (repository.root / "phase2-traits/BASES").unlink()
    repository.replace(FIRST, "step_10(", "fixed_10(")
    repository.commit()
    done = repository.run("carry.py", "--record", "--phase", 2)
    assert f"{SECOND}: made from {FIRST} as it was\n" in done.stdout
    assert repository.read("phase2-traits/BASES") == bases
    assert any(row.startswith(f"{SECOND}: base: ") for row in repository.check())


def test_record_follows_what_was_a_link(repository: Repository) -> None:
    """The predecessor was a link when the file was made from what it led to."""
    name, text = "kernel/main.c", repository.read("phase1-split/kernel/main.c")
    repository.write(f"phase3-extract/{name}", text + "int third;\n")
    repository.write(f"phase2-traits/{name}", text + "int second;\n" * 9)
    repository.commit()
    done = repository.run("carry.py", "--record", "--phase", 3)
    assert f"phase3-extract/{name}: made from phase2-traits/{name} as it was\n" in done.stdout
    assert f"{name} {blob_hash(text.encode())}\n" in repository.read("phase3-extract/BASES")


def test_record_drops_what_is_a_link_now(repository: Repository) -> None:
    repository.link(SECOND, FIRST)
    done = repository.run("carry.py", "--record", "--phase", 2)
    assert done.stdout == f"{SECOND}: no longer made from another\n"
    assert "queue" not in repository.read("phase2-traits/BASES")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["phase1-split/none.c"], "there is no phase1-split/none.c"),
        (["Makefile"], "Makefile is not a file of a phase directory"),
        (["phase1-split/kernel"], "phase1-split/kernel is a directory"),
        (
            ["phase2-traits/kernel/main.c"],
            "phase2-traits/kernel/main.c is a link: name phase1-split/kernel/main.c",
        ),
        (
            ["phase3-extract/libs/queue.c"],
            "phase3-extract/libs/queue.c is of the last phase: there is nothing to carry it to",
        ),
        ([], "give a file, or --record with --phase N"),
        (["--record", "--phase", "7"], "7 is not a phase; choose from: 1 2 3"),
    ],
)
def test_bad_input(repository: Repository, arguments: list[str], message: str) -> None:
    done = repository.run("carry.py", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"carry: {message}\n")
