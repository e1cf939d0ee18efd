#!/usr/bin/env python3
"""Run the benchmark program in the guest and print its figures beside Linux's.

    bench.py KERNEL PROGRAMS [-rROUNDS] [-sPERCENT] [NAME|@micro|@shell ...]

The machine runs with -icount shift=0: a nanosecond of its clock is one guest instruction, so two
runs give the same figures.  It takes no input: the image's rc runs the benchmark and powers off.
The columns are instructions per operation: here, on Linux as it comes and on a tuned Linux (what that
means stands in linux.tsv), and the ratio to the tuned one; below 1 is better.
"""

import argparse
import re
import stat
import sys
import tempfile
from pathlib import Path

from iso import make_iso
from machine import Machine, MachineError, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import image  # noqa: E402

ICOUNT = "-icount shift=0,sleep=off -seed 1 -rtc base=2024-01-01T00:00:00,clock=vm".split()
# Seconds of the emulator's processor time that one test may take.
PATIENCE = 300

RESULT = rb"BENCH (\w+) (?:(\d+) (\d+) (\d+) (\S+) n=\d+|SKIP ([^\r\n]*))\r\n"
BOOT = rb"BOOT tsc=(\d+) monotonic=(\d+)\r\n"


def linux_figures() -> dict[str, tuple[str, str]]:
    """Of each test, Linux's default and tuned figures."""
    rows = Path(__file__).with_name("linux.tsv").read_text().splitlines()
    cells = [row.split("\t") for row in rows if not row.startswith("#")]
    return {name: (default, tuned) for name, default, tuned, *_ in cells[1:]}


def row(name: str, here: str, linux: tuple[str, str]) -> str:
    """One line of the table; an empty figure is unknown."""
    ratio = f"{int(here) / int(linux[1]):.2f}" if here.isdigit() and linux[1] else ""
    figures = [f"{int(cell):,}" if cell.isdigit() else cell for cell in (here, *linux)]
    return f"{name:14}{figures[0]:>16}{figures[1]:>16}{figures[2]:>16}{ratio:>8}"


def initramfs(programs: Path, arguments: list[str]) -> bytes:
    """The image for benchmarks; its rc gives the benchmark program these arguments."""
    user = Path(__file__).parents[1] / "common" / "user"
    lists = [user / "image.list", user / "image-bench.list"]
    entries = [entry for name in lists for entry in image.parse(name, programs)]
    text = " ".join(arguments).encode() + b"\n"
    return image.archive([*entries, image.Entry("/etc/bench.arguments", stat.S_IFREG | 0o644, text)])


def run(machine: Machine) -> None:
    """Print a line for each result as it comes."""
    linux = linux_figures()
    print(f"{'instructions':14}{'Aramid':>16}{'Linux':>16}{'Linux, tuned':>16}{'ratio':>8}")
    while True:
        found = machine.expect(BOOT + b"|" + RESULT + b"|BENCH_END", PATIENCE)
        if found[0] == b"BENCH_END":
            return
        if found[1]:
            print(row("boot", found[1].decode(), linux["boot"]), flush=True)
            continue
        name = found[3].decode()
        here = found[5].decode() if found[5] else f"({found[8].decode()})"
        print(row(name, here, linux.get(name, ("", ""))), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kernel", type=Path)
    parser.add_argument("programs", type=Path, help="the directory with the program bench")
    parser.add_argument("names", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if wrong := [name for name in options.names if not re.fullmatch(r"@?\w+|-[rs]\d+", name)]:
        print(f"bench: {wrong[0]} is not the name of a test", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        cpio, medium = Path(scratch, "bench.cpio"), Path(scratch, "bench.iso")
        cpio.write_bytes(initramfs(options.programs, options.names))
        make_iso(medium, options.kernel, cpio)
        settings = Settings(medium, memory=256, processor="max,-erms", arguments=ICOUNT)
        try:
            with Machine(settings) as machine:
                run(machine)
        except MachineError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
