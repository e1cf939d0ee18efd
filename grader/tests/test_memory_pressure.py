"""When memory is short, whoever asks for more is refused or ended in an orderly way, the shell
lives, and afterwards every page is back."""

from typing import Iterator

import pytest

from conftest import Boots, shell_of
from shell import Shell
from test_probes_file import free_memory, wait_for_memory

# A directory for each of `$1` levels, in the one before it.
DEEP = """\
deep() { i=0; while [ $i -lt $1 ]; do mkdir d || return; cd d; i=$((i+1)); done; pwd | wc -c; }
"""


@pytest.fixture(scope="module", params=[64, 32], ids=["64MiB", "32MiB"])
def small(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """A machine with little memory, which keeps already what it will keep: stacks of threads."""
    boots = Boots(tmp_path_factory.mktemp("small"))
    shell = shell_of(boots(memory=request.param))
    shell.output("cd /tmp; probe-eater fork; cat /proc/meminfo /proc/self/stat >/dev/null", 60)
    yield shell
    boots.close()


@pytest.fixture
def back(small: Shell) -> Iterator[Shell]:
    """The shell; after the test all memory comes back, but for a few names that are remembered."""
    shell = small
    shell.output("cd /tmp; sleep 1.2")
    before = free_memory(shell)
    yield shell
    wait_for_memory(shell, before - 48)
    assert shell.output("ls /tmp; rm -rf /tmp/*") == ""


def test_file_system_full(back: Shell) -> None:
    """A tmpfs takes no more than its limit."""
    result = back.run("dd if=/dev/zero of=big bs=64k", 60)
    assert result.status == 1 and "No space left on device" in result.output
    assert back.run("echo more >big2; s=$?; rm -f big2; (exit $s)").status == 1
    assert back.output("echo x | dd of=big conv=notrunc 2>/dev/null; head -c 1 big; rm big") == "x"


def test_eater_is_ended(back: Shell) -> None:
    """The largest process goes; the console says so."""
    result = back.run("probe-eater touch", 60)
    assert result.status == 128 + 9 and "out of memory: killed process" in result.output


def test_many_eaters(back: Shell) -> None:
    """One after the other; the shell is none of them."""
    pid = back.output("echo $$")
    back.run("probe-eater touch & probe-eater touch & probe-eater touch; wait", 60)
    assert back.output("echo $$") == pid


def test_mapping_a_full_file_system(back: Shell) -> None:
    """A page of a file that there is no room for is SIGBUS, as on Linux."""
    assert back.run("probe-eater map", 60).status == 128 + 7


@pytest.mark.parametrize("what", ["fork", "pipes", "files"])
def test_kernel_memory(back: Shell, what: str) -> None:
    """Processes, pipes, open files until the kernel refuses."""
    assert back.run(f"probe-eater {what}", 120).status == 0


def test_shell_beside_an_eater(back: Shell) -> None:
    """With hardly any memory left, commands run, or the eater has to go."""
    free = free_memory(back)
    back.output(f"probe-eater keep {(free >> 10) - 1} >out 2>/dev/null & sleep 0.5")
    assert "out" in back.output("ls; ls -l >/dev/null")
    assert back.output("seq 1 20000 | sort -n | tail -1").endswith("20000\n")
    back.run("kill -9 $!; wait $!; rm -f out")


def test_many_files(back: Shell) -> None:
    """100,000 files, or as many as the tmpfs may have, in one directory."""
    create = "mkdir many && cd many && seq 1 100000 | xargs touch 2>&1 | tail -1; ls | wc -l; cd .."
    lines = back.output(create, 120).split("\n")
    assert "No space left on device" in lines[0] and int(lines[1]) > 2500
    assert back.output("rm -r many && echo gone", 60) == "gone\n"


def test_deep_tree(back: Shell) -> None:
    """200 levels down, and removed in one go."""
    assert back.output(DEEP + "deep 200; cd /tmp; find d | wc -l; rm -r d") == "405\n200\n"
