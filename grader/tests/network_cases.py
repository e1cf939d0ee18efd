"""What the network does on every card and in every emulator: tests that test_network_*.py take over.

Each of those files says which machine it is about: EMULATOR, MEMORY and NETWORK.  Linux in the same emulator
gives the answers that are expected here.  The sizes are an everyday run's; ARAMID_NETWORK=full has
those that are asked for (`make network`).
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable, Iterator, TypeVar

import pytest

from conftest import BOCHS_PATIENCE
from machine import GUEST, HOST, Machine, Silent, Stall
from peers import (
    MIB, Client, HttpServer, Sink, TcpServer, Telnet, TftpServer, UdpServer, Zone, call, content,
    echo, reset, sha256,
)  # fmt: skip
from shell import Shell

HTTP, TELNET, ECHO, CAT = 80, 23, 7, 2000
FORWARDS = (HTTP, TELNET, ECHO, CAT)

FULL = os.environ.get("ARAMID_NETWORK") == "full"
T = TypeVar("T")


@dataclass(frozen=True)
class Sizes:
    """How much of each."""

    download: int  # MiB
    upload: int  # MiB
    requests: int  # HTTP
    at_once: int  # of them
    open: int  # connections at the same time
    cycles: int  # connections one after the other on loopback, and a tenth of it to the host
    small: int  # bytes of a file by TFTP


EVERYDAY = {
    "qemu": Sizes(16, 4, 300, 50, 500, 3000, 200_000),
    "bochs": Sizes(2, 1, 60, 10, 60, 300, 40_000),
}
ASKED_FOR = {
    "qemu": Sizes(64, 16, 1000, 50, 500, 20_000, 1_000_000),
    "bochs": Sizes(16, 4, 1000, 50, 500, 2000, 200_000),
}


def sizes(shell: Shell) -> Sizes:
    return (ASKED_FOR if FULL else EVERYDAY)[shell.machine.settings.emulator]


def patience(shell: Shell, seconds: float = 60) -> float:
    """For commands that compute, or wait for their peer."""
    return seconds * (BOCHS_PATIENCE if shell.machine.settings.emulator == "bochs" else 1)


def together(machine: Machine, jobs: list[Callable[[], T]], at_once: int, wait: float) -> list[T]:
    """Do the jobs in threads, so many at the same time; gives up when none ends any more."""
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(job) for job in jobs]
        stalled, last = Stall(machine, wait), 0
        while (done := sum(future.done() for future in futures)) < len(jobs):
            machine.pump(0.1)
            if done != last:
                stalled, last = Stall(machine, wait), done
            elif stalled:
                machine.close()  # which ends the threads
                raise Silent(f"{done} of {len(jobs)} are done, and no more come")
    return [future.result() for future in futures]


def same(expected: str, got: str) -> None:
    """The whole output must match, line by line, so that a failure names the line."""
    for number, line in enumerate(expected.strip("\n").split("\n")):
        lines = got.strip("\n").split("\n")
        assert number < len(lines), f"expected the line {line!r} in {got!r}"
        assert re.fullmatch(line, lines[number].rstrip()), f"expected {line!r}, got {lines[number]!r}"
    assert len(lines) == number + 1, f"more than expected: {lines[number + 1:]}"


def without_ipv6(text: str) -> str:
    """What `ip addr` or `ifconfig` says, less the addresses that a router's advertisement may bring."""
    return re.sub(r" +inet6 .*\n(?: +valid_lft .*\n)?", "", text)


# ---- who am I ----------------------------------------------------------------------------------


def test_lease(shell: Shell) -> None:
    """The boot has asked for an address; asking again gives the same."""
    assert f"inet addr:{GUEST} " in shell.output("ifconfig eth0")
    assert shell.output("grep nameserver /etc/resolv.conf") == "nameserver 10.0.2.3\n"
    again = shell.output("udhcpc -i eth0 -n -q", patience(shell))
    assert f"lease of {GUEST} obtained from {HOST}" in again, again
    assert shell.output("ip route | grep default").rstrip() == f"default via {HOST} dev eth0"


