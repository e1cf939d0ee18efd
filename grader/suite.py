#!/usr/bin/env python3
"""Run BusyBox's own test suite in the guest and compare its verdicts with Linux's.

    suite.py [--memory MIB] KERNEL [APPLET...]    on Aramid, the tests of these applets or all
    suite.py --linux [--runs N] KERNEL            on Linux: write suite-linux.tsv

The image's rc runs the suite and powers off; nothing is typed.  A line is printed for each test as
its verdict comes.  Then follow the differences to Linux, each with what the test printed, what the
kernel has lost by the whole of it, and one line that sums up.

Exit status: 0 when every comparable verdict is Linux's and nothing is lost, 1 when not so, 2 for
wrong arguments or missing files, 3 when the machine did not run the suite to its end.
"""

import argparse
import re
import stat
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from iso import IsoError, make_iso
from machine import Machine, MachineError, Settings, Silent

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import image  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = Path(__file__).with_name("suite-linux.tsv")
USER = ROOT / "common" / "user"
PROGRAMS = ROOT / "build" / "user" / "bin"
PACKAGE = "busybox-static"
LINUX_MEMORY = 256
# The last two make it faster here, and nothing else.
LINUX_WORDS = "console=ttyS0 quiet loglevel=0 rdinit=/sbin/init mitigations=off init_on_alloc=0"
# Seconds without a word: on the clock if the guest idles, and of the emulator's processor time if
# it computes, as some tests of bc do for minutes.
PATIENCE = 60
LONGEST = 1800
# Beside other loads a guest that computes may get little of a processor; one that idles wants less.
IDLE = 0.04

LINE = rb"([^\n]*?)\r*\n"
APPLET = re.compile(r"Applet: (\S+)")
VERDICT = re.compile(r"(PASS|FAIL|SKIPPED|UNTESTED): (.*)")
NEXT = "======"  # the suite's line before what a test is going to run
END = "Suite: end"
# What the image's rc and probe-balance say about the kernel's accounts before and after the suite.
NOTHING_LOST = "Suite: nothing lost"
LOST = "FAIL balance: "
# In the reference: the verdict of a test whose verdict is not always the same on Linux.
VARIES = "VARIES"


@dataclass
class Outcome:
    """How a test ended."""

    name: str  # "APPLET: NAME", and " #2" and so on if the applet has several of that name
    verdict: str
    output: list[str] = field(default_factory=list)  # its command and what it printed


class Reader:
    """Makes outcomes of the suite's lines.

    A test's verdict stands after its command and before the difference to what was expected."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.applet = ""
        self.before: list[str] = []  # lines that belong to the next verdict
        self.after = self.before  # where a line goes
        self.lost = "the balance of the kernel's accounts is missing"

    def line(self, text: str) -> Outcome | None:
        """Take one line; returns a test's outcome if this is its verdict."""
        if text == NOTHING_LOST:
            self.lost = ""
        elif text.startswith(LOST):
            self.lost = text.removeprefix(LOST)
        if found := VERDICT.fullmatch(text):
            return self._verdict(found[1], found[2])
        if found := APPLET.fullmatch(text):
            self.applet = found[1]
        if found or text.startswith(NEXT):
            self.before = self.after = []
        else:
            self.after.append(text)
        return None

    def _verdict(self, verdict: str, test: str) -> Outcome:
        name = unique = f"{self.applet}: {test}"
        number = 1
        while unique in self.outcomes:
            number += 1
            unique = f"{name} #{number}"
        outcome = self.outcomes[unique] = Outcome(unique, verdict, self.before)
        self.before, self.after = [], outcome.output
        return outcome


# ---- the machine -------------------------------------------------------------------------------


