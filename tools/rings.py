#!/usr/bin/python3
"""Prints the table of a phase's modules: where the code is, where the dangerous part of it is, and
how the modules hang together.

    tools/rings.py --phase 1 [--markdown]      one phase
    tools/rings.py --phase 1 2 3 [--markdown]  the modules of several, side by side

A module is a directory; a service or a library of services, with all below it.  `policy` is what a
fault there does to the machine.  `asm` counts inline assembly statements, `.S` the instructions in
assembly sources, `casts` the conversions of integers to pointers, all read from the code as the
compiler sees it; `excused` counts annotated exceptions (see ring_check.py).  `imports` and `exports`
count the symbols that a module needs of others and that others need of it, from the built objects;
a service's libraries are part of it (see linkage.py).  Libraries that others wrote are counted
apart.  Exit status 0, or 2 if the code could not be read.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import ring_source
from linkage import Linkage, Program, together
from ring_check import moved, read_moves
from ring_source import RINGS, Match, Phase, Trouble

RING_NAMES = {"0": "0 Platform", "lib": "- library", "1": "1 Core", "2": "2 Services",
              "third": "- others'"}  # fmt: skip
# A fault of a service ends the machine, too, as long as nothing catches it: up to step 3.
POLICIES = {"0": "halt", "1": "panic", "2": "panic"}
COLUMNS = ("ring", "module", "policy", "files", "lines", "asm", ".S", "casts", "excused", "imports",
           "exports")  # fmt: skip
LEFT = 3  # of these are words


@dataclass
class Module:
    """One module's figures."""

    ring: str
    name: str
    files: set[Path] = field(default_factory=set)
    lines: int = 0
    asm: int = 0
    instructions: int = 0
    casts: int = 0
    excused: int = 0
    linkage: Linkage | None = None

    def imports(self) -> str:
        return "-" if self.linkage is None else str(len(self.linkage.needed))

    def exports(self) -> str:
        return "-" if self.linkage is None else str(len(self.linkage.offered))

    def row(self) -> list[str]:
        numbers = (self.lines, self.asm, self.instructions, self.casts, self.excused)
        return [RING_NAMES.get(self.ring, self.ring), self.name, POLICIES.get(self.ring, ""),
                str(len(self.files)), *(str(number) for number in numbers),
                self.imports(), self.exports()]  # fmt: skip


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


def module_name(phase: Phase, path: Path, ring: str) -> str:
    """The module of a file: its directory, or the service's.  What lies beside the services' own
    directories and is called after one is that one's."""
    name = phase.name(path.parent).removeprefix(phase.name(phase.directory) + "/")
    if ring == "2" and path.with_suffix("").is_dir():
        name = f"{name}/{path.stem}"
    name = re.sub(r"^((?:kernel/)?services/\w+|libs/\w+)/.*", r"\1", name)
    return re.sub(r"^common/(platform|lib)/include/\1$", r"common/\1/include", name)


def collect(phase: Phase, troubles: list[str]) -> list[Module]:
    """The modules in the order of the rings."""
    files = module_files(phase)
    modules: dict[tuple[str, str], Module] = {}

    def module_of(path: Path) -> Module:
        ring = files[path]
        name = module_name(phase, path, ring)
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
    found = sorted(modules.values(), key=lambda m: (RINGS.index(m.ring), m.name))
    add_linkage(phase, found)
    return found


def add_linkage(phase: Phase, modules: list[Module]) -> None:
    """What the objects say, if the phase has been built."""
    sources = {path: m.name for m in modules for path in m.files if path.suffix in (".c", ".S")}
    services = {m.name for m in modules if m.ring == "2" and
                any(path.name in ("service.h", "service.c") for path in m.files)}  # fmt: skip
    libraries = {m.name for m in modules if m.ring in ("2", "third")} - services
    program = Program(phase, sources, services, libraries)
    for module in modules:
        if module.ring != "third":
            module.linkage = program.linkage(module.name)


def total(modules: list[Module], ring: str) -> Module:
    """The sum of `modules`, as a row called `ring`."""
    result = Module(ring, "")
    for module in modules:
        result.files |= module.files
        for name in ("lines", "asm", "instructions", "casts", "excused"):
            setattr(result, name, getattr(result, name) + getattr(module, name))
    return result


