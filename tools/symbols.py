#!/usr/bin/env python3
"""Make the table from which the kernel names its own functions in a panic report.

    symbols.py [--nm NM] KERNEL.ELF              print the table as C
    symbols.py [--nm NM] --verify FIRST SECOND   do both hold the same functions in the same places?

The table is sorted by address; names are offsets into one string.  common/platform/symbols.c
reads it and has empty weak definitions for the first link.
"""

import argparse
import subprocess
import sys
from typing import NamedTuple


class Symbol(NamedTuple):
    address: int
    name: str


def functions(nm: str, elf: str) -> list[Symbol]:
    """The functions of `elf`, by address; of several names for one address, the first."""
    listing = subprocess.run(
        [nm, "--defined-only", "--numeric-sort", elf], check=True, capture_output=True, text=True
    ).stdout
    found: dict[int, Symbol] = {}
    for line in listing.splitlines():
        address, kind, name = line.split(maxsplit=2)
        if kind in "tTwW" and not name.startswith("."):
            found.setdefault(int(address, 16), Symbol(int(address, 16), name))
    return sorted(found.values())


def table(symbols: list[Symbol]) -> str:
    """`symbols` as a C source file."""
    rows, names, offset = [], [], 0
    for symbol in symbols:
        rows.append(f"    {{0x{symbol.address:016x}, {offset}, 0}},")
        names.append(f'    "{symbol.name}\\0"')
        offset += len(symbol.name) + 1
    return "\n".join(
        [
            "/* Made by tools/symbols.py from the first link. */",
            "#include <stdint.h>",
            "",
            "struct symbol {",
            "    uint64_t address;",
            "    uint32_t name;",
            "    uint32_t padding;",
            "};",
            "extern const struct symbol symbol_table[];",
            "extern const uint32_t symbol_count;",
            "extern const char symbol_names[];",
            "",
            "const struct symbol symbol_table[] = {",
            *(rows or ["    {0, 0, 0},"]),
            "};",
            f"const uint32_t symbol_count = {len(rows)};",
            "const char symbol_names[] =",
            *(names or ['    ""']),
            "    ;",
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="the kernel's symbol table")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("elf", nargs="+")
    options = parser.parse_args()
    if not options.verify:
        sys.stdout.write(table(functions(options.nm, options.elf[0])))
        return 0
    first, second = (functions(options.nm, elf) for elf in options.elf)
    if first != second:
        moved = sorted(set(first) ^ set(second))[0]
        print(
            f"symbols.py: the symbol table moved {moved.name}: kernel.ld must place .rodata "
            "after all text",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
