"""Ethernet frames that are wrong in every way one can think of, the same on every run.

Good frames of every protocol that the guest knows are cut short, have fields replaced by odd values
or bits turned; others are composed to be unreasonable: overlapping fragments, options without
length, answers that nobody asked for.  Of a changed frame the checksums are made right again now
and then, so that it comes further.
"""

import random
import struct
from typing import Iterator

from machine import GUEST, HOST
from peers import dns_name
from wire import (
    ACK, ARP, BROADCAST, CARD, DHCP_ACK, FIN, ICMP, ICMPV6, IPV4, IPV6, LEASE_OPTIONS, OFFER, PSH,
    ROUTER, RST, SYN, TCP, UDP, arp, checksum, dhcp_message, ethernet, icmp, ipv4, packed, tcp, udp,
    with_sum,
)  # fmt: skip

OPEN, CLOSED = 7, 9  # ports of the guest's: a server's, and nobody's
ODD = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 19, 20, 21, 27, 28, 0x3F, 0x40, 0x45, 0x4F, 0x60, 0x7F, 0x80,
       0xFF, 0x100, 0x5DC, 0x1FFF, 0x2000, 0x3FFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000,
       0xFFFFFFFF]  # fmt: skip
FOREIGN = "192.0.2.66"
LOCAL6, GUEST6, ALL6 = "fe80::2", "fe80::5054:ff:fe12:3456", "ff02::1"


def ipv6(next_header: int, payload: bytes, sender: str = LOCAL6, to: str = GUEST6, hops: int = 255) -> bytes:
    head = struct.pack(">IHBB", 0x60000000, len(payload), next_header, hops)
    return head + packed(sender) + packed(to) + payload


def icmpv6(kind: int, code: int, rest: bytes, to: str = GUEST6) -> bytes:
    message = with_sum(bytes([kind, code, 0, 0]) + rest, 2, ICMPV6, LOCAL6, to)
    return ipv6(ICMPV6, message, LOCAL6, to)


def dhcp_answer(kind: int) -> bytes:
    request = bytes([1, 1, 6, 0]) + b"\x12\x34\x56\x78" + bytes(20) + CARD + bytes(202)
    return udp(67, 68, dhcp_message(request, kind, LEASE_OPTIONS), HOST, "255.255.255.255")


def dns_answer() -> bytes:
    question = dns_name("both.test") + struct.pack(">HH", 1, 1)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + packed("192.0.2.7")
    return struct.pack(">HHHHHH", 0x1234, 0x8180, 1, 1, 0, 0) + question + record


OPTIONS = b"\x02\x04\x05\xb4\x01\x03\x03\x07\x04\x02\x01\x01"  # TCP: segment size, window, SACK
NEIGHBOUR = packed(GUEST6) + b"\x01\x01" + ROUTER

GOOD = [
    ethernet(ARP, arp(1, (ROUTER, HOST), (bytes(6), GUEST)), BROADCAST),
    ethernet(ARP, arp(2, (ROUTER, HOST), (CARD, GUEST))),
    ethernet(IPV4, ipv4(ICMP, icmp(8, 0, b"\0\1\0\1" + b"x" * 56))),
    ethernet(IPV4, ipv4(ICMP, icmp(3, 3, bytes(4) + udp(CLOSED, OPEN, b"x" * 8, GUEST, HOST)))),
    ethernet(IPV4, ipv4(ICMP, icmp(3, 4, struct.pack(">HH", 0, 68) + tcp(OPEN, 5, 1, 1, ACK, b"", GUEST, HOST)))),
    ethernet(IPV4, ipv4(ICMP, icmp(5, 1, packed(FOREIGN) + udp(CLOSED, OPEN, b"x" * 8, GUEST, HOST)))),
    ethernet(IPV4, udp(1000, CLOSED, b"datagram")),
    ethernet(IPV4, udp(53, 5353, dns_answer())),
    ethernet(IPV4, dhcp_answer(OFFER), BROADCAST),
    ethernet(IPV4, dhcp_answer(DHCP_ACK), BROADCAST),
    ethernet(IPV4, tcp(1000, OPEN, 1, 0, SYN, options=OPTIONS)),
    ethernet(IPV4, tcp(1000, CLOSED, 1, 0, SYN, options=OPTIONS)),
    ethernet(IPV4, tcp(1000, OPEN, 2, 1, ACK | PSH, b"data" * 20)),
    ethernet(IPV4, tcp(1000, OPEN, 2, 1, FIN | ACK)),
    ethernet(IPV4, tcp(1000, OPEN, 2, 1, RST)),
    ethernet(IPV4, ipv4(2, b"\x11\x64\xee\x9b\0\0\0\0", HOST, "224.0.0.1", options=b"\x94\x04\0\0")),
    ethernet(IPV4, ipv4(UDP, b"x" * 64, fragment=0x2000)),
    ethernet(IPV4, ipv4(UDP, b"x" * 64, fragment=8)),
    ethernet(IPV6, icmpv6(128, 0, b"\0\1\0\1" + b"x" * 56)),
    ethernet(IPV6, icmpv6(135, 0, bytes(4) + NEIGHBOUR)),
    ethernet(IPV6, icmpv6(136, 0, b"\x60\0\0\0" + NEIGHBOUR)),
    ethernet(IPV6, icmpv6(134, 0, b"\x40\0\x07\x08" + bytes(8) + b"\x03\x04\x40\xc0" + b"\xff" * 8
                          + bytes(4) + packed("fec0::") + b"\x01\x01" + ROUTER, ALL6), b"\x33\x33\0\0\0\1"),
    ethernet(IPV6, ipv6(UDP, with_sum(struct.pack(">HHHH", 1, CLOSED, 12, 0) + b"data", 6, UDP, LOCAL6, GUEST6))),
    ethernet(IPV6, ipv6(0, b"\x3a\0\x05\x02\0\0\1\0" + bytes(16))),
    ethernet(IPV6, ipv6(44, b"\x11\0\0\1\0\0\0\1" + b"x" * 64)),
]  # fmt: skip


