"""Programs that no compiler makes: ELF files and scripts that are wrong in one way each.

`FILES` gives each a name, its bytes, and what Linux says when it is run, as probe-exec prints it:
"errno N", "signal N" or "exit N".  Where Linux's answer hangs on details of its loader there are
several; what matters is that there is an answer.
"""

import struct
from dataclasses import dataclass, field

ENOENT, EIO, ENOEXEC, ENOMEM, EACCES, EINVAL, ELOOP, ELIBBAD = 2, 5, 8, 12, 13, 22, 40, 80
PT_LOAD, PT_INTERP, PT_GNU_STACK = 1, 3, 0x6474E551
READ, WRITE, EXECUTE = 4, 2, 1
BASE = 0x400000
PAGE = 4096

# mov $60, %eax; mov $42, %edi; syscall: exit(42)
EXIT_42 = bytes.fromhex("b83c000000bf2a0000000f05")


@dataclass
class Segment:
    """A program header: System V ABI, chapter 5."""

    kind: int = PT_LOAD
    flags: int = READ | EXECUTE
    offset: int = 0
    address: int = BASE
    file_size: int = PAGE
    memory_size: int = PAGE
    alignment: int = PAGE

    def pack(self) -> bytes:
        return struct.pack(
            "<IIQQQQQQ", self.kind, self.flags, self.offset, self.address, self.address,
            self.file_size, self.memory_size, self.alignment,
        )  # fmt: skip


@dataclass
class Elf:
    """A program of one page; each field can be made wrong."""

    segments: list[Segment] = field(default_factory=lambda: [Segment()])
    ident: bytes = b"\x7fELF\2\1\1" + bytes(9)
    kind: int = 2  # ET_EXEC
    machine: int = 62  # EM_X86_64
    entry: int = BASE + 0x800
    table: int = 64  # e_phoff
    entry_size: int = 56
    count: int | None = None
    extra: bytes = b""  # at offset 0xc00

    def pack(self) -> bytes:
        count = len(self.segments) if self.count is None else self.count
        header = self.ident + struct.pack(
            "<HHIQQQIHHHHHH", self.kind, self.machine, 1, self.entry, self.table, 0, 0, 64,
            self.entry_size, count, 64, 0, 0,
        )  # fmt: skip
        body = header + b"".join(segment.pack() for segment in self.segments)
        body = body.ljust(0x800, b"\0") + EXIT_42
        return (body.ljust(0xC00, b"\0") + self.extra).ljust(PAGE, b"\0")


def errno(*numbers: int) -> set[str]:
    return {f"errno {number}" for number in numbers}


# A loader may refuse what would only fault later.
SEGV, BUS, KILLED = {"signal 11"}, {"signal 7"}, {"signal 9"}
REFUSED = errno(ENOEXEC, EINVAL, ENOMEM) | SEGV | KILLED


def interpreter(name: bytes, size: int | None = None) -> bytes:
    size = len(name) if size is None else size
    segments = [Segment(), Segment(PT_INTERP, READ, 0xC00, BASE + 0xC00, size, size, 1)]
    return Elf(segments, extra=name).pack()


def one(**changes: int) -> bytes:
    """An ELF file whose one segment is changed."""
    return Elf([Segment(**changes)]).pack()


GOOD = Elf().pack()

