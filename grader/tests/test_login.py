"""Users: login on the screen and keyboard, on the serial console, su and passwd; in QEMU."""

import json
import socket
import time
from pathlib import Path
from typing import Iterator

import pytest

from conftest import Boots, shell_of
from machine import Machine, Settings, Silent, Stall
from shell import Shell

VGA_TEXT, COLUMNS, ROWS = 0xB8000, 80, 25
STUDENT = "uid=1000(student) gid=1000(student) groups=1000(student)\n"

# QEMU's names of the keys that have none of their own; of shifted ones the key alone.
KEYS = {"\n": "ret", " ": "spc", "/": "slash", "-": "minus", ".": "dot", ";": "semicolon"}
SHIFTED = {">": "dot", "$": "4", "?": "slash", "_": "minus", "&": "7"}


class Screen:
    """The VGA screen and the PS/2 keyboard of a machine, through QEMU's own protocol (QMP)."""

    def __init__(self, machine: Machine, path: Path) -> None:
        self.machine = machine
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.replies = self.socket.makefile("r")
        self.replies.readline()  # the greeting
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: object) -> None:
        """One command of QMP; waits for its end."""
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
        while "event" in (reply := json.loads(self.replies.readline())):
            pass
        assert "return" in reply, reply

    def press(self, *keys: str) -> None:
        """Press keys together and let them go."""
        codes = [{"type": "qcode", "data": key} for key in keys]
        self.command("send-key", **{"keys": codes, "hold-time": 5})

    def type(self, text: str) -> None:
        """Type `text`, a key at a time, waiting for the keyboard as QEMU's queue is short."""
        for letter in text:
            if letter in SHIFTED:
                self.press("shift", SHIFTED[letter])
            else:
                self.press(KEYS.get(letter, letter))
            self.machine.pump(0.03)

    @property
    def lines(self) -> list[str]:
        """What the screen shows, without the empty lines below."""
        memory = self.path.with_suffix(".vga")
        self.command("pmemsave", val=VGA_TEXT, size=COLUMNS * ROWS * 2, filename=str(memory))
        text = memory.read_bytes()[::2].decode("cp437")
        rows = [text[i : i + COLUMNS].rstrip() for i in range(0, len(text), COLUMNS)]
        return "\n".join(rows).rstrip("\n").split("\n")

    def expect_last(self, *last: str, patience: float = 20) -> None:
        """Wait until these are the last lines that are shown."""
        stalled = Stall(self.machine, patience)
        while (lines := self.lines)[-len(last) :] != list(last):
            if stalled:
                raise Silent("the screen shows\n" + "\n".join(lines))
            self.machine.pump(0.1)


def test_machine_without_a_screen(boot: Boots) -> None:
    """Nobody sees the login prompt there, and nothing else comes of it."""
    machine = Machine(Settings(boot.iso(), arguments=["-vga", "none"]))
    boot.machines.append(machine)
    shell = shell_of(machine)
    getty = "ps -o pid,args | awk '/[g]etty/ { print $1 }'"
    before = shell.output(getty)
    assert before != ""
    assert shell.output(f"sleep 3; {getty}") == before


@pytest.fixture
def screen(boot: Boots, tmp_path: Path) -> Iterator[Screen]:
    path = tmp_path / "qmp"
    settings = Settings(boot.iso(), arguments=["-qmp", f"unix:{path},server=on,wait=off"])
    machine = Machine(settings)
    boot.machines.append(machine)
    shell_of(machine)
    yield Screen(machine, path)


def test_login_on_the_screen(screen: Screen) -> None:
    screen.expect_last("aramid login:")
    screen.type("student\n")
    screen.expect_last("student@aramid:~$")
    screen.type("tty; id -u; echo a b > x; cat x\n")
    screen.expect_last(
        "student@aramid:~$ tty; id -u; echo a b > x; cat x",
        "/dev/tty1",
        "1000",
        "a b",
        "student@aramid:~$",
    )
    screen.type("sleep 1000\n")
    screen.expect_last("student@aramid:~$ sleep 1000")
    screen.press("ctrl", "c")
    screen.expect_last("student@aramid:~$ sleep 1000", "^C", "student@aramid:~$")
    screen.type("exit\n")
    screen.expect_last("aramid login:")
    screen.type("root\n")
    screen.expect_last("root@aramid:~#")