def initramfs(applets: list[str]) -> bytes:
    """The image, the same for every kernel; its rc runs the tests of `applets`, or all."""
    lists = [USER / "image.list", USER / "image-suite.list"]
    entries = [entry for name in lists for entry in image.parse(name, PROGRAMS)]
    # The suite's runner tests busybox itself twice when it tests all, so do we in a selection.
    words = applets + [name for name in applets if name == "busybox"]
    text = " ".join(words).encode() + b"\n"
    return image.archive([*entries, image.Entry("/etc/suite.applets", stat.S_IFREG | 0o644, text)])


def settings(kernel: Path, cpio: Path, memory: int, linux: bool) -> Settings:
    """What to start: Aramid from a medium beside `cpio`, Linux by the emulator's own loader."""
    if linux:
        words = ["-kernel", str(kernel), "-initrd", str(cpio), "-append", LINUX_WORDS]
        return Settings(None, memory=memory, arguments=words)
    medium = cpio.with_suffix(".iso")
    make_iso(medium, kernel, cpio)
    return Settings(medium, memory=memory)


def run(
    kernel: Path, applets: list[str], memory: int, linux: bool, show: bool
) -> tuple[dict[str, Outcome], str]:
    """Run the suite on a machine of its own; with `show`, print verdicts as they come.  Returns
    them, and what the kernel has lost: nothing, or words."""
    reader = Reader()
    with tempfile.TemporaryDirectory() as scratch:
        cpio = Path(scratch, "suite.cpio")
        cpio.write_bytes(initramfs(applets))
        with Machine(settings(kernel, cpio, memory, linux)) as machine:
            while (text := next_line(machine)) != END:
                if (outcome := reader.line(text)) and show:
                    print(f"{outcome.verdict} {outcome.name}", flush=True)
            if status := machine.wait_end(PATIENCE):
                raise MachineError(f"the machine did not power off: status {status}")
    return reader.outcomes, reader.lost


def next_line(machine: Machine) -> str:
    """The console's next line; bytes that are no text are shown by their numbers."""
    begin = machine.processor_time()
    while True:
        before, since = machine.processor_time(), time.monotonic()
        try:
            return machine.expect(LINE, PATIENCE)[1].decode(errors="backslashreplace")
        except Silent:
            now = machine.processor_time()
            if now - before < (time.monotonic() - since) * IDLE or now - begin > LONGEST:
                raise


# ---- Linux's verdicts --------------------------------------------------------------------------


@dataclass(frozen=True)
class Expected:
    """Linux's verdict of one test."""

    verdict: str
    reason: str = ""  # why it is not compared


def installed_version() -> str:
    """The version of the program under test."""
    command = ["dpkg-query", "--show", "--showformat=${Version}", PACKAGE]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read_reference(path: Path) -> dict[str, Expected]:
    """Linux's verdicts; says so if they are another BusyBox's."""
    text = path.read_text()
    if f"{PACKAGE} {installed_version()}," not in text:
        print(f"suite: {path.name} was made with another version of {PACKAGE}", file=sys.stderr)
    rows = [row.split("\t") for row in text.splitlines() if not row.startswith("#")]
    return {name: Expected(verdict, reason) for name, verdict, reason in rows[1:]}


def linux_version(kernel: Path) -> str:
    """What the kernel calls itself: Linux, Documentation/x86/boot.rst, kernel_version."""
    data = kernel.read_bytes()
    begin = int.from_bytes(data[0x20E:0x210], "little") + 0x200
    release, _, rest = data[begin : data.index(0, begin)].decode().partition(" ")
    package = re.search(r"Debian \S+", rest)
    return f"Linux {release} ({package[0] if package else 'not of Debian'})"


def agreed(runs: list[dict[str, Outcome]]) -> dict[str, Expected]:
    """One verdict a test of several runs, or the reason why there is none."""
    expected = {}
    for name in dict.fromkeys(name for outcomes in runs for name in outcomes):
        verdicts = [outcomes[name].verdict if name in outcomes else "none" for outcomes in runs]
        same = len(set(verdicts)) == 1
        reason = "" if same else f"{len(runs)} runs on Linux gave {', '.join(verdicts)}"
        expected[name] = Expected(verdicts[0] if same else VARIES, reason)
    return expected


