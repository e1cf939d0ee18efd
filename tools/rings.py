#!/usr/bin/python3
"""Prints the table of a phase's modules: where the code is, and where the dangerous part of it is.

    tools/rings.py --phase 1 [--markdown]

A module is a directory.  `asm` counts inline assembly statements, `.S` the instructions in
assembly sources, `casts` the conversions of integers to pointers, all read from the code as the
compiler sees it; `excused` counts annotated exceptions (see ring_check.py).  Libraries that others
wrote are counted apart.  Exit status 0, or 2 if the code could not be read.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import ring_source
from ring_source import RINGS, Match, Phase, Trouble

RING_NAMES = {"0": "0 Platform", "lib": "- library", "1": "1 Core", "2": "2 Services",
              "third": "- others'"}
COLUMNS = ("ring", "module", "files", "lines", "asm", ".S", "casts", "excused")


@dataclass
class Module:
    """One directory's figures."""

    ring: str
    name: str
    files: set[Path] = field(default_factory=set)
    lines: int = 0
    asm: int = 0
    instructions: int = 0
    casts: int = 0
    excused: int = 0

    def row(self) -> list[str]:
        numbers = (self.lines, self.asm, self.instructions, self.casts, self.excused)
        return [RING_NAMES.get(self.ring, self.ring), self.name, str(len(self.files)),
                *(str(number) for number in numbers)]  # fmt: skip


def count_instructions(text: str) -> int:
    """Instructions in an assembly source: statements that are neither directive nor label.  The
    body of a macro counts once."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    count, continued = 0, False
    for line in text.splitlines():
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.endswith("\\")
        if directive:
            continue
        for statement in re.split(r"[;\n]", re.sub(r"//.*|\s#\s.*", "", line)):
            statement = re.sub(r"^(\s*[\w.$\\@()]+:)+", "", statement).strip()
            if statement and not statement.startswith(".") and "=" not in statement.split('"')[0]:
                count += 1
    return count


def module_files(phase: Phase) -> dict[Path, str]:
    """Every file of the kernel with its ring: the sources, and the headers in and above their
    directories."""
    files = {phase.plain(path): ring for ring, path in phase.sources}
    for path, ring in phase.headers().items():
        files.setdefault(phase.plain(path), ring)
    directories = {path.parent for path, ring in files.items() if ring == "0"}
    directories.add(phase.root / "common/platform/include/platform")
    for directory in directories:
        for path in directory.glob("*.h"):
            files[path] = "0"
    return files


def queried(phase: Phase, files: dict[Path, str], troubles: list[str]) -> list[Match]:
    """All matches in the C sources, and in the headers that they include."""
    sources = [(ring, path) for ring, path in phase.sources if path.endswith(".c")]
    units = ring_source.preprocess_all(phase, sources)
    troubles += [unit.trouble for unit in units if unit.trouble]
    matches = ring_source.query(units, troubles)
    return [match for match in matches if phase.plain(match.path) in files]


def collect(phase: Phase, troubles: list[str]) -> list[Module]:
    """The modules in the order of the rings."""
    files = module_files(phase)
    modules: dict[tuple[str, str], Module] = {}

    def module_of(path: Path) -> Module:
        ring, name = files[path], phase.name(path.parent)
        name = name.removeprefix(phase.name(phase.directory) + "/")
        name = re.sub(r"^common/(platform|lib)/include/\1$", r"common/\1/include", name)
        return modules.setdefault((ring, name), Module(ring, name))

    for path in files:
        module = module_of(path)
        text = path.read_text(errors="replace")
        module.files.add(path)
        module.lines += text.count("\n")
        module.excused += len(ring_source.exceptions_of(path))
        if path.suffix == ".S":
            module.instructions += count_instructions(text)
    for match in queried(phase, files, troubles):
        module = module_of(phase.plain(match.path))
        module.asm += match.rule == "asm"
        module.casts += match.rule == "cast"
    return sorted(modules.values(), key=lambda m: (RINGS.index(m.ring), m.name))


def total(modules: list[Module], ring: str) -> Module:
    """The sum of `modules`, as a row called `ring`."""
    result = Module(ring, "")
    for module in modules:
        result.files |= module.files
        for name in ("lines", "asm", "instructions", "casts", "excused"):
            setattr(result, name, getattr(result, name) + getattr(module, name))
    return result


def rows_of(modules: list[Module]) -> list[list[str] | None]:
    """The table's rows; None is a rule."""
    rows: list[list[str] | None] = [module.row() for module in modules]
    rows.append(None)
    for ring in RINGS:
        if part := [module for module in modules if module.ring == ring]:
            rows.append(total(part, RING_NAMES[ring]).row())
    rows.append(None)
    ours = [module for module in modules if module.ring not in ("0", "third")]
    rows.append(total(ours, "outside Ring 0").row())
    rows.append(total(modules, "all").row())
    return rows


def plain_table(rows: list[list[str] | None]) -> str:
    """Columns aligned for a terminal."""
    filled = [list(COLUMNS), *(row for row in rows if row is not None)]
    widths = [max(len(row[i]) for row in filled) for i in range(len(COLUMNS))]

    def line(row: list[str]) -> str:
        cells = (cell.ljust(w) if i < 2 else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(row, widths)))  # fmt: skip
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join([line(list(COLUMNS)), rule, *(rule if r is None else line(r) for r in rows)])


def markdown_table(rows: list[list[str] | None]) -> str:
    """The same for a page of text."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|---|" + "---:|" * (len(COLUMNS) - 2)]
    lines += ["| " + " | ".join(row) + " |" for row in rows if row is not None]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the table of a phase's modules.")
    ring_source.add_arguments(parser)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    troubles: list[str] = []
    try:
        modules = collect(Phase(arguments.root, arguments.phase), troubles)
    except Trouble as trouble:
        troubles.append(str(trouble))
        modules = []
    if modules:
        rows = rows_of(modules)
        print(markdown_table(rows) if arguments.markdown else plain_table(rows))
    for trouble in troubles:
        print(f"rings: {trouble}", file=sys.stderr)
    return 2 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
