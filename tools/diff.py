#!/usr/bin/python3
"""Compares what two phases build and document: first a summary, then every line.

    tools/diff.py --from 1 --to 2 [--summary] [--html FILE]

Both phases are looked at as if all links were files, together with what only one of them takes of
common/: directories of common/platform that its Makefile names in PLATFORM, and rules of make.  A file that MOVES says was moved is
compared with what it was; other moves are found by likeness, as git does.  What the diff says can
be applied to the flat tree of the first phase (tools/handout.py) with `git apply`.

A line counts as moved, and not as added and removed, if it is in a moved file and unchanged, or if
it belongs to a block of lines that is taken out in one place and put in at another.

Exit status 0, or 2 with one line on standard error.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import diff_page
from phases import BASES, MOVES, Phase, Tree, complaint
from ring_check import plural
from ring_source import Trouble, phase_number, run

LIKENESS = "40%"
# The smallest block that is called moved: three lines, with as many letters and digits as git asks
# of a block.  Less is found by chance.
BLOCK_LINES, BLOCK_LETTERS = 3, 20
KINDS = ("added", "removed", "changed", "moved, changed", "moved")
PARTS = ("Ring 0", "Ring 1", "libraries", "Ring 2", "build", "documents")
COLOURS = {
    "bold": "\033[1m", "head": "\033[36m", "+": "\033[32m", "-": "\033[31m",
    "moved +": "\033[34m", "moved -": "\033[35m",
}  # fmt: skip


@dataclass
class Line:
    """One line of a hunk, with its sign; `moved` if it has only changed its place."""

    sign: str
    text: str
    moved: bool = False


@dataclass
class Hunk:
    """A place of a file where lines differ; `head` is the @@ line."""

    head: str
    lines: list[Line] = field(default_factory=list)


@dataclass
class File:
    """What became of one file.  `old` and `new` are its paths, empty where it does not exist;
    `kept` is how many of its lines stand in both."""

    old: str
    new: str
    kept: int = 0
    hunks: list[Hunk] = field(default_factory=list)

    @property
    def path(self) -> str:
        return self.new or self.old

    @property
    def kind(self) -> str:
        if not self.old or not self.new:
            return "removed" if self.old else "added"
        if self.old == self.new:
            return "changed" if self.hunks else "as before"
        return "moved, changed" if self.hunks else "moved"

    @property
    def part(self) -> str:
        """Which part of the kernel the file belongs to."""
        path = self.path
        if path.endswith(".md"):
            return "documents"
        if not path.endswith((".c", ".h", ".S", ".ld")):
            return "build"
        if path.startswith("common/platform/"):
            return "Ring 0"
        if path.startswith("libs/"):
            return "libraries"
        return "Ring 2" if path.startswith(("services/", "kernel/services/")) else "Ring 1"

    def count(self, sign: str, moved: bool = False) -> int:
        """How many lines have this sign, and have moved or have not."""
        return sum(
            line.sign == sign and line.moved == moved for hunk in self.hunks for line in hunk.lines
        )

    @property
    def moved_lines(self) -> int:
        """Lines that have come here from elsewhere."""
        kept = self.kept if self.old and self.new and self.old != self.new else 0
        return kept + self.count("+", True)

    @property
    def title(self) -> str:
        return f"{self.old} → {self.new}" if self.kind.startswith("moved") else self.path


class Comparison:
    """The difference of two phases."""

    def __init__(self, tree: Tree, first: Phase, second: Phase) -> None:
        self.tree, self.first, self.second = tree, first, second
        self.before = self.flat(first, second)
        self.after = self.flat(second, first)
        self.pairs = self.find_pairs()
        self.files = sorted(self.compare(), key=lambda file: file.path)
        find_moved_blocks(self.files)

    # ---- what is compared with what ------------------------------------------------------------

    def flat(self, phase: Phase, other: Phase) -> dict[str, Path]:
        """The files of a phase: paths, and where their texts are."""
        found = {
            path: (phase.path / path).resolve()
            for path in phase.files()
            if path not in (MOVES, BASES)
        }
        for name in platform_directories(phase) - platform_directories(other):
            for place in sorted((self.tree.root / "common/platform" / name).rglob("*")):
                if place.is_file():
                    found[self.tree.name(place)] = place
        for place in rules(phase) - rules(other):
            found[self.tree.name(place)] = place
        return found

    def destinations(self, path: str) -> list[str]:
        """Where a file of the first phase is in the second, the best place first."""
        paths = [path]
        for phase in self.tree.phases:
            if self.first.number < phase.number <= self.second.number:
                paths = [new for old in paths for new in phase.destinations(old)]
        found = [new for new in dict.fromkeys(paths) if new in self.after]
        return sorted(found, key=lambda new: new != path)

    def find_pairs(self) -> dict[str, str]:
        """The old path of each file of the second phase that the first has too."""
        pairs: dict[str, str] = {}
        for old in self.before:
            if places := self.destinations(old):
                pairs.setdefault(places[0], old)
        return pairs

    # ---- comparing -----------------------------------------------------------------------------

    def compare(self) -> list[File]:
        """All files.  git compares two trees in which each pair has the same path already."""
        paired = set(self.pairs.values())
        old_at = {new: old for new, old in self.pairs.items()}
        old_at |= {old: old for old in self.before if old not in paired and old not in old_at}
        found = []
        with tempfile.TemporaryDirectory(prefix="diff-") as scratch:
            for path in self.after.keys() | old_at.keys():
                old, new = self.before.get(old_at.get(path, "")), self.after.get(path)
                if old and new and old.read_bytes() == new.read_bytes():
                    found.append(File(old_at[path], path, count_lines(new)))
                    continue
                for side, place in (("a", old), ("b", new)):
                    Path(scratch, side).mkdir(exist_ok=True)
                    if place is not None:
                        copy = Path(scratch, side, path)
                        copy.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(place, copy)
            if list(Path(scratch).iterdir()):
                found += map(lambda text: self.read_file(text, old_at), diff_of(Path(scratch)))
        return found

    def read_file(self, text: str, old_at: dict[str, str]) -> File:
        """One file of git's output."""
        head, *rest = re.split(r"^(?=@@ )", text, flags=re.M)
        if "\nrename from " in head:
            old = re.search(r"^rename from a/(.*)$", head, re.M).group(1)
            new = re.search(r"^rename to b/(.*)$", head, re.M).group(1)
        else:
            names = head.partition("\n")[0].removeprefix("diff --git ")
            old = new = names[len("a/") : len(names) // 2]
        if "\nBinary files " in head:
            raise Trouble(f"{new} is no text")
        file = File(old_at.get(old, "") if "\nnew file mode" not in head else "",
                    new if "\ndeleted file mode" not in head else "")  # fmt: skip
        file.hunks = [read_hunk(hunk) for hunk in rest]
        if file.new:
            file.kept = count_lines(self.after[file.new]) - file.count("+")
        return file


def platform_directories(phase: Phase) -> set[str]:
    """What a phase's Makefile names in PLATFORM."""
    lines = re.findall(r"^PLATFORM\s*[:+?]?=([^#\n]*)", (phase.path / "Makefile").read_text(), re.M)
    return set(" ".join(lines).split())


def rules(phase: Phase) -> set[Path]:
    """The files of common/ that make reads for a phase."""
    if "rules.mk" not in (phase.path / "Makefile").read_text():
        return set()
    done = run(["make", "-s", "--no-print-directory", "makefiles"], phase.path)
    if done.returncode != 0:
        raise Trouble(f"make makefiles in {phase.name}: {done.stderr.strip()}")
    return {(phase.path / name).resolve() for name in done.stdout.split()}


def count_lines(place: Path) -> int:
    return len(place.read_bytes().splitlines())


def diff_of(scratch: Path) -> list[str]:
    """What git says about the directories a and b, one text a file."""
    command = ["git", "-c", "core.quotePath=false", "-c", "diff.noprefix=false", "diff",
               "--no-index", "--no-color", "--no-ext-diff", "--no-textconv", "--histogram",
               "--no-prefix", f"-M{LIKENESS}", "-l0", "a", "b"]  # fmt: skip
    environment = {**os.environ, "GIT_DIR": "/nonexistent", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, cwd=scratch, env=environment, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise Trouble("git is not installed") from None
    if done.returncode > 1:
        raise Trouble(f"git diff: {done.stderr.decode(errors='replace').strip()}")
    parts = re.split(r"^(?=diff --git )", done.stdout.decode(errors="replace"), flags=re.M)
    return parts[1:]


def read_hunk(text: str) -> Hunk:
    head, *rows = text.split("\n")[:-1]
    return Hunk(head, [Line(row[:1], row[1:]) for row in rows])


# ---- lines that have changed their place ---------------------------------------------------------


def runs(files: list[File], sign: str) -> list[list[Line]]:
    """The blocks of neighbouring lines with a sign."""
    found: list[list[Line]] = []
    for hunk in (hunk for file in files for hunk in file.hunks):
        last = ""
        for line in hunk.lines:
            if line.sign == sign:
                found += [] if last == sign else [[]]
                found[-1].append(line)
            last = line.sign
    return found


def find_moved_blocks(files: list[File]) -> None:
    """Marks the blocks that are taken out in one place and put in at another; indentation may
    differ."""
    taken_out = runs(files, "-")
    starts: dict[tuple[str, ...], list[tuple[list[Line], int]]] = defaultdict(list)
    for run in taken_out:
        for index in range(len(run) - BLOCK_LINES + 1):
            starts[block_at(run, index)].append((run, index))
    for run in runs(files, "+"):
        index = 0
        while index + BLOCK_LINES <= len(run):
            candidates = starts.get(block_at(run, index), [])
            lengths = [common_length(run, index, *candidate) for candidate in candidates]
            length = max(lengths, default=0)
            if length and is_telling(run[index : index + length]):
                other, start = candidates[lengths.index(length)]
                for line in run[index : index + length] + other[start : start + length]:
                    line.moved = True
            index += max(length, 1)


def block_at(run: list[Line], index: int) -> tuple[str, ...]:
    return tuple(line.text.strip() for line in run[index : index + BLOCK_LINES])


def common_length(run: list[Line], index: int, other: list[Line], start: int) -> int:
    """How many lines from here on are the same and in no other moved block."""
    length = 0
    for mine, theirs in zip(run[index:], other[start:]):
        if theirs.moved or mine.text.strip() != theirs.text.strip():
            break
        length += 1
    return length if length >= BLOCK_LINES else 0


def is_telling(block: list[Line]) -> bool:
    return sum(map(str.isalnum, "".join(line.text for line in block))) >= BLOCK_LETTERS


# ---- the summary ---------------------------------------------------------------------------------


def table(files: list[File]) -> list[list[str]]:
    """The summary by parts of the kernel: a row of headings, the parts, a total."""
    rows = [["", "added", "removed", "moved", "changed", "as before",
             "added", "removed", "moved", "now"]]  # fmt: skip
    for name in (*PARTS, "all"):
        mine = [file for file in files if name in (file.part, "all")]
        kinds = Counter(file.kind for file in mine)
        if mine:
            now = [file for file in mine if file.new]
            numbers = (
                kinds["added"], kinds["removed"], kinds["moved"] + kinds["moved, changed"],
                kinds["changed"] + kinds["moved, changed"], kinds["as before"],
                sum(file.count("+") for file in mine), sum(file.count("-") for file in mine),
                sum(file.moved_lines for file in mine),
                sum(file.kept + file.count("+") + file.count("+", True) for file in now),
            )  # fmt: skip
            rows.append([name, *(f"{number:,}" for number in numbers)])
    return rows


def groups(files: list[File]) -> list[tuple[str, list[tuple[str, str, File | None]]]]:
    """The files by kind, each with its title and numbers.  Unchanged files that have moved
    together are one row without a file."""
    found = []
    for kind in KINDS[:-1]:
        mine = [file for file in files if file.kind == kind]
        found.append((kind, [(file.title, numbers(file), file) for file in mine]))
    rows = []
    for (old, new), mine in moved_together(files).items():
        title = mine[0].title if len(mine) == 1 else f"{old}/ → {new}/"
        lines = sum(file.kept for file in mine)
        rows.append((title, f"{plural(len(mine), 'file')}, {plural(lines, 'line')}", None))
    return [(kind, rows) for kind, rows in [*found, ("moved", rows)] if rows]


def moved_together(files: list[File]) -> dict[tuple[str, str], list[File]]:
    """The unchanged files that have moved, by the directories they have moved from and to."""
    moved = [file for file in files if file.kind == "moved"]
    together: dict[tuple[str, str], list[File]] = defaultdict(list)
    for file in moved:
        same = os.path.basename(file.old) == os.path.basename(file.new)
        place = (file.old, file.new)
        together[parents(place) if same else place].append(file)
    for place in sorted(together, key=lambda place: -len(place[0])):
        if parents(place) in together and "" not in parents(place):
            together[parents(place)] += together.pop(place)
    return dict(sorted(together.items(), key=lambda item: item[0][1]))


def parents(place: tuple[str, str]) -> tuple[str, str]:
    return os.path.dirname(place[0]), os.path.dirname(place[1])


def numbers(file: File) -> str:
    """The lines added, removed and moved of one file, as short as they can be."""
    parts = [f"+{file.count('+')}", f"-{file.count('-')}", f"{file.moved_lines} moved"]
    return " ".join(part for part in parts if not part.startswith(("+0", "-0", "0 ")))


def summary(comparison: Comparison) -> list[str]:
    """The summary as text."""
    files = comparison.files
    rows = [[cell.rjust(9 if column else 0) for column, cell in enumerate(row)]
            for row in table(files)]  # fmt: skip
    found = [f"{comparison.first.name} → {comparison.second.name}", ""]
    found.append(f"{'':10}{'files':^50}   {'lines':^40}")
    for row in rows:
        found.append(f"{row[0]:10}{' '.join(row[1:6])}   {' '.join(row[6:])}")
    for kind, members in groups(files):
        found += ["", kind]
        width = max(len(title) for title, _, _ in members)
        found += [f"  {title:{width}}  {text}" for title, text, _ in members]
    return found


# ---- the diff ------------------------------------------------------------------------------------


def header(file: File) -> list[str]:
    """The lines before the first hunk, as git writes them and can read them."""
    old, new = file.old or file.new, file.new or file.old
    rows = [f"diff --git a/{old} b/{new}"]
    if not file.old:
        rows.append("new file mode 100644")
    if not file.new:
        rows.append("deleted file mode 100644")
    if old != new:
        rows += [] if file.hunks else ["similarity index 100%"]
        rows += [f"rename from {old}", f"rename to {new}"]
    if file.hunks:
        rows.append(f"--- a/{old}" if file.old else "--- /dev/null")
        rows.append(f"+++ b/{new}" if file.new else "+++ /dev/null")
    return rows


def text(comparison: Comparison, with_diff: bool, colour: bool) -> list[str]:
    """Everything as text; `colour` for a terminal."""

    def paint(name: str, row: str) -> str:
        return f"{COLOURS[name]}{row}\033[m" if colour and name in COLOURS else row

    head, *rows = summary(comparison)
    found = [paint("bold", head), *rows]
    if not with_diff:
        return found
    found.append("")
    for file in comparison.files:
        if file.kind != "as before":
            found += [paint("bold", row) for row in header(file)]
        for hunk in file.hunks:
            found.append(paint("head", hunk.head))
            for line in hunk.lines:
                name = f"moved {line.sign}" if line.moved else line.sign
                found.append(paint(name, line.sign + line.text))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares two phases.")
    parser.add_argument("--from", type=phase_number, required=True, metavar="N", dest="first")
    parser.add_argument("--to", type=phase_number, required=True, metavar="N", dest="second")
    parser.add_argument("--summary", action="store_true", help="no lines, only the summary")
    parser.add_argument("--html", metavar="FILE", help="write a page instead")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="the repository (default: the one this tool is in)")  # fmt: skip
    arguments = parser.parse_args()
    colour = arguments.color == "always" or (
        arguments.color == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    )
    try:
        tree = Tree(arguments.root)
        first, second = tree.phase(arguments.first), tree.phase(arguments.second)
        if first.number >= second.number:
            raise Trouble(f"phase {second.number} is not after phase {first.number}")
        if arguments.html and arguments.summary:
            raise Trouble("a page has the lines, too: give SUMMARY=1 or HTML=, not both")
        if arguments.html and not Path(arguments.html).parent.is_dir():
            raise Trouble(f"HTML={arguments.html}: there is no such directory")
        if arguments.html and (arguments.html.endswith("/") or Path(arguments.html).is_dir()):
            raise Trouble(f"HTML={arguments.html} is a directory; give the page a name")
        comparison = Comparison(tree, first, second)
        if arguments.html:
            title = f"{first.name} → {second.name}"
            page = diff_page.page(title, table(comparison.files), groups(comparison.files))
            Path(arguments.html).write_text(page, encoding="utf-8")
            print(arguments.html)
        else:
            print("\n".join(text(comparison, not arguments.summary, colour)), flush=True)
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Trouble, OSError) as trouble:
        print(f"diff: {complaint(trouble)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
