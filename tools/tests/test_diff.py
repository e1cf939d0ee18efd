"""Tests of tools/diff.py: what it says can be applied to the first phase and gives the second."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import diff
import pytest
from phases import Tree
from repository import CONTAIN, Repository

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """With a block that phase 2 moves from one file to another."""
    it = Repository(tmp_path_factory.mktemp("diff") / "repository")
    block = "".join(f"\tcall_number_{number}();\n" for number in range(6))
    it.write("phase1-split/kernel/main.c", f"int main(void);\n{block}int end;\n")
    it.write("phase2-traits/kernel/main.c", "int main(void);\nint end;\n")
    it.write("phase2-traits/kernel/start.c", f"int start(void);\n{block}".replace("\t", "    "))
    it.link("phase3-extract/kernel/main.c", "phase2-traits/kernel/main.c")
    it.link("phase3-extract/kernel/start.c", "phase2-traits/kernel/start.c")
    return it


def run(repository: Repository, first: int, second: int, *more: object) -> str:
    done = repository.run("diff.py", "--from", first, "--to", second, *more)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def texts_below(top: Path) -> dict[str, bytes]:
    places = [path for path in top.rglob("*") if path.is_file()]
    return {str(path.relative_to(top)): path.read_bytes() for path in places}


def check_that_it_applies(root: Path, first: int, second: int, scratch: Path) -> None:
    """The diff, applied to the first phase's files, must give the second's."""
    tree = Tree(root)
    comparison = diff.Comparison(tree, tree.phase(first), tree.phase(second))
    for files, top in ((comparison.before, "tree"), (comparison.after, "wanted")):
        for path, place in files.items():
            (scratch / top / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, scratch / top / path)
    output = "\n".join(diff.text(comparison, True, False)) + "\n"
    (scratch / "patch").write_text(output[output.index("diff --git a/") :])
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(scratch)}
    command = ["git", "apply", "--whitespace=nowarn", "../patch"]
    subprocess.run(command, cwd=scratch / "tree", env=environment, check=True)
    assert texts_below(scratch / "tree") == texts_below(scratch / "wanted")


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 3), (1, 3)])
def test_apply(repository: Repository, tmp_path: Path, first: int, second: int) -> None:
    check_that_it_applies(repository.root, first, second, tmp_path)


def test_apply_to_real_phases(tmp_path: Path) -> None:
    numbers = [phase.number for phase in Tree(REPOSITORY).phases]
    for first, second in zip(numbers, numbers[1:]):
        check_that_it_applies(REPOSITORY, first, second, tmp_path / str(first))


def test_summary(repository: Repository) -> None:
    output = run(repository, 2, 3, "--summary")
    assert output.startswith("phase2-traits → phase3-extract\n") and "diff --git" not in output
    assert "\nremoved\n  kernel/services/old.c  -1\n" in output
    moved = r"\nmoved, changed\n  kernel/fs/queue.c → libs/queue.c +\+1 -1 19 moved\n"
    assert re.search(moved, output)
    moved = r"\nmoved\n  kernel/services/tmpfs/tree.c → \S+tree.c  1 file, 1 line\n"
    assert re.search(moved, output)
    rows = {row.split()[0]: row.split()[1:] for row in output.splitlines() if " 0  " in row}
    # files added, removed, moved, changed, as before; lines added, removed, moved, now
    assert rows["libraries"] == ["0", "0", "1", "1", "0", "1", "1", "19", "20"]
    assert rows["all"][:5] == ["0", "1", "3", "4", "4"]


def test_platform_directory_of_one_phase(repository: Repository) -> None:
    """Both later phases name it, the first does not."""
    assert "  common/platform/contain/contain.c  +1\n" in run(repository, 1, 2, "--summary")
    assert CONTAIN not in run(repository, 2, 3)


def test_rules_of_one_phase(tmp_path: Path) -> None:
    it = Repository(tmp_path / "repository")
    it.write("common/rules.mk", "include ../common/$(KIND).mk\nmakefiles: ; "
             "@echo $(filter ../common/%,$(MAKEFILE_LIST))\n")  # fmt: skip
    for name, kind in (("phase1-split", "builtin"), ("phase2-traits", "modules")):
        it.write(f"common/{kind}.mk", f"# {kind}\n")
        it.write(f"{name}/Makefile", f"KIND := {kind}\ninclude ../common/rules.mk\n")
    output = run(it, 1, 2, "--summary")
    assert "common/modules.mk" in output and "common/builtin.mk" in output
    assert "common/rules.mk" not in output


def test_moved_block(repository: Repository) -> None:
    output = run(repository, 1, 2, "--summary")
    assert "  kernel/start.c                     +1 6 moved\n" in output
    (row,) = [row for row in output.splitlines() if row.startswith("Ring 1")]
    assert row.split()[2:] == ["1", "0", "0", "2", "2", "2", "1", "6", "32"]


def test_split_file(tmp_path: Path) -> None:
    """The rest that has stayed is compared; what went elsewhere is moved lines."""
    it = Repository(tmp_path / "repository")
    whole = it.read("phase2-traits/kernel/fs/queue.c")
    it.write("phase3-extract/kernel/fs/queue.c", "".join(whole.splitlines(True)[:5]))
    it.write("phase3-extract/libs/queue.c", "".join(whole.splitlines(True)[5:]))
    output = run(it, 2, 3, "--summary")
    assert re.search(r"\nadded\n  libs/queue.c +15 moved\n", output)
    assert re.search(r"\nchanged\n(  .*\n)*  kernel/fs/queue.c +\n", output)


def test_unlisted_move_is_found_by_likeness(tmp_path: Path) -> None:
    it = Repository(tmp_path / "repository")
    (it.root / "phase2-traits/kernel/fs/queue.c").rename(it.root / "phase2-traits/kernel/queue.c")
    assert "kernel/fs/queue.c → kernel/queue.c" in run(it, 1, 2, "--summary")


def test_colour(repository: Repository) -> None:
    assert "\033[" not in run(repository, 1, 2)
    output = run(repository, 1, 2, "--color", "always")
    assert "\033[32m+int start(void);\033[m\n" in output
    assert "\033[34m+    call_number_0();\033[m\n" in output
    assert "\033[35m-\tcall_number_0();\033[m\n" in output


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects what the tests ask for."""

    EMPTY = {"meta"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.details: dict[str, bool] = {}
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        assert "src" not in values
        if tag == "a":
            self.links.append(values["href"])
        if tag == "details":
            self.details[values["id"]] = "open" in values
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page(repository: Repository, tmp_path: Path) -> None:
    output = tmp_path / "out.html"
    assert run(repository, 2, 3, "--html", output) == f"{output}\n"
    page = Page(output.read_text(encoding="utf-8"))
    assert page.text.lstrip().startswith("phase2-traits → phase3-extract\n")
    assert sorted(page.links) == sorted(f"#{mark}" for mark in page.details)
    assert sorted(page.details.values()) == [False, False, True, True, True]  # moved files folded
    assert "+int module_17(void);" in page.text and "kernel/fs/queue.c → libs/queue.c" in page.text
    first = output.read_text(encoding="utf-8")
    run(repository, 2, 3, "--html", output)
    assert output.read_text(encoding="utf-8") == first


def test_page_escapes(tmp_path: Path) -> None:
    it = Repository(tmp_path / "repository")
    it.write("phase2-traits/kernel/less.c", "#include <a.h>\nint x = 1 < 2 && 3;\n")
    run(it, 1, 2, "--html", tmp_path / "out.html")
    assert "+#include <a.h>\n+int x = 1 < 2 && 3;" in Page((tmp_path / "out.html").read_text()).text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([1, 7], "7 is not a phase; choose from: 1 2 3"),
        ([2, 1], "phase 1 is not after phase 2"),
        ([2, 2], "phase 2 is not after phase 2"),
        ([1, 2, "--html", "/nonexistent/x"], "HTML=/nonexistent/x: there is no such directory"),
        ([1, 2, "--html", "/tmp/"], "HTML=/tmp/ is a directory; give the page a name"),
        ([1, 2, "--html", "/tmp"], "HTML=/tmp is a directory; give the page a name"),
        ([1, 2, "--html", "/tmp/x", "--summary"],
         "a page has the lines, too: give SUMMARY=1 or HTML=, not both"),
    ],
)
def test_bad_input(repository: Repository, arguments: list, message: str) -> None:
    first, second, *more = arguments
    done = repository.run("diff.py", "--from", first, "--to", second, *more)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"diff: {message}\n")