@pytest.mark.parametrize("size", [56, 1472, 4000])
@pytest.mark.parametrize("to", ["127.0.0.1", GUEST, HOST, "localhost"])
def test_ping(shell: Shell, to: str, size: int) -> None:
    """Loopback, the own address, the gateway; the largest packet that fits a frame, and fragments."""
    text = shell.output(f"ping -c 3 -i 0.1 -s {size} {to}", patience(shell))
    assert "3 packets transmitted, 3 packets received, 0% packet loss" in text
    assert text.count(f"{size + 8} bytes from ") == 3


# lwIP counts the bytes of a packet in 16 bits, so loopback carries one byte less than Linux's.
INTERFACE = r"""
eth0      Link encap:Ethernet  HWaddr 52:54:00:12:34:56
          inet addr:10\.0\.2\.15  Bcast:10\.0\.2\.255  Mask:255\.255\.255\.0
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
          RX packets:[1-9]\d* errors:0 dropped:\d+ overruns:0 frame:0
          TX packets:[1-9]\d* errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000
          RX bytes:[1-9]\d* \(.*\)  TX bytes:[1-9]\d* \(.*\)
"""
LOOPBACK_INTERFACE = r"""
lo        Link encap:Local Loopback
          inet addr:127\.0\.0\.1  Mask:255\.0\.0\.0
          UP LOOPBACK RUNNING  MTU:6553[56]  Metric:1
          RX packets:\d+ errors:0 dropped:0 overruns:0 frame:0
          TX packets:\d+ errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000
          RX bytes:\d+ \(.*\)  TX bytes:\d+ \(.*\)
"""
ADDRESSES = r"""
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 6553[56] qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127\.0\.0\.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc \w+ qlen 1000
    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff
    inet 10\.0\.2\.15/24 brd 10\.0\.2\.255 scope global eth0
       valid_lft forever preferred_lft forever
"""
LINKS = r"""
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 6553[56] qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc \w+ qlen 1000
    link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff
"""
ROUTES = r"""
default via 10\.0\.2\.2 dev eth0
10\.0\.2\.0/24 dev eth0 scope link  src 10\.0\.2\.15
"""
ROUTE_TABLE = r"""
Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0\.0\.0\.0         10\.0\.2\.2        0\.0\.0\.0         UG    0      0        0 eth0
10\.0\.2\.0        0\.0\.0\.0         255\.255\.255\.0   U     0      0        0 eth0
"""
NETSTAT_ROUTES = r"""
Kernel IP routing table
Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface
0\.0\.0\.0         10\.0\.2\.2        0\.0\.0\.0         UG        0 0          0 eth0
10\.0\.2\.0        0\.0\.0\.0         255\.255\.255\.0   U         0 0          0 eth0
"""


@pytest.mark.parametrize(
    "command, expected",
    [
        ("ifconfig eth0", INTERFACE),
        ("ifconfig lo", LOOPBACK_INTERFACE),
        ("ifconfig", f"{INTERFACE}\n{LOOPBACK_INTERFACE}"),
        ("ip addr", ADDRESSES),
        ("ip link", LINKS),
        ("ip route", ROUTES),
        ("route -n", ROUTE_TABLE),
        ("netstat -rn", NETSTAT_ROUTES),
    ],
    ids=lambda text: text.replace(" ", "-") if "\n" not in text else "",
)
def test_tables(shell: Shell, command: str, expected: str) -> None:
    """What the tools show is what they show on Linux."""
    text = without_ipv6(shell.output(command))
    same(re.sub("\n\n+", "\n", expected), re.sub("\n\n+", "\n", text))


