#!/usr/bin/python3
"""Checks that everything unsafe is in Ring 0.

    tools/ring_check.py --phase 1

Looks at every source and header of Ring 1, of Ring 2 and of common/lib, which any ring may call.
Prints `file:line: rule: reason` for each violation.  Exit status 0: no violation, 1: violations,
2: the check could not be done.

A place that must break a rule is annotated where it stands, with a reason:

    /* ring exception: reason */

Exceptions are printed and counted; one that excuses nothing is itself a violation.

This finds what is written by mistake or for convenience, in whatever spelling.  It does not stop
somebody who is determined to forge a pointer: copying an integer's bytes over a pointer's, for
one, looks like any other copy.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import ring_source
from ring_source import Match, Phase, Trouble, Unit

REASONS = {
    "asm": "only common/platform may use assembly: the compiler cannot check what it does",
    "cast": "only common/platform may turn a number into a pointer: user and physical addresses "
    "are numbers, and following one by accident is what the platform's calls prevent",
    "null-arithmetic": "arithmetic on a null pointer turns a number into a pointer without a cast",
    "pointer-union": "a union of a pointer and a number turns one into the other without a cast",
    "attribute": "the attribute changes what the compiler or linker does behind the rules' back",
    "builtin": "the built-in reaches processor instructions or the stack frame past the platform",
    "segment": "segment-relative and thread-local storage reach memory by FS or GS, which belong "
    "to user programs and to the platform",
    "pragma": "a pragma can change code generation, names and warnings for the rest of the file",
    "include": "the header is outside what this ring may see",
    "names-service": "Core knows services by the registry; main.c alone names them, by "
    "services/services.h",
    "include-up": "a path with .. leaves the ring's include directories, and breaks through links",
    "line": "a line directive would let code pass as another file's",
    "fence": "without the force-included common/fence.h the compiler accepts assembly",
    "exception": "an exception needs a reason and something to excuse",
}

# Attributes that describe code without giving it powers.  All others are refused: a list of bad
# ones would never be complete.
ATTRIBUTES = set(
    """access alloc_align alloc_size aligned always_inline artificial assume_aligned cleanup cold
    const deprecated designated_init error fallthrough flatten format format_arg gnu_inline hot
    leaf malloc may_alias noinline nonnull nonstring noreturn nothrow packed pure returns_nonnull
    sentinel unavailable unused used warn_if_not_aligned warn_unused_result warning weak
    maybe_unused nodiscard""".split()
)
ATTRIBUTE_REASONS = {
    "section": "a section name can carry instructions into the assembler's input, and lays out "
    "memory, which is the platform's",
    "naked": "a function without prologue can be nothing but assembly",
    "ifunc": "the resolver would run before the kernel does",
    "constructor": "it would run outside any call that the rings know of",
    "destructor": "it would run outside any call that the rings know of",
    "alias": "a second name for a symbol hides what a module exports",
    "interrupt": "interrupts enter by the platform only",
    "target": "it lets the function use instructions whose state the kernel does not save",
    "transparent_union": REASONS["pointer-union"],
}
BUILTINS = re.compile(
    r"\b(__builtin_(?:ia32_\w+|frame_address|return_address|extract_return_addr|frob_return_addr"
    r"|setjmp|longjmp|apply\w*|return|eh_return\w*|unwind_init|thread_pointer"
    r"|set_thread_pointer|__clear_cache|alloca\w*|call_with_static_chain))\b"
)
ASM = re.compile(r"\b(asm|__asm|__asm__)\b")
SEGMENTS = re.compile(r"\b(__seg_fs|__seg_gs|_Thread_local|__thread)\b")
ATTRIBUTE = re.compile(r"\b__attribute(?:__)?\b|\[\s*\[")
PRAGMA = re.compile(r"^\s*#\s*pragma\b(?!\s+GCC\s+diagnostic\b)")
LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'")
REGISTRY = 2  # the phase from which on there is one
COMPILER_HEADERS = {
    "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint-gcc.h", "stdint.h",
    "stdnoreturn.h", "syslimits.h",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Violation:
    """One broken rule; `path` is from the repository's root."""

    path: str
    line: int
    rule: str
    detail: str = ""

    def reason(self) -> str:
        """Why the rule exists."""
        return ATTRIBUTE_REASONS.get(self.detail, REASONS[self.rule])

    def __str__(self) -> str:
        what = f"{self.rule} ({self.detail})" if self.detail else self.rule
        return f"{self.path}:{self.line}: {what}: {self.reason()}"


