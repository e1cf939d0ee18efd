"""What is broken on purpose: an errno or a clear report, never a hang, and a kernel panic only where
there is no program to run."""

import stat
import subprocess
from pathlib import Path
from typing import Callable

import pytest

import image
from conftest import INITRAMFS, ROOT, Boots, Shared, shell_of
from hostile import FILES, GOOD
from machine import PANIC_STATUS, Machine
from shell import PROMPT, Shell

USER = ROOT / "common" / "user"


def ordinary() -> list[image.Entry]:
    """The entries of the ordinary initramfs."""
    programs = ROOT / "build" / "user" / "bin"
    lists = [USER / "image.list", USER / "image-programs.list"]
    return [entry for name in lists for entry in image.parse(name, programs)]


def with_files(files: dict[str, bytes]) -> bytes:
    """The ordinary initramfs with executable files added or replaced."""
    mode = stat.S_IFREG | 0o755
    added = [image.Entry(path, mode, data) for path, data in files.items()]
    return image.archive(ordinary() + added)


def panics(machine: Machine) -> str:
    """The console of a machine that must end with a panic report."""
    machine.expect("KERNEL PANIC: ")
    machine.expect("--- end of panic report ---")
    assert machine.wait_end() == PANIC_STATUS
    return machine.console(1000)


# ---- hostile programs: one machine runs them all ----------------------------------------------


@pytest.fixture(scope="module")
def victim(shared: Shared) -> Shared:
    """A machine with every hostile file in /hostile."""
    files = {f"/hostile/{name}": data for name, (data, _) in FILES.items()}
    directory = image.Entry("/hostile", stat.S_IFDIR | 0o755)
    added = [image.Entry(path, stat.S_IFREG | 0o755, data) for path, data in files.items()]
    archive = image.archive([*ordinary(), directory, *added])
    start = shared.boots
    shared.start = lambda: shell_of(start(archive))
    return shared


@pytest.mark.parametrize("name", FILES)
def test_hostile_program(victim: Shared, shell: Shell, name: str) -> None:
    """execve() refuses it or the program gets a signal; the shell lives."""
    answer = shell.run(f"probe-exec /hostile/{name}")
    assert answer.status == 0
    assert answer.output.strip() in FILES[name][1]
    assert shell.output("echo alive") == "alive\n"


def test_no_memory_is_lost_to_hostile_programs(victim: Shared, shell: Shell) -> None:
    """Refusing a program gives everything back."""
    run_all = "for f in /hostile/*; do probe-exec $f >/dev/null 2>&1; done"
    free = "awk '/^MemFree/ { print $2 }' /proc/meminfo"
    shell.output(f"{run_all}; {run_all}; sleep 0.2", patience=60)
    before = int(shell.output(free))
    shell.output(f"for i in 1 2 3 4 5; do {run_all}; done; sleep 0.2", patience=60)
    assert before - int(shell.output(free)) < 256


# ---- initramfs ---------------------------------------------------------------------------------


def test_no_initramfs(boot: Boots) -> None:
    report = panics(boot(initramfs=None))
    assert "no initramfs" in report or "no init" in report


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "one byte": lambda good: good[:1],
    "half a header": lambda good: good[:57],
    "noise": lambda good: bytes((i * 7919 >> 3) & 255 for i in range(10000)),
    "zeros": lambda good: bytes(10000),
    "compressed": lambda good: b"\x1f\x8b\x08\0" + good[:10000],
    "magic of another format": lambda good: b"070707" + good[6:],
    "not hexadecimal": lambda good: good[:6] + b"zzzzzzzz" + good[14:],
    "name of no bytes": lambda good: good[:94] + b"00000000" + good[102:],
    "name of 4 GiB": lambda good: good[:94] + b"FFFFFFFF" + good[102:],
    "file of 4 GiB": lambda good: good[:54] + b"FFFFFFFF" + good[62:],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_corrupt_initramfs(boot: Boots, kind: str) -> None:
    """Nothing can be unpacked: a panic that says so."""
    report = panics(boot(BROKEN[kind](INITRAMFS.read_bytes())))
    assert "initramfs" in report


