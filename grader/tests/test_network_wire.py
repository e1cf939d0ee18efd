"""What comes over the cable, frame by frame: servers that are good, silent or hostile, and frames that
no honest machine sends.  The guest lives on, its shell answers, and nothing is lost."""

import itertools
import os
import random
import struct
import threading
from typing import Callable, Iterator

import pytest

from conftest import Boots, failed, shell_of, wait_address
from frames import GOOD, OPEN, hostile
from machine import GUEST, HOST, Network
from network_cases import LINGERING
from peers import Zone, dns_name
from shell import Shell
from wire import (
    ACK, BROADCAST, DHCP_ACK, DHCP_MAGIC, DISCOVER, GREET, IPV4, LEASE_OPTIONS, NAK, NO_HOST, NO_PORT,
    OFFER, REQUEST, RESET, SILENT, SYN, VANISH, Wire, dhcp, dhcp_message, dhcp_options, ethernet, tcp,
    udp,
)  # fmt: skip

FULL = os.environ.get("ARAMID_NETWORK") == "full"
CARDS = ["virtio", "e1000"]
TWO_MINUTES = pytest.mark.skipif(not FULL, reason="two minutes of waiting: make network")


class Lab:
    """A machine whose cable ends with us."""

    def __init__(self, boots: Boots, card: str, wire: Wire) -> None:
        self.wire = wire
        self.shell = shell_of(boots(network=Network(card, wire=wire.card)))


class Labs:
    """One lab for the tests of a card; after a failed test the next one gets a fresh one."""

    def __init__(self, boots: Boots, card: str) -> None:
        self.boots, self.card = boots, card
        self.lab: Lab | None = None

    def get(self) -> Lab:
        if self.lab is None:
            self.lab = Lab(self.boots, self.card, Wire())
            wait_address(self.lab.shell)
        return self.lab

    def drop(self) -> None:
        if self.lab:
            self.lab.shell.machine.close()
            self.lab.wire.close()
            self.lab = None


@pytest.fixture(scope="module", params=CARDS)
def labs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Labs]:
    boots = Boots(tmp_path_factory.mktemp("wire"))
    labs = Labs(boots, request.param)
    yield labs
    labs.drop()
    boots.close()


@pytest.fixture
def lab(request: pytest.FixtureRequest, labs: Labs) -> Iterator[Lab]:
    request.node.stash[failed] = True
    lab = labs.get()
    yield lab
    assert lab.wire.failures == []
    if request.node.stash[failed]:
        labs.drop()


# ---- a good network ----------------------------------------------------------------------------


def test_names(lab: Lab) -> None:
    """The resolver of the C library, by way of resolv.conf."""
    lab.wire.ports[80] = GREET
    assert lab.shell.output("cat /etc/resolv.conf") == f"nameserver {HOST}\n"
    assert f"PING host.test ({HOST}): " in lab.shell.output("ping -c 1 host.test")
    assert lab.shell.output("echo x | nc host.test 80") == "hello from the wire\n"
    assert lab.shell.run("wget http://none.test/").output == "wget: bad address 'none.test'\n"


@pytest.mark.parametrize(
    "port, does, words",
    [
        (1, "", "connect: Connection refused\n"),
        (81, RESET, "read: Connection reset by peer\nread again: the end\nwrite: Broken pipe\nSO_ERROR: none\n"),
        (82, NO_HOST, "connect: Host is unreachable\n"),
        (83, NO_PORT, "connect: Connection refused\n"),
        pytest.param(85, SILENT, "connect: Operation timed out\n", marks=TWO_MINUTES),
    ],
    ids=["refused", "reset", "no host", "no port", "silent"],
)
def test_errors(lab: Lab, port: int, does: str, words: str) -> None:
    """Each end of a connection has its errno."""
    if does:
        lab.wire.ports[port] = does
    assert lab.shell.run(f"probe-connections errors {HOST} {port}", 200).output == words


def test_nobody_has_the_address(lab: Lab) -> None:
    """No answer to ARP."""
    assert lab.shell.run("probe-connections errors 10.0.2.99 7", 200).output == "connect: Host is unreachable\n"
    words = "nc: can't connect to remote host (10.0.2.99): No route to host\n"
    assert lab.shell.run("nc 10.0.2.99 7", 200).output == words
    assert "100% packet loss" in lab.shell.run("ping -c 2 -W 1 10.0.2.99").output


