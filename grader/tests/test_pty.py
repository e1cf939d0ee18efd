"""Pseudo-terminals and the line discipline, in QEMU: the probes' checks hold as they do on Linux,
and nothing is left."""

import pytest

from shell import Shell


def free_memory(shell: Shell) -> int:
    """KiB."""
    return int(shell.output("awk '/MemFree/ { print $2 }' /proc/meminfo"))


@pytest.mark.parametrize("name", ["pty", "tty"])
def test_probe(shell: Shell, name: str) -> None:
    result = shell.run(f"probe-{name}", patience=60)
    assert [line for line in result.output.split("\n") if line and not line.startswith("ok ")] == []
    assert result.status == 0


def test_names_come_and_go(shell: Shell) -> None:
    assert shell.output("ls /dev/pts") == "ptmx\n"
    shell.output("sh -c 'exec 3<>/dev/ptmx; ls /dev/pts >/tmp/names; ls -l /dev/pts/0 >/tmp/long'")
    assert shell.output("cat /tmp/names") == "0\nptmx\n"
    fields = shell.output("awk '{ print $1, $3, $4, $5, $6 }' /tmp/long")
    assert fields == "crw--w---- root tty 136, 0\n"
    assert shell.output("ls /dev/pts") == "ptmx\n"


def test_mount_options(shell: Shell) -> None:
    shell.output("mkdir /tmp/pts; mount -t devpts -o mode=0666,ptmxmode=0640 none /tmp/pts")
    assert shell.output("stat -c %a /tmp/pts/ptmx") == "640\n"
    assert shell.output("exec 3<>/dev/ptmx; stat -c %a /tmp/pts/0; exec 3>&-") == "666\n"
    assert shell.run("mkdir /tmp/pts2; mount -t devpts -o wrong none /tmp/pts2").status != 0
    shell.output("umount /tmp/pts; rmdir /tmp/pts /tmp/pts2")


def test_limit(shell: Shell) -> None:
    """There is a limit; whoever reaches it is told, and gets all the rest back."""
    shell.output("probe-pty >/dev/null")
    before = free_memory(shell)
    open_all = "for i in $(seq 258); do sleep 1000 </dev/ptmx & done 2>/tmp/errors"
    end_all = "kill $(jobs -p) 2>/dev/null; wait; true"
    shell.output(f"sh -c '{open_all}; sleep 1; ls /dev/pts | wc -l >/tmp/number; {end_all}'")
    assert shell.output("cat /tmp/number") == "257\n"
    assert shell.output("sort -u /tmp/errors") == (
        "sh: can't open /dev/ptmx: No space left on device\n"
    )
    assert shell.output("ls /dev/pts") == "ptmx\n"
    shell.output("probe-pty >/dev/null")
    assert abs(free_memory(shell) - before) < 1024
