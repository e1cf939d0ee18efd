#!/usr/bin/python3
"""Checks that nothing is written twice: the rules of the phase directories.

    tools/check_tree.py [--fix]

In a phase directory a regular file is something that this step changed; the rest are relative
links to the phase that changed it last.  Prints `file: rule: reason` for each violation.  Exit
status 0: no violation, 1: violations, 2: the check could not be done.  tools/README.md has the
rules in one table; tools/phases.py the formats of MOVES and BASES.

--fix makes the links that are known to be missing or wrong, before the check.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from phases import BASES, MARKER, MOVES, OWN, Phase, Tree, git, hash_of, is_at_or_below
from ring_check import directives, plural
from ring_source import Trouble

INCLUDE_UP = re.compile(r'include(_next)?\s*[<"](.*/)?\.\./')


@dataclass(frozen=True, order=True)
class Violation:
    """One broken rule; `file` is from the repository's root, with a line if that helps."""

    file: str
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}: {self.reason}"


class Check:
    """The check of one repository."""

    def __init__(self, root: Path) -> None:
        self.tree = Tree(root)
        self.found: set[Violation] = set()
        self.notes: list[str] = []
        self.repairs: dict[Path, Path] = {}  # links that should be, and what they should name
        self.texts: dict[str, tuple[Phase, str]] = {}  # the oldest file with a text, by its hash
        self.links = self.files = 0

    def add(self, phase: Phase, path: str, rule: str, reason: str) -> None:
        self.found.add(Violation(f"{phase.name}/{path}", rule, reason))

    # ---- links ---------------------------------------------------------------------------------

    def check_link(self, phase: Phase, path: str) -> None:
        """A link is relative and names, without detour, what the newest earlier phase has."""
        place = phase.path / path
        text, target = os.readlink(place), link_target(place)
        wanted = self.tree.predecessor(phase, path)
        if os.path.isabs(text):
            self.add(phase, path, "link-absolute", f"{text} is right on one machine only")
        elif not target.is_relative_to(self.tree.root):
            self.add(phase, path, "link-outside", f"{text} leaves the repository")
        elif not place.exists():
            self.add(phase, path, "link-dangling", f"{text} is not there")
        elif wanted is None:
            self.add(phase, path, "link-name", f"no earlier phase has this path, and {MOVES} gives "
                     f"it no old one, but the link leads to {self.tree.name(target)}")  # fmt: skip
        elif target != wanted:
            name = self.tree.name(wanted)
            self.repairs[place] = wanted
            if place.resolve() == wanted:
                self.add(phase, path, "link-indirect",
                         f"it goes through another link: name {name}")  # fmt: skip
            else:
                self.add(phase, path, "link-wrong", f"the newest earlier phase has {name}, "
                         f"but the link leads to {self.tree.name(target)}")  # fmt: skip

    def check_directory(self, phase: Phase, path: str) -> None:
        """A directory in which all is as it was is one link."""
        places = [phase.path / entry for entry in self.below(phase, path)]
        targets = {link_target(place) for place in places if place.is_symlink()}
        parents = {target.parent for target in targets}
        if not places or len(targets) != len(places) or len(parents) != 1:
            return
        other = self.tree.locate(parent := parents.pop())
        if other is None or not parent.is_dir():
            return
        names = {place.name for place in places}
        theirs = {os.path.basename(entry) for entry in self.below(*other)}
        if names == theirs == {target.name for target in targets}:
            self.add(phase, path, "link-directory", f"all of it is linked to {other[0].name}/"
                     f"{other[1]}: link the whole directory")  # fmt: skip
            if self.tree.predecessor(phase, path) == parent:
                self.repairs[phase.path / path] = parent

    @staticmethod
    def below(phase: Phase, path: str) -> list[str]:
        """The entries of a directory, those in its directories left out."""
        return [entry for entry in phase.walk(path, False) if os.path.dirname(entry) == path]

    # ---- regular files -------------------------------------------------------------------------

    def check_file(self, phase: Phase, path: str) -> None:
        """A file differs from its predecessor and knows which text of it it was made from."""
        place, base = phase.path / path, phase.bases.get(path)
        before = self.tree.predecessor(phase, path)
        if before is None or not before.is_file():
            self.check_copy(phase, path)
            return
        name = self.tree.name(before)
        if place.read_bytes() == before.read_bytes():
            link = os.path.relpath(before, place.parent)
            self.repairs[place] = before
            self.add(phase, path, "identical", f"{name} is the same: ln -sfn {link} "
                     f"{phase.name}/{path}")  # fmt: skip
        elif base is None:
            self.add(phase, path, "base", f"{BASES} does not say which text of {name} it was made "
                     f"from: make carry FILE={name} ADOPT=1 if it is today's")  # fmt: skip
        elif base.unsolved or MARKER.search(place.read_bytes()):
            self.add(phase, path, "conflict", f"a change of {name} has left conflicts: solve them, "
                     f"then make carry FILE={name}")  # fmt: skip
        elif base.base != hash_of(before):
            self.add(phase, path, "base", f"{name} has changed since this was made from it: "
                     f"make carry FILE={name}")  # fmt: skip

    def check_copy(self, phase: Phase, path: str) -> None:
        """A new file is no copy of an earlier phase's."""
        if not self.texts:
            for earlier in self.tree.phases:
                for old in filter(earlier.is_changed, earlier.entries()):
                    self.texts.setdefault(hash_of(earlier.path / old), (earlier, old))
        other, old = self.texts.get(hash_of(phase.path / path), (phase, ""))
        if other.number < phase.number and (phase.path / path).stat().st_size:
            self.add(phase, path, "identical", f"{other.name}/{old} is the same: say in {MOVES} "
                     "that it has moved, and link it")  # fmt: skip

    def check_bases(self, phase: Phase) -> None:
        """Every line of BASES is about a file that was made from another."""
        for path, base in phase.bases.items():
            before = self.tree.predecessor(phase, path)
            if not phase.is_changed(path):
                reason = f"{path} is no regular file of this phase"
            elif before is None or not before.is_file():
                reason = f"{path} has no predecessor"
            else:
                continue
            self.add(phase, f"{BASES}:{base.line}", "base-stale", reason)

    def check_includes(self, phase: Phase, path: str) -> None:
        """Through a linked directory, .. leads to another phase's headers."""
        if not path.endswith((".c", ".h", ".S")):
            return
        for line, _, directive in directives((phase.path / path).read_text(errors="replace")):
            if INCLUDE_UP.match(directive):
                self.add(phase, f"{path}:{line}", "include-up",
                         "through a linked directory .. leads into another phase")  # fmt: skip

    # ---- what went where -----------------------------------------------------------------------

    def check_moves(self, phase: Phase) -> None:
        """Each line of MOVES names what was there and what is here, once."""
        earlier = self.tree.earlier(phase)
        taken: dict[str, int] = {}
        for move in phase.moves:
            line = f"{MOVES}:{move.line}"
            if not earlier or not earlier[0].exists(move.old):
                where = earlier[0].name if earlier else "an earlier phase"
                self.add(phase, line, "moves", f"there is no {move.old} in {where}")
            if move.new and not phase.exists(move.new):
                self.add(phase, line, "moves", f"there is no {move.new} in this phase")
            if move.new == move.old:
                self.add(phase, line, "moves", "both paths are the same")
            elif phase.exists(move.old) and self.is_still_here(phase, move.old):
                self.add(phase, line, "moves", f"{move.old} is still here")
            elif not move.new and phase.is_changed(move.old):
                self.add(phase, line, "moves", f"{move.old} is still here")
            if move.new in taken:
                self.add(phase, line, "moves",
                         f"line {taken[move.new]} has moved something to {move.new}")  # fmt: skip
            elif move.new:
                taken[move.new] = move.line

    def is_still_here(self, phase: Phase, old: str) -> bool:
        """True if what has moved is linked at its old place too, or some of it."""
        place = phase.path / old
        if place.is_dir() and place.resolve() == place:
            inner = [path for path in phase.walk(old, False) if (phase.path / path).is_symlink()]
            return any(old in map(lambda m: m.old, phase.lines_for(path)) for path in inner)
        return not phase.is_changed(old)

    def check_missing(self, phase: Phase) -> None:
        """Whatever the phase before has is here, or MOVES says where it went."""
        before = self.tree.earlier(phase)[0]
        gone: list[str] = []
        for old in before.walk("", follow=True):
            if any(is_at_or_below(old, path) for path in gone):
                continue
            if old in (MOVES, BASES):
                continue
            for path in phase.destinations(old):
                place = phase.path / path
                if os.path.lexists(place) or self.has_moved_inside(phase, before, old):
                    continue
                gone.append(old)
                self.add(phase, path, "missing", f"{before.name} has {old}: link it, or say in "
                         f"{MOVES} where it went (- for nowhere)")  # fmt: skip
                if not any(is_at_or_below(move.old, old) for move in phase.moves):
                    self.repairs[place] = (before.path / old).resolve()

    @staticmethod
    def has_moved_inside(phase: Phase, before: Phase, old: str) -> bool:
        """True for a directory all of whose files have a line of their own in MOVES."""
        if not (before.path / old).is_dir():
            return False
        lines = phase.lines_for(old)
        return all(
            phase.lines_for(path) != lines
            for path in before.walk(old, follow=True)
            if (before.path / path).is_file()
        )

    # ---- git and the compiler ------------------------------------------------------------------

    def check_git(self) -> None:
        """git knows the links as links."""
        if not (self.tree.root / ".git").exists():
            self.notes.append("not a git repository: how git has the links was not looked at")
            return
        names = [phase.name for phase in self.tree.phases]
        rows = git(self.tree.root, "ls-files", "-s", "-z", "--", *names).decode().split("\0")
        for row in filter(None, rows):
            head, _, name = row.partition("\t")
            phase, _, path = name.partition("/")
            place = self.tree.root / name
            if not os.path.lexists(place):
                continue
            known = head.startswith("120000")
            if known != place.is_symlink():
                git_has, is_here = sorted(("link", "regular file"), reverse=not known)
                reason = f"git has a {git_has} here, the directory a {is_here}: git add it, or " \
                         "check it out anew"  # fmt: skip
                self.found.add(Violation(name, "git-mode", reason))

    def check_build(self, phase: Phase) -> None:
        """A build of this phase has read no other phase's file where this phase has its own."""
        build = self.tree.root / "build" / f"phase{phase.number}"
        lists = sorted(build.rglob("*.d"))
        if not lists:
            self.notes.append(f"no build of {phase.name}: which headers it reads was not looked at")
        known: dict[str, str] = {}
        for file in lists:
            read = dependencies(file.read_text(errors="replace"))
            if not read or not (phase.path / read[0]).exists():
                continue  # left over from a source that has gone
            for path in read:
                if path not in known:
                    known[path] = self.stray(phase, path)
                if known[path]:
                    source = self.tree.name(Path(os.path.normpath(phase.path / read[0])))
                    self.found.add(Violation(source, "build", known[path]))

    def stray(self, phase: Phase, path: str) -> str:
        """The complaint about a file that a build has read, or nothing."""
        real = (phase.path / path).resolve()
        other = self.tree.locate(real)
        if other is None or other[0] is phase:
            return ""
        theirs, name = other
        if theirs.number > phase.number:
            return f"the build has read {self.tree.name(real)}, which is of a later phase"
        names = [name]
        for step in self.tree.later(theirs):
            if step.number <= phase.number:
                names = [new for old in names for new in step.destinations(old)]
        own = [new for new in names if phase.exists(new)]
        if not own:
            return f"the build has read {self.tree.name(real)}, which this phase does not have"
        if all((phase.path / new).resolve() != real for new in own):
            return (f"the build has read {self.tree.name(real)}, but {phase.name} has its own "
                    f"{own[0]}")  # fmt: skip
        return ""

    # ---- all together --------------------------------------------------------------------------

    def check_phase(self, phase: Phase) -> None:
        for complaint in phase.complaints:
            rule = "moves" if complaint.file == MOVES else "base"
            self.add(phase, f"{complaint.file}:{complaint.line}", rule, complaint.text)
        for path in phase.entries():
            place = phase.path / path
            if place.is_symlink():
                self.links += 1
                self.check_link(phase, path)
            elif place.is_dir():
                self.check_directory(phase, path)
            else:
                self.files += 1
                self.check_includes(phase, path)
                if path not in OWN:
                    self.check_file(phase, path)
        self.check_moves(phase)
        self.check_bases(phase)
        self.check_build(phase)
        if self.tree.earlier(phase):
            self.check_missing(phase)

    def run(self) -> list[Violation]:
        if not self.tree.phases:
            raise Trouble(f"there is no phase directory with a Makefile in {self.tree.root}")
        for phase in self.tree.phases:
            self.check_phase(phase)
        self.check_git()
        return sorted(self.found)

    def repairs_needed(self) -> dict[Path, Path]:
        self.run()
        # What lies in a directory that becomes a link goes with it.
        return {
            place: target
            for place, target in self.repairs.items()
            if not any(parent in self.repairs for parent in place.parents)
        }


