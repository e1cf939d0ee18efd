#!/usr/bin/python3
"""Inputs for the network's fuzz targets to start from: conversations of a few frames, in the format of
fuzz_network.c, and requests, in that of fuzz_configuration.c.

    seeds.py DIRECTORY
"""

import struct
import sys
from pathlib import Path

OURS, THEIRS = bytes.fromhex("525400123456"), bytes.fromhex("52550a000202")
IP_OURS, IP_THEIRS = bytes([10, 0, 2, 15]), bytes([10, 0, 2, 2])
IP6_OURS = bytes.fromhex("fd000000000000000000000000000015")
IP6_THEIRS = bytes.fromhex("fe800000000000000000000000000002")
IP6_LINK = bytes.fromhex("fe80000000000000505400fffe123456")
ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
AS_IS, SUMS, NUMBERS, TIME, CALL = range(5)


def step(what: int, data: bytes) -> bytes:
    return struct.pack(">BH", what, len(data)) + data


def ethernet(kind: int, payload: bytes, to: bytes = OURS) -> bytes:
    return to + THEIRS + struct.pack(">H", kind) + payload


def ip4(protocol: int, payload: bytes, fragment: int = 0, to: bytes = IP_OURS,
        options: bytes = b"") -> bytes:  # fmt: skip
    words = 5 + len(options) // 4
    header = struct.pack(">BBHHHBBH", 0x40 | words, 0, 4 * words + len(payload), 7, fragment, 64,
                         protocol, 0)  # fmt: skip
    return ethernet(0x0800, header + IP_THEIRS + to + options + payload)


def ip6(protocol: int, payload: bytes, to: bytes = IP6_OURS, source: bytes = IP6_THEIRS) -> bytes:
    header = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 255)
    return ethernet(0x86DD, header + source + to + payload)


def tcp(flags: int, data: bytes = b"", options: bytes = b"", seq: int = 0, ack: int = 0,
        ports: tuple[int, int] = (5000, 80), window: int = 8192) -> bytes:  # fmt: skip
    words = 5 + len(options) // 4
    return struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, words << 4, flags,
                       window, 0, 0) + options + data  # fmt: skip


def udp(data: bytes, ports: tuple[int, int] = (5000, 53)) -> bytes:
    return struct.pack(">HHHH", *ports, 8 + len(data), 0) + data


def arp(operation: int, target: bytes = IP_OURS) -> bytes:
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
    return ethernet(0x0806, body + THEIRS + IP_THEIRS + OURS + target)


OPTIONS = bytes([2, 4, 5, 0xB4, 4, 2, 1, 3, 3, 7, 1, 1])