def write_reference(path: Path, expected: dict[str, Expected], kernel: str) -> None:
    lines = [
        "# The verdicts of BusyBox's test suite on Linux; make suite-linux writes this file.",
        f"# {kernel}, {PACKAGE} {installed_version()}, QEMU TCG, {LINUX_MEMORY} MiB of memory.",
        f"# {VARIES}: not compared, for the reason given.",
        "test\tverdict\treason",
        *(f"{name}\t{each.verdict}\t{each.reason}" for name, each in expected.items()),
    ]
    path.write_text("\n".join(lines) + "\n")


def differences(
    outcomes: dict[str, Outcome], reference: dict[str, Expected], applets: list[str]
) -> list[str]:
    """Every test that did not end as on Linux, in words, with what it printed."""
    found = []
    for name, expected in reference.items():
        if expected.verdict == VARIES or applets and name.partition(":")[0] not in applets:
            continue
        got = outcomes.get(name, Outcome(name, "no verdict"))
        if got.verdict != expected.verdict:
            found.append(described(got, expected.verdict))
    unknown = [outcome for name, outcome in outcomes.items() if name not in reference]
    return found + [described(outcome, "no such test") for outcome in unknown]


def described(got: Outcome, expected: str) -> str:
    lines = [f"{got.name}: {got.verdict}; Linux: {expected}", *got.output]
    return "\n    ".join(lines)


def left_out(outcomes: dict[str, Outcome], reference: dict[str, Expected]) -> list[str]:
    """The tests that were run and are not compared, with the reason."""
    return [
        f"{name}: not compared: {expected.reason}"
        for name, expected in reference.items()
        if expected.verdict == VARIES and name in outcomes
    ]


def summary(outcomes: dict[str, Outcome]) -> str:
    """How many tests ended in which way."""
    counts = Counter(outcome.verdict for outcome in outcomes.values())
    words = [f"{count} {verdict}" for verdict, count in sorted(counts.items())]
    return ", ".join([f"{len(outcomes)} tests", *words])


# ---- the command -------------------------------------------------------------------------------


def record(kernel: Path, runs: int) -> int:
    """Run the suite on Linux and write down what it says."""
    found = []
    for number in range(1, runs + 1):
        outcomes, _ = run(kernel, [], LINUX_MEMORY, linux=True, show=number == 1)
        found.append(outcomes)
        print(f"run {number}: {summary(found[-1])}", flush=True)
    expected = agreed(found)
    write_reference(REFERENCE, expected, linux_version(kernel))
    for name, each in expected.items():
        if each.verdict == VARIES:
            print(f"{name}: not compared: {each.reason}")
    return 0


def judge(kernel: Path, applets: list[str], memory: int) -> int:
    """Run the suite on Aramid and compare."""
    reference = read_reference(REFERENCE)
    known = {name.partition(":")[0] for name in reference}
    if wrong := [applet for applet in applets if applet not in known]:
        print(f"suite: there are no tests of {wrong[0]}", file=sys.stderr)
        return 2
    outcomes, lost = run(kernel, applets, memory, linux=False, show=True)
    found = differences(outcomes, reference, applets)
    for text in [*left_out(outcomes, reference), *found]:
        print(f"\n{text}")
    print(f"\n{summary(outcomes)}; {len(found)} differ from Linux's; {lost or 'nothing lost'}")
    return 1 if found or lost else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--memory", type=int, default=128)
    parser.add_argument("--linux", action="store_true")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("applets", nargs="*")
    options = parser.parse_args()
    try:
        if options.linux:
            return record(options.kernel, options.runs)
        return judge(options.kernel, options.applets, options.memory)
    except (image.ImageError, IsoError, OSError) as error:
        print(f"suite: {error}", file=sys.stderr)
        return 2
    except MachineError as error:
        print(f"suite: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