def test_truncated_initramfs(boot: Boots) -> None:
    """BusyBox is cut off in the middle: what is whole is there, but no init."""
    good = INITRAMFS.read_bytes()
    report = panics(boot(good[: len(good) // 2]))
    assert "initramfs" in report


@pytest.mark.parametrize(
    "path", ["/etc/passwd/x", "/tmp/../../etc/passwd", "/tmp/" + "n" * 300, "/" + "d/" * 3000 + "x"],
    ids=["below a file", "climbing", "too long", "too deep"],
)
def test_initramfs_with_hostile_name(boot: Boots, path: str) -> None:
    """A name that cannot be is refused with a report, or the rest boots unharmed."""
    wild = image.Entry(path, stat.S_IFREG | 0o644, b"overwritten")
    machine = boot(image.archive([*ordinary(), wild]))
    if machine.expect(b"KERNEL PANIC|" + PROMPT)[0] == b"KERNEL PANIC":
        machine.expect("--- end of panic report ---")
        assert "initramfs" in machine.console(100)
    else:
        assert Shell(machine).output("head -n 1 /etc/passwd").startswith("root:")


def test_initramfs_entries_without_directories(boot: Boots) -> None:
    """Directories that the archive does not name are made."""
    deep = image.Entry("/no/such/directory", stat.S_IFREG | 0o644, b"found")
    assert shell_of(boot(image.archive([*ordinary(), deep]))).output("cat /no/such/directory") == "found"


def test_initramfs_with_links(boot: Boots, tmp_path: Path) -> None:
    """What cpio makes of hard links: entries of one file, whose contents come with the last.  The
    entry "." sets the root's own attributes."""
    root = tmp_path / "root"
    root.mkdir()
    unpack = ["cpio", "--extract", "--make-directories", "--quiet"]
    subprocess.run(unpack, cwd=root, input=INITRAMFS.read_bytes(), check=True)
    (root / "etc/first").write_text("one file\n")
    for name in ("second", "third"):
        (root / "etc" / name).hardlink_to(root / "etc/first")
    root.chmod(0o750)
    names = subprocess.run(["find", "."], cwd=root, check=True, capture_output=True).stdout
    pack = ["cpio", "--create", "--format=newc", "--owner=0:0", "--quiet"]
    archive = subprocess.run(pack, cwd=root, input=names, check=True, capture_output=True).stdout
    shell = shell_of(boot(archive))
    assert shell.output("cd /etc; cat first second third") == "one file\n" * 3
    assert shell.output("stat -c %h,%s first second third; stat -c %a /") == "3,9\n" * 3 + "750\n"
    assert shell.output("stat -c %i first second third | uniq | wc -l") == "1\n"


def test_initramfs_with_names_twice(boot: Boots) -> None:
    """As on Linux the later entry holds, whatever the earlier one was."""
    file, directory = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755
    later = [
        image.Entry("/etc/hosts", file, b"again\n"),
        image.Entry("/etc/thing", file, b"first"),
        image.Entry("/etc/thing", directory),
        image.Entry("/etc/thing", file, b"last\n"),
    ]
    trailer = len(image.archive([]))
    parts = [image.archive(ordinary()), *(image.archive([entry]) for entry in later)]
    archive = b"".join(part[:-trailer] for part in parts) + image.archive([])
    assert shell_of(boot(archive)).output("cat /etc/hosts /etc/thing") == "again\nlast\n"


# ---- init --------------------------------------------------------------------------------------


def test_init_exits(boot: Boots) -> None:
    report = panics(boot(append="init=/bin/true"))
    assert "init" in report


def test_init_is_killed_by_a_fault(boot: Boots) -> None:
    """init has nobody to tell of its fault."""
    crash = GOOD.replace(bytes.fromhex("b83c000000"), bytes.fromhex("0f0b000000"))  # ud2
    report = panics(boot(with_files({"/init": crash})))
    assert "init" in report


def test_init_cannot_be_killed(shell: Shell) -> None:
    """Signals that init does not handle do not reach it, SIGKILL included."""
    assert shell.run("kill -9 1; kill -SEGV 1; sleep 0.1; ps | grep -c ' init$'").output == "1\n"


def test_no_init(boot: Boots) -> None:
    report = panics(boot(append="init=/nonesuch"))
    assert "/nonesuch" in report or "no init" in report


def test_hostile_init(boot: Boots) -> None:
    """An /init that cannot run is passed over, as on Linux."""
    shell = shell_of(boot(with_files({"/init": FILES["half-table"][0]})))
    assert shell.output("echo here") == "here\n"


def test_shell_as_init(boot: Boots) -> None:
    machine = boot(append="init=/bin/sh")
    machine.expect(r"# (\x1b\[6n)?$")
    machine.send(b"echo pid $$\n")
    machine.expect("\npid 1\r\n")


# ---- the end -----------------------------------------------------------------------------------


def test_poweroff(boot: Boots) -> None:
    """The emulator ends with success, although a reset would start the guest again."""
    shell = shell_of(boot(reboot=True))
    shell.type("poweroff\n")
    assert shell.machine.wait_end() == 0
    assert b"KERNEL PANIC" not in shell.machine.transcript


@pytest.mark.parametrize("command", ["reboot", "reboot -f"])
def test_reboot(boot: Boots, command: str) -> None:
    shell = shell_of(boot(reboot=True))
    shell.output("touch /tmp/before")
    shell.type(f"{command}\n")
    shell.expect("Aramid ")
    shell.wait_prompt()
    assert shell.run("ls /tmp/before").status == 1


def test_halt(boot: Boots) -> None:
    """The machine stands still and can still be looked at."""
    shell = shell_of(boot())
    shell.type("halt -f\n")
    shell.expect("system halted")
    used = shell.machine.processor_time()
    shell.machine.pump(2)
    assert shell.machine.processor_time() - used < 1
    assert shell.machine.status is None


# ---- want --------------------------------------------------------------------------------------


def test_memory_runs_out(boot: Boots) -> None:
    """A program that wants more than there is dies or gets an error; the shell goes on."""
    shell = shell_of(boot(memory=64))
    # A file that takes all memory: an error for dd, and all is well once it is gone.
    full = shell.run("dd if=/dev/zero of=/tmp/big bs=1M count=100 2>&1 | head -n 1", patience=60)
    assert "No space left on device" in full.output or "memory" in full.output
    assert shell.output("rm /tmp/big; echo alive") == "alive\n"
    # A process that takes it.
    hungry = "awk 'BEGIN { s = \"x\"; while (1) s = s s }'"
    assert shell.run(hungry, patience=60).status != 0
    assert shell.output("echo alive | md5sum | cut -c 1-8") == "4e5dc3ca\n"


def test_small_machine(boot: Boots) -> None:
    """32 MiB are enough for the shell."""
    assert shell_of(boot(memory=32)).output("seq 1 1000 | sort -n | tail -n 1") == "1000\n"


def test_large_machine(boot: Boots) -> None:
    shell = shell_of(boot(memory=3072))
    assert int(shell.output("awk '/^MemTotal/ { print $2 }' /proc/meminfo")) > 2_900_000


def test_descriptors_run_out(shell: Shell) -> None:
    result = shell.run("sh -c 'ulimit -n 8; exec 3>/tmp/a 4>/tmp/b 5>/tmp/c 6>/tmp/d 7>/tmp/e; echo x | cat'")
    assert result.status != 0 or "x" in result.output
    assert shell.output("echo alive") == "alive\n"


def test_processes_run_out(shell: Shell) -> None:
    """A bounded fork storm, then life goes on."""
    storm = "i=0; while [ $i -lt 400 ]; do sleep 100 & i=$((i + 1)); done"
    shell.run(f"sh -c '{storm}' >/tmp/storm 2>&1", patience=60)
    shell.run("killall -9 sleep", patience=60)
    assert shell.output("rm -f /tmp/storm; echo alive") == "alive\n"
