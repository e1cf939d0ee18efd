"""What the ring tools know about a phase's sources, and how they read them.

Which source is in which ring, and with which flags it is compiled, is asked of the phase's
Makefile (targets `list` and `flags-*` of common/rules.mk), so there is no second list to keep.

Every source is preprocessed by the compiler that builds the kernel.  What comes out is looked at
twice: as text, here and in ring_check.py, and as a syntax tree, by clang-query.  So a macro, a
pasted token, a spliced line or an `#ifdef __clang__` hides nothing: what is checked is what is
compiled.  The compiler's line markers lead back to file and line, and tell who included what.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

PROCESSES = 2
RINGS = ("0", "lib", "1", "2", "third")


class Trouble(Exception):
    """The tool cannot do its work (exit status 2), as opposed to: the code breaks a rule."""


@dataclass(frozen=True)
class Include:
    """One file that another one includes.  `path` is as the compiler found it."""

    path: str
    by_path: str
    by_line: int


@dataclass
class Unit:
    """One translation unit after preprocessing.

    `lines` are (file, line number, text) in order, files as paths from the phase directory.
    `trouble` is the compiler's complaint if it stopped early, `stopped` in its own words; what came
    out before counts."""

    ring: str
    path: str
    lines: list[tuple[str, int, str]] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    preprocessed: str = ""
    trouble: str = ""
    stopped: str = ""


@dataclass(frozen=True)
class Match:
    """One place that a query found."""

    rule: str
    path: str
    line: int
    column: int


@dataclass(frozen=True)
class Module:
    """A service that is linked on its own, or a library of such: what its Makefile says of it.

    `directory` is below the phase's, as in services/tmpfs; `libraries` are directories of libs/,
    `headers` those of the platform that it may see."""

    directory: str
    libraries: list[str]
    headers: list[str]
    flags: list[str]


def phase_number(text: str) -> int:
    """The number of a phase, given as such or as the name of its directory."""
    match = re.fullmatch(r"(?:.*/)?(?:phase)?(\d+)(?:-[^/]*)?/?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text} is neither a phase nor a phase's directory")
    return int(match.group(1))


def add_arguments(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """The arguments that the tools share."""
    parser.add_argument("--phase", type=phase_number, required=True, metavar="N", nargs=nargs,
                        help="the phase, by number or directory")  # fmt: skip
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent,
                        help="the repository (default: the one this tool is in)")  # fmt: skip


class Phase:
    """One phase directory of the repository at `root`."""

    def __init__(self, root: Path, number: int) -> None:
        found = sorted(root.glob(f"phase{number}-*/Makefile"))
        if not found:
            raise Trouble(f"there is no directory phase{number}-* with a Makefile in {root}")
        self.root = root.resolve()
        self.number = number
        self.directory = found[0].resolve().parent
        self.sources = [tuple(line.split(None, 1)) for line in self.make("list").splitlines()]
        self.flags = {
            "0": shlex.split(self.make("flags-platform")),
            "lib": shlex.split(self.make("flags-lib")),
            "1": shlex.split(self.make("flags-kernel")),
            "2": shlex.split(self.make("flags-service")),
            "third": shlex.split(self.make("flags-third")),
        }
        self.modules = [read_module(line) for line in self.make("modules").splitlines()]
        self.make("uapi")
        self.compiler_headers = Path(
            run(["gcc", "-print-file-name=include"], self.directory).stdout.strip()
        ).resolve()

    def make(self, target: str) -> str:
        """What `make TARGET` prints."""
        result = run(["make", "-s", "--no-print-directory", target], self.directory)
        if result.returncode != 0:
            raise Trouble(f"make {target} in {self.name(self.directory)}: {result.stderr.strip()}")
        return result.stdout

    def module_of(self, path: str | Path) -> Module | None:
        """The module that a file belongs to; None outside of modules."""
        plain = self.plain(path)
        return next(
            (m for m in self.modules if plain.is_relative_to(self.directory / m.directory)), None
        )

    def flags_of(self, ring: str, path: str | Path) -> list[str]:
        """The flags that a file of `ring` is compiled with."""
        module = self.module_of(path)
        return module.flags if module else self.flags[ring]

    def absolute(self, path: str | Path) -> Path:
        """The absolute path, links and `..` left as they are written."""
        return self.directory / path

    def plain(self, path: str | Path) -> Path:
        """The absolute path without `..`, but with links: a file that this phase inherits is
        this phase's."""
        return Path(os.path.normpath(self.absolute(path)))

    def name(self, path: str | Path) -> str:
        """The path as a person reads it: from the repository's root."""
        plain = self.plain(path)
        return str(plain.relative_to(self.root)) if plain.is_relative_to(self.root) else str(plain)

    def headers(self) -> dict[str, str]:
        """All headers that belong to a ring above the platform, with the ring: those of
        common/lib, those beside the sources of Ring 1 and 2 or above them in kernel/, and those of
        services/ and libs/."""
        found: dict[str, str] = {}
        for path in sorted((self.root / "common/lib/include").rglob("*.h")):
            found[os.path.relpath(path, self.directory)] = "lib"
        rings = {str(Path(path).parent): ring for ring, path in self.sources if ring in "12"}
        for top, ring in (("kernel", "1"), ("services", "2"), ("libs", "2")):
            for file in self.files_below(self.directory / top):
                if file.suffix == ".h":
                    path = os.path.relpath(file, self.directory)
                    parents = map(str, Path(path).parents)
                    found[path] = next((rings[p] for p in parents if p in rings), ring)
        return found

    @staticmethod
    def files_below(directory: Path) -> list[Path]:
        """All files of a directory and those below it, which links may lead to; sorted."""
        return sorted(
            Path(where) / name
            for where, _, names in os.walk(directory, followlinks=True)
            for name in names
        )


