"""BusyBox's own test suite: what reads its output, and the part of it that asks most of the kernel.

`make suite` runs all of it.
"""

import io
import re
import stat
from contextlib import redirect_stderr
from pathlib import Path

import pytest

import suite
from conftest import KERNEL
from suite import Expected, Outcome, Reader, agreed, differences, left_out, read_reference

# Each of the 70 system calls that the whole suite makes on Linux is made by three of these applets,
# or by all that make it: traced applet by applet, and chosen by what is left to cover.
COVERING = """cp cpio diff gunzip hostid hostname id ls mdev mv patch readlink realpath sed sort
start-stop-daemon tar taskset uptime wget""".split()

TEXT = """\
Applet: ls
PASS: ls-1-works
FAIL: ls-l-works
+ busybox ls -l
+ cmp
======================
echo -ne '' >input
echo -ne '' | ls
PASS: ls
======================
echo -ne '' | ls -x
a complaint
FAIL: ls
--- expected
+++ actual
Applet: true
SKIPPED: true (not built)
UNTESTED: true-is-true
"""


def read(text: str) -> dict[str, Outcome]:
    reader = Reader()
    for line in text.splitlines():
        reader.line(line)
    return reader.outcomes


def test_names_and_verdicts() -> None:
    verdicts = {name: outcome.verdict for name, outcome in read(TEXT).items()}
    assert verdicts == {
        "ls: ls-1-works": "PASS",
        "ls: ls-l-works": "FAIL",
        "ls: ls": "PASS",
        "ls: ls #2": "FAIL",
        "true: true (not built)": "SKIPPED",
        "true: true-is-true": "UNTESTED",
    }


def test_every_test_has_its_own_output() -> None:
    outcomes = read(TEXT)
    assert outcomes["ls: ls-1-works"].output == []
    assert outcomes["ls: ls-l-works"].output == ["+ busybox ls -l", "+ cmp"]
    assert outcomes["ls: ls"].output == ["echo -ne '' >input", "echo -ne '' | ls"]
    last = ["echo -ne '' | ls -x", "a complaint", "--- expected", "+++ actual"]
    assert outcomes["ls: ls #2"].output == last


def test_differences() -> None:
    """Another verdict, a test that is missing and one that Linux does not have."""
    reference = {
        "ls: ls-1-works": Expected("PASS"),
        "ls: ls-l-works": Expected("PASS"),
        "ls: ls": Expected("VARIES", "a reason"),
        "ls: another": Expected("PASS"),
        "true: true (not built)": Expected("SKIPPED"),
        "mv: mv": Expected("PASS"),
    }
    outcomes = read(TEXT)
    del outcomes["true: true-is-true"]
    assert differences(outcomes, reference, ["ls", "true"]) == [
        "ls: ls-l-works: FAIL; Linux: PASS\n    + busybox ls -l\n    + cmp",
        "ls: another: no verdict; Linux: PASS",
        "ls: ls #2: FAIL; Linux: no such test\n    " + "\n    ".join(outcomes["ls: ls #2"].output),
    ]
    assert len(differences(outcomes, reference, [])) == 4
    assert left_out(outcomes, reference) == ["ls: ls: not compared: a reason"]


def test_runs_that_disagree() -> None:
    first, second = read(TEXT), read(TEXT.replace("PASS: ls-1", "FAIL: ls-1"))
    del second["ls: ls"]
    expected = agreed([first, second, first])
    assert expected["ls: ls-l-works"] == Expected("FAIL")
    assert expected["ls: ls-1-works"] == Expected("VARIES", "3 runs on Linux gave PASS, FAIL, PASS")
    assert expected["ls: ls"] == Expected("VARIES", "3 runs on Linux gave PASS, none, PASS")


def test_reference_is_read_as_written(tmp_path: Path) -> None:
    expected = {"ls: ls": Expected("PASS"), "ls: ls -l": Expected("VARIES", "a reason")}
    suite.write_reference(tmp_path / "reference.tsv", expected, "Linux 1")
    complaint = io.StringIO()
    with redirect_stderr(complaint):
        assert read_reference(tmp_path / "reference.tsv") == expected
    assert complaint.getvalue() == ""


def test_unknown_applet(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.judge(Path("none"), ["nothing"], 128) == 2
    assert capsys.readouterr().err == "suite: there are no tests of nothing\n"


def test_losses() -> None:
    """Nothing is lost only if the image says so."""
    reader = Reader()
    assert "missing" in reader.lost
    reader.line("FAIL balance: lost 4 KiB, 0 inodes, 0 dentries, 0 files, 0 processes")
    assert reader.lost == "lost 4 KiB, 0 inodes, 0 dentries, 0 files, 0 processes"
    reader.line("Suite: nothing lost")
    assert reader.lost == "" and not reader.outcomes


def test_applets_as_on_linux() -> None:
    """Hundreds of tests in the guest: every comparable verdict is Linux's, and nothing is lost."""
    reference = read_reference(suite.REFERENCE)
    outcomes, lost = suite.run(KERNEL, COVERING, memory=64, linux=False, show=False)
    assert len(outcomes) > 250
    assert "\n".join(differences(outcomes, reference, COVERING)) == ""
    assert lost == ""


def test_loss_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that leaves a file where nothing takes it away."""
    made = suite.image.archive
    leaving = suite.image.Entry(
        "/suite/testsuite/true/true-leaves-a-file", stat.S_IFREG | 0o755, b"echo here >/root/left\n"
    )
    monkeypatch.setattr(suite.image, "archive", lambda entries: made([*entries, leaving]))
    outcomes, lost = suite.run(KERNEL, ["true"], memory=64, linux=False, show=False)
    assert outcomes["true: true-leaves-a-file"].verdict == "PASS"
    assert re.fullmatch(r"lost \d+ KiB, 1 inodes, 1 dentries, 0 files, 0 processes", lost)
