#!/usr/bin/python3
"""Carries a change of one phase's file into the later phases that have changed the file too.

    tools/carry.py phase1-split/kernel/fs/file.c          merge
    tools/carry.py --adopt phase1-split/kernel/fs/file.c  merge nothing, only write BASES
    tools/carry.py --record --phase 3                     write what BASES lacks of a phase

A later phase's file was made from a text of this one that BASES names by git's hash.  What has
changed since then is merged into it (git merge-file), and BASES names the new text.  Where both
have changed the same lines, the file is left with conflict markers and BASES with a note of it;
solve them and give the same command again.

Exit status 0: carried, 1: conflicts are left, 2: it could not be done.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from phases import BASES, MARKER, Base, Phase, Tree, complaint, git, hash_of
from ring_source import Trouble, phase_number


class Carrier:
    """One run of the tool."""

    def __init__(self, root: Path, adopt: bool = False) -> None:
        self.tree, self.adopt = Tree(root), adopt
        self.conflicts = 0
        for phase in self.tree.phases:
            for bad in phase.complaints:  # what cannot be read would be lost in writing
                raise Trouble(f"{phase.name}/{bad.file}:{bad.line}: {bad.text}")

    # ---- which files ---------------------------------------------------------------------------

    def find(self, name: str) -> tuple[Phase, str]:
        """The phase and path of the file that the user names."""
        given = Path(os.path.abspath(self.tree.root / name))
        found = self.tree.locate(given)
        if found is None:
            raise Trouble(f"{name} is not a file of a phase directory")
        phase, path = found
        if not (phase.path / path).exists():
            raise Trouble(f"there is no {name}")
        if not phase.is_changed(path):
            real = self.tree.name((phase.path / path).resolve())
            kind = "a directory" if (phase.path / path).is_dir() else f"a link: name {real}"
            raise Trouble(f"{name} is {kind}")
        if not self.tree.later(phase):
            raise Trouble(f"{name} is of the last phase: there is nothing to carry it to")
        return phase, path

    def carry(self, name: str) -> None:
        """Carries the change into every descendant of the file, one phase after the other."""
        phase, path = self.find(name)
        paths, touched, why = [path], False, "no later phase has it"
        for later in self.tree.later(phase):
            paths = [new for old in paths for new in later.destinations(old) if later.exists(new)]
            for new in list(paths):
                if not later.is_changed(new):
                    why = "later phases have it by links"
                elif not self.is_made(later, new):
                    why = "later phases have files of their own there"
                if later.is_changed(new) and self.is_made(later, new):
                    touched = True
                    if not self.carry_into(later, new):
                        paths.remove(new)  # what has conflicts is carried no further
                    later.write_bases()
        if not touched:
            print(f"{name}: {why}: nothing to carry")

    def is_made(self, phase: Phase, path: str) -> bool:
        """Was it made from an earlier phase's file?"""
        before = self.tree.predecessor(phase, path)
        return before is not None and before.is_file()

    # ---- merging -------------------------------------------------------------------------------

    def carry_into(self, phase: Phase, path: str) -> bool:
        """Brings one file up to date with its predecessor; false if conflicts are left."""
        before = self.tree.predecessor(phase, path)
        place, now = phase.path / path, self.keep(before)
        name, base = f"{phase.name}/{path}", phase.bases.get(path)
        if self.adopt:
            phase.bases[path] = Base(now)
            print(f"{name}: made from today's {self.tree.name(before)}")
            return True
        if base is None:
            raise Trouble(f"{name}: {BASES} does not say what it was made from (ADOPT=1 if it is "
                          f"today's {self.tree.name(before)})")  # fmt: skip
        if MARKER.search(place.read_bytes()):
            return self.leave(name, "has conflict markers: solve them, then give the command again")
        if base.unsolved:
            base = phase.bases[path] = Base(base.unsolved)
            print(f"{name}: solved")
        if base.base == now:
            print(f"{name}: up to date")
            return True
        if not self.merge(place, base.base, before):
            phase.bases[path] = Base(base.base, now)
            return self.leave(name, "CONFLICT: solve the marked lines, then give the command again")
        phase.bases[path] = Base(now)
        same = place.read_bytes() == before.read_bytes()
        print(f"{name}: carried" + (": nothing of its own is left, make it a link" if same else ""))
        return True

    def leave(self, name: str, text: str) -> bool:
        self.conflicts += 1
        print(f"{name}: {text}")
        return False

    def merge(self, place: Path, base: str, before: Path) -> bool:
        """Merges into `place` what has changed from the text `base` to `before`; false if there
        are conflicts."""
        with tempfile.NamedTemporaryFile(prefix="carry-") as file:
            file.write(self.text_of(base))
            file.flush()
            labels = [self.tree.name(place), f"{self.tree.name(before)} as it was",
                      self.tree.name(before)]  # fmt: skip
            command = ["git", "merge-file", "--diff3"]
            command += [word for label in labels for word in ("-L", label)]
            done = subprocess.run(
                [*command, str(place), file.name, str(before)], capture_output=True, check=False
            )
        if not 0 <= done.returncode < 128:  # up to 127 it is the number of conflicts
            raise Trouble(f"git merge-file: {done.stderr.decode(errors='replace').strip()}")
        return done.returncode == 0

    def keep(self, place: Path) -> str:
        """Has git keep a text that BASES will name; its hash."""
        return git(self.tree.root, "hash-object", "-w", str(place)).decode().strip()

    def text_of(self, base: str) -> bytes:
        """A text that BASES names, which git has kept."""
        try:
            return git(self.tree.root, "cat-file", "blob", base)
        except Trouble:
            raise Trouble(f"git does not have the text {base[:12]} that {BASES} names") from None

    # ---- recording -----------------------------------------------------------------------------

    def record(self, number: int) -> None:
        """Adds the lines that a phase's BASES lacks, and removes those that are about nothing."""
        phase = self.tree.phase(number)
        made = {
            path for path in phase.entries() if phase.is_changed(path) and self.is_made(phase, path)
        }
        for path in sorted(set(phase.bases) - made):
            del phase.bases[path]
            print(f"{phase.name}/{path}: no longer made from another")
        for path in sorted(made - set(phase.bases)):
            before = self.tree.predecessor(phase, path)
            phase.bases[path] = Base(self.likely_base(phase, path, before))
            late = "" if phase.bases[path].base == hash_of(before) else " as it was"
            print(f"{phase.name}/{path}: made from {self.tree.name(before)}{late}")
        phase.write_bases()

    def likely_base(self, phase: Phase, path: str, before: Path) -> str:
        """The text that a file was most likely made from: of those that its predecessor has had
        since the phase was begun, the one with the fewest differences; the newest if there are
        several."""
        best = self.keep(before)
        fewest = self.differences(best, phase.path / path)
        for old in self.past_texts(phase, self.tree.name(before)):
            if old != best and (count := self.differences(old, phase.path / path)) < fewest:
                best, fewest = old, count
        return best

    def past_texts(self, phase: Phase, name: str) -> list[str]:
        """What git has had under a name, links followed, since the phase's directory was begun;
        newest first."""
        root = self.tree.root
        begun = git(root, "log", "--format=%H", "--", phase.name).decode().split()[-1:]
        since = [f"{commit}..HEAD" for commit in begun]
        commits = git(root, "log", "--format=%H", *since).decode().split() + begun if begun else []
        asked = "".join(f"{commit}:{name}\n" for commit in commits).encode()
        answers = git(root, "cat-file", "--batch-check", "--follow-symlinks", given=asked)
        rows = [row.split() for row in answers.decode().splitlines()]
        return list(dict.fromkeys(row[0] for row in rows if row[1:2] == ["blob"]))

    def differences(self, base: str, place: Path) -> int:
        """In how many lines a file differs from a text that git has."""
        with tempfile.NamedTemporaryFile(prefix="carry-") as file:
            file.write(self.text_of(base))
            file.flush()
            command = ["git", "diff", "--no-index", "--numstat", file.name, str(place)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        return sum(map(int, re.findall(r"\d+", done.stdout.rpartition("\t")[0])))


def main() -> int:
    parser = argparse.ArgumentParser(description="Carries a change into the later phases.")
    parser.add_argument("file", nargs="?", help="a regular file of a phase directory")
    parser.add_argument("--adopt", action="store_true",
                        help="the later files hold its present text already")  # fmt: skip
    parser.add_argument("--record", action="store_true", help="write what BASES lacks of --phase")
    parser.add_argument("--phase", type=phase_number, metavar="N")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="the repository (default: the one this tool is in)")  # fmt: skip
    arguments = parser.parse_args()
    if arguments.record == bool(arguments.file) or arguments.record != bool(arguments.phase):
        print("carry: give a file, or --record with --phase N", file=sys.stderr)
        return 2
    try:
        carrier = Carrier(arguments.root, arguments.adopt)
        if arguments.record:
            carrier.record(arguments.phase)
        else:
            carrier.carry(arguments.file)
    except (Trouble, OSError) as trouble:
        print(f"carry: {complaint(trouble)}", file=sys.stderr)
        return 2
    return 1 if carrier.conflicts else 0


if __name__ == "__main__":
    sys.exit(main())
