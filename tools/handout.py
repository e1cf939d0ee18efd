#!/usr/bin/python3
"""Packs one phase as a student gets it: a flat tarball, in which every link is the file itself.

    tools/handout.py --phase 2

writes build/handout/aramid-phase2.tar.gz with the phase, what all phases share, and no other phase.
So nobody edits an earlier phase through a link, and no zip tool or Windows checkout meets one.
Only what git tracks goes in, with its text as it is in the directory; the same texts always make
the same bytes.  Exit status 0, or 2 with one line on standard error.
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys
import tarfile
from pathlib import Path

from phases import BASES, MOVES, Phase, Tree, complaint, git
from ring_source import Trouble, phase_number

TIME = 1767225600  # 2026-01-01: older than anything that is built from it


def tracked(root: Path) -> dict[str, bool]:
    """What git tracks, from the repository's root: true for programs."""
    if not (root / ".git").exists():
        raise Trouble("this is not a git repository: what belongs to a handout is not known")
    rows = git(root, "ls-files", "-s", "-z").decode().split("\0")
    return {name: row.startswith("100755") for row in rows if row for name in [row.split("\t")[1]]}


def contents(tree: Tree, phase: Phase) -> dict[str, Path]:
    """The handout's files: names in it, and where their texts are."""
    known = tracked(tree.root)
    found = {}
    for name in known:
        if tree.locate(tree.root / name) is None and (tree.root / name).is_file():
            found[name] = (tree.root / name).resolve()
    for path in phase.files():
        place = (phase.path / path).resolve()
        if path not in (MOVES, BASES) and tree.name(place) in known:
            found[f"{phase.name}/{path}"] = place
    return found


def left_out(tree: Tree, phase: Phase) -> list[str]:
    """What somebody may miss in the handout: files that git neither tracks nor ignores."""
    others = git(tree.root, "ls-files", "--others", "--exclude-standard", "-z").decode().split("\0")
    inside = {tree.name((phase.path / path).resolve()) for path in phase.files()}
    return [
        name for name in others
        if name and (name in inside or tree.locate(tree.root / name) is None)
    ]  # fmt: skip


def pack(tree: Tree, phase: Phase) -> tuple[bytes, int]:
    """The tarball and its number of files."""
    programs = {name for name, is_program in tracked(tree.root).items() if is_program}
    files = contents(tree, phase)
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as zipped:
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, place in sorted(files.items()):
                data = place.read_bytes()
                entry = tarfile.TarInfo(f"aramid-phase{phase.number}/{name}")
                entry.size, entry.mtime = len(data), TIME
                entry.mode = 0o755 if tree.name(place) in programs else 0o644
                archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue(), len(files)


def main() -> int:
    parser = argparse.ArgumentParser(description="Packs one phase as a flat tarball.")
    parser.add_argument("--phase", type=phase_number, required=True, metavar="N")
    parser.add_argument("--output", type=Path, metavar="FILE",
                        help="default: build/handout/aramid-phaseN.tar.gz")  # fmt: skip
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="the repository (default: the one this tool is in)")  # fmt: skip
    arguments = parser.parse_args()
    try:
        tree = Tree(arguments.root)
        phase = tree.phase(arguments.phase)
        output = arguments.output
        if output is None:
            output = tree.root / "build/handout" / f"aramid-phase{phase.number}.tar.gz"
        data, count = pack(tree, phase)
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(data)
        left = left_out(tree, phase)
    except (Trouble, OSError) as trouble:
        print(f"handout: {complaint(trouble)}", file=sys.stderr)
        return 2
    print(f"{tree.name(output.resolve())}: {phase.name}, {count} files, {len(data) // 1024} KiB")
    if left:
        files = "1 file is" if len(left) == 1 else f"{len(left)} files are"
        print(f"handout: {files} left out, for git does not track what is new before git add: "
              f"{' '.join(left[:3])}{' ...' if left[3:] else ''}", file=sys.stderr)  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
