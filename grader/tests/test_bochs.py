"""The share of the tests that runs in Bochs, from the same ISO: another processor, another set of
devices, every feature of the kernel's that one emulator alone could hide."""

import pytest

from commands import CASES, Case
from conftest import Boots, shell_of
from shell import Shell
from test_shell import check

EMULATOR = "bochs"
pytestmark = pytest.mark.bochs


@pytest.mark.parametrize("case", [case for case in CASES if case.bochs], ids=lambda case: case.name)
def test_command(shell: Shell, case: Case) -> None:
    check(shell, case)


@pytest.mark.every_phase
def test_hostile_programs(shell: Shell) -> None:
    """Faults of user programs end the program alone."""
    assert shell.output("probe-exec /bin/sh -c 'kill -SEGV $$'") == "signal 11\n"
    assert shell.output("probe-exec /etc") == "errno 13\n"


@pytest.mark.every_phase
def test_interrupt_and_stop(shell: Shell) -> None:
    shell.start("sleep 1000")
    shell.type("\x1a")
    shell.expect("Stopped")
    shell.wait_prompt()
    shell.type("fg\n")
    shell.expect("fg\r\n.*sleep 1000")
    shell.type("\x03")
    shell.wait_prompt()


def test_login_does_not_wait_for_ever(shell: Shell) -> None:
    """A minute is soon over here: an idle machine need not keep to the wall clock."""
    shell.type("login\n")
    shell.expect("login: ")
    shell.expect("Login timed out after 60 seconds\r\r\n")
    shell.wait_prompt()


def test_settings_change_behind_the_output(shell: Shell) -> None:
    """tcdrain(3): 3000 bytes take a quarter of a second at 115200 bit/s; stty waits for them."""
    moments = " read {} rest </proc/uptime;"
    text = "head -c 3000 /dev/zero | tr '\\0' x;"
    settings = f"{moments.format('a')} stty 115200;{moments.format('b')}"
    output = shell.output(f"{text}{settings} echo; echo $a $b")
    written, sent = map(float, output.splitlines()[-1].split())
    assert 0.15 < sent - written < 1


def test_poweroff(shell: Shell) -> None:
    shell.type("poweroff\n")
    shell.machine.wait_end(60)
    assert "soft power off" in shell.machine.messages()


def test_reboot(boot: Boots) -> None:
    shell = shell_of(boot(emulator="bochs"))
    shell.type("reboot\n")
    shell.expect("Aramid ")
    shell.wait_prompt()


def test_panic(boot: Boots) -> None:
    machine = boot(initramfs=None, emulator="bochs")
    machine.expect("KERNEL PANIC: ", 60)
    machine.expect("--- end of panic report ---", 60)