def read_module(line: str) -> Module:
    """One line of `make modules`: directory;libraries;platform headers;flags."""
    directory, libraries, headers, flags = line.split(";", 3)
    return Module(directory, libraries.split(), headers.split(), shlex.split(flags))


def run(command: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end with its output captured."""
    try:
        return subprocess.run(
            command, cwd=directory, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError as error:
        raise Trouble(f"{command[0]} is not installed") from error


def without_fence(flags: list[str]) -> list[str]:
    """The flags without the force-included header, whose poison would stop the preprocessor at
    the first offence instead of showing all of them."""
    kept = []
    words = iter(flags)
    for word in words:
        if word == "-include":
            next(words, None)
        else:
            kept.append(word)
    return kept


MARKER = re.compile(r'^# (\d+) "((?:[^"\\]|\\.)*)"((?: \d)*)$')


def read_preprocessed(unit: Unit, text: str) -> None:
    """Fills `unit` from the compiler's -E output (GCC manual, "Preprocessor Output")."""
    path, line = unit.path, 0
    for row in text.splitlines():
        marker = MARKER.match(row)
        if marker is None:
            if row and not row.isspace():
                unit.lines.append((path, line, row))
            line += 1
            continue
        new_path, flags = marker.group(2), marker.group(3).split()
        if "1" in flags and not path.startswith("<"):
            # The marker before the directive's line break: the directive stands on `line`.
            unit.includes.append(Include(new_path, path, line))
        path, line = new_path, int(marker.group(1))


def preprocess(phase: Phase, ring: str, path: str) -> Unit:
    """Preprocesses one source or header as its ring compiles it (warnings aside)."""
    unit = Unit(ring, path)
    language = "assembler-with-cpp" if path.endswith(".S") else "c"
    command = ["gcc", *without_fence(phase.flags_of(ring, path)), "-w", "-E", "-x", language, path]
    result = run(command, phase.directory)
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines()
        first = next((line for line in lines if "error" in line), lines[0] if lines else "?")
        unit.stopped = result.stderr
        unit.trouble = f"{phase.name(path)} does not preprocess: {first}"
    unit.preprocessed = result.stdout
    read_preprocessed(unit, result.stdout)
    return unit


def preprocess_all(phase: Phase, sources: list[tuple[str, str]]) -> list[Unit]:
    """Preprocesses (ring, path) pairs, several at a time."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(lambda source: preprocess(phase, *source), sources))


# The queries.  A literal null pointer is CK_NullToPointer and so no match of the first; nor is a
# cast whose result becomes a number again at once, as in (uint64_t)SIG_IGN: Linux's headers define
# such constants, and nobody can follow them.
# asm at file level has no matcher; that and asm labels are found as words (ring_check.py).
QUERIES = {
    "cast": (
        'castExpr(hasCastKind("CK_IntegralToPointer"), unless(anyOf('
        'hasParent(castExpr(hasCastKind("CK_PointerToIntegral"))), '
        'hasParent(parenExpr(hasParent(castExpr(hasCastKind("CK_PointerToIntegral"))))))))'
    ),
    "null-arithmetic": (
        'stmt(anyOf(binaryOperator(hasAnyOperatorName("+", "-", "+=", "-="), hasEitherOperand('
        'ignoringParens(castExpr(hasCastKind("CK_NullToPointer"))))), '
        "arraySubscriptExpr(hasBase(ignoringParens("
        'castExpr(hasCastKind("CK_NullToPointer")))))))'
    ),
    "pointer-union": (
        "recordDecl(isUnion(), has(fieldDecl(hasType(hasCanonicalType(pointerType())))), "
        "has(fieldDecl(hasType(hasCanonicalType(isInteger())))))"
    ),
    "asm": "asmStmt()",
}
BINDING = re.compile(r'^(.+?):(\d+):(\d+): note: "([a-z-]+)" binds here$')
ERROR = re.compile(r"^.+?: (?:fatal )?error: .*$", re.M)


def find_clang_query() -> str:
    """The program's name; Debian has it with and without a version."""
    for name in ("clang-query", "clang-query-14"):
        if shutil.which(name):
            return name
    raise Trouble("clang-query is not installed (Debian: apt install clang-tools)")


def query_batch(program: str, script: str, files: list[str]) -> tuple[list[Match], str]:
    """Runs the queries over preprocessed files in one process.  The matches, and clang's complaint
    if it could not read all of the code (else empty)."""
    command = [program, "-f", script, *files, "--", "-x", "c", "-undef", "-nostdinc"]
    command += ["-std=gnu17", "-ffreestanding", "-fdouble-square-bracket-attributes"]
    command += ["-Wno-everything", "-ferror-limit=3"]
    result = run(command, Path(script).parent)
    trouble = ""
    if result.returncode != 0 or ERROR.search(result.stderr):
        error = ERROR.search(result.stderr)
        text = error.group(0) if error else result.stderr.strip() or "no message"
        trouble = f"{program} cannot read the code: {text[:300]}"
    matches = []
    for line in result.stdout.splitlines():
        binding = BINDING.match(line)
        if binding is not None:
            path, row, column, rule = binding.groups()
            matches.append(Match(rule, path, int(row), int(column)))
    return matches, trouble


def query(units: list[Unit], troubles: list[str]) -> list[Match]:
    """Runs QUERIES over all units, in two processes.  A place found in several units (in a
    header) is reported once.  What could not be read is told in `troubles`."""
    program = find_clang_query()
    found: set[Match] = set()
    with tempfile.TemporaryDirectory(prefix="rings-") as scratch:
        script = Path(scratch) / "script"
        script.write_text(
            "set bind-root false\nset output diag\n"
            + "".join(f'match {text}.bind("{rule}")\n' for rule, text in QUERIES.items())
        )
        batches: list[list[str]] = [[] for _ in range(PROCESSES)]
        readable = [unit for unit in units if not unit.trouble]
        for number, unit in enumerate(sorted(readable, key=lambda u: -len(u.preprocessed))):
            file = Path(scratch) / f"{number}.c"
            file.write_text(unit.preprocessed)
            batches[number % PROCESSES].append(str(file))
        batches = [batch for batch in batches if batch]
        with ThreadPoolExecutor(PROCESSES) as pool:
            for matches, trouble in pool.map(
                lambda batch: query_batch(program, str(script), batch), batches
            ):
                found.update(matches)
                if trouble:
                    troubles.append(trouble)
    return sorted(found, key=lambda m: (m.path, m.line, m.column, m.rule))


EXCEPTION = re.compile(r"/\*\s*ring exception:\s*(.*?)\s*\*/")


def exceptions_of(path: Path) -> dict[int, str]:
    """The annotated exceptions of a file: line number to reason.  An annotation stands on the
    line that it excuses, or alone on the line before."""
    found = {}
    lines = path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        annotation = EXCEPTION.search(line)
        if annotation is not None:
            alone = line.strip() == annotation.group(0)
            found[number + 1 if alone else number] = annotation.group(1)
    return found
