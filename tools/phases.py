"""What the tree tools know about the phase directories: which phases there are, what a file of one
was in the phase before, and where its text really lies.

A phase directory holds regular files for what its step changed, and relative links to earlier
phases for the rest.  Two lists beside its Makefile say what links cannot say:

    MOVES   "old path<space>new path" for what the step moved, files or directories, and
            "old path<space>-" for what it removed.  The longest old path that fits counts.
            Several lines with one old path are a file that was split.
    BASES   "path<space>hash" for each regular file that has a predecessor: git's hash of the
            predecessor's text that it was made from.  A third word is the hash of a text whose
            merge has left conflicts (tools/carry.py).

Paths are strings relative to a phase's directory, unless they are `Path`s: those are absolute.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ring_source import Trouble

MOVES, BASES = "MOVES", "BASES"
# Each phase's own text, with no predecessor: the lists, and what tells of this step alone.
OWN = {MOVES, BASES, "README.md"}
LEFTOVERS = re.compile(r".*~|.*\.(swp|orig|rej|pyc)|__pycache__|\.pytest_cache")
DEEPEST = 20  # directories in each other; more are a link into itself
HASH = re.compile(r"[0-9a-f]{40}")
# What git merge-file leaves where it cannot decide.
MARKER = re.compile(rb"^(<{7}|\|{7}|>{7}) ", re.M)


@dataclass(frozen=True)
class Move:
    """One line of MOVES; `new` is empty for what was removed."""

    old: str
    new: str
    line: int


@dataclass(frozen=True)
class Base:
    """One line of BASES, without its path."""

    base: str
    unsolved: str = ""
    line: int = 0


@dataclass(frozen=True)
class Complaint:
    """A line of a list that cannot be read."""

    file: str
    line: int
    text: str


class Phase:
    """One phase directory."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name, self.path = root, name, root / name
        self.number = int(re.match(r"phase(\d+)", name).group(1))
        self.complaints: list[Complaint] = []
        self.moves = self.read_moves()
        self.bases = self.read_bases()

    def __repr__(self) -> str:
        return self.name

    # ---- the lists -----------------------------------------------------------------------------

    def lines(self, file: str, counts: tuple[int, ...]) -> Iterator[tuple[int, list[str]]]:
        """The lines of a list, numbered and split into words; empty ones and comments skipped."""
        path = self.path / file
        text = path.read_text(errors="replace") if path.is_file() else ""
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if len(words) in counts and all(is_plain(word) for word in words):
                yield number, words
            else:
                self.complaints.append(Complaint(file, number, f"this line is not clear: {line}"))

    def read_moves(self) -> list[Move]:
        return [
            Move(old, "" if new == "-" else new, number)
            for number, (old, new) in self.lines(MOVES, (2,))
        ]

    def read_bases(self) -> dict[str, Base]:
        found: dict[str, Base] = {}
        for number, (path, *hashes) in self.lines(BASES, (2, 3)):
            if path in found:
                self.complaints.append(Complaint(BASES, number, f"{path} stands here twice"))
            elif all(HASH.fullmatch(word) for word in hashes):
                found[path] = Base(*hashes, line=number)
            else:
                self.complaints.append(Complaint(BASES, number, "this is no hash of git's"))
        return found

    def write_bases(self) -> None:
        """Writes BASES anew, sorted; an empty list is no file."""
        lines = [
            " ".join(filter(None, (path, base.base, base.unsolved))) + "\n"
            for path, base in sorted(self.bases.items())
        ]
        if lines:
            (self.path / BASES).write_text("".join(lines))
        else:
            (self.path / BASES).unlink(missing_ok=True)

    # ---- what is here --------------------------------------------------------------------------

    def entries(self) -> list[str]:
        """Everything in the directory; links are entries, and not followed."""
        return list(self.walk("", follow=False))

    def files(self) -> list[str]:
        """All files as this phase sees them, through links."""
        return [path for path in self.walk("", follow=True) if (self.path / path).is_file()]

    def walk(self, below: str, follow: bool) -> Iterator[str]:
        for name in sorted(os.listdir(self.path / below)):
            if LEFTOVERS.fullmatch(name):
                continue
            path = os.path.join(below, name)
            yield path
            place = self.path / path
            if place.is_dir() and (follow or not place.is_symlink()) and path.count("/") < DEEPEST:
                yield from self.walk(path, follow)

    def is_changed(self, path: str) -> bool:
        """True for a regular file that no link leads to: this step changed it."""
        place = self.path / path
        return place.is_file() and place.resolve() == place

    def exists(self, path: str) -> bool:
        return (self.path / path).exists()

    # ---- from one phase to the next ------------------------------------------------------------

    def lines_for(self, old: str) -> list[Move]:
        """The lines that say where a path of the phase before has gone: the closest ones."""
        fitting = [move for move in self.moves if is_at_or_below(old, move.old)]
        longest = max((len(move.old) for move in fitting), default=0)
        return [move for move in fitting if len(move.old) == longest]

    def destinations(self, old: str) -> list[str]:
        """Where a path of the phase before is in this one, the best match first: several places
        if it was split, none if it was removed."""
        lines = self.lines_for(old)
        found = [move.new + old[len(move.old) :] for move in lines if move.new]
        if not lines or (old not in found and self.is_changed(old)):
            found.insert(0, old)
        return found

    def origin(self, path: str) -> str | None:
        """What a path of this phase is called in the phase before; None if MOVES says that what
        would be it has gone elsewhere."""
        lines = [move for move in self.moves if move.new and is_at_or_below(path, move.new)]
        if not lines:
            return path
        line = max(lines, key=lambda move: len(move.new))
        old = line.old + path[len(line.new) :]
        return old if line in self.lines_for(old) else None


