#!/usr/bin/python3
"""Holds the walls of a module when it is built: the linker's part of the rings' rules, and what is
quickly said of its sources.

    tools/walls.py source services/tmpfs/tmpfs.c... -- FLAGS  what has been compiled
    tools/walls.py refused services/tmpfs/tmpfs.c -- FLAGS    what the compiler has refused
    tools/walls.py module services/tmpfs WHOLE.o PARTS.o...   after the module is linked
    tools/walls.py kernel KERNEL.elf MAIN.o services/tmpfs... when all is linked

A module is a service: all of its objects and of its libraries, linked into WHOLE.o, before any
symbol is hidden.  Its own directory has the file `imports`: the functions that it may call, one a
line; `#` begins a comment.  Of a module is asked that

    it needs no symbol but those, and needs each of them    import, import-unused
    what it needs is a function                             import-data
    it offers one symbol, its constant descriptor           export, descriptor
    no instruction is only for the platform                 instruction
    nothing lies in a section that means something else     section

Of its sources, that they include nothing of Core's or of another service's, have no assembly and
turn no number into a pointer; ring_check.py, whose rules these are, asks much more.

An offered symbol is a global one that no other object of the module refers to: whoever wants it
is outside.  Libraries of others are held to these rules like the rest.  Of all modules together is
asked that Core's main.c names each (unnamed): one that it does not register does nothing.

Prints `file:line: rule: reason` for each violation; the line is the use's, from the debugging
information.  Exit status 0: no violation, 1: violations, 2: the check could not be done.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import ring_source
from ring_check import ASM, LITERAL, REASONS as SOURCE_REASONS
from ring_source import Trouble, Unit

ROOT = Path(__file__).resolve().parent.parent

REASONS = {
    "import": "a service calls the functions in its file of imports and nothing else",
    "import-unused": "the module does not need it: what is allowed is what is used",
    "import-data": "a service imports functions only; what the kernel knows stays the kernel's, "
    "and is asked for",
    "export": "the descriptor is all that leaves a module; nothing else in it needs this symbol, "
    "so it has to be static",
    "descriptor": "a module offers one constant descriptor, called after its directory",
    "instruction": "only common/platform may execute it",
    "section": "the platform's linker script gives sections a meaning; a module has text, "
    "constants and data",
    "unnamed": "a service is in the kernel when main.c registers its descriptor; this one is "
    "linked, and nobody can ask for it",
    **SOURCE_REASONS,
}

SECTIONS = re.compile(
    r"\.text(\.unlikely|\.hot|\.startup)?|\.rodata(\.cst\d+|\.str\d+\.\d+)?|\.data|\.bss"
)
# Instructions that change or tell the state of the machine, or that enter something else (Intel
# SDM volume 3, "Privileged Instructions"; those that a service has no use for are added).
PRIVILEGED = re.compile(
    r"""cli|sti|hlt|in|ins[bwl]?|out|outs[bwl]?|(lgdt|lidt|lldt|sgdt|sidt|sldt)[lq]?|ltr|str[wlq]?
    |lmsw|smsw[wlq]?|clts|inv(lpg[ab]?|pcid|d|ept|vpid)|(wb|wbno)invd|(rd|wr)msr|rdpmc|swapgs
    |sys(call|enter|ret[lq]?|exit[lq]?)|int[13o]?|icebp|iret[wlq]?|l(ret|call|jmp)[wlq]?|rsm
    |popf[wlq]?|xsetbv|(rd|wr)[fg]sbase[lq]?|l[defgs]s|clac|stac|monitorx?|mwaitx?
    |vm(call|func|mcall|launch|resume|xon|xoff|clear|ptrld|ptrst|read[lq]?|write[lq]?|run|load|save)
    |(st|cl)gi|skinit|getsec|encl[suv]|pconfig|(rd|wr)pkru|\(bad\)""",
    re.X,
)
PREFIXES = re.compile(
    r"((rep\w*|lock|[c-gs]s|data16|addr32|bnd|notrack|xacquire|xrelease|rex\S*)\s+)*"
)
SPECIAL_REGISTER = re.compile(r"%(cr\d|db\d|dr\d|[cdefgs]s\b(?!:))|%[fg]s:")


@dataclass(frozen=True, order=True)
class Violation:
    """One broken rule.  `place` is file:line."""

    place: str
    rule: str
    what: str

    def __str__(self) -> str:
        what = f" ({self.what})" if self.what else ""
        return f"{self.place}: {self.rule}{what}: {REASONS[self.rule]}"


@dataclass(frozen=True)
class Symbol:
    """A symbol as nm has it: `kind` is its letter, `place` file:line or empty."""

    name: str
    kind: str
    place: str


def run(*command: str | Path) -> str:
    """What a program of binutils prints."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Trouble(f"{command[0]}: {getattr(error, 'stderr', None) or error}") from error