def ring_total(modules: list[Module], ring: str) -> Module:
    """The sum of a ring, which needs and offers what leads out of it."""
    result = total([module for module in modules if module.ring == ring], RING_NAMES[ring])
    linked = [module for module in modules if module.linkage is not None]
    inside = [module.linkage for module in linked if module.ring == ring]
    outside = [module.linkage for module in linked if module.ring != ring]
    if inside and ring != "third":
        result.linkage = together(inside)
        result.linkage.needed &= together(outside).defined
        asked = {symbol for part in outside for symbol in part.needed}
        result.linkage.offered = result.linkage.defined & asked
    return result


def rows_of(modules: list[Module]) -> list[list[str] | None]:
    """The table's rows; None is a rule."""
    rows: list[list[str] | None] = [list(COLUMNS), None]
    rows += [module.row() for module in modules]
    rows.append(None)
    rings = [ring for ring in RINGS if any(module.ring == ring for module in modules)]
    rows += [ring_total(modules, ring).row() for ring in rings]
    rows.append(None)
    ours = [module for module in modules if module.ring not in ("0", "third")]
    rows.append(total(ours, "outside Ring 0").row())
    rows.append(total(modules, "all").row())
    return rows


def side_by_side(phases: dict[Phase, list[Module]]) -> list[list[str] | None]:
    """The modules of several phases, where the last has or would have them."""
    names: dict[tuple[str, str], dict[int, Module]] = {}
    moves = [(phase.number, read_moves(phase.directory / "MOVES")) for phase in phases]
    for phase, modules in phases.items():
        for module in [*modules, *(ring_total(modules, ring) for ring in RINGS)]:
            place = Path(module.name)
            for number, table in moves:
                place = moved(table, place) if number > phase.number else place
            ring = module.ring if module.name else f"={module.ring}"
            names.setdefault((ring, str(place) if module.name else ""), {})[phase.number] = module

    def order(key: tuple[str, str]) -> tuple[bool, int, str]:
        ring = key[0].removeprefix("=")
        ring = next((short for short, name in RING_NAMES.items() if name == ring), ring)
        return key[0].startswith("="), RINGS.index(ring), key[1]

    head = ["ring", "module", "policy"]
    for phase in phases:
        head += [f"{phase.number}: lines", "imports", "exports"]
    rows: list[list[str] | None] = [head, None]
    for key in sorted(names, key=order):
        ring = key[0].removeprefix("=")
        if key[0].startswith("=") and None not in rows[2:]:
            rows.append(None)
        row = [RING_NAMES.get(ring, ring), key[1], POLICIES.get(ring, "")]
        for phase in phases:
            module = names[key].get(phase.number)
            row += [str(module.lines), module.imports(), module.exports()] if module else [""] * 3
        rows.append(row)
    return rows


def plain_table(rows: list[list[str] | None]) -> str:
    """Columns aligned for a terminal."""
    filled = [row for row in rows if row is not None]
    widths = [max(len(row[i]) for row in filled) for i in range(len(filled[0]))]

    def line(row: list[str]) -> str:
        cells = (cell.ljust(w) if i < LEFT else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(row, widths)))  # fmt: skip
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return "\n".join(rule if row is None else line(row) for row in rows)


def markdown_table(rows: list[list[str] | None]) -> str:
    """The same for a page of text."""
    lines = ["| " + " | ".join(row) + " |" for row in rows if row is not None]
    lines.insert(1, "|" + "---|" * LEFT + "---:|" * (len(rows[0] or []) - LEFT))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the table of a phase's modules.")
    ring_source.add_arguments(parser, nargs="+")
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    troubles: list[str] = []
    try:
        phases = [Phase(arguments.root, number) for number in arguments.phase]
        tables = {phase: collect(phase, troubles) for phase in phases}
        rows = rows_of(*tables.values()) if len(tables) == 1 else side_by_side(tables)
        print(markdown_table(rows) if arguments.markdown else plain_table(rows))
    except Trouble as trouble:
        troubles.append(str(trouble))
    for trouble in troubles:
        print(f"rings: {trouble}", file=sys.stderr)
    return 2 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