def conversations() -> dict[str, list[bytes]]:
    """Each input's steps."""
    hello = [step(AS_IS, arp(1)), step(AS_IS, arp(2))]
    opened = hello + [
        step(SUMS, ip4(6, tcp(SYN, options=OPTIONS))),
        step(NUMBERS, ip4(6, tcp(ACK))),
        step(CALL, bytes([0, 0, 0])),
    ]
    sends = [step(CALL, bytes([7, 40, 1])), step(NUMBERS, ip4(6, tcp(ACK)))]
    reads = step(CALL, bytes([7, 255, 2]))
    data = step(NUMBERS, ip4(6, tcp(ACK | PSH, b"GET / HTTP/1.0\r\n\r\n")))
    unreachable = ip4(17, udp(b"x", (40001, 69)))[14:42]
    neighbour = bytes([136, 0, 0, 0, 0x60, 0, 0, 0]) + IP6_THEIRS + bytes([2, 1]) + THEIRS
    solicit = bytes([135, 0, 0, 0, 0, 0, 0, 0]) + IP6_OURS + bytes([1, 1]) + THEIRS
    router = bytes([134, 0, 0, 0, 64, 0, 7, 8]) + bytes(8) + bytes([1, 1]) + THEIRS
    prefix = struct.pack(">BBBBIII", 3, 4, 64, 0xC0, 86400, 14400, 0) + bytes([0xFD]) + bytes(15)
    mtu = struct.pack(">BBHI", 5, 1, 0, 1400)
    part = bytes(range(256)) * 4
    return {
        "arp": hello,
        "ping": hello + [step(SUMS, ip4(1, bytes([8, 0, 0, 0, 0, 1, 0, 1]) + part))],
        "options": [step(SUMS, ip4(1, bytes([8, 0, 0, 0, 0, 1, 0, 1]), options=bytes([7, 4, 4, 0])))],
        "udp": hello + [step(SUMS, ip4(17, udp(b"query"))), step(CALL, bytes([1, 9, 2]))],
        "closed": [step(SUMS, ip4(17, udp(b"query", (5000, 9)))), step(SUMS, ip4(6, tcp(SYN, ports=(1, 2))))],
        "unreachable": [step(SUMS, ip4(1, bytes([3, 3, 0, 0, 0, 0, 0, 0]) + unreachable))],
        "fragments": [
            step(AS_IS, ip4(17, udp(part)[:520], 0x2000)),
            step(AS_IS, ip4(17, udp(part)[1000:], 125)),
            step(SUMS, ip4(17, udp(part)[520:1000], 0x2000 | 65)),
        ],
        "connection": opened + [data, reads, *sends, step(NUMBERS, ip4(6, tcp(ACK | FIN))),
                                step(CALL, bytes([7, 0, 3, 1])), step(NUMBERS, ip4(6, tcp(ACK))),
                                step(TIME, bytes([200]))],  # fmt: skip
        "disorder": opened + [
            step(NUMBERS, ip4(6, tcp(ACK, b"c" * 10, seq=20))),
            step(NUMBERS, ip4(6, tcp(ACK, b"e" * 10, seq=40))),
            step(NUMBERS, ip4(6, tcp(ACK, b"d" * 15, seq=25))),
            step(NUMBERS, ip4(6, tcp(ACK | FIN, b"f" * 9, seq=50))),
            data, reads, step(NUMBERS, ip4(6, tcp(ACK, b"b" * 30))),
        ],
        "loss": opened + [sends[0], sends[0], *[step(NUMBERS, ip4(6, tcp(ACK, ack=-2560)))] * 4,
                          step(TIME, bytes([20])), step(TIME, bytes([20])), sends[1]],
        "window": opened + [step(NUMBERS, ip4(6, tcp(ACK, window=0))), sends[0],
                            step(TIME, bytes([40])), step(NUMBERS, ip4(6, tcp(ACK, window=9)))],
        "reset": opened + [data, step(NUMBERS, ip4(6, tcp(RST)))],
        "closing": opened + [step(CALL, bytes([7, 0, 4])), step(NUMBERS, ip4(6, tcp(ACK | FIN))),
                             step(TIME, bytes([200]))],  # fmt: skip
        "client": hello + [step(NUMBERS, ip4(6, tcp(SYN | ACK, options=OPTIONS, ports=(80, 40000)))),
                           step(CALL, bytes([5, 40, 1])),
                           step(NUMBERS, ip4(6, tcp(ACK | URG, b"x" * 40, ports=(80, 40000)))),
                           step(CALL, bytes([5, 40, 2])), step(CALL, bytes([5, 0, 4]))],  # fmt: skip
        "refused": [step(NUMBERS, ip4(6, tcp(RST | ACK, ports=(80, 40000))))],
        "igmp": [step(SUMS, ip4(2, bytes([0x11, 50, 0, 0, 0, 0, 0, 0]), to=bytes([224, 0, 0, 1]))),
                 step(TIME, bytes([30])),
                 step(SUMS, ip4(17, udp(b"mdns", (5353, 5353)), to=bytes([224, 0, 0, 251])))],
        "ping6": [step(SUMS, ip6(58, solicit, IP6_LINK)), step(SUMS, ip6(58, neighbour, IP6_LINK)),
                  step(SUMS, ip6(58, bytes([128, 0, 0, 0, 0, 1, 0, 1]) + part))],
        "router": [step(SUMS, ip6(58, router + mtu + prefix, ALL_NODES)), step(TIME, bytes([40])),
                   step(TIME, bytes([40]))],
        "listeners": [step(SUMS, ip6(0, bytes([58, 0, 5, 2, 0, 0, 1, 0]) + bytes([130, 0, 0, 0, 0, 9, 0, 0])
                                     + bytes(16), ALL_NODES)), step(TIME, bytes([9]))],
        "udp6": [step(SUMS, ip6(17, udp(b"query"))), step(SUMS, ip6(17, udp(b"nobody", (1, 2))))],
        "tcp6": [step(SUMS, ip6(58, neighbour, IP6_LINK)), step(SUMS, ip6(6, tcp(SYN, options=OPTIONS))),
                 step(NUMBERS, ip6(6, tcp(ACK))), step(CALL, bytes([0, 0, 0])),
                 step(NUMBERS, ip6(6, tcp(ACK, part))), step(CALL, bytes([7, 255, 2])),
                 step(CALL, bytes([7, 90, 1])), step(CALL, bytes([7, 0, 4]))],
        "fragments6": [step(AS_IS, ip6(44, bytes([17, 0, 0, 1, 0, 0, 0, 5]) + udp(part)[:512])),
                       step(AS_IS, ip6(44, bytes([17, 0, 2, 0, 0, 0, 0, 5]) + udp(part)[512:]))],
        "headers6": [step(AS_IS, ip6(0, bytes([43, 0, 1, 4, 0, 0, 0, 0]) + bytes([60, 0, 0, 0, 0, 0, 0, 0])
                                     + bytes([17, 0, 1, 4, 0, 0, 0, 0]) + udp(b"deep")))],
        "toobig6": [step(SUMS, ip6(58, bytes([2, 0, 0, 0, 0, 0, 5, 0]) + part[:400]))],
        "redirect6": [step(SUMS, ip6(58, bytes([137, 0, 0, 0, 0, 0, 0, 0]) + IP6_THEIRS + IP6_OURS
                                     + bytes([2, 1]) + THEIRS, IP6_LINK))],
    }  # fmt: skip