class Check:
    """The check of one phase."""

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.troubles: list[str] = []
        self.found: set[Violation] = set()
        self.directives: dict[Path, list[tuple[int, int, str]]] = {}
        common = phase.root / "common"
        platform = common / "platform/include"
        self.plain = [common / "lib/include", common / "uapi", phase.root / "build/uapi"]
        kernel = [phase.directory / "kernel", phase.directory / "libs/vfs", *self.plain, platform]
        self.allowed = {
            "lib": [common / "lib", platform, *self.plain],
            "1": kernel,
            "2": kernel + third_party_headers(phase, phase.flags["2"]),
        }
        self.moves = read_moves(phase.directory / "MOVES")

    # ---- which files ---------------------------------------------------------------------------

    def is_guarded(self, path: str) -> bool:
        """True for files of Ring 1, Ring 2 and the library, whose text is held to the rules."""
        plain = self.phase.plain(path)
        return plain.is_relative_to(self.phase.directory) or plain.is_relative_to(
            self.phase.root / "common/lib"
        )

    def units(self) -> list[Unit]:
        """All translation units to look at: the sources, then the headers that none of them
        includes."""
        sources = own_sources(self.phase)
        units = ring_source.preprocess_all(self.phase, sources)
        seen = {self.phase.plain(include.path) for unit in units for include in unit.includes}
        orphans = [
            (ring, path)
            for path, ring in self.phase.headers().items()
            if self.phase.plain(path) not in seen
        ]
        return units + ring_source.preprocess_all(self.phase, orphans)

    def check_assembly(self) -> None:
        """No source is in the assembler's language, whether it is built or not."""
        for path in self.phase.files_below(self.phase.directory):
            if path.suffix in (".S", ".s", ".asm"):
                self.add(str(path), 1, "asm", "assembly source")

    def add(self, path: str, line: int, rule: str, detail: str = "") -> None:
        self.found.add(Violation(self.phase.name(path), line, rule, detail))

    # ---- preprocessed text ---------------------------------------------------------------------

    def check_text(self, unit: Unit) -> None:
        """Words that are forbidden wherever they stand once the preprocessor is done."""
        rows = [(path, line, row) for path, line, row in unit.lines if self.is_guarded(path)]
        for path, line, row in rows:
            if PRAGMA.match(row):
                self.add(path, line, "pragma", pragma_name(row))
        rows = [row for row in rows if not row[2].lstrip().startswith("#")]
        parts = [LITERAL.sub('""', row) + "\n" for _, _, row in rows]
        text, place = "".join(parts), Places(rows, parts)
        for pattern, rule in ((ASM, "asm"), (BUILTINS, "builtin"), (SEGMENTS, "segment")):
            for match in pattern.finditer(text):
                self.add(*place.of(match.start()), rule, match.group(1))
        for match in ATTRIBUTE.finditer(text):
            for name, offset in attribute_names(text, match.start()):
                if name not in ATTRIBUTES:
                    self.add(*place.of(offset), "attribute", name)

    # ---- included headers ----------------------------------------------------------------------

    def check_includes(self, unit: Unit) -> None:
        """Which files the compiler read on behalf of this ring's text."""
        for include in unit.includes:
            if not self.is_guarded(include.by_path):
                continue  # what a header of the platform or of Linux includes is its own affair
            allowed = self.allowed_of(unit.ring, include.by_path)
            target = self.phase.plain(include.path)
            name = self.phase.name(include.path)
            line = self.directive_start(include.by_path, include.by_line)
            if self.goes_up(unit, include.path):
                self.add(include.by_path, line, "include-up", name)
            if not self.may_include(target, allowed):
                self.add(include.by_path, line, "include", name)
            elif self.is_stale(target):
                self.add(include.by_path, line, "include", f"{name} of another phase")
            elif unit.ring == "1" and self.names_service(include.by_path, target):
                self.add(include.by_path, line, "names-service", name)

    def names_service(self, path: str, target: Path) -> bool:
        """True if the file of Core at `path` names a service by including `target`."""
        kernel = self.phase.directory / "kernel"
        if self.phase.number < REGISTRY or not target.is_relative_to(kernel / "services"):
            return False
        return self.phase.plain(path) != kernel / "main.c" or target != kernel / "services/services.h"

    def check_missing(self, unit: Unit) -> None:
        """A header that stopped the compiler: it is there, but the module does not see it."""
        row = r"^(\S+?):(\d+):\d+: fatal error: (\S+): No such file"
        missing = re.search(row, unit.stopped, re.M)
        if missing and self.phase.module_of(unit.path):
            path, line, header = missing.groups()
            for name in (f"kernel/{header}", f"services/{header}"):
                if (self.phase.directory / name).exists():
                    self.add(path, int(line), "include", self.phase.name(name))

    def allowed_of(self, ring: str, path: str) -> list[Path]:
        """Files that the file at `path` may include, and directories of such."""
        module = self.phase.module_of(path)
        if module is None:
            return self.allowed["lib" if self.of_library(path) else ring]
        above = self.phase.directory
        own = [module.directory, "libs/vfs", *(f"libs/{name}" for name in module.libraries)]
        platform = self.phase.root / "common/platform/include/platform"
        return [*(above / name for name in own), *(platform / name for name in module.headers),
                *self.plain, *third_party_headers(self.phase, module.flags)]  # fmt: skip

    def directive_start(self, path: str, line: int) -> int:
        """The first line of the directive that ends on `line`, where the compiler places it."""
        spans = self.directives_of(path)
        return next((first for first, last, _ in spans if first <= line <= last), line)

    def of_library(self, path: str) -> bool:
        return self.phase.plain(path).is_relative_to(self.phase.root / "common/lib")

    def may_include(self, target: Path, allowed: list[Path]) -> bool:
        if target.resolve().parent == self.phase.compiler_headers:
            return target.name in COMPILER_HEADERS
        return any(target.is_relative_to(directory) for directory in allowed)

    def goes_up(self, unit: Unit, path: str) -> bool:
        """True if the path has a `..` that no -I or source directory brought."""
        flags = self.phase.flags_of(unit.ring, unit.path)
        bases = [flag[2:] for flag in flags if flag.startswith("-I")]
        bases += [flag for flag in flags if flag.startswith(("/", "."))]
        bases += ["../common/lib"]
        for base in sorted(bases, key=len, reverse=True):
            if path.startswith(base + "/"):
                path = path[len(base) + 1 :]
                break
        return ".." in path.split("/")

    def is_stale(self, target: Path) -> bool:
        """True for a file of another phase that this phase has its own version of."""
        real = target.resolve()
        for other in self.phase.root.glob("phase[0-9]-*"):
            if other != self.phase.directory and real.is_relative_to(other):
                own = self.phase.directory / moved(self.moves, real.relative_to(other))
                return own.exists() and own.resolve() != real
        return False

    # ---- source text ---------------------------------------------------------------------------

    def check_directives(self, path: str) -> None:
        """Directives that leave no or a false trace in the compiler's output."""
        for line, _, directive in self.directives_of(path):
            if re.match(r"line\b|\d", directive):
                self.add(path, line, "line")
            elif PRAGMA.match("#" + directive):
                self.add(path, line, "pragma", pragma_name(directive))
            elif re.match(r'include(_next)?\s*[<"](.*/)?\.\./', directive):
                self.add(path, line, "include-up")

    def directives_of(self, path: str) -> list[tuple[int, int, str]]:
        plain = self.phase.plain(path)
        if plain not in self.directives:
            self.directives[plain] = directives(plain.read_text(errors="replace"))
        return self.directives[plain]

    def check_fence(self) -> None:
        """The compiler must refuse the word asm with each ring's flags."""
        for ring in ("lib", "1"):
            command = ["gcc", *self.phase.flags[ring], "-E", "-x", "c", "-"]
            for word in ("asm", "__asm", "__asm__"):
                probe = subprocess.run(
                    command, cwd=self.phase.directory, input=f"{word}\n", text=True,
                    capture_output=True, check=False,
                )  # fmt: skip
                if probe.returncode == 0:
                    self.add("../common/rules.mk", 1, "fence", f"{word}, ring {ring}")

    # ---- all together --------------------------------------------------------------------------

    def check_matches(self, matches: list[Match]) -> None:
        for match in matches:
            if self.is_guarded(match.path):
                self.add(match.path, match.line, match.rule)

    def run(self) -> tuple[list[Violation], list[tuple[Violation, str]]]:
        """The violations, and the excused ones with their reasons."""
        units = self.units()
        files = {path for unit in units for path, _, _ in unit.lines if self.is_guarded(path)}
        files |= {unit.path for unit in units}
        files |= set(self.phase.headers())
        self.check_fence()
        self.check_assembly()
        for unit in units:
            self.check_text(unit)
            self.check_includes(unit)
        for path in files:
            self.check_directives(path)
        self.check_matches(ring_source.query(units, self.troubles))
        for unit in units:
            self.check_missing(unit)
            # A header that is not allowed often does not compile here either: one report will do.
            offends = any(v.path == self.phase.name(unit.path) for v in self.found)
            if unit.trouble and not offends:
                self.troubles.append(unit.trouble)
        return self.excuse({self.phase.name(path) for path in files})

    def excuse(self, names: set[str]) -> tuple[list[Violation], list[tuple[Violation, str]]]:
        """Parts what is annotated from what is not."""
        # The word and the statement of the same asm are one offence.
        named = {(v.path, v.line) for v in self.found if v.rule == "asm" and v.detail}
        self.found = {
            v for v in self.found if v.detail or v.rule != "asm" or (v.path, v.line) not in named
        }
        excused, used = [], set()
        annotations = {
            (name, line): reason
            for name in names
            for line, reason in ring_source.exceptions_of(self.phase.root / name).items()
        }
        for violation in sorted(self.found):
            reason = annotations.get((violation.path, violation.line), "")
            if reason:
                excused.append((violation, reason))
                used.add((violation.path, violation.line))
        unused = {Violation(*place, "exception") for place in annotations if place not in used}
        kept = self.found - {violation for violation, _ in excused}
        return sorted(kept | unused), excused


