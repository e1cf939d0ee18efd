"""Handles, from phase 3 on: a service that names queues and files that are none, or none of its
own, wakes and delivers nothing by that, and nobody else notices.

The kernel is the phase's own, linked with a services/unix in which such calls are planted."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import INITRAMFS, PHASE, ROOT, Boots, shell_of
from iso import make_iso
from machine import Machine, Settings

pytestmark = pytest.mark.skipif(int(PHASE) < 3, reason="services hold pointers before phase 3")

MAKE = ["make", "--no-print-directory", "-s"]
PLANTED = ROOT / "grader/tests/planted_handles.h"

# What is put in the place of what, in which source.
PLANTS = {
    "socket.c": [
        (r"\bwait_handle_wake\(", "planted_wake("),
        (r"return (socket->type == SOCK_STREAM \? unix_stream_receive\(.*?);",
         r"return planted_receive(socket, message, \1);"),
    ],
    "queue.c": [
        (r"\bfiles_in_flight_drop\(", "planted_drop("),
        (r"\bfiles_in_flight_moved\(", "planted_moved("),
        (r"\Z", "\nfiles_handle planted_files;\nuint64_t planted_holder;\n"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernel with the planted service."""
    phase = next(ROOT.glob(f"phase{PHASE}-*"))
    scratch = tmp_path_factory.mktemp("handles")
    build = scratch / "build"
    shutil.copytree(ROOT / f"build/phase{PHASE}", build, copy_function=shutil.copy2,
                    ignore=shutil.ignore_patterns("*.iso*", "iso.*", "gdb"))  # fmt: skip
    rows = subprocess.run([*MAKE, "modules"], cwd=phase, capture_output=True, text=True, check=True)
    flags = next(row.split(";")[3] for row in rows.stdout.splitlines() if "services/unix;" in row)
    for name, plants in PLANTS.items():
        source = (phase / "services/unix" / name).read_text()
        for pattern, replacement in plants:
            source, count = re.subn(pattern, replacement, source, flags=re.S)
            assert count > 0, pattern
        (scratch / name).write_text(f'#include "{PLANTED}"\n{source}')
        subprocess.run(["gcc", *shlex.split(flags), "-iquoteservices/unix", "-c",
                        "-o", build / f"services/unix/{name}.o", scratch / name],
                       cwd=phase, check=True)  # fmt: skip
    made = subprocess.run([*MAKE, f"BUILD={build}"], cwd=phase, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return build / "kernel.boot"


@pytest.mark.parametrize("probe", ["unix", "rights", "flight 7 3000"])
def test_forged_handles(kernel: Path, boot: Boots, probe: str) -> None:
    """The probe sees nothing of it, and the log tells once of each kind."""
    path = boot.scratch / "planted.iso"
    make_iso(path, kernel, INITRAMFS, "")
    boot.machines.append(Machine(Settings(path, "qemu", 128)))
    shell = shell_of(boot.machines[-1])
    result = shell.run(f"probe-{probe}", patience=60)
    assert result.status == 0, result.output
    log = shell.output("dmesg", patience=30)
    assert log.count("a service has named a wait queue that there is not") == 1
    assert log.count("a service has named a row of files that there is not") == 1