def test_own_time_limit(lab: Lab) -> None:
    """A program that stops waiting leaves nothing behind."""
    lab.wire.ports.update({85: SILENT, 84: VANISH})
    assert lab.shell.run(f"echo x | nc -w 1 {HOST} 85").output == "nc: timed out\n"
    lab.shell.run(f"echo x | timeout 1 nc {HOST} 84")
    assert ":85 " not in lab.shell.output("netstat -tan; echo")


def test_arping(lab: Lab) -> None:
    text = lab.shell.output(f"arping -c 2 {HOST}")
    assert "Received 2 response(s)" in text, text
    assert "Received 0 response(s)" in lab.shell.run("arping -w 2 -c 2 10.0.2.99").output


def test_traceroute(lab: Lab) -> None:
    """Ourselves one hop away, told by the port that nobody has."""
    assert f" 1  {HOST} " in lab.shell.output(f"traceroute -n -q 1 {HOST}")


# ---- hostile servers ---------------------------------------------------------------------------


def options(*pairs: tuple[int, bytes]) -> bytes:
    return b"".join(bytes([code, len(value)]) + value for code, value in pairs)


def answers(kind: int) -> int:
    return {DISCOVER: OFFER, REQUEST: DHCP_ACK}.get(kind, 0)


Answer = Callable[[bytes, int], list[bytes]]
HOSTILE_DHCP: dict[str, Answer] = {
    "no options": lambda request, kind: [dhcp_message(request, kind, b"")],
    "cut in every place": lambda request, kind: [
        dhcp_message(request, kind, LEASE_OPTIONS)[:length] for length in range(0, 280, 7)
    ],
    "option longer than the message": lambda request, kind: [
        dhcp_message(request, kind, b"\x36\x04\x0a\0\2\2\x06\xff\1")[:-1]
    ],
    "no end": lambda request, kind: [dhcp_message(request, kind, LEASE_OPTIONS + b"\0" * 400)[:-1]],
    "overloaded for ever": lambda request, kind: [
        dhcp_message(request, kind, options((52, b"\3")) * 50 + LEASE_OPTIONS)
    ],
    "no magic": lambda request, kind: [
        dhcp_message(request, kind, LEASE_OPTIONS).replace(DHCP_MAGIC, b"evil")
    ],
    "another's number": lambda request, kind: [
        message[:4] + b"\xff\xff\xff\xff" + message[8:]
        for message in [dhcp_message(request, kind, LEASE_OPTIONS)]
    ],
    "many routers": lambda request, kind: [
        dhcp_message(request, kind, options((54, b"\x0a\0\2\2"), (3, b"\x0a\0\2\2" * 60), (6, b"\1\2\3\4" * 60)))
    ],
    "names for a shell": lambda request, kind: [
        dhcp_message(request, kind, options((12, b"$(reboot)"), (15, b"';poweroff;'"), (66, b"`halt`")) + LEASE_OPTIONS)
    ],
    "odd addresses": lambda request, kind: [
        dhcp_message(request, kind, options((1, b"\0\xff\0\xff"), (54, b"\0" * 4), (51, b"\0" * 4)), address)
        for address in ("0.0.0.0", "255.255.255.255", "127.0.0.1", "224.0.0.1")
    ],
    "noise": lambda request, kind: [
        dhcp_message(request, kind, random.Random(number).randbytes(300)) for number in range(40)
    ],
    "refused for ever": lambda request, kind: [
        dhcp_message(request, NAK if kind == DHCP_ACK else kind, LEASE_OPTIONS)
    ],
    "datagram without sense": lambda request, kind: [random.Random(1).randbytes(500), b"", b"\2"],
}


@pytest.mark.parametrize("name", HOSTILE_DHCP)
def test_hostile_dhcp(lab: Lab, name: str) -> None:
    """udhcpc asks a server that is not well; then a good one gives the address as ever."""
    answer = HOSTILE_DHCP[name]

    def server(request: bytes) -> list[bytes]:
        kind = answers(dhcp_options(request).get(53, b"\0")[0])
        return answer(request, kind) if kind else []

    lab.wire.dhcp = server
    try:
        lab.shell.run("timeout 6 udhcpc -i eth0 -n -q -t 2 -T 1 -s /bin/true >/dev/null 2>&1", 60)
    finally:
        lab.wire.dhcp = dhcp
    assert f"lease of {GUEST} obtained" in lab.shell.output("udhcpc -i eth0 -n -q 2>&1", 60)
    assert lab.shell.output("echo alive") == "alive\n"