def repaired(frame: bytes) -> bytes:
    """The frame with checksums that are right for what stands in it, as far as that can be told."""
    if frame[12:14] != b"\x08\0" or len(frame) < 34:
        return frame
    packet = frame[14:]
    length = (packet[0] & 15) * 4
    end = min(int.from_bytes(packet[2:4], "big"), len(packet))
    if length < 20 or end < length:
        return frame
    head = packet[:10] + b"\0\0" + packet[12:length]
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    segment, at = packet[length:end], {ICMP: 2, UDP: 6, TCP: 16}.get(packet[9])
    if at is not None and len(segment) >= at + 2:
        pseudo = head[12:20] + struct.pack(">HH", packet[9], len(segment)) if packet[9] != ICMP else b""
        segment = segment[:at] + b"\0\0" + segment[at + 2 :]
        segment = segment[:at] + struct.pack(">H", checksum(pseudo + segment)) + segment[at + 2 :]
    return frame[:14] + head + segment + packet[end:]


def put(data: bytes, offset: int, size: int, value: int) -> bytes:
    field = (value & (1 << 8 * size) - 1).to_bytes(size, "big")
    return (data[:offset] + field + data[offset + size :])[: len(data)]


def cut() -> Iterator[bytes]:
    """Frames that end too early, with the lengths inside as they were, or that go on too long."""
    for good in GOOD:
        # QEMU takes an empty datagram for the end of the cable.
        for length in [*range(1, min(len(good), 90), 3), len(good) - 1]:
            yield good[:length]
        for length in (61, 1514, 1515, 1518, 2048, 4096, 9000, 16000):
            yield good.ljust(length, b"\xa5")


def odd_fields() -> Iterator[bytes]:
    """One field replaced, checksums right."""
    for number, good in enumerate(GOOD):
        source = random.Random(number)
        for offset in range(12, min(len(good), 110)):
            for size in (1, 2):
                value = source.choice(ODD)
                yield repaired(put(good, offset, size, value))


def turned(count: int, seed: int = 5) -> Iterator[bytes]:
    """Several changes at random places."""
    source = random.Random(seed)
    for _ in range(count):
        frame = source.choice(GOOD)
        for _ in range(source.randint(1, 6)):
            size = source.choice((1, 1, 2, 4))
            value = source.choice(ODD) if source.random() < 0.5 else source.getrandbits(32)
            frame = put(frame, source.randrange(0 if source.random() < 0.1 else 14, len(frame)), size, value)
        yield repaired(frame) if source.random() < 0.7 else frame


def noise(count: int, seed: int = 6) -> Iterator[bytes]:
    """Random bytes behind a head that lets them in."""
    source = random.Random(seed)
    for _ in range(count):
        kind, payload = source.choice((IPV4, IPV6, ARP, 0x8100)), source.randbytes(source.randrange(1500))
        if kind == IPV4 and source.random() < 0.8:
            payload = ipv4(source.choice((ICMP, TCP, UDP, 2)), payload[:1480])
        yield repaired(ethernet(kind, payload))