def own_sources(phase: Phase) -> list[tuple[str, str]]:
    """The sources that the rules are for.  A library that others wrote is exempt: what it may do is
    held where it is linked."""
    return [(ring, path) for ring, path in phase.sources if ring not in ("0", "third")]


def third_party_headers(phase: Phase, flags: list[str]) -> list[Path]:
    """Where Ring 2 finds the headers of such libraries: what its flags name under build/, Linux's
    headers aside."""
    built = [phase.plain(flag) for flag in flags if "/build/" in flag]
    return [path for path in built if not path.is_relative_to(phase.root / "build/uapi")]


def read_moves(path: Path) -> dict[Path, Path]:
    """What a phase has at another place than the phases before it: old path to new."""
    rows = path.read_text().splitlines() if path.exists() else []
    pairs = [row.split() for row in rows if row and not row.startswith("#")]
    return {Path(old): Path(new) for old, new in pairs}


def moved(moves: dict[Path, Path], path: Path) -> Path:
    """Where `path` of an earlier phase is, or would be, in this one."""
    for old in (path, *path.parents):
        if old in moves:
            return moves[old] / path.relative_to(old)
    return path


class Places:
    """Leads from an offset in joined text back to file and line."""

    def __init__(self, rows: list[tuple[str, int, str]], parts: list[str]) -> None:
        self.rows = rows
        self.ends = list(accumulate(len(part) for part in parts))

    def of(self, offset: int) -> tuple[str, int]:
        path, line, _ = self.rows[bisect_right(self.ends, offset)]
        return path, line