def test_neighbours(shell: Shell) -> None:
    """The gateway's hardware address, in all three tools' words."""
    shell.output(f"ping -c 1 {HOST}", patience(shell))
    line = r"\? \(10\.0\.2\.2\) at (52:55:0a:00:02:02) \[ether\]  on eth0"
    assert re.search(line, shell.output("arp -an"))
    assert re.search(r"10\.0\.2\.2 dev eth0 lladdr 52:55:0a:00:02:02 ", shell.output("ip neigh"))
    text = shell.output(f"arping -c 2 {HOST}", patience(shell))
    assert f"ARPING {HOST} from {GUEST} eth0" in text and "Received 2 response(s)" in text


def test_routes_and_addresses_change(shell: Shell) -> None:
    """A second address, a route by it, the default route away and back: as on Linux."""
    shell.output("ip addr add 10.9.9.9/24 dev eth0")
    assert "    inet 10.9.9.9/24 scope global eth0\n" in shell.output("ip addr show eth0")
    assert "10.9.9.0/24 dev eth0 scope link  src 10.9.9.9" in shell.output("ip route")
    shell.output("ip route add 192.0.2.0/24 via 10.9.9.1")
    assert "192.0.2.0/24 via 10.9.9.1 dev eth0" in shell.output("ip route")
    shell.output("ip route del 192.0.2.0/24; ip addr del 10.9.9.9/24 dev eth0")
    shell.output("route del default")
    for command, words in [
        ("ping -c 1 192.0.2.1", "ping: sendto: Network is unreachable\n"),
        ("nc 192.0.2.1 80", "nc: can't connect to remote host (192.0.2.1): Network is unreachable\n"),
        ("wget http://192.0.2.1/", "wget: can't connect to remote host (192.0.2.1): Network is unreachable\n"),
        ("probe-connections errors 192.0.2.1 80", "connect: Network unreachable\n"),
    ]:
        assert shell.run(command, patience(shell)).output.endswith(words)
    shell.output(f"route add default gw {HOST}")
    same(ROUTES, shell.output("ip route"))


def test_user_may_not(shell: Shell) -> None:
    """Raw sockets, low ports and the configuration are root's."""
    for command, words in [
        ("ping -c 1 127.0.0.1", "ping: permission denied (are you root?)"),
        ("nc -l -p 99", "nc: bind: Permission denied"),
        ("ifconfig eth0 down", "ifconfig: SIOCSIFFLAGS: Operation not permitted"),
        ("route add default gw 10.0.2.9", "route: SIOCADDRT: Operation not permitted"),
        ("ip addr add 10.1.1.1/8 dev lo", "ip: RTNETLINK answers: Operation not permitted"),
    ]:
        result = shell.run(f"su student -c '{command}'")
        assert words in result.output and result.status != 0, (command, result)


# ---- calling the guest -------------------------------------------------------------------------


def serve(shell: Shell, command: str, port: int) -> None:
    """Start a server in the guest, and wait until it listens."""
    name = command.split()[0]
    shell.output(f"killall {name} 2>/dev/null; while netstat -tln | grep -q ':{port} '; do :; done")
    shell.output(f"({command} &)")
    wait = f"until netstat -tln | grep -q ':{port} '; do sleep 0.05; done"
    shell.output(wait, patience(shell))


def calling(shell: Shell, port: int) -> Client:
    return Client(shell.machine, shell.machine.ports[port], patience(shell, 20))


def wait_gone(shell: Shell, program: str) -> None:
    shell.output(f"while pidof {program} >/dev/null; do sleep 0.05; done", patience(shell))


# ---- data --------------------------------------------------------------------------------------


def test_download(shell: Shell) -> None:
    data = content(sizes(shell).download * MIB)
    with HttpServer({"/big": data}) as server:
        command = f"wget -q -O - http://{HOST}:{server.port}/big | sha256sum"
        assert shell.output(command, patience(shell, 120)) == f"{sha256(data)}  -\n"
        assert server.failures == []