def test_the_two_consoles_know_each_other(screen: Screen) -> None:
    """Two sessions at once: each sees the other's processes, and they write to each other."""
    screen.expect_last("aramid login:")
    screen.type("student\n")
    screen.expect_last("student@aramid:~$")
    shell = Shell(screen.machine)
    assert shell.output("who | awk '{ print $1, $2 }'") == "student tty1\n"
    shell.output("echo from the other side >/dev/tty1")
    screen.expect_last("student@aramid:~$ from the other side")
    shell.output("kill -9 $(ps -o pid,tty,args | awk '/4,1 .*-sh/ { print $1 }')")
    screen.expect_last("aramid login:")
    assert shell.output("who") == ""


def test_job_control_on_the_screen(screen: Screen) -> None:
    """Keys of the keyboard stop, continue and end jobs there as on the serial line."""
    prompt = "root@aramid:~#"
    stopped = "[1]+  Stopped                    sleep 1000"
    screen.expect_last("aramid login:")
    screen.type("root\n")
    screen.expect_last(prompt)
    screen.type("sleep 1000\n")
    screen.expect_last(f"{prompt} sleep 1000")
    sleeping = "until pidof sleep >/dev/null; do :; done"
    Shell(screen.machine).output(sleeping)
    screen.press("ctrl", "z")
    screen.expect_last(f"{prompt} sleep 1000", f"^Z{stopped}", prompt)
    screen.type("jobs; bg\n")
    screen.expect_last(f"{prompt} jobs; bg", stopped, "[1] sleep 1000", prompt)
    screen.type("fg\n")
    screen.expect_last(f"{prompt} fg", "sleep 1000")
    screen.press("ctrl", "backslash")
    screen.expect_last("sleep 1000", "^\\Quit", prompt)
    screen.type("cat &\n")
    screen.expect_last(f"{prompt} cat &", prompt)
    screen.type("\n")
    screen.expect_last(prompt, "[1]+  Stopped (tty input)        cat", prompt)
    screen.type("fg\n")
    screen.expect_last(f"{prompt} fg", "cat")
    screen.type("typed\n")
    screen.expect_last("cat", "typed", "typed")
    screen.press("ctrl", "d")
    screen.expect_last("typed", "typed", prompt)


GETTY = "ps -o pid,args | awk '/[g]etty/ { print $1 }'"


def wait_for_another(shell: Shell, before: str) -> str:
    """The number of the getty that comes after the one of number `before`."""
    while (now := shell.output(GETTY).strip()) in ("", before):
        shell.output("usleep 100000")
    return now


def test_getty_is_started_again(shell: Shell) -> None:
    """Killed, or ended by its own time limit for a name to be typed, which is set to a second."""
    before = shell.output(GETTY).strip()
    shell.output(f"kill -9 {before}")
    before = wait_for_another(shell, before)
    shell.output("cp /etc/inittab /tmp; sed -i 's/getty/& -t 1/' /etc/inittab; kill -HUP 1")
    shell.output(f"sleep 0.2; kill -9 {before}; true")
    for _ in range(3):
        before = wait_for_another(shell, before)
        assert "getty -t 1 38400 tty1" in shell.output("ps -o args")
    shell.output("cp /tmp/inittab /etc/inittab; kill -HUP 1; sleep 2; rm /tmp/inittab")
    before = shell.output(GETTY)
    assert shell.output(f"sleep 2; {GETTY}") == before


@pytest.mark.parametrize("command", ["poweroff", "reboot", "halt"])
def test_shutdown_actions(boot: Boots, command: str) -> None:
    """What inittab wants done at the end is done first, and to its end."""
    shell = shell_of(boot())
    line = "::shutdown:/bin/sh -c \"echo first; sleep 0.3; echo done\""
    shell.output(f"echo '{line}' >>/etc/inittab; kill -HUP 1; usleep 200000")
    shell.type(f"{command}\n")
    for said in (
        "first\r\ndone\r\n",
        "The system is going down NOW!\r\n",
        "Sent SIGTERM to all processes\r\n",
        "Sent SIGKILL to all processes\r\n",
        f"Requesting system {command}\r\n",
    ):
        shell.expect(said)