def fix(root: Path) -> None:
    """Makes links until none is known to be missing or wrong."""
    while repairs := Check(root).repairs_needed():
        for place, target in repairs.items():
            if place.is_dir() and not place.is_symlink():
                for entry in place.iterdir():  # links, all of them
                    entry.unlink()
                place.rmdir()
            else:
                place.unlink(missing_ok=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            link = os.path.relpath(target, place.parent)
            place.symlink_to(link)
            print(f"{place.relative_to(root.resolve())} -> {link}")


def link_target(place: Path) -> Path:
    """What a link names, as it is written."""
    return Path(os.path.normpath(place.parent / os.readlink(place)))


def dependencies(text: str) -> list[str]:
    """The files of the first rule of a compiler's list of dependencies (gcc -MD)."""
    rule = text.replace("\\\n", " ").partition("\n")[0].partition(": ")[2]
    return [word.replace("\\ ", " ") for word in re.findall(r"(?:\\ |\S)+", rule)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks the rules of the phase directories.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="the repository (default: the one this tool is in)")  # fmt: skip
    parser.add_argument("--fix", action="store_true", help="make the links that are known")
    arguments = parser.parse_args()
    try:
        if arguments.fix:
            fix(arguments.root)
        check = Check(arguments.root)
        violations = check.run()
    except Trouble as trouble:
        print(f"check_tree: {trouble}", file=sys.stderr)
        return 2
    for violation in violations:
        print(violation)
    for note in check.notes:
        print(f"note: {note}")
    print(f"tree: {plural(len(check.tree.phases), 'phase')}, {plural(check.files, 'regular file')},"
          f" {plural(check.links, 'link')}, {plural(len(violations), 'violation')}")  # fmt: skip
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