def test_upload(shell: Shell) -> None:
    with Sink() as server:
        shell.output(f"head -c {sizes(shell).upload}m /dev/urandom >/tmp/up")
        expected = shell.output("sha256sum </tmp/up", patience(shell)).split()[0]
        command = f"nc {HOST} {server.port} </tmp/up; rm /tmp/up"
        assert shell.output(command, patience(shell, 120)) == "!"
        assert [sha256(data) for data in server.received] == [expected]


def test_post(shell: Shell) -> None:
    with HttpServer({}) as server:
        url = f"http://{HOST}:{server.port}/place"
        text = shell.output(f"seq 1 20000 >/tmp/n; wget -q -O - --post-file /tmp/n {url}; rm /tmp/n")
        assert text == "taken\n"
        assert server.uploads["/place"] == b"".join(b"%d\n" % number for number in range(1, 20001))
        assert "404 Not Found" in shell.run(f"wget {url}").output


def fetch(port: int, path: str) -> tuple[bytes, bytes]:
    """Head and body of what the guest's httpd answers."""
    with call(port) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        data = b""
        while piece := connection.recv(65536):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


@pytest.fixture
def httpd(shell: Shell) -> Iterator[int]:
    """The guest's httpd with a few files; the port that leads to it."""
    shell.output("mkdir -p /tmp/www; seq 1 600 >/tmp/www/numbers")
    serve(shell, "httpd -f -h /tmp/www", HTTP)
    yield shell.machine.ports[HTTP]
    shell.output("killall httpd; rm -r /tmp/www")


def test_httpd(shell: Shell, httpd: int) -> None:
    """So many requests, so many at once, each answered whole."""
    expected = b"".join(b"%d\n" % number for number in range(1, 601))
    many, wait = sizes(shell), patience(shell)
    jobs = [lambda: fetch(httpd, "/numbers")] * many.requests
    answers = together(shell.machine, jobs, many.at_once, wait)
    assert [head.split(b"\r\n")[0] for head, _ in answers] == [b"HTTP/1.1 200 OK"] * many.requests
    assert [body for _, body in answers if body != expected] == []
    assert fetch(httpd, "/nothing")[0].startswith(b"HTTP/1.1 404 Not Found")


def test_nc_calls(shell: Shell) -> None:
    """The guest connects, speaks and hears until the other side ends."""
    with TcpServer(echo) as server:
        text = shell.output(f"(echo first; sleep 1; echo second) | nc {HOST} {server.port}")
        assert text == "first\nsecond\n"
        assert server.accepted == 1


def test_nc_is_called(shell: Shell) -> None:
    """The guest listens; both sides speak at any time."""
    listening = f"(until netstat -tln | grep ':{CAT} '; do :; done) & nc -l -p {CAT}"
    shell.start(listening)
    shell.expect("LISTEN")
    with calling(shell, CAT) as client:
        client.send(b"to the guest\n")
        shell.expect("to the guest\r\n")
        shell.type("to the host\n")
        client.expect("to the host\n")
        client.send(b"again\n")
        shell.expect("again\r\n")
    shell.wait_prompt()




def test_nc_serves_with_a_program(shell: Shell) -> None:
    serve(shell, f"nc -ll -p {CAT} -e /bin/cat", CAT)
    for number in range(3):
        with calling(shell, CAT) as client:
            client.send(b"number %d\n" % number)
            client.expect(f"number {number}\n")
    shell.output("killall nc")


def test_netstat(shell: Shell) -> None:
    """A listening socket and a connection, as Linux shows them."""
    serve(shell, f"probe-connections echo {ECHO} 1", ECHO)
    with calling(shell, ECHO) as client:
        client.send(b"hello")
        client.expect("hello")
        text = shell.output("netstat -tan")
        assert re.search(rf"\ntcp +0 +0 0\.0\.0\.0:{ECHO} +0\.0\.0\.0:\* +LISTEN ", text), text
        assert re.search(rf"\ntcp +0 +0 10\.0\.2\.15:{ECHO} +10\.0\.2\.2:\d+ +ESTABLISHED ", text), text
        assert f":{ECHO} " not in shell.output("netstat -tn | grep LISTEN; netstat -un; netstat -w")
    wait_gone(shell, "probe-connections")
    assert f":{ECHO} " not in shell.output("netstat -tln")


