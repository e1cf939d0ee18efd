"""The harness itself: `make boot` as a user and as a script has it, and nothing left behind."""

import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

import pexpect
import pytest

from conftest import PHASE, ROOT, Boots, shell_of
from machine import Ended, Network, Silent, StartError

MARK = "ARAMID_TEST_RUN"
MAKE = ["make", "--silent", "-C", str(ROOT)]
# Seconds on the clock for things that take a few: this machine may be busy.
AGES = 120


def is_free(port: int) -> bool:
    """Can somebody listen on this TCP port of 127.0.0.1?"""
    with socket.socket() as free:
        try:
            free.bind(("127.0.0.1", port))
            free.listen()
        except OSError:
            return False
    return True


class Run:
    """Processes that carry a mark in their environment, so that none of them is overlooked."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(8)
        self.ports: list[int] = []  # that `make boot` said it forwards
        self.environment = {**os.environ, MARK: self.mark}
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "APPEND", "EMU", "MEM", "NIC"):
            self.environment.pop(name, None)

    def processes(self) -> dict[int, str]:
        """Those that live: process id and program."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.mark}\0".encode() in (path / "environ").read_bytes():
                    found[int(path.name)] = os.readlink(path / "exe").rsplit("/")[-1]
            except OSError:
                continue  # it has ended meanwhile, or is a zombie
        return found

    def emulators(self) -> list[int]:
        return [pid for pid, program in self.processes().items() if "qemu" in program or "bochs" in program]

    def assert_nothing_left(self) -> None:
        """Everything ends within moments."""
        deadline = time.monotonic() + 10
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not left
        # An emulator that is just ending loses its memory, by which it was found, before its ports.
        while (taken := [port for port in self.ports if not is_free(port)]) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not taken

    def make_boot(self, *arguments: str, wrapper: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """Start `make boot` in a process group of its own, its input held open."""
        return subprocess.Popen(
            [*wrapper, *MAKE, "boot", f"PHASE={PHASE}", *arguments],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


@pytest.fixture
def run() -> Iterator[Run]:
    run = Run()
    yield run
    for pid in run.processes():
        os.kill(pid, signal.SIGKILL)


def read_until(stream: int, text: bytes) -> bytes:
    """Read `stream` until `text` has come."""
    data = b""
    while text not in data:
        piece = os.read(stream, 4096)
        assert piece, data
        data += piece
    return data


# ---- make boot in a script ---------------------------------------------------------------------


def script(run: Run, text: str, *arguments: str, status: int = 0) -> str:
    """What `make -s boot` prints for these typed lines; it must end with `status`."""
    done = subprocess.run(
        [*MAKE, "boot", f"PHASE={PHASE}", *arguments],
        env=run.environment,
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=AGES,
    )
    assert done.returncode == status, (done.stdout[-2000:], done.stderr)
    run.assert_nothing_left()
    return done.stdout.decode()


def test_script(run: Run) -> None:
    output = script(run, "uname -m\npoweroff\n")
    assert "# uname -m\nx86_64\n" in output
    assert "\r" not in output and "\x1b[6n" not in output


def test_script_tells_the_ports_aside(run: Run) -> None:
    """Standard output is the console's alone; without a card there is nothing to tell."""
    command = [*MAKE, "boot", f"PHASE={PHASE}"]
    for more, told in ([], True), (["NIC=e1000"], True), (["NIC=none"], False):
        done = subprocess.run(
            [*command, *more], env=run.environment, input=b"poweroff\n", capture_output=True
        )
        assert done.returncode == 0 and b"telnetd" not in done.stdout
        assert len(forwarded(done.stderr)) == 2 if told else done.stderr == b""


def test_script_without_poweroff(run: Run) -> None:
    """At the end of the input the machine is powered off all the same."""
    assert "\nhello\n" in script(run, "echo hel''lo")


def test_script_with_input_for_a_program(run: Run) -> None:
    """A program that reads gets its lines, and here-documents theirs."""
    text = "cat <<E | tr a-z A-Z\nfirst\nE\nread x; echo got $x\nsecond\npoweroff\n"
    output = script(run, text)
    assert "\nFIRST\n" in output and "\ngot second\n" in output


def test_script_with_parameters(run: Run) -> None:
    output = script(run, "cat /proc/cmdline\nfree -m | grep Mem\n", "MEM=64", "APPEND=one=1 two")
    assert "\none=1 two\n" in output
    assert re.search(r"\nMem: +(5\d|6[0-4]) ", output)


def test_script_of_a_quiet_machine(run: Run) -> None:
    """A guest that sleeps is not given up; what comes after it is typed ahead."""
    output = script(run, "sleep 15; echo sle''pt\necho ne''xt\n")
    assert "\nslept\n" in output and "\nnext\n" in output


def test_script_with_halt(run: Run) -> None:
    """A halted machine stays on: its boot has ended all the same."""
    assert "system halted" in script(run, "halt\n")


def test_script_without_standard_input(run: Run) -> None:
    command = shlex.join([*MAKE, "boot", f"PHASE={PHASE}"]) + " <&-"
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=run.environment, capture_output=True, timeout=AGES
    )
    assert done.returncode == 0, done.stderr
    assert b"built-in shell" in done.stdout


def test_two_builds_at_once(run: Run, tmp_path: Path) -> None:
    """They take turns: neither meets a file that the other has half written."""
    tree = tmp_path / "a tree"
    shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns("build", ".git"))
    command = ["make", "--silent", "kernel", f"PHASE={PHASE}"]
    builds = [
        subprocess.Popen(command, cwd=tree, env=run.environment, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [(build.communicate()[1], build.returncode) for build in builds] == [(b"", 0)] * 2


def test_script_with_reboot(run: Run) -> None:
    """The guest starts again, and is powered off at the end of the input as ever."""
    assert script(run, "reboot\n").count("built-in shell") == 2


def test_script_with_panic(run: Run) -> None:
    """make turns every failure into status 2; the status behind it is 3."""
    output = script(run, "", "APPEND=init=/bin/true", status=2)
    assert "KERNEL PANIC" in output
    iso = sorted((ROOT / "build" / f"phase{PHASE}").glob("aramid-*.iso"), key=os.path.getmtime)[-1]
    for emulator in ("qemu", "bochs"):
        done = subprocess.run(
            [sys.executable, ROOT / "grader" / "boot.py", "--emulator", emulator, iso],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=AGES,
        )  # fmt: skip
        assert done.returncode == 3


@pytest.mark.parametrize(
    "wrong", ["PHASE=9", "PHASE=x y", "PHASE=%", "EMU=vbox", "IMAGE=x", "IMAGE=%", "MEM=1", "MEM=99999", "MEM=%", "MEM=64M", "NIC=x", "NIC=%", "NIC=virtio e1000", "APPEND='", "APPEND=a$b"]
)
def test_wrong_value(wrong: str) -> None:
    """One line on standard error, status 2, nothing built."""
    done = subprocess.run([*MAKE, "boot", wrong], capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1 and wrong.split("=")[0].encode() in done.stderr


@pytest.mark.parametrize(
    "wrong", ["FROM=9 TO=1", "FROM=1 TO=9", "FROM=1 TO=1", "FROM=2 TO=1", "FROM=1", "TO=2", "FROM=% TO=2"]
)
def test_wrong_phases_to_compare(wrong: str) -> None:
    for target in "bench", "diff":
        command = [*MAKE, target, *wrong.split()]
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
        assert b"FROM=" in done.stderr or b"TO=" in done.stderr


@pytest.mark.parametrize("wrong", ["carry FILE=it's", "diff FROM=1 TO=2 HTML=it's"])
def test_wrong_text(wrong: str) -> None:
    done = subprocess.run([*MAKE, *wrong.split()], capture_output=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert b"it's has a quote" in done.stderr


@pytest.mark.parametrize("wrong", ["nothere", "null;x"])
def test_wrong_benchmark(wrong: str) -> None:
    """The tests that there are are named, and nothing is measured."""
    command = [sys.executable, ROOT / "grader/bench.py", "kernel", "programs", wrong]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert b" is not the name of a test; choose from: @micro @shell user_loop null " in done.stderr


def test_card_of_another_emulator() -> None:
    done = subprocess.run([*MAKE, "boot", "EMU=bochs", "NIC=virtio"], capture_output=True)
    assert done.returncode == 2 and done.stdout == b""
    assert b"NIC=virtio is not a network card; choose from: e1000 none" in done.stderr


def test_help_names_every_entry_point() -> None:
    listed = subprocess.run([*MAKE, "help"], capture_output=True, text=True, check=True).stdout
    for target in "boot menu test test-phases iso gdb rings check diff kernel unit clean setup".split():
        assert re.search(rf"^  make {target} +\w", listed, re.MULTILINE)


# ---- nothing is left behind --------------------------------------------------------------------


def forwarded(said: bytes) -> list[int]:
    """The ports that lead to the guest's httpd and telnetd, as `make boot` tells them."""
    ways = rb"http://127\.0\.0\.1:(\d+)/ is the guest's httpd, telnet 127\.0\.0\.1 (\d+) its telnetd"
    found = re.search(ways, said)
    assert found, said
    return [int(found[1]), int(found[2])]


def booted(run: Run, *arguments: str, wrapper: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """`make boot` at the prompt, with one emulator."""
    process = run.make_boot(*arguments, wrapper=wrapper)
    assert process.stdout
    said = read_until(process.stdout.fileno(), b"@aramid:")
    assert len(run.emulators()) == 1
    run.ports = forwarded(said)
    for port in run.ports:
        socket.create_connection(("127.0.0.1", port)).close()
    return process


def to_make(process: subprocess.Popen[bytes], run: Run) -> None:
    process.send_signal(signal.SIGTERM)


def ctrl_c(process: subprocess.Popen[bytes], run: Run) -> None:
    """As a terminal sends it: to the whole foreground process group."""
    os.killpg(process.pid, signal.SIGINT)


def hang_up(process: subprocess.Popen[bytes], run: Run) -> None:
    os.killpg(process.pid, signal.SIGHUP)


def kill_make(process: subprocess.Popen[bytes], run: Run) -> None:
    process.kill()


def kill_all_but_the_emulator(process: subprocess.Popen[bytes], run: Run) -> None:
    emulators = run.emulators()
    for pid in run.processes():
        if pid not in emulators:
            os.kill(pid, signal.SIGKILL)


def close_output(process: subprocess.Popen[bytes], run: Run) -> None:
    """Like `make boot | head -n 3`."""
    assert process.stdout and process.stdin
    process.stdout.close()
    process.stdin.write(b"echo into the void\n")
    process.stdin.flush()


@pytest.mark.parametrize(
    "end", [to_make, ctrl_c, hang_up, kill_make, kill_all_but_the_emulator, close_output]
)
@pytest.mark.parametrize("emulator", ["qemu", "bochs"])
def test_no_emulator_is_left(
    run: Run, emulator: str, end: Callable[[subprocess.Popen[bytes], Run], None]
) -> None:
    process = booted(run, f"EMU={emulator}")
    end(process, run)
    assert process.wait(AGES) != 0
    run.assert_nothing_left()


def test_timeout_leaves_no_emulator(run: Run) -> None:
    """`timeout 8 make boot`, as the user types it."""
    process = booted(run, wrapper=("timeout", "8"))
    assert process.wait(AGES) == 124
    run.assert_nothing_left()


# ---- make boot on a terminal -------------------------------------------------------------------


def test_terminal(run: Run) -> None:
    """Keys pass to the guest, Ctrl-C and Ctrl-Z included; Ctrl-A x leaves; the terminal is as it was."""
    child = pexpect.spawn(
        "/bin/sh", ["-c", f"{shlex.join(MAKE)} boot PHASE={PHASE}; echo left $?; stty -a"],
        env=run.environment, timeout=AGES,
    )  # fmt: skip
    child.expect("Ctrl-A x")
    run.ports = forwarded(child.before)
    child.expect("@aramid:")
    child.send("(echo re''ady; sleep 1000)\n")
    child.expect("ready\r\n")
    child.send("\x1a")
    child.expect("Stopped")
    child.send("fg\n")
    child.expect("sleep 1000")
    child.send("\x03")
    child.expect("@aramid:")
    child.send("\x01xno\n")
    child.expect("left 0")
    assert child.expect([" icanon", "-icanon"]) == 0
    child.expect(pexpect.EOF)
    run.assert_nothing_left()


def test_terminal_poweroff(run: Run) -> None:
    child = pexpect.spawn(MAKE[0], [*MAKE[1:], "boot", f"PHASE={PHASE}"], env=run.environment, timeout=AGES)
    child.expect("@aramid:")
    child.send("poweroff\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    run.assert_nothing_left()


def test_closed_terminal(run: Run) -> None:
    """The window is closed."""
    child = pexpect.spawn(MAKE[0], [*MAKE[1:], "boot", f"PHASE={PHASE}"], env=run.environment, timeout=AGES)
    child.expect("@aramid:")
    child.close(force=False)
    run.assert_nothing_left()


# ---- the machine class -------------------------------------------------------------------------


def test_shell_reads_exact_output(boot: Boots) -> None:
    """No new line at the end, none at all, quotes, several lines, a status."""
    shell = shell_of(boot())
    assert shell.output("printf a") == "a"
    assert shell.output("true") == ""
    assert shell.output("""echo "it's" 'a "b"' """) == 'it\'s a "b"\n'
    assert shell.run("echo 1\n\necho 2; (exit 9)").output == "1\n2\n"
    assert shell.run("(exit 9)").status == 9
    assert shell.output(f"echo {'x' * 900}") == "x" * 900 + "\n"
    with pytest.raises(ValueError):
        shell.run("echo\x03")


def test_silent_guest_is_noticed(boot: Boots) -> None:
    machine = boot()
    shell_of(machine)
    with pytest.raises(Silent, match="console"):
        machine.expect("never said", patience=1)


def test_ended_guest_is_noticed(boot: Boots) -> None:
    shell = shell_of(boot())
    shell.type("poweroff\n")
    with pytest.raises(Ended):
        shell.expect("never said")


def test_port_is_free_again(boot: Boots) -> None:
    """The port is closed as soon as the emulator has connected."""
    machine = boot()
    assert machine._serial
    port = machine._serial.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    machine.close()
    assert not Path(f"/proc/{machine.pid}").exists()


@pytest.mark.parametrize("emulator", ["qemu", "bochs"])
def test_forwarded_ports(boot: Boots, emulator: str) -> None:
    """Of two machines each has ports of its own; they are nobody's when the machine has ended."""
    network = Network("e1000", (80, 23, 7))
    machines = [boot(emulator=emulator, network=network) for _ in range(2)]
    ports = [port for machine in machines for port in machine.ports.values()]
    assert len(set(ports)) == 6
    for machine in machines:
        machine.expect("@aramid:", 120)
        for port in machine.ports.values():
            socket.create_connection(("127.0.0.1", port)).close()
        machine.close()
        for port in machine.ports.values():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize("emulator", ["qemu", "bochs"])
def test_wrong_network(boot: Boots, emulator: str) -> None:
    with pytest.raises(StartError, match="no network card rtl8139"):
        boot(emulator=emulator, network=Network("rtl8139"))
    with pytest.raises(StartError, match="at most 5 ports"):
        boot(emulator=emulator, network=Network("e1000", (1, 2, 3, 4, 5, 6)))


@pytest.mark.parametrize("emulator", ["qemu", "bochs"])
def test_emulator_that_does_not_start(boot: Boots, emulator: str) -> None:
    """Status 4, and the reason in one line."""

    def reason(iso: Path, path: str) -> bytes:
        done = subprocess.run(
            [sys.executable, ROOT / "grader" / "boot.py", "--emulator", emulator, iso],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PATH": path},
        )  # fmt: skip
        assert done.returncode == 4 and done.stderr.count(b"\n") == 1
        return done.stderr

    assert b"nonesuch.iso: no such file" in reason(Path("/nonesuch.iso"), os.environ["PATH"])
    assert b"is not installed" in reason(boot.iso(), "/nonesuch")
