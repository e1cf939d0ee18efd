#!/usr/bin/env python3
"""Which lines of the kernel the tests reach: `make coverage`.

    coverage.py begin KERNEL.ELF DIRECTORY             forget what was counted before
    coverage.py report KERNEL.ELF DIRECTORY [FILE...]  a table, or the unreached lines of these files

The kernel is built with gcc's -fprofile-arcs and -fprofile-info-section: it counts in its static
data how often each arc of its flow graphs is taken, and holds nothing that would do more with that.
With ARAMID_COVERAGE=DIRECTORY in the environment machine.py keeps the guest's memory in a file and
takes the counters out of it when the emulator has ended, in whatever way, so that no guest has to
help.  Here the counters of all machines are added up and given to gcov in the files that it reads.
A reset of the guest clears what was counted before it.

Exit status: 0, 2 for wrong arguments or missing files.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = "ARAMID_COVERAGE"
PLACE = "place.json"  # where a guest's counters are, in the directory that takes them
SAVED = "*.counters"

# The tables that gcc 12 lays down: libgcc's gcov.h, struct gcov_info and gcov_fn_info.  The version
# stands in each, so that those of another gcc are not misread.
VERSION = int.from_bytes(b"B22*", "big")
KINDS = 8  # GCOV_COUNTERS
INFO = struct.Struct(f"<I4xQIIQ{KINDS}QI4xQ")
FUNCTION = struct.Struct("<QIII4xI4xQ")
# The files that it writes: libgcc's gcov-io.h.
FILE_MAGIC = int.from_bytes(b"gcda", "big")
TAG_FUNCTION = 0x01000000
TAG_ARCS = 0x01A10000


class CoverageError(Exception):
    """The text is for the user."""


# ---- the kernel's tables -----------------------------------------------------------------------


class Program:
    """The bytes of an ELF file where they will be in memory."""

    HEADER = struct.Struct("<32xQ14xHH6x")  # the program headers' place, size and number
    SEGMENT = struct.Struct("<IIQQQQQ")  # type, flags, offset, virtual, physical, sizes

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        place, size, number = self.HEADER.unpack_from(self.data)
        rows = [self.SEGMENT.unpack_from(self.data, place + i * size) for i in range(number)]
        self.segments = [row[2:] for row in rows if row[0] == 1]  # PT_LOAD

    def _segment(self, address: int) -> tuple[int, ...]:
        for segment in self.segments:
            if segment[1] <= address < segment[1] + segment[4]:
                return segment
        raise CoverageError(f"{self.path}: nothing is at {address:#x}")

    def read(self, address: int, size: int) -> bytes:
        offset, start, _, size_in_file = self._segment(address)[:4]
        first = offset + address - start
        return self.data[first : min(first + size, offset + size_in_file)]

    def text(self, address: int) -> str:
        """The string that ends with a zero."""
        return self.read(address, 4096).partition(b"\0")[0].decode()

    def physical(self, address: int) -> int:
        _, start, physical = self._segment(address)[:3]
        return physical + address - start

    def symbols(self, *names: str) -> list[int]:
        listing = subprocess.run(["nm", self.path], check=True, capture_output=True, text=True)
        rows = (line.rsplit(maxsplit=2) for line in listing.stdout.splitlines())
        found = {row[2]: int(row[0], 16) for row in rows if len(row) == 3 and row[2] in names}
        if missing := set(names) - set(found):
            raise CoverageError(f"{self.path}: there is no symbol {sorted(missing)[0]}")
        return [found[name] for name in names]


@dataclass(frozen=True)
class Function:
    """One function's counters: `count` of 64 bits at `address`."""

    identity: tuple[int, int, int]  # by which gcov finds it again
    address: int
    count: int


@dataclass(frozen=True)
class Unit:
    """One object file."""

    stamp: int
    checksum: int
    file: Path  # where gcov looks for its counts
    functions: list[Function]


