"""A virtual machine whose serial console is a byte stream in this process.

`Machine` starts QEMU or Bochs with an ISO and talks to COM1 through a TCP connection that the
emulator opens to a port of ours on the loopback interface: of the ways there are, the one that
loses nothing in either direction.  The emulator never outlives this process: it is ended by
`close()`, at exit, and by the operating system if this process is killed outright.

Waiting is for progress: `expect()` gives up when the guest has said nothing for a while, counted
in processor time of the emulator, so that a busy host fails no test.

With `Network` the machine has a network card.  What the card is connected to lives in the emulator
(slirp: a router at 10.0.2.2 that is also this host's loopback interface, and a DHCP server), or it
is a datagram socket of ours that carries one Ethernet frame a datagram.
"""

import atexit
import ctypes
import os
import re
import signal
import socket
import subprocess
import time
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from select import select

import coverage

QEMU = "qemu-system-x86_64"
BOCHS = "bochs"

# The last line of the kernel's panic report (common/platform/panic.c).
PANIC_END = b"--- end of panic report ---"
# The panic's exit status through QEMU's isa-debug-exit device: 2 * 16 + 1.
PANIC_STATUS = 33

PR_SET_PDEATHSIG = 1
TCP_QUICKACK = getattr(socket, "TCP_QUICKACK", 12)

# $KISO and its like are taken from the environment by Bochs; the display is one that needs no
# window.  A closer look at each line: the project's design notes on emulators.
BOCHS_CONFIGURATION = """\
plugin_ctrl: {plugins}speaker=0, parallel=0
display_library: rfb, options="timeout=0"
config_interface: textconfig
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: {memory}
cpu: model=corei7_icelake_u, count=1, ips={ips}, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync={sync}, time0={time0}, rtc_sync=0
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
pci: enabled=1, chipset=i440fx{slots}
mouse: enabled=0
log: {log}
debug: action=ignore
info: action=report
error: action=report
panic: action=fatal
"""
BOCHS_CARD = "e1000: card=0, enabled=1, mac={address}, ethmod=slirp, script={script}\n"
# Run, and when the guest stops: print registers, leave.
BOCHS_DEBUGGER = "c\nr\nq\n"


# The cards that each emulator has.
CARDS = {"qemu": ("virtio", "e1000"), "bochs": ("e1000",)}
QEMU_CARDS = {"virtio": "virtio-net-pci", "e1000": "e1000"}
CARD_ADDRESS = "52:54:00:12:34:56"
# The guest's address and its host's, as slirp's DHCP server gives them.
GUEST, HOST = "10.0.2.15", "10.0.2.2"
# Bochs reads no more than this many forwarded ports.
FORWARDS_MOST = 5


class MachineError(Exception):
    """Something about the machine went wrong; the text holds the end of the console."""


class StartError(MachineError):
    """The emulator did not start."""


class Ended(MachineError):
    """The machine ended while something was expected of it."""


class Silent(MachineError):
    """The machine said nothing more while something was expected of it."""


@dataclass(frozen=True)
class Network:
    """A network card and what it is connected to: the emulator's own network, where `forwards` are
    ports of the guest that shall be reached by a port of this host's, or `wire`."""

    card: str  # of CARDS
    forwards: tuple[int, ...] = ()  # TCP
    wire: socket.socket | None = None  # QEMU only: a datagram socket, a frame each way


@dataclass
class Settings:
    """What to start.  `memory` is in MiB."""

    iso: Path | None  # None: `arguments` say what QEMU boots
    emulator: str = "qemu"
    memory: int = 128
    reboot: bool = False  # a reset of the guest starts it again instead of ending the emulator
    real_time: bool = True  # Bochs: keep to the wall clock when the guest idles
    processor: str = "max"  # QEMU's -cpu
    arguments: list[str] = field(default_factory=list)  # more of QEMU's arguments
    network: Network | None = None