# ---- fuzz_configuration.c

NETLINK, NETLINK_OF_A_USER, RECEIVE, IOCTL, IOCTL6, FILTER, PACKET, OPTION, FRAME = range(9)
REQUEST, ACKNOWLEDGE, DUMP, CREATE = 1, 4, 0x300, 0x400


def attribute(kind: int, data: bytes) -> bytes:
    return (struct.pack("<HH", 4 + len(data), kind) + data).ljust(4 + (len(data) + 3 & ~3), b"\0")


def request(kind: int, flags: int, fixed: bytes, *attributes: bytes) -> bytes:
    """A netlink message (netlink(7))."""
    body = fixed + b"".join(attributes)
    return struct.pack("<IHHII", 16 + len(body), kind, REQUEST | flags, 7, 0) + body


def requests() -> dict[str, list[bytes]]:
    """What programs ask for, by name."""
    link = struct.pack("<BBHiII", 0, 0, 0, 2, 1, 1)
    address = struct.pack("<BBBBI", 2, 24, 0, 0, 2)
    address6 = struct.pack("<BBBBI", 10, 64, 0, 0, 2)
    route = struct.pack("<BBBBBBBBI", 2, 24, 0, 0, 254, 3, 0, 1, 0)
    lookup = struct.pack("<BBBBBBBBI", 2, 32, 0, 0, 0, 0, 0, 0, 0)
    neighbour = struct.pack("<BBHiHBB", 2, 0, 0, 2, 0x80, 0, 0)
    interface = b"eth0".ljust(16, b"\0")
    inet = struct.pack("<H2s4s8s", 2, b"", IP_OURS, b"")
    gateway = struct.pack("<H2s4s8s", 2, b"", IP_THEIRS, b"")
    instructions = struct.pack("<" + "HBBI" * 4, 0x30, 0, 0, 23, 0x15, 0, 1, 17, 6, 0, 0, 0xFFFF, 6, 0, 0, 0)
    dumps = [step(NETLINK, request(kind, DUMP, b"\0")) for kind in (18, 22, 26, 30, 34)]
    return {
        "dumps": [part for dump in dumps for part in (dump, *[step(RECEIVE, b"\xff")] * 3)],
        "link": [step(NETLINK, request(16, ACKNOWLEDGE, link, attribute(4, struct.pack("<I", 1400)))),
                 step(NETLINK, request(16, ACKNOWLEDGE, link, attribute(3, b"lan0\0"), attribute(1, OURS))),
                 step(RECEIVE, b"\xff")],
        "address": [step(NETLINK, request(21, ACKNOWLEDGE, address, attribute(2, IP_OURS))),
                    step(NETLINK, request(20, ACKNOWLEDGE | CREATE, address, attribute(2, IP_THEIRS),
                                          attribute(4, bytes([10, 0, 2, 255]))))],
        "address6": [step(NETLINK, request(20, CREATE, address6, attribute(1, IP6_OURS))),
                     step(NETLINK, request(21, 0, address6, attribute(1, IP6_OURS)))],
        "route": [step(NETLINK, request(24, CREATE, route, attribute(1, bytes([192, 168, 5, 0])),
                                        attribute(5, IP_THEIRS), attribute(6, struct.pack("<I", 7)))),
                  step(NETLINK, request(26, ACKNOWLEDGE, lookup, attribute(1, bytes([192, 168, 5, 1])))),
                  step(NETLINK, request(25, ACKNOWLEDGE, route, attribute(1, bytes([192, 168, 5, 0]))))],
        "neighbour": [step(NETLINK, request(28, CREATE, neighbour, attribute(1, IP_THEIRS), attribute(2, THEIRS))),
                      step(NETLINK, request(29, 0, neighbour, attribute(1, IP_THEIRS)))],
        "user": [step(NETLINK_OF_A_USER, request(16, ACKNOWLEDGE, link)), step(RECEIVE, b"\xff")],
        "flags": [step(IOCTL, struct.pack("<H", 0x8914) + interface + struct.pack("<H22s", 0, b"")),
                  step(IOCTL, struct.pack("<H", 0x8914) + interface + struct.pack("<H22s", 0x1101, b""))],
        "inet": [step(IOCTL, struct.pack("<H", command) + interface + inet + bytes(8))
                 for command in (0x8916, 0x891C, 0x891A, 0x8915, 0x8927)],
        "rtentry": [step(IOCTL, struct.pack("<HQ", command, 0) + inet + gateway + inet + struct.pack("<H", 3))
                    for command in (0x890B, 0x890C)],
        "inet6": [step(IOCTL6, struct.pack("<H", command) + IP6_OURS + struct.pack("<Ii", 64, 2))
                  for command in (0x8916, 0x8936)],
        "packet": [step(FILTER, instructions), step(FRAME, ip4(17, udp(b"query"))), step(RECEIVE, b"\x20"),
                   step(PACKET, ip4(17, udp(b"query"))), step(OPTION, struct.pack("<HiHH8s", 1, 2, 1, 6, OURS))],
    }  # fmt: skip


def main() -> None:
    for target, inputs in (("network", conversations()), ("configuration", requests())):
        directory = Path(sys.argv[1], target)
        directory.mkdir(parents=True, exist_ok=True)
        for name, steps in inputs.items():
            (directory / name).write_bytes(b"".join(steps))


if __name__ == "__main__":
    main()