def name_of(path: str | Path) -> str:
    """A path as a person reads it: from the repository's root."""
    plain = os.path.normpath(os.path.join(os.getcwd(), path))
    return os.path.relpath(plain, ROOT) if plain.startswith(f"{ROOT}/") else plain


def place_of(text: str) -> str:
    """file:line as debugging information has it, made readable; empty if it has none."""
    match = re.match(r"([^?].*):([1-9]\d*)", text)
    return f"{name_of(match[1])}:{match[2]}" if match else ""


def symbols(options: str, *paths: Path) -> list[Symbol]:
    """The symbols of objects or archives; an undefined one's place, with -l, is that of a use."""
    found = []
    for line in run("nm", *options.split(), *paths).splitlines() if paths else []:
        match = re.match(r"[0-9a-f ]{16} (\S) (\S+)(?:\t(.*))?$", line)
        if match:
            found.append(Symbol(match[2], match[1], place_of(match[3] or "")))
    return found


def read_imports(path: Path) -> dict[str, int]:
    """The functions that an imports file allows, each with its line."""
    found: dict[str, int] = {}
    if not path.exists():
        raise Trouble(f"{name_of(path)} is missing: it lists the functions that the service calls")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        word = line.split("#")[0].strip()
        if word:
            found.setdefault(word, number)
    return found


class Module:
    """A linked service: `directory` has its sources, `whole` is the object, `parts` what it was
    linked from."""

    def __init__(self, directory: Path, whole: Path, parts: list[Path]) -> None:
        self.directory, self.whole, self.parts = directory, whole, parts
        self.found: list[Violation] = []

    def add(self, place: str, rule: str, what: str) -> None:
        self.found.append(Violation(place or f"{name_of(self.whole)}:0", rule, what))

    def check(self) -> list[Violation]:
        self.check_imports()
        self.check_exports()
        self.check_code()
        return sorted(set(self.found))

    def check_imports(self) -> None:
        file = self.directory / "imports"
        allowed = read_imports(file)
        needed = symbols("-u -l", self.whole)
        for symbol in needed:
            if symbol.name not in allowed:
                self.add(symbol.place, "import", symbol.name)
        for name in allowed.keys() - {symbol.name for symbol in needed}:
            self.add(f"{name_of(file)}:{allowed[name]}", "import-unused", name)

    def check_exports(self) -> None:
        """What a global symbol is for, nm cannot tell; but who of the module needs it, it can.  A
        library offers more than one module needs of it, and its objects are not asked."""
        descriptor = f"{self.directory.name}_service"
        own = [part for part in self.parts if f"/{self.directory}/" in str(part)]
        needed = {symbol.name for symbol in symbols("-u", *self.parts)}
        offered = {symbol.name for symbol in symbols("-g --defined-only", *own)} - needed
        for name in offered - {descriptor}:
            self.add(self.definitions[name].place, "export", name)
        if descriptor not in offered:
            self.add(f"{name_of(self.directory)}/service.c:1", "descriptor", f"no {descriptor}")
        elif self.definitions[descriptor].kind != "R":
            self.add(self.definitions[descriptor].place, "descriptor", "not constant")

    @cached_property
    def definitions(self) -> dict[str, Symbol]:
        """The module's global symbols, with the lines that define them."""
        return {s.name: s for s in symbols("-g -l --defined-only", self.whole)}

    def check_code(self) -> None:
        """Everything that can be executed.  What calls itself data is disassembled, too."""
        listing = run("objdump", "-h", "-w", self.whole)
        rows = re.findall(r"^ *\d+ (\S+) +([0-9a-f]+) .*2\*\*\d+ +(.*)$", listing, re.M)
        for section, size, flags in rows:
            if "ALLOC" in flags and int(size, 16) and not SECTIONS.fullmatch(section):
                self.add(self.place_in(section, "0"), "section", section)
            if "CODE" in flags:
                self.check_instructions(section)

    def check_instructions(self, section: str) -> None:
        code = run("objdump", "-D", "-j", section, "--no-show-raw-insn", "-w", self.whole)
        for address, text in re.findall(r"^ *([0-9a-f]+):\t(.*)$", code, re.M):
            instruction = PREFIXES.sub("", text.split("#")[0].split("<")[0].strip(), count=1)
            mnemonic, _, operands = instruction.partition(" ")
            if PRIVILEGED.fullmatch(mnemonic) or SPECIAL_REGISTER.search(operands):
                self.add(self.place_in(section, address), "instruction",
                         " ".join(instruction.split()))  # fmt: skip

    def place_in(self, section: str, address: str) -> str:
        """The source line of an address; of one in a variable, the variable's.  Empty without
        debugging information."""
        listing = run("objdump", "-t", "-j", section, self.whole)
        for start, size, name in re.findall(r"^(\w+) .{6}O \S+\t(\w+) +(\S+)$", listing, re.M):
            if 0 <= int(address, 16) - int(start, 16) < int(size, 16):
                return next(s.place for s in symbols("-l", self.whole) if s.name == name)
        answer = run("addr2line", "-e", self.whole, "-j", section, f"0x{address}")
        return place_of(answer)