FILES: dict[str, tuple[bytes, set[str]]] = {
    # The yardstick: nothing is wrong with this one.
    "good": (GOOD, {"exit 42"}),
    # ---- the header
    "empty": (b"", errno(ENOEXEC)),
    "one-byte": (b"\x7f", errno(ENOEXEC)),
    "magic-only": (b"\x7fELF", errno(ENOEXEC)),
    "half-header": (GOOD[:63], errno(ENOEXEC, EIO)),
    "header-only": (GOOD[:64], errno(ENOEXEC, EIO)),
    "half-table": (GOOD[:100], errno(ENOEXEC, EIO)),
    "32-bit": (Elf(ident=b"\x7fELF\1\1\1" + bytes(9)).pack(), errno(ENOEXEC) | SEGV | {"exit 42"}),
    "other-machine": (Elf(machine=183).pack(), errno(ENOEXEC)),
    "relocatable": (Elf(kind=1).pack(), errno(ENOEXEC)),
    "core-file": (Elf(kind=4).pack(), errno(ENOEXEC)),
    "header-size": (Elf(entry_size=55).pack(), errno(ENOEXEC)),
    "no-segments": (Elf(count=0).pack(), errno(ENOEXEC)),
    "65535-segments": (Elf(count=65535).pack(), errno(ENOEXEC, EIO)),
    "table-past-end": (Elf(table=1 << 20).pack(), errno(ENOEXEC, EIO)),
    "table-wraps": (Elf(table=(1 << 64) - 56).pack(), errno(ENOEXEC, EIO, EINVAL)),
    "table-negative": (Elf(table=1 << 63).pack(), errno(ENOEXEC, EIO, EINVAL)),
    "table-odd": (Elf(table=65).pack(), errno(ENOEXEC, EINVAL) | SEGV),
    # ---- where to begin
    "entry-null": (Elf(entry=0).pack(), SEGV | errno(ENOEXEC)),
    "entry-kernel": (Elf(entry=0xFFFFFFFF80000000).pack(), SEGV | errno(ENOEXEC)),
    "entry-not-canonical": (Elf(entry=0x8000_0000_0000).pack(), SEGV | errno(ENOEXEC)),
    "entry-last-byte": (Elf(entry=0x7FFF_FFFF_FFFF).pack(), SEGV | errno(ENOEXEC)),
    "entry-not-executable": (one(flags=READ | WRITE), SEGV | errno(ENOEXEC)),
    # ---- segments
    "file-larger-than-memory": (one(memory_size=16), REFUSED),
    "memory-wraps": (one(memory_size=(1 << 64) - PAGE), REFUSED),
    "memory-huge": (one(memory_size=1 << 46), REFUSED | {"exit 42"}),
    "memory-past-user": (one(memory_size=1 << 47), REFUSED),
    "address-kernel": (one(address=0xFFFFFFFF80000000), REFUSED),
    "address-half": (one(address=0xFFFF800000000000), REFUSED),
    "address-end-of-user": (one(address=0x7FFFFFFFF000, memory_size=2 * PAGE), REFUSED),
    "address-wraps": (one(address=(1 << 64) - PAGE, memory_size=2 * PAGE), REFUSED),
    "address-null": (one(address=0), REFUSED | errno(1)),
    "offset-crooked": (one(offset=1), REFUSED),
    "offset-past-end": (one(offset=1 << 20), BUS | errno(ENOEXEC)),
    "offset-huge": (one(offset=(1 << 63) - PAGE), REFUSED | BUS | errno(75)),
    "offset-negative": (one(offset=1 << 63), REFUSED | BUS | errno(75)),
    "file-size-past-end": (one(file_size=64 * PAGE, memory_size=64 * PAGE), {"exit 42"} | errno(ENOEXEC)),
    "file-size-huge": (one(file_size=1 << 45, memory_size=1 << 45), REFUSED | {"exit 42"}),
    "overlap": (Elf([Segment(), Segment()]).pack(), {"exit 42"} | REFUSED),
    "out-of-order": (Elf([Segment(address=BASE + 16 * PAGE), Segment()]).pack(), {"exit 42"} | REFUSED),
    "no-load": (Elf([Segment(PT_GNU_STACK)]).pack(), SEGV | errno(ENOEXEC)),
    "alignment-zero": (one(alignment=0), {"exit 42"}),
    "alignment-odd": (one(alignment=3), {"exit 42"} | REFUSED),
    "stack-executable": (Elf([Segment(), Segment(PT_GNU_STACK, 7, 0, 0, 0, 0)]).pack(), {"exit 42"}),
    "many-segments": (Elf([Segment(address=BASE)] + [Segment(address=BASE + i * PAGE) for i in range(1, 30)]).pack(),
                      {"exit 42"}),
    # ---- interpreters
    "interpreter-missing": (interpreter(b"/nonesuch\0"), errno(ENOENT)),
    "interpreter-not-ended": (interpreter(b"/bin/sh"), errno(ENOEXEC)),
    "interpreter-empty": (interpreter(b"\0"), errno(ENOEXEC, ENOENT)),
    "interpreter-long": (interpreter(b"/x\0", 5000), errno(ENOEXEC)),
    "interpreter-directory": (interpreter(b"/tmp\0"), errno(EACCES)),
    "interpreter-script": (interpreter(b"/etc/rc\0"), errno(ELIBBAD, EIO, ENOEXEC, EINVAL)),
    "interpreter-itself": (interpreter(b"/hostile/interpreter-itself\0"), {"exit 42"} | REFUSED),
    # ---- scripts
    "script-bare": (b"#!", errno(EACCES, ENOEXEC)),
    "script-blanks": (b"#!   \n", errno(ENOEXEC)),
    "script-null": (b"#!\0/bin/sh\n", errno(EACCES, ENOEXEC, ENOENT)),
    "script-long": (b"#!/" + b"x" * 5000 + b"\n", errno(ENOEXEC, ENOENT)),
    "script-itself": (b"#!/hostile/script-itself\n", errno(ELOOP, ENOEXEC)),
    "script-directory": (b"#!/tmp\n", errno(EACCES)),
    "script-of-nothing": (b"#!/hostile/empty\n", errno(ENOEXEC)),
    "script-missing": (b"#!/nonesuch\n", errno(ENOENT)),
    "text": (b"just words\n", errno(ENOEXEC)),
    "zeros": (bytes(PAGE), errno(ENOEXEC)),
}