class Counters:
    """Where the counters of an instrumented program are."""

    def __init__(self, elf: Path) -> None:
        self.program = Program(elf)
        self.table = self.program.symbols("__start_gcov_info", "__stop_gcov_info")
        pointers = self.program.read(self.table[0], self.table[1] - self.table[0])
        if not pointers:
            raise CoverageError(f"{elf} was not built for coverage")
        self.units = [self._unit(address) for (address,) in struct.iter_unpack("<Q", pointers)]
        functions = [function for unit in self.units for function in unit.functions]
        self.begin = min(function.address for function in functions)
        self.end = max(function.address + 8 * function.count for function in functions)

    def _unit(self, address: int) -> Unit:
        version, _, stamp, checksum, name, *_, number, functions = INFO.unpack(
            self.program.read(address, INFO.size)
        )
        if version != VERSION:
            raise CoverageError(f"{self.program.path}: compiled by another gcc than 12")
        pointers = self.program.read(functions, 8 * number)
        return Unit(
            stamp,
            checksum,
            Path(self.program.text(name)),
            [self._function(each) for (each,) in struct.iter_unpack("<Q", pointers)],
        )

    def _function(self, address: int) -> Function:
        _, *identity, count, values = FUNCTION.unpack(self.program.read(address, FUNCTION.size))
        return Function(tuple(identity), values, count)

    def place(self) -> dict[str, object]:
        """Where save() finds the counters in the guest's memory, and how it knows the kernel."""
        table = self.program.read(self.table[0], self.table[1] - self.table[0])
        return {
            "begin": self.program.physical(self.begin),
            "size": self.end - self.begin,
            "table": self.program.physical(self.table[0]),
            "contents": table.hex(),
        }

    def values(self, function: Function, memory: bytes) -> tuple[int, ...]:
        """The function's counters in `memory`, the bytes from `begin` to `end`."""
        offset = function.address - self.begin
        return struct.unpack_from(f"<{function.count}Q", memory, offset)

    def add(self, memories: list[bytes]) -> bytes:
        """The sum of several machines' counters, in the same form."""
        total = bytearray(self.end - self.begin)
        for function in (function for unit in self.units for function in unit.functions):
            sums = map(sum, zip(*(self.values(function, memory) for memory in memories)))
            offset = function.address - self.begin
            struct.pack_into(f"<{function.count}Q", total, offset, *sums)
        return bytes(total)

    def write(self, unit: Unit, memory: bytes) -> None:
        """Write the counters of `unit` into the file that gcov reads."""
        words = [FILE_MAGIC, VERSION, unit.stamp, unit.checksum]
        for function in unit.functions:
            words += [TAG_FUNCTION, 4 * len(function.identity), *function.identity]
            words += [TAG_ARCS, 8 * function.count]
            for value in self.values(function, memory):
                words += [value & 0xFFFFFFFF, value >> 32]
        unit.file.write_bytes(struct.pack(f"<{len(words) + 1}I", *words, 0))


# ---- taking them out of a machine --------------------------------------------------------------


def wanted() -> bool:
    """Are the counters of the machines of this process to be kept?"""
    return ENVIRONMENT in os.environ


def save(memory: int) -> None:
    """Keep the counters in a guest's memory, which is in the file of the descriptor `memory`.

    A machine that did not come as far as the kernel, or ran another one, has none."""
    directory = Path(os.environ[ENVIRONMENT])
    place = json.loads((directory / PLACE).read_text())
    contents = bytes.fromhex(place["contents"])
    if os.pread(memory, len(contents), place["table"]) != contents:
        return
    counters = os.pread(memory, place["size"], place["begin"])
    with tempfile.NamedTemporaryFile(dir=directory, suffix=SAVED[1:], delete=False) as file:
        file.write(counters)


# ---- lines -------------------------------------------------------------------------------------

Lines = dict[int, int]  # how often each line that holds code was reached


