#!/usr/bin/env python3
"""Measure TCP between the guest and this host, in turn with a Linux in the same emulator.

    bench_network.py [--boots N] [--size MIB] LINUX MODULES KERNEL PROGRAMS

For each card, machines with this kernel and with LINUX, tuned (bench.py says what that means), are
started in turn; each sends SIZE MiB to the host and receives as much, twice, and the second time
counts.  The medians are printed in MiB/s, with the ratio of Aramid to Linux: above 1 is faster.
MODULES is the directory with the Linux's modules.
"""

import argparse
import socket
import stat
import statistics
import sys
import tempfile
from pathlib import Path

from bench import LINUX_WORDS, figures_of
from iso import make_iso
from machine import MachineError, Network, Settings
from peers import TcpServer

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import image  # noqa: E402

HOST = "10.0.2.2"
# What drives each card on Linux, in the order in which it must be loaded; what a kernel has built in
# is no file among its modules.
DRIVERS = {
    "virtio": ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
               "failover", "net_failover", "virtio_net"],
    "e1000": ["e1000"],
}  # fmt: skip
BLOCK = bytes(1 << 20)


def take(connection: socket.socket) -> None:
    """Hear all of it, then say one byte."""
    while connection.recv_into(bytearray(1 << 18)):
        pass
    connection.sendall(b"!")


def give(connection: socket.socket) -> None:
    """Say something until nobody listens any more."""
    while True:
        connection.sendall(BLOCK)


def modules(directory: Path, card: str) -> list[image.Entry]:
    """The files that drive `card`, named in the order of loading."""
    found = [path for name in DRIVERS[card] for path in directory.rglob(f"{name}.ko")]
    return [image.Entry(f"/modules/{number:02}-{path.name}", stat.S_IFREG | 0o644, path.read_bytes())
            for number, path in enumerate(found)]  # fmt: skip


def initramfs(programs: Path, arguments: str, extra: list[image.Entry]) -> bytes:
    """The image for this benchmark; its rc calls the benchmark program as `arguments` say."""
    user = Path(__file__).parents[1] / "common" / "user"
    lists = [user / "image.list", user / "image-bench-network.list"]
    entries = [entry for name in lists for entry in image.parse(name, programs)]
    told = image.Entry("/etc/bench.arguments", stat.S_IFREG | 0o644, arguments.encode())
    return image.archive([*entries, told, *extra])


def compare(card: str, options: argparse.Namespace, scratch: Path, ports: dict[str, int]) -> None:
    """Boot both kernels in turn, and print a line for each direction."""
    arguments = "".join(f"{way} {HOST} {port} {options.size}\n" for way, port in ports.items())
    ours, theirs, medium = scratch / "ours.cpio", scratch / "theirs.cpio", scratch / f"{card}.iso"
    ours.write_bytes(initramfs(options.programs, arguments, []))
    theirs.write_bytes(initramfs(options.programs, arguments, modules(options.modules, card)))
    make_iso(medium, options.kernel, ours)
    kind = {"memory": 256, "processor": "max,-erms", "network": Network(card)}
    linux = ["-kernel", str(options.linux), "-initrd", str(theirs), "-append", LINUX_WORDS]
    machines = [Settings(medium, **kind), Settings(None, **kind, arguments=linux)]
    figures: list[list[dict[str, int]]] = [[], []]
    for boot in range(options.boots):
        for settings, found in zip(machines, figures):
            found.append(figures_of(settings))
        print(f"{card}: boot {boot + 1} of {options.boots}", file=sys.stderr, flush=True)
    for way in ports:
        medians = [statistics.median(boot[f"net_{way}"] for boot in boots) for boots in figures]
        here, there = (1e9 / nanoseconds for nanoseconds in medians)
        print(f"{card + ' ' + way:14}{here:>16.1f}{there:>16.1f}{here / there:>8.2f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boots", type=int, default=5)
    parser.add_argument("--size", type=int, default=64, metavar="MIB")
    parser.add_argument("linux", type=Path)
    parser.add_argument("modules", type=Path)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("programs", type=Path, help="the directory with the program bench")
    options = parser.parse_args()
    print(f"{'MiB/s':14}{'Aramid':>16}{'Linux, tuned':>16}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as scratch, TcpServer(take) as sink, TcpServer(give) as source:
        try:
            for card in DRIVERS:
                compare(card, options, Path(scratch), {"tx": sink.port, "rx": source.port})
        except MachineError as error:
            print(f"bench_network: {error}", file=sys.stderr)
            return 1
        except KeyError as error:
            print(f"bench_network: no figure for {error} with this card", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