def test_telnet(shell: Shell) -> None:
    """A login from outside: a shell on a terminal of its own that has the window's size."""
    serve(shell, "telnetd -F -l /bin/login", TELNET)
    port = shell.machine.ports[TELNET]
    with Telnet(shell.machine, port, 91, 33, patience(shell, 20)) as line:
        line.expect("aramid login: ")
        line.send(b"root\r\n")
        line.expect("root@aramid:.*# ")
        line.send(b"stty size; tty\r\n")
        line.expect(r"\n33 91\r\n/dev/pts/\d+\r\n")
        line.resize(100, 50)
        line.send(b"stty size; echo $((6 * 7))\r\n")
        line.expect(r"\n50 100\r\n42\r\n")
        line.send(b"(echo re''ady; sleep 1000)\r\n")
        line.expect("ready\r\n")
        line.send(b"\x03")
        line.expect("root@aramid:.*# ")
        line.send(b"(echo re''ady; cat | sed s/^/got:/)\r\n")
        line.expect("ready\r\n")
        line.send(b"over the line\r\n\x04")
        line.expect("got:over the line\r\n.*# ")
        line.send(b"exit\r\n")
        line.read_all()
    shell.output("killall telnetd")
    assert shell.output("ls /dev/pts") == "ptmx\n"


def test_telnet_line_breaks(shell: Shell) -> None:
    """The caller vanishes: its shell is hung up on and goes."""
    serve(shell, "telnetd -F -l /bin/login", TELNET)
    with Telnet(shell.machine, shell.machine.ports[TELNET], 80, 25, patience(shell, 20)) as line:
        line.expect("aramid login: ")
        line.send(b"root\r\n")
        line.expect("root@aramid:.*# ")
        line.send(b"(echo re''ady; sleep 7654)\r\n")
        line.expect("ready\r\n")
    shell.output("while ps | grep -q 'sleep 765[4]'; do sleep 0.05; done", patience(shell))
    shell.output("killall telnetd")


def test_tftp(shell: Shell) -> None:
    """There and back, in blocks of the protocol's size and of another; a file that is not there."""
    data = content(sizes(shell).small)
    with TftpServer({"file": data}) as server:
        to, wait = f"{HOST} {server.port}", patience(shell)
        shell.output(f"cd /tmp; tftp -g -r file -l got {to}", wait)
        assert shell.output("sha256sum <got", wait).split()[0] == sha256(data)
        shell.output(f"tftp -p -l got -r put {to}", wait)
        shell.output(f"tftp -b 1400 -p -l got -r large {to}; tftp -b 1400 -g -r large -l more {to}", wait)
        assert shell.output("cmp got more; rm got more; cd") == ""
        assert server.files["put"] == data and server.files["large"] == data
        assert shell.run(f"tftp -g -r none -l none {to}").output == "tftp: server error: (1) no such file\n"
        assert server.failures == []


def test_nslookup(shell: Shell) -> None:
    """Addresses of both kinds, an alias, a name that is not, an answer that was cut."""
    with UdpServer(Zone().answer) as server:

        def look(name: str) -> str:
            return shell.run(f"nslookup {name} {HOST}:{server.port}").output

        head = f"Server:\t\t{HOST}:{server.port}\nAddress:\t{HOST}:{server.port}\n\n"
        both = "Name:\tboth.test\nAddress: 192.0.2.7\n", "Name:\tboth.test\nAddress: 2001:db8::7\n"
        alias = "alias.test\tcanonical name = both.test\n"
        assert look("both.test") == head + "".join(f"Non-authoritative answer:\n{one}\n" for one in both)
        assert look("alias.test").count(alias) == 2
        assert len(re.findall(r"Address: 192\.0\.2\.\d\n", look("many.test"))) == 8
        assert "** server can't find none.test: NXDOMAIN\n" in look("none.test")
        assert look("large.test") == head + "Non-authoritative answer:\n\n" * 2
        assert server.failures == []


