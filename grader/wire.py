"""The far end of the guest's network cable, frame by frame.

    with Wire() as wire, boot(network=Network("virtio", wire=wire.card)) ...

A `Wire` is a small network of its own: it answers ARP, pings, DHCP, DNS and a few TCP ports, each
of which is wrong in one way if a test wants it so.  What it does not answer by itself, and anything
malformed, a test sends with `send()`.  The frames travel as datagrams between two sockets that are
connected to each other, so nothing is lost on the way and no port of this host's is used.
"""

import ipaddress
import socket
import struct
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from select import select
from typing import Callable

from machine import CARD_ADDRESS, GUEST, HOST, Machine, Silent, Stall
from peers import Zone

FRAME_MOST = 1 << 17  # bytes
BROADCAST = b"\xff" * 6
CARD = bytes.fromhex(CARD_ADDRESS.replace(":", ""))
ROUTER = bytes.fromhex("52550a000202")
IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86DD
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

# ---- making frames -----------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def ethernet(kind: int, payload: bytes, to: bytes = CARD, sender: bytes = ROUTER) -> bytes:
    """A frame, filled up to the least length that a cable carries."""
    return (to + sender + struct.pack(">H", kind) + payload).ljust(60, b"\0")


def arp(operation: int, sender: tuple[bytes, str], target: tuple[bytes, str]) -> bytes:
    """An ARP packet, RFC 826."""
    pairs = sender[0] + packed(sender[1]) + target[0] + packed(target[1])
    return struct.pack(">HHBBH", 1, IPV4, 6, 4, operation) + pairs


def ipv4(
    protocol: int, payload: bytes, sender: str = HOST, to: str = GUEST, *, ttl: int = 64,
    number: int = 1, fragment: int = 0, options: bytes = b"",
) -> bytes:  # fmt: skip
    """A packet, RFC 791; `fragment` holds flags and offset, `options` come in fours."""
    length = 20 + len(options)
    head = struct.pack(
        ">BBHHHBBH", 0x40 | length // 4, 0, length + len(payload), number, fragment, ttl, protocol, 0
    )
    head += packed(sender) + packed(to) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def with_sum(segment: bytes, at: int, protocol: int, sender: str, to: str) -> bytes:
    """The segment with its checksum, which covers a pseudo header too, at offset `at`."""
    pseudo = packed(sender) + packed(to) + struct.pack(">HH", protocol, len(segment))
    if ":" in sender:
        pseudo = packed(sender) + packed(to) + struct.pack(">II", len(segment), protocol)
    return segment[:at] + struct.pack(">H", checksum(pseudo + segment)) + segment[at + 2 :]


def udp(source: int, to: int, payload: bytes, sender: str = HOST, target: str = GUEST) -> bytes:
    """A whole IPv4 packet with a datagram."""
    segment = struct.pack(">HHHH", source, to, 8 + len(payload), 0) + payload
    return ipv4(UDP, with_sum(segment, 6, UDP, sender, target), sender, target)


def tcp(
    source: int, to: int, sequence: int, acknowledged: int, flags: int, payload: bytes = b"",
    sender: str = HOST, target: str = GUEST, window: int = 65535, options: bytes = b"",
) -> bytes:  # fmt: skip
    """A whole IPv4 packet with a segment; `options` come in fours."""
    offset = (20 + len(options)) // 4 << 4
    numbers = (sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF)
    segment = struct.pack(">HHIIBBHHH", source, to, *numbers, offset, flags, window, 0, 0)
    return ipv4(TCP, with_sum(segment + options + payload, 16, TCP, sender, target), sender, target)


def icmp(kind: int, code: int, rest: bytes) -> bytes:
    """An ICMP message, RFC 792, from its type to its end; `rest` begins behind the checksum."""
    message = bytes([kind, code, 0, 0]) + rest
    return message[:2] + struct.pack(">H", checksum(message)) + message[4:]


# ---- taking them apart -------------------------------------------------------------------------


@dataclass(frozen=True)
class Packet:
    """An IPv4 packet from the guest; the ports are TCP's or UDP's, 0 otherwise."""

    protocol: int
    sender: str
    to: str
    payload: bytes  # behind IPv4's header
    whole: bytes

    @property
    def ports(self) -> tuple[int, int]:
        known = self.protocol in (TCP, UDP) and len(self.payload) >= 8
        return struct.unpack(">HH", self.payload[:4]) if known else (0, 0)


def packet_of(frame: bytes) -> Packet | None:
    """The IPv4 packet in a frame of the guest's, if it is one."""
    if len(frame) < 34 or frame[12:14] != b"\x08\0":
        return None
    packet = frame[14:]
    length, end = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
    sender, to = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    return Packet(packet[9], sender, to, packet[length:end], packet[:end])


# ---- DHCP --------------------------------------------------------------------------------------