def fragments() -> Iterator[bytes]:
    """Pieces that overlap, leave holes, reach beyond the longest packet, come twice, or never end."""

    def piece(number: int, offset: int, length: int, more: bool) -> bytes:
        field = (0x2000 if more else 0) | offset // 8 & 0x1FFF
        return ethernet(IPV4, ipv4(ICMP, b"\x08" * length, number=number, fragment=field))

    for number in range(40):
        yield piece(100 + number, 0, 1480, True)  # the rest of these never comes
    for number, (first, second) in enumerate([(0, 0), (0, 8), (8, 0), (16, 8), (0, 1472), (1480, 0)]):
        yield piece(200 + number, first, 64, True)
        yield piece(200 + number, second, 64, True)
        yield piece(200 + number, second + 32, 64, False)
        yield piece(200 + number, 0, 1480, True)
    yield piece(300, 65528, 1480, False)
    yield piece(301, 65528, 8, True)
    yield piece(302, 0, 0, True)
    yield piece(303, 8, 0, False)
    yield piece(304, 0, 7, True)
    for offset in range(0, 65536, 1480):
        yield piece(305, offset & ~7, 1480, True)
    yield piece(305, 65504, 30, False)


def options() -> Iterator[bytes]:
    """Options of IPv4 and TCP, of IPv6 and its neighbours, without length or longer than their packet."""
    for text in (b"\x02\0", b"\x02\1", b"\x02\xff", b"\x03\2", b"\x08\x0a", b"\x05\x22", b"\xfe\3", b"\0\0"):
        options = text.ljust(4, b"\1")
        yield ethernet(IPV4, tcp(1001, OPEN, 1, 0, SYN, options=options))
        yield ethernet(IPV4, tcp(1001, OPEN, 1, 0, SYN, options=options.rjust(40, b"\1")))
        yield ethernet(IPV4, ipv4(UDP, b"x" * 16, options=options))
        yield ethernet(IPV4, ipv4(ICMP, icmp(8, 0, b"ping"), options=options * 10))
    for offset in range(16):
        segment = bytearray(tcp(1002, OPEN, 1, 0, SYN))
        segment[32] = offset << 4
        yield repaired(ethernet(IPV4, bytes(segment)))
    for flags in range(64):
        yield ethernet(IPV4, tcp(1003, OPEN, flags * 7919, flags, flags, b"x" * (flags % 3)))
        yield ethernet(IPV4, tcp(1003, CLOSED, flags * 7919, flags, flags, b"x" * (flags % 3)))
    for kind in (133, 134, 135, 136, 137, 130, 131, 143):
        for length in (0, 1, 2, 255):
            yield ethernet(IPV6, icmpv6(kind, 0, bytes(20) + bytes([1, length]) + ROUTER))
    for header in (0, 43, 44, 50, 51, 59, 60, 135, 255):
        for length in (0, 1, 255):
            yield ethernet(IPV6, ipv6(header, bytes([header, length]) + bytes(30)))


def foreign() -> Iterator[bytes]:
    """Well made, and not meant for the guest, or from who cannot be."""
    for sender in (GUEST, "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", FOREIGN):
        for to in (GUEST, "127.0.0.1", "10.0.2.255", "255.255.255.255", "224.0.0.1", FOREIGN):
            yield ethernet(IPV4, udp(7, 7, b"echo", sender, to))
            yield ethernet(IPV4, ipv4(ICMP, icmp(8, 0, b"ping"), sender, to))
            yield ethernet(IPV4, tcp(OPEN, OPEN, 1, 0, SYN, b"", sender, to))
        yield ethernet(ARP, arp(1, (ROUTER, sender), (bytes(6), GUEST)), BROADCAST)
        yield ethernet(ARP, arp(2, (CARD, sender), (CARD, GUEST)))
    for kind in (0, 60, 1500, 0x8100, 0x88A8, 0x86DD, 0xFFFF):
        yield ethernet(kind, bytes(46))


def floods(count: int) -> Iterator[bytes]:
    """Many beginnings of connections and neighbours that nobody hears of again."""
    for number in range(count):
        sender = f"10.0.2.{number % 200 + 20}"
        yield ethernet(IPV4, tcp(2000 + number, OPEN, number, 0, SYN, b"", sender, options=OPTIONS))
        yield ethernet(ARP, arp(1, (bytes([2, 0, 0, 0, 0, number & 255]), sender), (bytes(6), GUEST)), BROADCAST)


def hostile(changed: int) -> Iterator[bytes]:
    """All of it; `changed` is how many frames of the random kinds."""
    yield from GOOD
    yield from cut()
    yield from odd_fields()
    yield from fragments()
    yield from options()
    yield from foreign()
    yield from floods(300)
    yield from turned(changed)
    yield from noise(changed // 4)