def reserved_port() -> socket.socket:
    """A socket that keeps a free TCP port of 127.0.0.1 from everybody who does not ask for its number.

    An emulator that does can listen on it, as both ask for SO_REUSEADDR and this one never listens.
    No other process gets the port by chance, neither meanwhile nor between two uses."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


_running: "weakref.WeakSet[Machine]" = weakref.WeakSet()


@atexit.register
def close_all() -> None:
    """End every machine of this process."""
    for machine in list(_running):
        machine.close()


def die_with_parent(sig: int = signal.SIGKILL) -> None:
    """Have the kernel send `sig` to this process when its parent ends, in whatever way."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(sig), 0, 0, 0)


class Machine:
    """A running emulator.  Use it in a `with` statement."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.transcript = bytearray()  # everything the console said
        self.seen = 0  # what expect() has consumed of it
        self._outgoing = bytearray()
        self._descriptors: list[int] = []
        self._messages = -1  # the descriptor among them that takes the emulator's own output
        self.ports: dict[int, int] = {}  # of each forwarded port of the guest's, the host's
        self._holders: list[socket.socket] = []
        self._memory = -1  # the one that holds the guest's memory, to measure coverage
        self._serial: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        _running.add(self)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- starting and ending -------------------------------------------------------------

    def _memory_file(self, name: str, text: str = "") -> str:
        """The path, for the emulator, of a file that exists only as an open descriptor."""
        descriptor = os.memfd_create(name)
        os.write(descriptor, text.encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        self._descriptors.append(descriptor)
        return f"/proc/self/fd/{descriptor}"

    def _qemu_command(self, port: int) -> list[str]:
        settings = self.settings
        return [
            QEMU,
            *("-accel", "tcg", "-cpu", settings.processor, "-smp", "1"),
            *("-m", str(settings.memory), "-nodefaults", "-display", "none", "-monitor", "none"),
            *("-vga", "std"),
            *("-chardev", f"socket,id=serial,host=127.0.0.1,port={port},nodelay=on"),
            *("-serial", "chardev:serial"),
            *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),
            *(["-cdrom", str(settings.iso)] if settings.iso else []),
            *([] if settings.reboot else ["-no-reboot"]),
            *(self._kept_memory() if coverage.wanted() else []),
            *(self._qemu_network(settings.network) if settings.network else []),
            *settings.arguments,
        ]

    def _qemu_network(self, network: Network) -> list[str]:
        card = f"{QEMU_CARDS[network.card]},netdev=net,mac={CARD_ADDRESS},romfile="
        if network.wire:
            descriptor = os.dup(network.wire.fileno())
            self._descriptors.append(descriptor)
            return ["-netdev", f"dgram,id=net,local.type=fd,local.str={descriptor}", "-device", card]
        rules = [f",hostfwd={rule}" for rule in self._forward(network)]
        return ["-netdev", "user,id=net" + "".join(rules), "-device", card]

    def _forward(self, network: Network) -> list[str]:
        """Choose the host's ports; returns the rules, in slirp's words."""
        for port in network.forwards:
            self._holders.append(reserved_port())
            self.ports[port] = self._holders[-1].getsockname()[1]
        return [f"tcp:127.0.0.1:{here}-{GUEST}:{there}" for there, here in self.ports.items()]

    def _kept_memory(self) -> list[str]:
        """Have QEMU keep the guest's memory where it is still there when QEMU has ended."""
        path = self._memory_file("memory")
        self._memory = self._descriptors[-1]
        file = f"id=memory,share=on,size={self.settings.memory}M,mem-path={path}"
        return ["-object", f"memory-backend-file,{file}", "-machine", "memory-backend=memory"]

    def _bochs_command(self, port: int) -> list[str]:
        settings, network = self.settings, self.settings.network
        real_time = settings.real_time or network is not None
        configuration = BOCHS_CONFIGURATION.format(
            memory=settings.memory,
            ips=50_000_000 if real_time else 20_000_000,
            sync="slowdown" if real_time else "none",
            time0=int(time.time()),
            iso=settings.iso,
            port=port,
            log=self._memory_file("log"),
            plugins="e1000=1, " if network else "",
            slots=", slot1=e1000" if network else "",
        )
        if network:
            rules = [f"hostfwd = {rule}\n" for rule in self._forward(network)]
            script = self._memory_file("slirp", "# slirp config\n" + "".join(rules))
            configuration += BOCHS_CARD.format(address=CARD_ADDRESS, script=script)
        files = [self._memory_file("bochsrc", configuration)]
        files.append(self._memory_file("debugger", BOCHS_DEBUGGER))
        return [BOCHS, "-q", "-f", files[0], "-rc", files[1], "-unlock"]

    def _start(self) -> None:
        if self.settings.iso and not self.settings.iso.is_file():
            raise StartError(f"{self.settings.iso}: no such file")
        self._check_network()
        with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
            port = listener.getsockname()[1]
            qemu = self.settings.emulator == "qemu"
            command = self._qemu_command(port) if qemu else self._bochs_command(port)
            self._memory_file("messages")
            messages = self._messages = self._descriptors[-1]
            parent = os.getpid()

            def in_child() -> None:
                die_with_parent()
                if os.getppid() != parent:
                    os._exit(1)

            try:
                # A session of its own keeps the terminal's Ctrl-C and Ctrl-Z away from it.
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=messages,
                    stderr=messages,
                    pass_fds=self._descriptors,
                    start_new_session=True,
                    preexec_fn=in_child,
                )
            except FileNotFoundError:
                raise StartError(f"{command[0]} is not installed: run make setup") from None
            self._accept(listener, command[0])

    def _check_network(self) -> None:
        if (network := self.settings.network) is None:
            return
        if network.card not in CARDS[self.settings.emulator]:
            raise StartError(f"{self.settings.emulator} has no network card {network.card}")
        if network.wire and self.settings.emulator != "qemu":
            raise StartError(f"{self.settings.emulator} takes no datagram socket for a network")
        if len(network.forwards) > FORWARDS_MOST:
            raise StartError(f"at most {FORWARDS_MOST} ports can be forwarded")

    def _accept(self, listener: socket.socket, name: str, patience: float = 60) -> None:
        """Wait until the emulator has connected its serial port, or ended."""
        assert self._process
        deadline = time.monotonic() + patience
        while not select([listener], [], [], 0.05)[0]:
            if self._process.poll() is not None:
                raise StartError(f"{name} did not start:\n{self.messages()}")
            if time.monotonic() > deadline:
                raise StartError(f"{name} did not open its serial port:\n{self.messages()}")
        self._serial = listener.accept()[0]
        self._serial.setblocking(False)
        self._serial.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def messages(self) -> str:
        """The last of what the emulator itself has printed, standard output and error."""
        if not self._descriptors or self._messages < 0:
            return ""
        text = os.pread(self._messages, os.fstat(self._messages).st_size, 0)
        return "\n".join(text.decode(errors="replace").strip().split("\n")[-8:])

    def close(self) -> None:
        """End the emulator, free its ports and files.  May be called more than once."""
        if self._process:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
        if self._serial:
            self._serial.close()
            self._serial = None
        for holder in self._holders:
            holder.close()
        self._holders = []
        if self._memory >= 0:
            coverage.save(self._memory)
            self._memory = -1
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []
        _running.discard(self)

    # ---- state ---------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The emulator's exit status, None while it runs."""
        assert self._process
        return self._process.poll()

    @property
    def panicked(self) -> bool:
        """Did the kernel report its end, on the console or through the debug exit device?"""
        by_device = self.settings.emulator == "qemu" and self.status == PANIC_STATUS
        return by_device or PANIC_END in self.transcript

    def processor_time(self) -> float:
        """Seconds of processor time that the emulator has used."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def console(self, lines: int = 40) -> str:
        """The last lines of the console, for messages."""
        text = self.transcript.decode(errors="replace").replace("\r", "")
        return "\n".join(text.split("\n")[-lines:])

    def _failure(self, text: str) -> str:
        notes = f"\n--- emulator ---\n{self.messages()}" if self.messages() else ""
        return f"{text}\n--- console ---\n{self.console()}{notes}\n---"

    # ---- the console ---------------------------------------------------------------------

    def fileno(self) -> int:
        """The serial connection's descriptor, for select(); -1 once the guest has closed it."""
        return self._serial.fileno() if self._serial else -1

    def pump(self, timeout: float) -> bytes:
        """Move bytes both ways, waiting at most `timeout` seconds for the first; returns the new
        bytes from the guest.  When the emulator has ended and all is read, closes the line."""
        if not self._serial:
            return b""
        writers = [self._serial] if self._outgoing else []
        readable, writable, _ = select([self._serial], writers, [], timeout)
        try:
            if writable:
                del self._outgoing[: self._serial.send(self._outgoing[:4096])]
            if not readable:
                return b""
            # Without this a delayed acknowledgement costs 44 ms for every line.
            self._serial.setsockopt(socket.IPPROTO_TCP, TCP_QUICKACK, 1)
            data = self._serial.recv(65536)
        except (ConnectionError, BlockingIOError) as error:
            if isinstance(error, BlockingIOError):
                return b""
            data = b""
        if not data:
            self._serial.close()
            self._serial = None
        self.transcript += data
        return data

    def send(self, data: bytes) -> None:
        """Type `data`; it is on its way when pump() runs."""
        self._outgoing += data

    @property
    def sent(self) -> bool:
        """Has everything typed left for the guest?"""
        return not self._outgoing

    @property
    def connected(self) -> bool:
        return self._serial is not None

    def expect(self, pattern: str | bytes, patience: float = 20) -> "re.Match[bytes]":
        """Wait for the regular expression `pattern` in what the console says from here on, and
        consume the console up to the end of the match.

        Raises Silent when the guest has said nothing for too long, as Stall has it, Ended when the
        emulator has ended."""
        compiled = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        stalled = Stall(self, patience)
        while True:
            # A match needs the bytes since the last one only; transcripts are small.
            if match := compiled.search(self.transcript, self.seen):
                self.seen = match.end()
                return match
            if not self.connected:
                raise Ended(self._failure(f"the machine ended; expected {pattern!r}"))
            if self.pump(0.25):
                stalled = Stall(self, patience)
            elif stalled:
                raise Silent(self._failure(f"no answer; expected {pattern!r}"))

    def wait_end(self, patience: float = 20) -> int:
        """Wait until the emulator ends by itself; returns its exit status."""
        assert self._process
        stalled = Stall(self, patience)
        while self.status is None:
            if self.connected and self.pump(0.25):
                stalled = Stall(self, patience)
            elif not self.connected:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.25)
            if stalled:
                raise Silent(self._failure("the machine does not end"))
        while self.connected and self.pump(0.25):
            pass
        assert self.status is not None
        return self.status


class Stall:
    """True when nothing has happened for `patience` seconds since this was made: seconds of the
    emulator's processor time, or seconds on the clock if the guest idles, which uses none."""

    IDLE = 0.2  # an emulator that uses a smaller share of the clock's time than this idles

    def __init__(self, machine: Machine, patience: float) -> None:
        self.machine, self.patience = machine, patience
        self.used, self.since = machine.processor_time(), time.monotonic()

    def __bool__(self) -> bool:
        used = self.machine.processor_time() - self.used
        clock = time.monotonic() - self.since
        idle = used < clock * self.IDLE
        return used > self.patience or clock > self.patience * (1 if idle else 4)
