"""Hostile loads: whoever asks for all there is of something hears no in Linux's words, the shell
goes on, and afterwards every page, file and process is back, counted exactly by probe-balance."""

from typing import Iterator

import pytest

from conftest import Boots, shell_of
from shell import Shell

LOADS = [
    *("bomb", "processes", "deep", "deep-deleted", "long-names", "links", "files", "directories"),
    *("names", "deleted", "sparse", "descriptors", "open-files", "pipes", "areas", "shared", "stack"),
    *("arguments", "locks", "signals", "mounts", "terminals"),
]
# One page of each thing that BusyBox does, for a run in which memory is refused now and then.
COMMANDS = """\
ls -lR /etc; cat /etc/passwd | sort | uniq -c; seq 1 500 | wc; find / -name passwd -xdev; ps; df;
mkdir -p a/b/c; touch a/f; ln -s f a/l; cp -r a a2; mv a2 a3; tar cf t a a3; tar tf t; rm -r a a3 t;
mount; free; uptime; dmesg | tail -3; echo 1+1 | bc; expr 1 + 1; date; id; uname -a; top -b -n 1;
(sleep 0.01 & wait); dd if=/dev/zero of=z bs=1k count=100; md5sum z; gzip z; rm -f z z.gz; env
"""
BOMB = "su student -c 'ulimit -u 30; bomb() { bomb | bomb & }; bomb; sleep 0.3' 2>/dev/null"


def settled(shell: Shell) -> Shell:
    """In a directory for the test, with everything that the boot starts at rest."""
    shell.output("mkdir /tmp/pressure; cd /tmp/pressure; sleep 1.5")
    return shell


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    boots = Boots(tmp_path_factory.mktemp("pressure"))
    yield settled(shell_of(boots(memory=256)))
    boots.close()


def balanced(shell: Shell, command: str, patience: float = 60) -> int:
    """Run the command: nothing it prints is a failure, nothing is lost, nothing left.  Its status."""
    result = shell.run(f"probe-balance {command} | grep -v '^ok '; ls", patience)
    assert "FAIL" not in result.output, result.output
    assert shell.output("echo alive; ls", 20) == "alive\n"
    return result.status


@pytest.mark.parametrize("load", LOADS)
def test_load(machine: Shell, load: str) -> None:
    balanced(machine, f"probe-pressure {load}")


def test_shell_bomb(machine: Shell) -> None:
    """A fork bomb typed at the shell of a user with a limit; root ends it."""
    script = f'"{BOMB}; su student -c \'kill -9 -1\'"'
    balanced(machine, f"sh -c {script}", 120)


@pytest.mark.parametrize("how", ["touch", "pipes", "sockets", "fork", "files"])
def test_eater(machine: Shell, how: str) -> None:
    """Whoever takes all memory is ended, or refused; the log says who was."""
    machine.output("dmesg -c >/dev/null")
    balanced(machine, f"probe-eater {how}", 120)
    if how == "touch":
        assert "out of memory: killed process" in machine.output("dmesg")


def balanced_in_the_end(shell: Shell, command: str) -> int:
    """How many sockets there are at a time depends on who runs when, and tables that have grown for
    a new peak keep their size.  What is lost for good is lost each time."""
    for _ in range(2):
        try:
            return balanced(shell, command)
        except AssertionError:
            pass
    return balanced(shell, command)


@pytest.mark.parametrize("seed", range(1, 5))
def test_sockets_through_sockets(machine: Shell, seed: int) -> None:
    """Whatever was on its way to nowhere is found and let go of; the same when memory is refused."""
    assert balanced_in_the_end(machine, f"probe-flight {seed} 5000") == 0
    balanced_in_the_end(machine, f"probe-refuse 37 probe-flight {seed} 3000")


def test_full_file_system(machine: Shell) -> None:
    script = "dd if=/dev/zero of=big bs=64k; rm big"
    result = machine.run(f"probe-balance sh -c '{script}' 2>&1", 60)
    assert "No space left on device" in result.output and "FAIL" not in result.output


def test_every_refusal(machine: Shell) -> None:
    """Each request for memory that an operation makes is refused once: an errno, and no loss."""
    result = machine.run("probe-refuse 2>/dev/null | grep -v '^ok '; ls", 60)
    assert result.output == ""


@pytest.mark.parametrize("period", [7, 53, 211])
def test_refusals_now_and_then(machine: Shell, period: int) -> None:
    """Commands may fail, and leave files behind; the kernel may not."""
    machine.output(f"cat >/tmp/commands <<'END'\n{COMMANDS}END")
    script = f"probe-refuse {period} sh /tmp/commands; rm -rf *"
    machine.run(f"probe-balance sh -c '{script}' >/tmp/out 2>&1", 60)
    assert "FAIL" not in machine.output("grep FAIL /tmp/out; rm -rf /tmp/out /tmp/commands *; ls")


def test_500_processes(boot: Boots) -> None:
    """48 MiB are enough; with 32 those who ask too much are ended, not the shell."""
    shell = settled(shell_of(boot(memory=48)))
    balanced(shell, "probe-pressure processes 500")
    shell = settled(shell_of(boot(memory=32)))
    pid = shell.output("echo $$")
    result = shell.run("probe-pressure processes 500", 60)
    assert "out of memory: killed" in result.output
    assert shell.output("echo $$; ls") == pid


def test_100000_files(boot: Boots) -> None:
    """In one directory and in 2,000."""
    shell = settled(shell_of(boot(memory=1024)))
    shell.output("probe-balance -1 probe-pressure files 100000 >/dev/null", 120)
    shell.output("probe-balance -1 probe-pressure directories 100000 >/dev/null", 120)


@pytest.mark.bochs
def test_bochs(boot: Boots) -> None:
    """The same list, smaller."""
    shell = settled(shell_of(boot(emulator="bochs", memory=256)))
    for load in LOADS:
        number = {"files": 10000, "processes": 300, "deep": 2100, "directories": 1000, "mounts": 50}.get(load, "")
        warmed = "" if load == "terminals" else "-1"  # the first one brings what stays for good
        shell.output(f"probe-balance {warmed} probe-pressure {load} {number} >/dev/null", 300)
    test_shell_bomb(shell)
    test_full_file_system(shell)
    for how in ("touch", "fork"):
        test_eater(shell, how)