DHCP_MAGIC = bytes.fromhex("63825363")
DISCOVER, OFFER, REQUEST, DECLINE, DHCP_ACK, NAK, RELEASE = range(1, 8)


def dhcp_options(message: bytes) -> dict[int, bytes]:
    """The options of a message, RFC 2132."""
    found, at = {}, 240
    while at + 1 < len(message) and message[at] != 255:
        if message[at] == 0:
            at += 1
            continue
        found[message[at]] = message[at + 2 : at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return found


def dhcp_message(request: bytes, kind: int, options: bytes, address: str = GUEST) -> bytes:
    """An answer to a request, RFC 2131; `options` come behind the message's type."""
    head = bytes([2, 1, 6, 0]) + request[4:8] + request[8:12] + b"\0" * 4
    head += packed(address) + packed(HOST) + b"\0" * 4 + request[28:44] + b"\0" * 192
    return head + DHCP_MAGIC + bytes([53, 1, kind]) + options + b"\xff"


# Server, lease, mask, router, name server: all that a guest asks for.
LEASE_OPTIONS = b"".join(
    bytes([code, len(value)]) + value
    for code, value in {
        54: packed(HOST),
        51: struct.pack(">I", 86400),
        1: packed("255.255.255.0"),
        3: packed(HOST),
        6: packed(HOST),
    }.items()
)


def dhcp(request: bytes) -> list[bytes]:
    """A good server's answers to a message."""
    kind = dhcp_options(request).get(53, b"\0")[0]
    answers = {DISCOVER: OFFER, REQUEST: DHCP_ACK}
    return [dhcp_message(request, answers[kind], LEASE_OPTIONS)] if kind in answers else []


# ---- TCP ---------------------------------------------------------------------------------------

# What a port of the wire's does with a guest that connects.
REFUSE = "refuse"  # answers by a reset
SILENT = "silent"  # says nothing at all
NO_HOST = "no host"  # a router says that there is no way to the host
NO_PORT = "no port"  # or the host that nobody is there
RESET = "reset"  # accepts, and answers the first data by a reset
VANISH = "vanish"  # accepts, and says nothing more
GREET = "greet"  # accepts, says GREETING, and ends when the guest does
GREETING = b"hello from the wire\n"


# Seconds in which any machine that lives takes a frame.
TAKES_NOTHING = 120


class Wire:
    """A cable and what is plugged into its other end.  Use it in a `with` statement."""

    KEPT = 4096  # frames

    def __init__(self) -> None:
        self.card, self._end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._end.settimeout(0.25)
        self.addresses = {HOST}  # whose ARP requests we answer
        self.ports: dict[int, str] = {}  # of TCP: what they do; any other port refuses
        self.dhcp: Callable[[bytes], list[bytes]] = dhcp
        self.dns: Callable[[bytes], bytes | None] = Zone().answer
        self.on_frame: Callable[[bytes], None] = lambda frame: None  # called with each that comes
        self.frames: deque[bytes] = deque(maxlen=self.KEPT)  # that came last
        self.count: Counter[str] = Counter()  # "arp", "icmp", "udp 53", "tcp 80": what came
        self.failures: list[BaseException] = []
        self.sent = 0
        self._ended: set[tuple[int, int]] = set()  # TCP: our port, the guest's
        self._waiting: deque[bytes] = deque()  # that came while an answer was on its way
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closed = True
        self._thread.join()
        self._end.close()
        self.card.close()

    def send(self, frame: bytes) -> None:
        """Put a frame on the cable; waits while the card's queue is full, but not for a card that
        takes nothing any more: its machine has ended.  The frame may not be empty: that would be the
        end of the cable, for QEMU."""
        assert frame
        answering = threading.current_thread() is self._thread
        deadline = time.monotonic() + TAKES_NOTHING
        while not self._closed:
            if time.monotonic() > deadline:
                raise Silent(f"the card has taken no frame for {TAKES_NOTHING} s")
            # Who answers takes in frames meanwhile, or both sides could wait for each other.
            readers = [self._end] if answering else []
            readable, writable, _ = select(readers, [self._end], [], 0.25)
            with suppress(BlockingIOError):
                if readable:
                    self._waiting.append(self._end.recv(FRAME_MOST, socket.MSG_DONTWAIT))
                if writable:
                    self._end.send(frame, socket.MSG_DONTWAIT)
                    self.sent += 1
                    return

    def _serve(self) -> None:
        while not self._closed:
            try:
                frame = self._waiting.popleft() if self._waiting else self._end.recv(FRAME_MOST)
            except TimeoutError:
                continue
            except OSError:
                return
            try:
                self.frames.append(frame)
                self.on_frame(frame)
                self._answer(frame)
            except OSError:
                return
            except Exception as error:
                self.failures.append(error)

    def _answer(self, frame: bytes) -> None:
        if frame[12:14] == b"\x08\x06":
            self.count["arp"] += 1
            self._answer_arp(frame)
        elif packet := packet_of(frame):
            protocols = {ICMP: self._icmp, UDP: self._udp, TCP: self._tcp}
            if answer := protocols.get(packet.protocol):
                answer(packet)

    def _answer_arp(self, frame: bytes) -> None:
        sender, asked = frame[22:28], socket.inet_ntoa(frame[38:42])
        if frame[20:22] == b"\0\1" and asked in self.addresses:
            guest = socket.inet_ntoa(frame[28:32])
            self.send(ethernet(ARP, arp(2, (ROUTER, asked), (sender, guest)), sender))

    def _icmp(self, packet: Packet) -> None:
        self.count["icmp"] += 1
        if packet.payload[:1] == b"\x08":
            reply = icmp(0, 0, packet.payload[4:])
            self.send(ethernet(IPV4, ipv4(ICMP, reply, packet.to, packet.sender)))
        elif packet.payload[:1] == b"\0":
            self.count[f"echo {packet.payload[4:8].hex()}"] += 1

    def _udp(self, packet: Packet) -> None:
        source, to = packet.ports
        self.count[f"udp {to}"] += 1
        data = packet.payload[8:]
        if to == 67:
            for message in self.dhcp(data):
                target = "255.255.255.255" if data[10] & 0x80 else GUEST
                self.send(ethernet(IPV4, udp(67, 68, message, HOST, target), BROADCAST))
        elif to == 53 and (answer := self.dns(data)) is not None:
            self.send(ethernet(IPV4, udp(53, source, answer, packet.to, packet.sender)))
        elif to == 7:
            self.send(ethernet(IPV4, udp(7, source, data, packet.to, packet.sender)))
        elif to not in (53, 68) and packet.to in self.addresses:
            self._unreachable(packet, 3)

    def _unreachable(self, packet: Packet, code: int) -> None:
        """ICMP's answer to a packet that cannot be delivered."""
        error = icmp(3, code, b"\0" * 4 + packet.whole[:28])
        self.send(ethernet(IPV4, ipv4(ICMP, error, HOST, packet.sender)))

    def _tcp(self, packet: Packet) -> None:
        """A connection's other side that keeps in mind only who has ended: each answer follows from
        the segment that it answers."""
        source, to = packet.ports
        self.count[f"tcp {to}"] += 1
        sequence, acknowledged, offset, flags = struct.unpack(">IIBB", packet.payload[4:14])
        data = packet.payload[(offset >> 4) * 4 :]
        does = self.ports.get(to, REFUSE)
        after = sequence + len(data) + bool(flags & SYN) + bool(flags & FIN)

        def say(flags: int, sequence: int, payload: bytes = b"") -> None:
            segment = tcp(to, source, sequence, after, flags, payload, packet.to, packet.sender)
            self.send(ethernet(IPV4, segment))

        if flags & RST or does == SILENT:
            return
        if does in (NO_HOST, NO_PORT):
            self._unreachable(packet, 1 if does == NO_HOST else 3)
        elif does == REFUSE:
            say(RST | ACK, acknowledged if flags & ACK else 0)
        elif flags & SYN:
            self._ended.discard((to, source))
            say(SYN | ACK, 1000)
        elif does == RESET and data:
            say(RST | ACK, acknowledged)
        elif does == GREET:
            if flags & FIN:
                self._ended.add((to, source))
            if acknowledged == 1001:
                say(ACK | PSH, 1001, GREETING)
            elif acknowledged == 1001 + len(GREETING) and (to, source) in self._ended:
                say(FIN | ACK, acknowledged)
            elif data:
                say(ACK, acknowledged)

    # ---- what a test waits for ---------------------------------------------------------------

    def wait_for(self, machine: Machine, what: str, more_than: int = 0, patience: float = 20) -> None:
        """Wait until more than so many of `what` have come; gives up when the guest stalls."""
        stalled = Stall(machine, patience)
        last = sum(self.count.values())
        while self.count[what] <= more_than:
            machine.pump(0.05)
            if (now := sum(self.count.values())) != last:
                stalled, last = Stall(machine, patience), now
            elif stalled:
                raise Silent(f"the guest sends no more; expected {what}, got {dict(self.count)}")

    def wait_quiet(self, machine: Machine, patience: float = 20) -> None:
        """Wait until the guest has taken every frame sent so far: it answers a ping behind them."""
        name = f"{self.sent & 0xFFFF:04x}{time.monotonic_ns() & 0xFFFF:04x}"
        stalled = Stall(machine, patience)
        while not self.count[f"echo {name}"]:
            self.send(ethernet(IPV4, ipv4(ICMP, icmp(8, 0, bytes.fromhex(name) + b"quiet?" * 4))))
            for _ in range(20):
                if self.count[f"echo {name}"]:
                    break
                machine.pump(0.05)
            if stalled:
                raise Silent(f"the guest answers no ping; {dict(self.count)}")