class Tree:
    """All phase directories of a repository."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        names = [path.parent.name for path in self.root.glob("phase[0-9]-*/Makefile")]
        self.phases = sorted((Phase(self.root, name) for name in names), key=lambda p: p.number)

    def phase(self, number: int) -> Phase:
        for phase in self.phases:
            if phase.number == number:
                return phase
        numbers = " ".join(str(phase.number) for phase in self.phases)
        raise Trouble(f"{number} is not a phase; choose from: {numbers}")

    def earlier(self, phase: Phase) -> list[Phase]:
        """The phases before, newest first."""
        return [other for other in reversed(self.phases) if other.number < phase.number]

    def later(self, phase: Phase) -> list[Phase]:
        return [other for other in self.phases if other.number > phase.number]

    def predecessor(self, phase: Phase, path: str) -> Path | None:
        """Where the text lies that a path has in the newest earlier phase with such a path: a
        regular file or a directory.  None if it is new in `phase`."""
        if path in OWN:
            return None
        old: str | None = path
        for earlier in self.earlier(phase):
            old = phase.origin(old)
            if old is None:
                return None
            if earlier.exists(old):
                return (earlier.path / old).resolve()
            phase = earlier
        return None

    def locate(self, place: Path) -> tuple[Phase, str] | None:
        """The phase and the path in it of an absolute path, links left as they are."""
        for phase in self.phases:
            if place.is_relative_to(phase.path):
                return phase, str(place.relative_to(phase.path))
        return None

    def name(self, place: Path) -> str:
        """A path as a person reads it: from the repository's root."""
        return str(place.relative_to(self.root)) if place.is_relative_to(self.root) else str(place)


def is_at_or_below(path: str, top: str) -> bool:
    return path == top or path.startswith(top + "/")


def is_plain(path: str) -> bool:
    """True for a relative path without detours."""
    return os.path.normpath(path) == path and not path.startswith(("/", ".."))


def blob_hash(data: bytes) -> str:
    """The name that git gives to a file's content (gitformat-pack, `git hash-object`)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def hash_of(path: Path) -> str:
    return blob_hash(path.read_bytes())


def git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What a git command prints that is given some input; no git, no repository or an error are
    trouble."""
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, check=False)
    except FileNotFoundError:
        raise Trouble("git is not installed") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise Trouble(f"git {arguments[0]}: {lines[0]}")
    return done.stdout


def complaint(trouble: Trouble | OSError) -> str:
    """The one line that says why a tool could not do its work."""
    if isinstance(trouble, OSError) and trouble.filename is not None:
        return f"{trouble.filename}: {trouble.strerror}"
    return str(trouble)