def lines_of(units: list[Unit]) -> dict[Path, Lines]:
    """Of every source file, what gcov makes of the counts that were written."""
    files: dict[Path, Lines] = defaultdict(lambda: defaultdict(int))
    command = ["gcov", "--json-format", "--stdout", *(str(unit.file) for unit in units)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    for text in answer.stdout.splitlines():
        report = json.loads(text)
        for file in report["files"]:
            path = Path(os.path.normpath(Path(report["current_working_directory"], file["file"])))
            for line in file["lines"]:
                files[path][line["line_number"]] += line["count"]
    return files


def measure(elf: Path, directory: Path) -> dict[Path, Lines]:
    """The lines that the machines whose counters are in `directory` have reached together."""
    counters = Counters(elf)
    size = counters.end - counters.begin
    memories = [path.read_bytes() for path in sorted(directory.glob(SAVED))]
    if not memories or any(len(memory) != size for memory in memories):
        raise CoverageError(f"{directory} holds no counters of {elf}: run make coverage")
    total = counters.add(memories)
    for unit in counters.units:
        counters.write(unit, total)
    return lines_of(counters.units)


# ---- the report --------------------------------------------------------------------------------

RING_NAMES = {"0": "Ring 0", "lib": "library", "1": "Ring 1", "2": "Ring 2"}


def ring_of(path: Path) -> str:
    if "platform" in path.parts:
        return "0"
    if "lib" in path.parts:
        return "lib"
    return "2" if {"services", "libs"} & set(path.parts) else "1"


def row(name: str, lines: int, reached: int) -> str:
    return f"{name:52}{lines:8}{reached:8}{100 * reached / max(lines, 1):8.1f}"


def table(files: dict[Path, Lines]) -> Iterator[str]:
    """A line a file, by directory, then one a ring and one for the kernel above Ring 0."""
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    yield f"{'file':52}{'lines':>8}{'reached':>8}{'%':>8}"
    for path, lines in sorted(files.items(), key=lambda item: (item[0].parent, item[0].name)):
        figures = len(lines), sum(count > 0 for count in lines.values())
        yield row(str(path), *figures)
        ring = ring_of(path)
        names = [RING_NAMES[ring], *(["Rings 1 and 2"] if ring in "12" else []), "all"]
        for name in names:
            totals[name] = [a + b for a, b in zip(totals[name], figures)]
    yield ""
    for name in [*RING_NAMES.values(), "Rings 1 and 2", "all"]:
        yield row(name, *totals[name])


def unreached(path: Path, lines: Lines) -> Iterator[str]:
    """The lines of the file that hold code and were never reached, as grep would print them."""
    text = (ROOT / path).read_text().splitlines()
    for number, count in sorted(lines.items()):
        if not count:
            yield f"{path}:{number}: {text[number - 1]}"


def report(files: dict[Path, Lines], names: list[str]) -> int:
    """Print the table, or the unreached lines of the files whose paths end in one of `names`."""
    ours = {path: lines for path, lines in files.items() if path.is_relative_to(ROOT)}
    relative = {path.relative_to(ROOT): lines for path, lines in ours.items()}
    relative = {path: lines for path, lines in relative.items() if path.parts[0] != "build"}
    if not names:
        print("\n".join(table(relative)))
    for name in names:
        found = [path for path in relative if f"/{path}".endswith(f"/{name}")]
        if not found:
            raise CoverageError(f"no file {name} is in the kernel")
        for path in found:
            print("\n".join(unreached(path, relative[path])))
    return 0


def begin(elf: Path, directory: Path) -> int:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / PLACE).write_text(json.dumps(Counters(elf).place()))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["begin", "report"])
    parser.add_argument("elf", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    try:
        if options.command == "begin":
            return begin(options.elf, options.directory)
        return report(measure(options.elf, options.directory), options.files)
    except (CoverageError, OSError, subprocess.CalledProcessError) as error:
        print(f"coverage: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