HOSTILE_DNS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "nothing": lambda query, good: b"",
    "two bytes": lambda query, good: query[:2],
    "the head alone": lambda query, good: good[:12],
    "another's number": lambda query, good: b"\xff\xff" + good[2:],
    "cut": lambda query, good: good[:-3],
    "65535 answers": lambda query, good: good[:6] + b"\xff\xff" + good[8:],
    "a name that is itself": lambda query, good: query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
    + b"\xc0\x0c" + struct.pack(">HH", 1, 1) + b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + b"\1\2\3\4",
    "names in a circle": lambda query, good: good.split(b"\xc0\x0c")[0] + b"\xc0" + bytes([len(good.split(b"\xc0\x0c")[0])])
    + struct.pack(">HHIH", 5, 1, 60, 2) + b"\xc0\x0c",
    "an address of 60000 bytes": lambda query, good: good.split(b"\xc0\x0c")[0] + b"\xc0\x0c"
    + struct.pack(">HHIH", 1, 1, 60, 60000) + b"\1\2\3\4",
    "a long name": lambda query, good: good[:12] + dns_name(".".join(["x" * 63] * 20)) + good[12:],
    "a name for a shell": lambda query, good: good[:12] + dns_name("$(reboot).`halt`") + good[-30:],
    "another question": lambda query, good: good.replace(b"both", b"evil"),
    "noise": lambda query, good: query[:2] + random.Random(3).randbytes(400),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_DNS)
def test_hostile_dns(lab: Lab, name: str) -> None:
    """The resolver and nslookup hear nonsense, and give up or believe it; nobody crashes."""
    good = Zone().answer
    lab.wire.dns = lambda query: HOSTILE_DNS[name](query, good(query) or b"")
    try:
        for command in ("nslookup both.test", "wget -O /dev/null http://both.test/x"):
            result = lab.shell.run(f"timeout 2 {command} 2>&1", 60)
            assert "Segmentation" not in result.output and result.status < 128 or result.status == 143, result
    finally:
        lab.wire.dns = good
    assert f"PING host.test ({HOST}): " in lab.shell.output("ping -c 1 host.test")


# ---- hostile frames ----------------------------------------------------------------------------


def hurl(lab: Lab, count: int) -> None:
    """Send hostile frames, and see that the guest has taken them all."""
    for number, frame in enumerate(hostile(count)):
        lab.wire.send(frame)
        if number % 500 == 0:
            lab.wire.wait_quiet(lab.shell.machine, 60)
    lab.wire.wait_quiet(lab.shell.machine, 60)


def assert_well(shell: Shell) -> None:
    assert "3 packets received" in shell.output(f"ping -c 3 -i 0.1 {HOST}", 60)
    assert "refused" in shell.output(f"probe-connections errors {HOST} 1")


def test_hostile_frames(lab: Lab) -> None:
    """Thousands of them while a server listens."""
    lab.shell.output(f"(probe-connections echo {OPEN} 0 &); sleep 0.5")
    hurl(lab, 20_000 if FULL else 4000)
    lab.shell.output("killall probe-connections")
    assert_well(lab.shell)


@TWO_MINUTES
def test_hostile_frames_leave_nothing(lab: Lab) -> None:
    """When all timers have run out, everything that the frames took is back."""
    shell = lab.shell
    shell.output(f"echo 0 >{LINGERING}; (probe-connections echo {OPEN} 0 &); sleep 0.5")
    # The first time brings what stays for good, tables at their full size.
    for _ in range(2):
        shell.start("probe-balance -1 -w 130 sh -c 'echo be''gin; read line'")
        shell.expect("begin\r\n")
        hurl(lab, 4000)
        shell.type("\n")
        Shell(shell.machine, 200).wait_prompt()
    said = bytes(shell.machine.transcript[-300:]).rpartition(b"begin")[2]
    assert b"FAIL balance" not in said, said
    shell.output(f"killall probe-connections; echo 1024 >{LINGERING}")
    assert_well(shell)


