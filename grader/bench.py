#!/usr/bin/env python3
"""Run the benchmark program in the guest and print its figures beside Linux's or another phase's.

    bench.py [--against LINUX [--boots N] | --then KERNEL ...] KERNEL PROGRAMS
             [-rROUNDS] [-sPERCENT] [NAME|@micro|@shell ...]

The machine runs with -icount shift=0: a nanosecond of its clock is one guest instruction, so two
runs give the same figures; all but `boot`, in which GRUB waits for the disk: it differs by a percent
or two.  The machine takes no input: the image's rc runs the benchmark and powers off.  The columns are
instructions per operation: here, on Linux as it comes and on a tuned Linux (what that means stands in
linux.tsv), and the ratio to the tuned one; below 1 is better.

With --then, a column for each kernel instead of Linux's, and by how many percent it differs from the
kernel before; with more than two, the last column is from the first to the last.  As figures repeat,
any difference is the kernels' own.

With --against, wall time instead: machines with this kernel and with LINUX, tuned, are started in
turn, and the medians of their figures compared.  Only the ratios mean something, and of them only
what is far from 1: the same machine twice differs by 15 %.
"""

import argparse
import re
import stat
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from iso import make_iso
from machine import Machine, MachineError, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import image  # noqa: E402

ICOUNT = "-icount shift=0,sleep=off -seed 1 -rtc base=2024-01-01T00:00:00,clock=vm".split()
# The tuned Linux.
LINUX_WORDS = "console=ttyS0 quiet mitigations=off init_on_alloc=0 nokaslr norandmaps rdinit=/sbin/init"
# Seconds of the emulator's processor time that one test may take.
PATIENCE = 300

RESULT = rb"BENCH (\w+) (?:(\d+) (\d+) (\d+) (\S+) n=\d+|SKIP ([^\r\n]*))\r\n"
BOOT = rb"BOOT tsc=(\d+) monotonic=(\d+)\r\n"


def tests() -> list[str]:
    """The names of all tests, from the benchmark program's table."""
    source = Path(__file__).parents[1] / "common" / "user" / "bench.c"
    table = source.read_text().partition("} tests[] = {")[2].partition("};")[0]
    return re.findall(r'^ *{ "(\w+)"', table, re.MULTILINE)


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


def results(machine: Machine) -> Iterator[tuple[str, str]]:
    """What the machine measures, as it comes: a test and its median, ns, or why it was skipped.
    The first is what the boot took."""
    while True:
        found = machine.expect(BOOT + b"|" + RESULT + b"|BENCH_END", PATIENCE)
        if found[0] == b"BENCH_END":
            return
        if found[1]:
            yield "boot", found[1].decode()
        else:
            yield found[3].decode(), found[5].decode() if found[5] else f"({found[8].decode()})"


def run(machine: Machine) -> None:
    """Print a line for each result as it comes."""
    linux = linux_figures()
    print(f"{'instructions':14}{'Aramid':>16}{'Linux':>16}{'Linux, tuned':>16}{'ratio':>8}")
    for name, here in results(machine):
        print(row(name, here, linux.get(name, ("", ""))), flush=True)


def figures_of(settings: Settings) -> dict[str, int]:
    """One boot: the median of each test, ns; neither the boot itself nor what was skipped."""
    with Machine(settings) as machine:
        found = dict(results(machine))
    return {name: int(text) for name, text in found.items() if text.isdigit() and name != "boot"}


def compare(here: Settings, there: Settings, boots: int) -> None:
    """Boot both in turn, and print a line for each test that both have."""
    ours: dict[str, list[int]] = {}
    theirs: dict[str, list[int]] = {}
    for boot in range(boots):
        for settings, figures in ((here, ours), (there, theirs)):
            for name, figure in figures_of(settings).items():
                figures.setdefault(name, []).append(figure)
        print(f"boot {boot + 1} of {boots}", file=sys.stderr, flush=True)
    print(f"{'wall time, ns':14}{'Aramid':>16}{'Linux, tuned':>16}{'ratio':>8}")
    for name in ours:
        if name in theirs:
            one, other = statistics.median(ours[name]), statistics.median(theirs[name])
            print(f"{name:14}{one:>16,.0f}{other:>16,.0f}{one / other:>8.2f}")


def change(before: int, after: int) -> str:
    return f"{100 * (after / before - 1):+.2f} %"


def line_up(kernels: list[Path], settings: list[Settings]) -> None:
    """Boot each of them, and print a line for each test that all have."""
    columns = []
    for kernel, each in zip(kernels, settings):
        columns.append(figures_of(each))
        print(f"{kernel}: measured", file=sys.stderr, flush=True)
    first, *later = [f"{kernel.parent.name:>16}" for kernel in kernels]
    overall = f"{'overall':>11}" if len(later) > 1 else ""
    print(f"{'instructions':14}{first}{''.join(f'{title}     change' for title in later)}{overall}")
    for name in columns[0]:
        if all(name in column for column in columns):
            figures = [column[name] for column in columns]
            cells = [f"{figures[0]:>16,}"]
            cells += [f"{b:>16,}{change(a, b):>11}" for a, b in zip(figures, figures[1:])]
            cells += [f"{change(figures[0], figures[-1]):>11}"] if overall else []
            print(f"{name:14}{''.join(cells)}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, metavar="LINUX", help="a Linux kernel: wall time")
    parser.add_argument("--then", type=Path, metavar="KERNEL", action="append", default=[])
    parser.add_argument("--boots", type=int, default=5)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("programs", type=Path, help="the directory with the program bench")
    parser.add_argument("names", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    known = ["@micro", "@shell", *tests()]
    for name in options.names:
        if name not in known and not re.fullmatch(r"-[rs]\d+", name):
            choice = f"choose from: {' '.join(known)}"
            print(f"bench: {name} is not the name of a test; {choice}", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as scratch:
        cpio = Path(scratch, "bench.cpio")
        cpio.write_bytes(initramfs(options.programs, options.names))
        kernels = [options.kernel, *options.then]
        media = [Path(scratch, f"bench{number}.iso") for number in range(len(kernels))]
        for medium, kernel in zip(media, kernels):
            make_iso(medium, kernel, cpio)
        machine_kind = {"memory": 256, "processor": "max,-erms"}
        linux = ["-kernel", str(options.against), "-initrd", str(cpio), "-append", LINUX_WORDS]
        try:
            if options.against:
                here = Settings(media[0], **machine_kind)
                compare(here, Settings(None, **machine_kind, arguments=linux), options.boots)
                return 0
            counting = [Settings(medium, **machine_kind, arguments=ICOUNT) for medium in media]
            if options.then:
                line_up(kernels, counting)
                return 0
            with Machine(counting[0]) as machine:
                run(machine)
        except MachineError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