def read_source(path: str, flags: list[str], troubles: list[str]) -> tuple[Unit, list[Violation]]:
    """A source as the compiler reads it, and the header that it is not to read."""
    unit = Unit("2", path)
    command = ["gcc", *ring_source.without_fence(flags), "-w", "-E", path]
    result = ring_source.run(command, Path.cwd())
    unit.preprocessed = result.stdout
    ring_source.read_preprocessed(unit, result.stdout)
    missing = re.search(r"^(\S+:\d+):\d+: fatal error: (\S+): No such file", result.stderr, re.M)
    hidden = [f"{top}/{missing[2]}" for top in ("kernel", "services")] if missing else []
    found = [Violation(place_of(missing[1]), "include", name_of(path))
             for path in hidden if os.path.exists(path)]  # fmt: skip
    if result.returncode != 0 and not found:
        troubles.append(f"gcc cannot read {name_of(path)}: {result.stderr[:300].strip()}")
    return unit, found


def check_sources(sources: list[str], flags: list[str], refused: bool) -> list[Violation]:
    """Sources of one module, seen from the phase's directory.  Unless the compiler has `refused`
    them, and said why, what cannot be read is not passed."""
    units, found, troubles = [], [], []
    for path in sources:
        unit, hidden = read_source(path, flags, troubles)
        found += hidden
        units += [] if hidden else [unit]
    places = {(m.path, m.line): m.rule for m in ring_source.query(units, troubles)}
    for unit in units:
        places |= {(path, line): "asm" for path, line, row in unit.lines
                   if ASM.search(LITERAL.sub("", row))}  # fmt: skip
    for (path, line), rule in places.items():
        own = path.startswith(("services/", "libs/"))
        if own and line not in ring_source.exceptions_of(Path(path)):
            found.append(Violation(f"{name_of(path)}:{line}", rule, ""))
    if troubles and not found and not refused:
        raise Trouble("\n".join(troubles))
    return sorted(set(found))


def check_kernel(kernel: Path, main: Path, directories: list[Path]) -> list[Violation]:
    """Whether all that modules import are functions of the kernel, and main.c names all modules.  A
    static function is not what an import is linked to, whatever its name."""
    functions = {s.name for s in symbols("-g --defined-only", kernel) if s.kind in "TW"}
    named = {symbol.name for symbol in symbols("-u", main)}
    found = []
    for directory in directories:
        file = directory / "imports"
        for name, line in read_imports(file).items():
            if name not in functions:
                found.append(Violation(f"{name_of(file)}:{line}", "import-data", name))
        if f"{directory.name}_service" not in named:
            place = f"{name_of(directory)}/service.c:1"
            found.append(Violation(place, "unnamed", f"{directory.name}_service"))
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser(description="Holds the walls of modules.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("source", "refused"):
        commands.add_parser(name).add_argument("words", nargs=argparse.REMAINDER)
    module = commands.add_parser("module")
    module.add_argument("directory", type=Path)
    module.add_argument("whole", type=Path)
    module.add_argument("parts", type=Path, nargs="+")
    kernel = commands.add_parser("kernel")
    kernel.add_argument("kernel", type=Path)
    kernel.add_argument("main", type=Path)
    kernel.add_argument("directories", type=Path, nargs="+")
    given = parser.parse_args()
    try:
        if given.command in ("source", "refused"):
            middle = given.words.index("--")
            sources, flags = given.words[:middle], given.words[middle + 1 :]
            found = check_sources(sources, flags, given.command == "refused")
        elif given.command == "module":
            found = Module(given.directory, given.whole, given.parts).check()
        else:
            found = check_kernel(given.kernel, given.main, given.directories)
    except Trouble as trouble:
        print(f"walls: {trouble}", file=sys.stderr)
        return 2
    for violation in found:
        print(violation, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