def test_segments_into_a_connection(lab: Lab) -> None:
    """A peer that completes the handshake and then breaks every rule of TCP's; a byte that is half of
    all sequence numbers away stopped the machine once."""
    shell, wire = lab.shell, lab.wire
    shell.output(f"(probe-connections echo {OPEN} 0 &); sleep 0.5")
    source = random.Random(9)
    begun: dict[int, tuple[int, int]] = {}
    event = threading.Event()

    def watch(frame: bytes) -> None:
        if len(frame) >= 54 and frame[23] == 6 and frame[47] & (SYN | ACK) == SYN | ACK:
            port = int.from_bytes(frame[36:38], "big")
            begun[port] = struct.unpack(">II", frame[38:46])
            event.set()

    wire.on_frame = watch
    wire.ports.update({port: SILENT for port in range(30000, 30200)})
    try:
        for port in range(30000, 30200):
            wire.send(ethernet(IPV4, tcp(port, OPEN, 1000, 0, SYN)))
            while port not in begun:  # an earlier one's answer may come once more
                event.clear()
                assert port in begun or event.wait(20), (
                    f"no answer to the beginning of connection {port - 30000}: {shell.machine.console()}"
                )
            theirs = begun[port][0] + 1
            for _ in range(20):
                sequence = 1001 + source.choice((0, 0, 0, 1, -1, 500, 70000, 1 << 31))
                acknowledged = theirs + source.choice((0, 0, 0, 1, -1, 1000, 1 << 31))
                payload = source.randbytes(source.choice((0, 1, 100, 1460)))
                window = source.choice((0, 1, 65535))
                flags = source.choice((ACK, ACK, 0, 1, 2, 17, 8, 32, 63))
                segment = tcp(port, OPEN, sequence, acknowledged, flags, payload, window=window)
                wire.send(ethernet(IPV4, segment))
            wire.send(ethernet(IPV4, tcp(port, OPEN, 1001, theirs, 4)))
    finally:
        wire.on_frame = lambda frame: None
    wire.wait_quiet(shell.machine, 60)
    shell.output("killall probe-connections")
    assert shell.output("echo alive") == "alive\n"


@pytest.mark.parametrize("kind", ["pings", "datagrams", "broadcasts", "beginnings", "noise"])
def test_storm(lab: Lab, kind: str) -> None:
    """While frames come as fast as the card takes them, the shell's commands go on and end."""
    frames = {
        "pings": [GOOD[2]],
        "datagrams": [ethernet(IPV4, udp(1, 9, b"x" * 1400))],
        "broadcasts": [ethernet(IPV4, udp(1, 9, b"x" * 20, HOST, "10.0.2.255"), BROADCAST), GOOD[0]],
        "beginnings": [ethernet(IPV4, tcp(port, 9, 1, 0, SYN)) for port in range(1000, 1100)],
        "noise": [random.Random(number).randbytes(60 + number) for number in range(100)],
    }[kind]
    stop = threading.Event()

    def blow() -> None:
        for frame in itertools.cycle(frames):
            if stop.is_set():
                return
            lab.wire.send(frame)

    blower = threading.Thread(target=blow, daemon=True)
    before = lab.wire.sent
    blower.start()
    try:
        for number in range(5):
            assert lab.shell.output(f"echo {number}; ls / | wc -l >/dev/null", 120) == f"{number}\n"
        assert lab.shell.output("seq 1 2000 | sort -rn | tail -1", 120) == "1\n"
    finally:
        stop.set()
        blower.join()
    assert lab.wire.sent - before > 500
    lab.wire.wait_quiet(lab.shell.machine, 60)


# ---- machines of their own ---------------------------------------------------------------------


@pytest.mark.parametrize("card", CARDS)
def test_no_dhcp_server(boot: Boots, card: str) -> None:
    """Nobody answers: the machine takes the address that is written down, and finds the router."""
    with Wire() as wire:
        wire.dhcp = lambda request: []
        lab = Lab(boot, card, wire)
        wait_address(lab.shell)
        assert f"default via {HOST}" in lab.shell.output("ip route")
        assert "1 packets received" in lab.shell.output(f"ping -c 1 {HOST}")


def test_another_address(boot: Boots) -> None:
    """What the server says counts, not what is written down."""
    with Wire() as wire:
        wire.dhcp = lambda request: [
            message[:16] + b"\x0a\0\2\x63" + message[20:] for message in dhcp(request)
        ]
        lab = Lab(boot, "virtio", wire)
        wait_address(lab.shell, "10.0.2.99")
        assert "src 10.0.2.99" in lab.shell.output("ip route")


def test_without_a_card(boot: Boots) -> None:
    """A machine without a card has loopback all the same."""
    shell = shell_of(boot())
    assert "1 packets received" in shell.output("ping -c 1 127.0.0.1")
    assert "eth0" not in shell.output("ifconfig -a; ip link; cat /proc/net/dev")
    assert shell.run("ping -c 1 10.0.2.2").output.endswith("ping: sendto: Network is unreachable\n")
