"""ELF files that are wrong in every way one can think of, the same on every run.

The pattern is a program of two segments that ends with status 7.  Its mutants have one or two
header fields replaced by odd values, or are cut short, or are composed to be unreasonable:
overlapping and enormous segments, no segments, interpreters that are missing or the file itself.
"""

import random
import struct
from typing import Iterator

BASE = 0x400000
CODE = bytes.fromhex("b83c000000bf070000000f05")  # exit(7)
ENTRY = BASE + 0x1000

HEADER = "<16sHHIQQQIHHHHHH"
# Fields as offset and size in bytes.
HEADER_FIELDS = [
    (0, 4), (4, 1), (5, 1), (6, 1), (7, 1), (16, 2), (18, 2), (20, 4), (24, 8), (32, 8), (40, 8),
    (48, 4), (52, 2), (54, 2), (56, 2), (58, 2), (60, 2), (62, 2),
]  # fmt: skip
SEGMENT = "<IIQQQQQQ"
SEGMENT_FIELDS = [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8), (48, 8)]
ODD = [0, 1, 2, 3, 4, 6, 7, 8, 55, 56, 57, 0x7F, 0xFF, 0xFFF, 0x1000, 0x1001, 0x7FFF, 0xFFFF,
       0x10000, 0x3FFFFF, 0x400FFF, 0x401001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000,
       0x7FFFFFFFE000, 0x7FFFFFFFF000, 0x800000000000, 0x7FFFFFFFFFFFF000, 0x7FFFFFFFFFFFFFFF,
       0x8000000000000000, 0xFFFFFFFFFFFFF000, 0xFFFFFFFFFFFFFFFF]

PT_LOAD, PT_INTERP, PT_PHDR, PT_GNU_STACK = 1, 3, 6, 0x6474E551
READ, WRITE, EXECUTE = 4, 2, 1

Segment = tuple[int, int, int, int, int, int]  # type, flags, offset, address, bytes, memory


def program(segments: list[Segment], tail: bytes = b"", entry: int = ENTRY, kind: int = 2) -> bytes:
    """A file with these segments; code lies at offset 0x1000, `tail` behind it."""
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack(
        HEADER, identity, kind, 62, 1, entry, 64, 0, 0, 64, 56, len(segments), 0, 0, 0
    )
    table = b"".join(
        struct.pack(SEGMENT, t, f, o, a, a, b, m, 0x1000) for t, f, o, a, b, m in segments
    )
    return (header + table).ljust(0x1000, b"\0") + CODE + tail


TEXT: Segment = (PT_LOAD, READ | EXECUTE, 0x1000, ENTRY, len(CODE), len(CODE))
DATA: Segment = (PT_LOAD, READ | WRITE, 0x1000, BASE + 0x3000, 8, 0x2000)
PATTERN = program([TEXT, DATA, (PT_GNU_STACK, READ | WRITE, 0, 0, 0, 0)])


def put(data: bytes, offset: int, size: int, value: int) -> bytes:
    field = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    return data[:offset] + field + data[offset + size :]


def mutated() -> Iterator[tuple[str, bytes]]:
    """One or two fields of the headers replaced."""
    fields = [(offset, size) for offset, size in HEADER_FIELDS]
    fields += [(64 + 56 * i + offset, size) for i in range(3) for offset, size in SEGMENT_FIELDS]
    for offset, size in fields:
        for value in random.Random(offset).sample(ODD, 7):
            yield f"field{offset:03}-{value:x}", put(PATTERN, offset, size, value)
    for seed in range(120):
        source = random.Random(seed)
        data = PATTERN
        for _ in range(2):
            offset, size = source.choice(fields)
            data = put(data, offset, size, source.choice(ODD))
        yield f"two{seed:03}", data


def cut() -> Iterator[tuple[str, bytes]]:
    """Files that end too early."""
    for length in [0, 1, 3, 4, 15, 16, 52, 63, 64, 65, 119, 120, 121, 231, 232, 4095, 4096, 4097]:
        yield f"cut{length:04}", PATTERN[:length]


