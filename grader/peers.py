"""What the guest talks to: servers and clients on this host's loopback interface.

The guest reaches a server here as 10.0.2.2 (machine.HOST) and its port; a client here reaches the
guest by a forwarded port (Machine.ports).  A server has a free port of its own and serves from
threads of its own; when its `with` block ends, so have its connections and threads.
"""

import hashlib
import random
import re
import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable

from machine import Machine, Silent, Stall

MIB = 1 << 20
LOOPBACK = "127.0.0.1"


def content(size: int, seed: int = 1) -> bytes:
    """`size` bytes that no compression and no pattern makes alike; the same each time."""
    return random.Random(seed).randbytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---- servers -----------------------------------------------------------------------------------


class Server:
    """Threads that end with the server: what TCP and UDP have in common."""

    def __init__(self, kind: int) -> None:
        self.failures: list[BaseException] = []  # of our own code: a test's end asserts there is none
        self._threads: list[threading.Thread] = []
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        self.socket = self._keep(socket.socket(socket.AF_INET, kind))
        self.socket.bind((LOOPBACK, 0))
        self.port: int = self.socket.getsockname()[1]

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, one: socket.socket) -> socket.socket:
        """Have close() end this socket, and whoever waits for it."""
        with self._lock:
            self._sockets.add(one)
        return one

    def _drop(self, one: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(one)
        one.close()

    def _start(self, body: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=self._guarded, args=(body, *arguments), daemon=True)
        with self._lock:
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _guarded(self, body: Callable[..., None], *arguments: object) -> None:
        try:
            body(*arguments)
        except OSError:
            pass  # the guest has gone, or we close
        except Exception as error:
            self.failures.append(error)

    def close(self) -> None:
        """End every connection and thread.  May be called more than once."""
        with self._lock:
            self._closed = True
            sockets, threads = list(self._sockets), list(self._threads)
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # wakes who waits, which close() does not
        for thread in threads:
            thread.join()
        for one in sockets:
            one.close()


class TcpServer(Server):
    """Runs `serve(connection)` in a thread for each connection, which is closed after it."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        super().__init__(socket.SOCK_STREAM)
        self.accepted = 0
        self.serve = serve
        self.socket.listen(1024)
        self._start(self._accept)

    def _accept(self) -> None:
        while not self._closed:
            connection = self._keep(self.socket.accept()[0])
            self.accepted += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            self.serve(connection)
        finally:
            self._drop(connection)


def echo(connection: socket.socket) -> None:
    """Says what it hears."""
    while data := connection.recv(65536):
        connection.sendall(data)


def reset(connection: socket.socket) -> None:
    """Hears something, then ends the connection by a reset: it is gone with what lay unread."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def source(data: bytes) -> Callable[[socket.socket], None]:
    """Says `data` and ends."""
    return lambda connection: connection.sendall(data)


class Sink(TcpServer):
    """Takes all until the guest ends its side, then says one byte."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.received: list[bytes] = []  # of each connection that has ended
        self.arrived = threading.Event()  # one has

    def _take(self, connection: socket.socket) -> None:
        pieces = []
        while data := connection.recv(1 << 18):
            pieces.append(data)
        self.received.append(b"".join(pieces))
        self.arrived.set()
        connection.sendall(b"!")


class HttpServer(TcpServer):
    """Serves `files`, by path, and keeps in `uploads` what is posted or put, by path."""

    HEAD_MOST = 1 << 16

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(self._request)
        self.files = files
        self.uploads: dict[str, bytes] = {}

    def _request(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data and len(data) < self.HEAD_MOST:
            if not (piece := connection.recv(65536)):
                return
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        method, path, *_ = head.decode(errors="replace").split(" ")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if method in ("POST", "PUT"):
            pieces, missing = [body], int(length[1] if length else 0) - len(body)
            while missing > 0 and (piece := connection.recv(1 << 18)):
                pieces.append(piece)
                missing -= len(piece)
            self.uploads[path] = b"".join(pieces)
            self._answer(connection, "200 OK", b"taken\n")
        elif path in self.files:
            self._answer(connection, "200 OK", self.files[path])
        else:
            self._answer(connection, "404 Not Found", b"there is no such file\n")

    def _answer(self, connection: socket.socket, status: str, body: bytes) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):  # what is unread at close() would be answered by a reset
            pass


class UdpServer(Server):
    """Answers datagrams: `answer(datagram)` is what is said to one, None for nothing."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        super().__init__(socket.SOCK_DGRAM)
        self.socket.settimeout(0.25)  # shutdown() does not wake who waits for a datagram
        self.answer = answer
        self.received: list[bytes] = []
        self._start(self._serve)

    def _serve(self) -> None:
        while not self._closed:
            try:
                data, peer = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            self.received.append(data)
            reply = self.answer(data)
            if reply is not None:
                self.socket.sendto(reply, peer)


class TftpServer(Server):
    """TFTP, RFC 1350 with the block size option of RFC 2348: serves `files` and takes others."""

    READ, WRITE, DATA, ACK, ERROR, OPTIONS = range(1, 7)
    TRIES = 60

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(socket.SOCK_DGRAM)
        self.socket.settimeout(0.25)
        self.files = files
        self._start(self._serve)

    def _serve(self) -> None:
        while not self._closed:
            try:
                data, peer = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            self._start(self._transfer, data, peer)

    def _transfer(self, request: bytes, peer: tuple[str, int]) -> None:
        """One transfer, from a port of its own as the protocol has it."""
        line = self._keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        try:
            line.bind((LOOPBACK, 0))
            line.connect(peer)
            line.settimeout(1)
            code = int.from_bytes(request[:2], "big")
            name, _, *rest = request[2:].split(b"\0")
            options = dict(zip(rest[::2], rest[1::2]))
            size = int(options.get(b"blksize", b"512"))
            first = struct.pack(">H", self.OPTIONS) + b"blksize\0%d\0" % size if size != 512 else None
            if code == self.READ and name.decode() in self.files:
                self._send(line, self.files[name.decode()], size, first)
            elif code == self.WRITE:
                self.files[name.decode()] = self._receive(line, size, first)
            else:
                line.send(struct.pack(">HH", self.ERROR, 1) + b"no such file\0")
        finally:
            self._drop(line)

    def _exchange(self, line: socket.socket, packet: bytes, code: int, block: int) -> bytes:
        """Send until the packet of this code and number has come; returns it."""
        for _ in range(self.TRIES):
            if self._closed:
                break
            line.send(packet)
            with suppress(TimeoutError):
                while True:
                    answer = line.recv(65536)
                    if answer[:4] == struct.pack(">HH", code, block & 0xFFFF):
                        return answer
        raise ConnectionError("the guest has left a TFTP transfer")

    def _send(self, line: socket.socket, data: bytes, size: int, first: bytes | None) -> None:
        if first:
            self._exchange(line, first, self.ACK, 0)
        for block in range(len(data) // size + 1):
            piece = data[block * size : (block + 1) * size]
            head = struct.pack(">HH", self.DATA, block + 1 & 0xFFFF)
            self._exchange(line, head + piece, self.ACK, block + 1)

    def _receive(self, line: socket.socket, size: int, first: bytes | None) -> bytes:
        pieces: list[bytes] = []
        packet = first or struct.pack(">HH", self.ACK, 0)
        while not pieces or len(pieces[-1]) == size:
            pieces.append(self._exchange(line, packet, self.DATA, len(pieces) + 1)[4:])
            packet = struct.pack(">HH", self.ACK, len(pieces) & 0xFFFF)
        line.send(packet)
        return b"".join(pieces)


# ---- DNS ---------------------------------------------------------------------------------------

A, CNAME, AAAA = 1, 5, 28
NO_SUCH_NAME = 3


def dns_name(name: str) -> bytes:
    """A name as DNS writes it (RFC 1035, 3.1)."""
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


class Zone:
    """The names that our DNS servers know.  `answer` is made for UdpServer."""

    RECORDS: dict[str, list[tuple[int, str]]] = {
        "host.test": [(A, "10.0.2.2")],
        "both.test": [(A, "192.0.2.7"), (AAAA, "2001:db8::7")],
        "many.test": [(A, f"192.0.2.{number}") for number in range(1, 9)],
        "alias.test": [(CNAME, "both.test")],
        "large.test": [],  # its answer is cut
    }

    def answer(self, query: bytes) -> bytes | None:
        """The answer to one question, RFC 1035, section 4."""
        if len(query) < 17:
            return None
        labels, at = [], 12
        while at < len(query) and query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode(errors="replace"))
            at += 1 + query[at]
        name, question = ".".join(labels).lower(), query[12 : at + 5]
        kind = int.from_bytes(query[at + 1 : at + 3], "big")
        if name not in self.RECORDS:
            return self._message(query, question, 0x8180 | NO_SUCH_NAME, [])
        if name == "large.test":
            return self._message(query, question, 0x8180 | 0x0200, [])
        return self._message(query, question, 0x8180, self._records(name, kind, b"\xc0\x0c"))

    def _records(self, name: str, kind: int, owner: bytes) -> list[bytes]:
        """The records of one type that a name has; of an alias, its own and its target's."""
        found = []
        for one, value in self.RECORDS[name]:
            if one == CNAME:
                target = dns_name(value)
                found.append(self._record(owner, CNAME, target))
                found += self._records(value, kind, target)
            elif one == kind:
                family = socket.AF_INET if kind == A else socket.AF_INET6
                found.append(self._record(owner, kind, socket.inet_pton(family, value)))
        return found

    @staticmethod
    def _record(owner: bytes, kind: int, data: bytes) -> bytes:
        return owner + struct.pack(">HHIH", kind, 1, 60, len(data)) + data

    @staticmethod
    def _message(query: bytes, question: bytes, flags: int, records: list[bytes]) -> bytes:
        head = query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
        return head + question + b"".join(records)


# ---- clients -----------------------------------------------------------------------------------

_calling = threading.Lock()


def callers(port: int) -> int:
    """How many connections wait to be accepted by who listens on this port of ours: proc(5)."""
    for line in Path("/proc/net/tcp").read_text().splitlines():
        words = line.split()
        if words[3] == "0A" and words[1] == f"0100007F:{port:04X}":
            return int(words[4].partition(":")[2], 16)
    return 0


def call(port: int) -> socket.socket:
    """A connection to a port of 127.0.0.1 that has been accepted.

    slirp's queue of callers holds one; when more come than it takes in at once, this host's kernel
    tells them that they are connected and forgets some.  So they come one after the other."""
    with _calling:
        connection = socket.create_connection((LOOPBACK, port))
        while callers(port):
            time.sleep(0.001)
    return connection


class Client:
    """A connection to the guest.  What waits here gives up when the guest makes no progress."""

    def __init__(self, machine: Machine, port: int, patience: float = 20) -> None:
        self.machine, self.patience = machine, patience
        self.transcript = b""
        self.seen = 0
        self.ended = False  # the guest has ended its side
        self.socket = call(port)
        self.socket.settimeout(0.25)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.settimeout(None)
        self.socket.sendall(data)
        self.socket.settimeout(0.25)

    def _take(self, data: bytes) -> bytes:
        """What of the arrived bytes is the guest's text."""
        return data

    def pump(self) -> bool:
        """Wait a moment for more; tells whether something came, be it the end."""
        self.machine.pump(0)
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        self.ended = not data
        self.transcript += self._take(data)
        return True

    def expect(self, pattern: str | bytes) -> "re.Match[bytes]":
        """Wait for `pattern` in what comes, and consume all up to its end."""
        compiled = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        stalled = Stall(self.machine, self.patience)
        while not (match := compiled.search(self.transcript, self.seen)):
            if self.ended:
                raise Silent(f"the connection ended; expected {pattern!r}, got {self.transcript!r}")
            if self.pump():
                stalled = Stall(self.machine, self.patience)
            elif stalled:
                raise Silent(f"expected {pattern!r} on the connection, got {self.transcript!r}")
        self.seen = match.end()
        return match

    def read_all(self) -> bytes:
        """Everything until the guest ends its side."""
        stalled = Stall(self.machine, self.patience)
        while not self.ended:
            if self.pump():
                stalled = Stall(self.machine, self.patience)
            elif stalled:
                raise Silent(f"the connection does not end; got {len(self.transcript)} bytes")
        return self.transcript


class Telnet(Client):
    """RFC 854 as far as a login needs it, with the size of a window, RFC 1073."""

    IAC, DONT, DO, WONT, WILL, SB, SE, NAWS = 255, 254, 253, 252, 251, 250, 240, 31

    def __init__(self, machine: Machine, port: int, columns: int, rows: int, patience: float = 20) -> None:
        super().__init__(machine, port, patience)
        self._rest = b""  # of a command that has not come whole
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Tell the guest the window's size."""
        size = struct.pack(">HH", columns, rows).replace(b"\xff", b"\xff\xff")
        offer = bytes([self.IAC, self.WILL, self.NAWS, self.IAC, self.SB, self.NAWS])
        self.send(offer + size + bytes([self.IAC, self.SE]))

    def _take(self, data: bytes) -> bytes:
        data, text = self._rest + data, b""
        while data:
            before, found, after = data.partition(b"\xff")
            text += before
            if not found:
                data = b""
            elif after[:1] == b"\xff":  # an escaped byte
                text, data = text + b"\xff", after[1:]
            elif len(after) < 2:
                data = found + after
                break
            else:
                data = after[2:]  # a request or an offer: none needs an answer
        self._rest = data
        return text