def test_tools_for_the_screen(shell: Shell) -> None:
    shell.output("chvt 1; deallocvt")
    assert shell.run("chvt 2").status != 0


def test_su(shell: Shell) -> None:
    assert shell.output("su student -c id") == STUDENT
    assert shell.output("su - student -c 'id; pwd; echo $HOME $USER'") == (
        STUDENT + "/home/student\n/home/student student\n"
    )
    result = shell.run("su student -c 'cat /etc/shadow; ls /root; kill -9 1; touch /etc/x'")
    assert result.status == 1
    assert result.output == (
        "cat: can't open '/etc/shadow': Permission denied\n"
        "ls: can't open '/root': Permission denied\n"
        "sh: can't kill pid 1: Operation not permitted\n"
        "touch: /etc/x: Permission denied\n"
    )


def test_su_interactively(shell: Shell) -> None:
    shell.type("su student\n")
    shell.wait_prompt()
    assert shell.output("id") == STUDENT
    shell.type("exit\n")
    shell.wait_prompt()
    assert shell.output("id -u") == "0\n"


def type_secret(shell: Shell, text: str) -> None:
    """At a prompt for a password, which is shown a moment before echo is off."""
    shell.expect("assword: ")
    shell.machine.pump(0.1)
    time.sleep(1)
    shell.type(f"{text}\n")


def test_su_back_to_root(boot: Boots) -> None:
    """su is a set-user-ID program: it asks others for the password, if there is one.  By its
    path, for the shell has a su of its own, as it has every applet, and that has no privileges."""
    shell = shell_of(boot(memory=32))
    shell.type("su student\n")
    shell.wait_prompt()
    assert shell.output("/bin/su -c id") == "uid=0(root) gid=0(root) groups=0(root)\n"
    assert shell.output("/bin/su root -c 'su student -c \"/bin/su -c whoami\"'") == "root\n"
    assert shell.run("su -c id").output == "su: must be suid to work properly\n"
    shell.type("/bin/su\n")
    shell.wait_prompt()
    shell.type("passwd\n")
    for _ in range(2):
        type_secret(shell, "Secret-12")
    shell.wait_prompt()
    shell.type("exit\n")
    shell.wait_prompt()
    shell.type("/bin/su -c id\n")
    type_secret(shell, "wrong")
    shell.expect("su: incorrect password\r\n")
    shell.wait_prompt()
    assert shell.output("id -u") == "1000\n"
    shell.type("/bin/su -c id\n")
    type_secret(shell, "Secret-12")
    shell.expect(r"\nuid=0\(root\) gid=0\(root\) groups=0\(root\)\r\n")
    shell.wait_prompt()
    assert b"Secret" not in shell.machine.transcript


def test_login_without_password(shell: Shell) -> None:
    shell.type("login student\n")
    shell.wait_prompt()
    assert shell.output("id; pwd; tty; echo $LOGNAME $SHELL") == (
        STUDENT + "/home/student\n/dev/ttyS0\nstudent /bin/sh\n"
    )
    assert shell.output("who | awk '{ print $1, $2 }'") == "student ttyS0\n"
    shell.type("exit\n")
    shell.wait_prompt()
    assert shell.output("id -u; who") == "0\n"


def test_unknown_user(shell: Shell) -> None:
    shell.type("login\n")
    shell.expect("login: ")
    shell.type("stranger\n")
    shell.expect("Password: ")
    shell.type("something\n")
    shell.expect("Login incorrect")
    shell.expect("login: ")
    shell.type("root\n")
    shell.wait_prompt()
    shell.type("exit\n")
    shell.wait_prompt()


def test_password(boot: Boots) -> None:
    shell = shell_of(boot())
    shell.type("passwd student\n")
    for _ in range(2):
        type_secret(shell, "Secret-12")
    shell.wait_prompt()
    assert "Secret" not in shell.output("cat /etc/shadow")
    assert b"Secret" not in shell.machine.transcript  # it is not echoed
    shell.type("login student\n")
    shell.expect("Password: ")
    shell.type("wrong\n")
    shell.expect("Login incorrect")
    shell.expect("login: ")
    shell.type("student\n")
    shell.expect("Password: ")
    shell.type("Secret-12\n")
    shell.wait_prompt()
    assert shell.output("id") == STUDENT