def pragma_name(directive: str) -> str:
    """What a pragma is about: its first two words."""
    return " ".join(directive.split("pragma", 1)[1].split()[:2])


def attribute_names(text: str, start: int) -> list[tuple[str, int]]:
    """The names in the attribute specifier at `start`, without their underscores, each with its
    offset: those at the outermost level, not the arguments."""
    names = []
    opening = re.compile(r"__attribute(?:__)?\s*\(\s*\(|\[\s*\[").match(text, start)
    if opening is None:
        return names
    depth, expected = 0, True
    for token in re.compile(r"\w+(?:\s*::\s*\w+)?|\S").finditer(text, opening.end()):
        word = token.group(0)
        if word in "([":
            depth += 1
        elif word in ")]":
            depth -= 1
            if depth < 0:
                break
        elif depth == 0 and word == ",":
            expected = True
        elif depth == 0 and expected and re.match(r"\w", word):
            name = re.sub(r"^.*::\s*", "", word)
            names.append((re.sub(r"^__(.+)__$", r"\1", name), token.start()))
            expected = False
    return names


COMMENT_OR_LITERAL = re.compile(
    r'//(?:[^\n\\]|\\[^\n]|\\\n)*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'
    r"'(?:\\.|[^'\\\n])*'",
    re.S,
)


def directives(text: str) -> list[tuple[int, int, str]]:
    """The preprocessor directives of a source, as (first line, last line, text behind the #),
    after splicing lines and removing comments (ISO C17 5.1.1.2)."""

    def without_comment(match: re.Match[str]) -> str:
        word = match.group(0)
        return " " + "\\\n" * word.count("\n") if word.startswith("/") else word

    found, number = [], 1
    for line in re.split(r"(?<!\\)\n", COMMENT_OR_LITERAL.sub(without_comment, text)):
        last = number + line.count("\n")
        match = re.match(r"\s*(?:#|%:)\s*(.*)", line.replace("\\\n", ""), re.S)
        if match is not None:
            found.append((number, last, match.group(1)))
        number = last + 1
    return found


def plural(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks that everything unsafe is in Ring 0.")
    ring_source.add_arguments(parser)
    arguments = parser.parse_args()
    try:
        check = Check(Phase(arguments.root, arguments.phase))
        violations, excused = check.run()
    except Trouble as trouble:
        print(f"ring_check: {trouble}", file=sys.stderr)
        return 2
    for violation in violations:
        print(violation)
    for violation, reason in excused:
        print(f"{violation.path}:{violation.line}: exception ({violation.rule}): {reason}")
    for trouble in check.troubles:
        print(f"ring_check: {trouble}", file=sys.stderr)
    sources = len(own_sources(check.phase))
    print(f"phase {arguments.phase}: {sources} sources outside the platform, "
          f"{plural(len(violations), 'violation')}, {plural(len(excused), 'exception')}")  # fmt: skip
    if check.troubles:
        return 2
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