# ---- what goes wrong ---------------------------------------------------------------------------


def test_refused(shell: Shell) -> None:
    """By the host, by the guest itself, and by the guest to the host."""
    refused = "connect: Connection refused\n"
    assert shell.output(f"probe-connections errors {HOST} 9") == refused
    assert shell.output("probe-connections errors 127.0.0.1 9") == refused
    assert shell.output(f"probe-connections errors {GUEST} 9") == refused
    words = f"nc: can't connect to remote host ({HOST}): Connection refused\n"
    assert shell.run(f"nc {HOST} 9").output == words


def test_reset(shell: Shell) -> None:
    if shell.machine.settings.emulator == "bochs":
        pytest.skip("Bochs's slirp makes an ordinary end of a reset")
    with TcpServer(reset) as server:
        text = shell.output(f"probe-connections errors {HOST} {server.port}")
    same(
        """
read: Connection reset by peer
read again: the end
write: Broken pipe
SO_ERROR: none
""",
        text,
    )


def test_reader_leaves(shell: Shell) -> None:
    """Whoever writes to a connection that nobody reads any more gets SIGPIPE."""
    serve(shell, f"nc -l -p {CAT} -e /bin/true", CAT)
    assert shell.run(f"yes | nc 127.0.0.1 {CAT}", patience(shell)).status in (0, 1, 141)


# ---- many --------------------------------------------------------------------------------------


LINGERING = "/proc/sys/net/ipv4/tcp_max_tw_buckets"


def probe(shell: Shell, command: str) -> None:
    """A probe that checks by itself, with nothing lost by it.

    What lingers in TIME_WAIT for a minute would be counted as lost, so nothing lingers meanwhile."""
    before = shell.output(f"cat {LINGERING}").strip()
    shell.output(f"echo 0 >{LINGERING}")
    balanced = f"probe-balance -w 20 probe-connections {command} | grep -v ^ok"
    result = shell.run(balanced, patience(shell, 200))
    shell.output(f"echo {before} >{LINGERING}")
    assert result.output == ""


def test_open_at_once(shell: Shell) -> None:
    """To itself and to the host.

    With some 490 connections to the host, Bochs's slirp sends no frame at all any more, to whomever,
    while the card has room for 255."""
    many = sizes(shell).open
    outside = min(many, 200) if shell.machine.settings.emulator == "bochs" else many
    probe(shell, f"open {many}")
    with TcpServer(echo) as server:
        probe(shell, f"open {outside} {HOST} {server.port}")
        assert server.accepted >= outside


def test_called_at_once(shell: Shell) -> None:
    """From the host to one process of the guest's."""
    many = sizes(shell).open
    serve(shell, f"probe-connections echo {ECHO} {many}", ECHO)
    clients = []
    try:
        for number in range(many):
            clients.append(calling(shell, ECHO))
            clients[-1].send(b"number %d;" % number)
        for number, client in enumerate(clients):
            client.expect(f"number {number};")
    finally:
        for client in clients:
            client.socket.close()
    wait_gone(shell, "probe-connections")


def test_connect_and_close(shell: Shell) -> None:
    """One after the other: every frame, inode and process comes back, and the ports last."""
    many = sizes(shell).cycles
    text = shell.output(f"probe-connections cycle {many}", patience(shell, 200))
    assert "FAIL" not in text, text
    probe(shell, f"cycle {many}")
    with TcpServer(echo) as server:
        probe(shell, f"cycle {many // 10} {HOST} {server.port}")
