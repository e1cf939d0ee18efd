"""Fixtures: machines with a shell at the prompt.

`make test` has built what they boot and says which phase it is by the environment.  A machine is
shared by the tests of a file, which leave it as they found it; after a failed test the next one
gets a fresh one.  `boot` starts machines of a test's own.
"""

import os
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "grader"), str(ROOT / "tools")]

from iso import make_iso  # noqa: E402
from machine import GUEST, Machine, Network, Settings, close_all  # noqa: E402
from shell import Shell  # noqa: E402

# Checks that several files of tests share tell as much as the files' own.
pytest.register_assert_rewrite("network_cases")

NEWEST = max(path.parent.name[len("phase")] for path in ROOT.glob("phase[0-9]-*/Makefile"))
PHASE = os.environ.get("PHASE", NEWEST)
KERNEL = Path(os.environ.get("ARAMID_KERNEL", ROOT / "build" / f"phase{PHASE}" / "kernel.boot"))
INITRAMFS = ROOT / "build" / "user" / "initramfs.cpio"
# Bochs needs that many times the patience, in its own processor time.
BOCHS_PATIENCE = 6

failed = pytest.StashKey[bool]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = (yield).get_result()
    if report.when == "call":
        item.stash[failed] = report.failed


class Boots:
    """Starts machines and ends them all in the end."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.machines: list[Machine] = []
        self.made = 0

    def iso(
        self, initramfs: Path | bytes | None = INITRAMFS, append: str = "", kernel: Path = KERNEL
    ) -> Path:
        """An ISO with this phase's kernel, or another; `initramfs` is a file, its contents, or None."""
        self.made += 1
        if isinstance(initramfs, bytes):
            path = self.scratch / f"initramfs{self.made}.cpio"
            path.write_bytes(initramfs)
            initramfs = path
        path = self.scratch / f"boot{self.made}.iso"
        make_iso(path, kernel, initramfs, append)
        return path

    def __call__(
        self,
        initramfs: Path | bytes | None = INITRAMFS,
        append: str = "",
        emulator: str = "qemu",
        memory: int = 128,
        reboot: bool = False,
        real_time: bool = False,
        network: Network | None = None,
        kernel: Path = KERNEL,
    ) -> Machine:
        settings = Settings(
            self.iso(initramfs, append, kernel), emulator, memory,
            reboot=reboot, real_time=real_time, network=network,
        )  # fmt: skip
        self.machines.append(Machine(settings))
        return self.machines[-1]

    def close(self) -> None:
        for machine in self.machines:
            machine.close()


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Boots]:
    """Start machines for this test: boot(initramfs=…, append=…) -> Machine."""
    boots = Boots(tmp_path)
    yield boots
    boots.close()


def shell_of(machine: Machine) -> Shell:
    """The shell of `machine`, at its first prompt."""
    slow = machine.settings.emulator == "bochs"
    shell = Shell(machine, patience=20 * (BOCHS_PATIENCE if slow else 1))
    shell.wait_prompt()
    return shell


def wait_address(shell: Shell, address: str = GUEST) -> None:
    """Wait until the machine has its address: the first prompt does not."""
    patience = shell.patience * 3
    shell.output(f"until ifconfig eth0 | grep -q 'addr:{address} '; do sleep 0.1; done", patience)


class Shared:
    """One machine for the tests of a file, started when the first needs it."""

    def __init__(self, boots: Boots, emulator: str, memory: int, network: Network | None) -> None:
        self.boots = boots
        self.shell: Shell | None = None
        # A file may put its own here.
        self.start: Callable[[], Shell] = lambda: shell_of(
            boots(emulator=emulator, memory=memory, network=network)
        )
        self.network = network

    def get(self) -> Shell:
        if self.shell is None:
            self.shell = self.start()
            if self.network:
                wait_address(self.shell)
        return self.shell

    def drop(self) -> None:
        if self.shell:
            self.shell.machine.close()
            self.shell = None


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    emulator = getattr(request.module, "EMULATOR", "qemu")
    network = getattr(request.module, "NETWORK", None)
    boots = Boots(tmp_path_factory.mktemp("shared"))
    yield Shared(boots, emulator, getattr(request.module, "MEMORY", 128), network)
    boots.close()


@pytest.fixture
def shell(request: pytest.FixtureRequest, shared: Shared) -> Iterator[Shell]:
    """A shell at its prompt, shared by the file's tests."""
    request.node.stash[failed] = True
    yield shared.get()
    if request.node.stash[failed]:
        shared.drop()


def pytest_sessionfinish() -> None:
    close_all()