def composed() -> Iterator[tuple[str, bytes]]:
    """Reasonable fields, unreasonable as a whole."""
    def load(address: int, memory: int, size: int = 0, flags: int = READ | WRITE) -> Segment:
        return (PT_LOAD, flags, 0x1000, address, size, memory)

    whole = 0x7FFFFFFFF000
    cases: dict[str, list[Segment]] = {
        "none": [],
        "only-data": [DATA],
        "overlapping": [TEXT, load(ENTRY, 0x1000, 8)],
        "overlapping-rest": [TEXT, load(ENTRY, 0x5000)],
        "unordered": [DATA, TEXT],
        "zero-memory": [TEXT, load(BASE + 0x3000, 0)],
        "zero-memory-with-bytes": [TEXT, load(BASE + 0x3000, 0, 8)],
        "bytes-beyond-memory": [TEXT, load(BASE + 0x3000, 4, 8)],
        "huge": [TEXT, load(BASE + 0x3000, 1 << 46)],
        "whole-space": [TEXT, load(0x10000, whole - 0x10000)],
        "to-the-end": [TEXT, load(whole - 0x2000, 0x2000)],
        "over-the-end": [TEXT, load(whole - 0x2000, 0x4000)],
        "where-the-stack-is": [TEXT, load(whole - 0x20000, 0x10000, 8)],
        "page-zero": [TEXT, load(0, 0x1000)],
        "kernel": [TEXT, load(0xFFFFFFFF80000000, 0x1000)],
        "wraps": [TEXT, load(BASE + 0x3000, (1 << 64) - 0x1000)],
        "many": [TEXT] + [load(BASE + 0x3000 + i * 0x1000, 0x1000) for i in range(60)],
        "no-rights": [TEXT, load(BASE + 0x3000, 0x1000, 8, 0)],
        "tail-read-only": [TEXT, load(BASE + 0x3000, 0x3000, 8, READ)],
        "text-writable": [(PT_LOAD, 7, 0x1000, ENTRY, len(CODE), 0x9000)],
        "text-not-executable": [(PT_LOAD, READ, 0x1000, ENTRY, len(CODE), len(CODE))],
        "stack-executable": [TEXT, (PT_GNU_STACK, 7, 0, 0, 0, 0)],
        "offset-not-congruent": [(PT_LOAD, 5, 0x1000, ENTRY + 1, 12, 12)],
        "beyond-the-file": [TEXT, (PT_LOAD, 6, 0x100000, BASE + 0x100000, 0x1000, 0x1000)],
        "table-nowhere": [TEXT, (PT_PHDR, 4, 64, 0x123456, 56, 56)],
    }
    for name, segments in cases.items():
        yield name, program(segments)
    entries = {
        "zero": 0,
        "data": BASE + 0x3000,
        "hole": BASE + 0x2000,
        "kernel": 0xFFFFFFFF80000000,
        "noncanonical": 0x800000000000,
        "last": whole - 1,
    }
    for name, entry in entries.items():
        yield f"entry-{name}", program([TEXT, DATA], entry=entry)
    interpreters = {
        "missing": b"/nowhere\0",
        "directory": b"/tmp\0",
        "empty": b"\0",
        "text": b"/etc/passwd\0",
        "itself": b"/mutants/interpreter-itself\0",
        "unterminated": b"/bin/busybox",
        "long": b"/" * 5000 + b"\0",
        "program": b"/mutants/good\0",
    }
    for name, path in interpreters.items():
        interpreter = (PT_INTERP, READ, 0x1000 + len(CODE), BASE, len(path), len(path))
        yield f"interpreter-{name}", program([interpreter, TEXT], path)
    good: Segment = (PT_INTERP, READ, 0x100C, BASE, 14, 14)
    yield "interpreter-two", program([good, good, TEXT], b"/mutants/good\0")
    yield "interpreter-nowhere", program([(PT_INTERP, READ, 1 << 40, BASE, 14, 14), TEXT])
    places = [("", 0x1000, 12), ("-huge", 0x1000, 1 << 46), ("-high", 1 << 62, 12)]
    for name, address, memory in places:
        segment = (PT_LOAD, READ | EXECUTE, 0x1000, address, 12, memory)
        yield f"relocatable{name}", program([segment], entry=address, kind=3)
    yield "good", PATTERN


def mutants() -> dict[str, bytes]:
    """All of them, by name."""
    return dict([*mutated(), *cut(), *composed()])
