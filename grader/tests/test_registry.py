"""The registry of services, from phase 2 on: what is wrong with a descriptor is reported at boot and
costs only itself, and a kernel without a service has an errno where the service would be.

One kernel is built for all of it: the phase's own objects, linked with a main.c that plants wrong
services, or leaves out those that the kernel command line names."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import INITRAMFS, PHASE, ROOT, Boots, shell_of, wait_address
from iso import make_iso
from machine import PANIC_STATUS, Machine, Network, Settings

pytestmark = pytest.mark.skipif(int(PHASE) < 2, reason="phase 1 has no registry")

MAKE = ["make", "--no-print-directory", "-s"]
EINVAL, EEXIST, ENOSPC = -22, -17, -28

PLANTED = ROOT / "grader/tests/planted_services.c"

# The function of main.c that registers, the line in it that does so, and what becomes of that.
FUNCTION = "static void register_services(void)"
REGISTERS = "        service_register(services[i]);"
PLANTS = """\
        if (!left_out(services[i]))
            service_register(services[i]);
    plant();
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kernel with the planted main.c."""
    phase = next(ROOT.glob(f"phase{PHASE}-*"))
    scratch = tmp_path_factory.mktemp("registry")
    source = (phase / "kernel/main.c").read_text()
    assert source.count(FUNCTION) == 1 and source.count(REGISTERS) == 1
    source = source.replace(FUNCTION, f'#include "{PLANTED}"\n{FUNCTION}')
    (scratch / "main.c").write_text(re.sub(re.escape(REGISTERS) + ".*\n", PLANTS, source))

    build = scratch / "build"
    shutil.copytree(ROOT / f"build/phase{PHASE}", build, copy_function=shutil.copy2,
                    ignore=shutil.ignore_patterns("*.iso*", "iso.*", "gdb"))  # fmt: skip
    flags = subprocess.run([*MAKE, "flags-kernel"], cwd=phase, capture_output=True, text=True, check=True)
    target = build / "kernel/main.c.o"
    subprocess.run(["gcc", *shlex.split(flags.stdout), "-c", "-o", target, scratch / "main.c"],
                   cwd=phase, check=True)  # fmt: skip
    made = subprocess.run([*MAKE, f"BUILD={build}"], cwd=phase, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return build / "kernel.boot"


class Registries:
    """Boots the planted kernel."""

    def __init__(self, kernel: Path, boots: Boots) -> None:
        self.kernel = kernel
        self.boots = boots

    def __call__(self, append: str, network: Network | None = None) -> Machine:
        path = self.boots.scratch / "planted.iso"
        make_iso(path, self.kernel, INITRAMFS, append)
        self.boots.machines.append(Machine(Settings(path, "qemu", 128, network=network)))
        return self.boots.machines[-1]


@pytest.fixture
def registry(kernel: Path, boot: Boots) -> Registries:
    return Registries(kernel, boot)


def operations(header: str, table: str) -> list[str]:
    """The members of a table of operations, in order, as its header has them."""
    path = next(
        path
        for path in next(ROOT.glob(f"phase{PHASE}-*")).rglob(Path(header).name)
        if str(path).endswith(header)
    )
    text = re.search(rf"^struct {table} {{\n(.*?)^}};", path.read_text(), re.S | re.M)
    assert text is not None
    return re.findall(r"(?:\(\*|^    const char \*)(\w+)(?:\)\(|;)", text[1], re.M)


# Every table, and what of it a service need not have.
TABLES = {
    "file_system_ops": ("fs/vfs.h", set()),
    "directory_ops": ("fs/vfs.h", set()),
    "symlink_ops": ("fs/vfs.h", {"follow"}),
    "paged_file_ops": ("fs/vfs.h", set()),
    "file_ops": ("fs/vfs.h", {"read", "write", "poll", "control"}),
    "socket_ops": ("net/socket_ops.h", {"create_pair"}),
    "ethernet_ops": ("net/driver.h", set()),
    "network_stack_ops": ("net/stack.h", set()),
}


def answers(log: str, what: str) -> list[int]:
    """What service_register() has answered to the plants called `what`, in order."""
    return [int(code) for code in re.findall(rf"plant {what} \d+: (-?\d+)", log)]


def symbols(objects: list[Path], *options: str) -> list[tuple[str, str]]:
    """(object, symbol) as nm lists them."""
    listed = subprocess.run(["nm", "-A", *options, *objects], capture_output=True, text=True, check=True)
    return [(line.split(":")[0], line.split()[-1]) for line in listed.stdout.splitlines()]


def test_core_names_no_service() -> None:
    """Of what services define, Core refers to their descriptors, and main.c alone does."""
    build = ROOT / f"build/phase{PHASE}"
    objects = [path for path in build.rglob("*.c.o") if path.relative_to(build).parts[0] != "common"]
    services = [path for path in objects if "services" in path.relative_to(build).parts]
    core = [path for path in objects if path.is_relative_to(build / "kernel") and path not in services]
    defined = {name for _, name in symbols(services, "--defined-only", "--extern-only")}
    named = {(path, name) for path, name in symbols(core, "-u") if name in defined}
    assert {path for path, _ in named} == {str(build / "kernel/main.c.o")}
    assert all(name.endswith("_service") for _, name in named)


def test_wrong_services(registry: Registries) -> None:
    """Each is named with what is wrong with it, and the system runs as if it had not been there."""
    shell = shell_of(registry("plant"))
    log = shell.output("dmesg", patience=30)
    for table, (header, optional) in TABLES.items():
        names = operations(header, table)
        assert answers(log, table) == [EEXIST if n in optional else EINVAL for n in names], table
        for name in set(names) - optional:
            assert f"service planted: {table} lacks {name}; not registered" in log
    assert answers(log, "timers") == [EINVAL] * 4 + [EEXIST]
    assert log.count("service planted: network_stack_ops has ") == 4
    assert answers(log, "device") == [EINVAL] * 2
    assert "device 240:1: file_ops lacks open; not registered" in log
    assert answers(log, "name") == [EINVAL] * 5 + [EEXIST]
    assert len(re.findall("service .*: its name is no plain word; not registered", log)) == 5
    assert "service tmpfs: there is one of this name already; not registered" in log
    assert answers(log, "nothing") == [EINVAL]
    assert answers(log, "sockets") == [EEXIST] * 6
    for kind in ("TCP", "UDP", "raw", "packet", "netlink", "Unix"):
        assert f"service planted: another makes these sockets already: {kind}; not" in log
    assert answers(log, "type") == [EEXIST]
    assert "there is a file system of this type already: tmpfs; not registered" in log
    assert answers(log, "twice") == [EEXIST]
    assert answers(log, "many") == [ENOSPC]
    assert "service ma does not start: error 12" in log
    assert shell.run("probe-socket && probe-unix").status == 0
    assert shell.run("mkdir /tmp/t && mount -t tmpfs t /tmp/t && umount /tmp/t").status == 0


def test_wrong_policies(registry: Registries) -> None:
    """A policy of the scheduler is looked at as a service is."""
    log = shell_of(registry("plant")).output("dmesg", patience=30)
    members = ["turn", *operations("process/policy.h", "scheduler_policy")[1:]]
    assert answers(log, "policy") == [EINVAL] * (1 + len(members))
    assert "scheduler policy : its name is no plain word; not registered" in log
    for member in members:
        assert f"scheduler policy fair: it lacks {member}; not registered" in log
    assert answers(log, "second") == [EEXIST]
    assert "scheduler policy stride: there is one of this name already; not registered" in log
    assert answers(log, "crowd") == [ENOSPC]


def test_without_network_stack(registry: Registries) -> None:
    """All its sockets are of no known family; local ones work, and so does all else."""
    shell = shell_of(registry("without=netstack", Network("virtio")))
    assert "network: no stack is registered" in shell.output("dmesg")
    for command in ("wget -O- http://127.0.0.1/", "nslookup localhost 127.0.0.1", "ping -c1 127.0.0.1",
                    "arping -I eth0 10.0.2.2", "ip link"):  # fmt: skip
        answer = shell.run(command)
        assert answer.status != 0, command
    assert "not supported by protocol" in shell.output("wget -O- http://127.0.0.1/ 2>&1; true")
    shell.run("ifconfig -a; cat /proc/net/*; netstat -an")
    assert shell.run("probe-unix").status == 0


def test_without_unix_sockets(registry: Registries) -> None:
    """The network goes on without them."""
    shell = shell_of(registry("without=unix", Network("virtio")))
    wait_address(shell)
    answer = shell.run("logger text")
    assert "not supported by protocol" in answer.output or answer.status == 0
    assert shell.run("wget -O- http://127.0.0.1/").status == 0


def test_without_drivers(registry: Registries) -> None:
    """There is no eth0, but a loopback."""
    shell = shell_of(registry("without=e1000,virtio_net", Network("virtio")))
    assert "no Ethernet device that a driver knows" in shell.output("dmesg")
    assert shell.run("ifconfig eth0").status != 0
    assert shell.run("ping -c1 127.0.0.1").status == 0


def test_without_devpts_and_proc(registry: Registries) -> None:
    """Nobody can mount them; the shell does without."""
    shell = shell_of(registry("without=devpts,procfs"))
    answer = shell.run("mount -t proc proc /mnt")
    assert answer.status != 0 and "No such device" in answer.output
    assert shell.output("ps").count("\n") == 1
    assert shell.run("ls / && cat /etc/passwd >/dev/null").status == 0


def test_without_devfs(registry: Registries) -> None:
    """No /dev/console either: init runs, but what it says nobody hears."""
    machine = registry("without=devfs")
    machine.expect("cannot mount devtmpfs on /dev: error 19")
    machine.expect("cannot open /dev/console: init has no standard files")


@pytest.mark.parametrize(
    "service, report",
    [("tmpfs", "no root file system: cannot mount a tmpfs: error 19"), ("initramfs", "no init")],
)
def test_without_root(registry: Registries, service: str, report: str) -> None:
    """Without a root, or what is to be in it, there is nothing to run: a panic that says so."""
    machine = registry(f"without={service}")
    machine.expect(f"KERNEL PANIC: {report}")
    assert machine.wait_end() == PANIC_STATUS
