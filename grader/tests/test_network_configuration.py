"""How the network is set up and what is told about it: `ip`, `ifconfig`, `route`, `arp`, `netstat`
print what they print on Linux, and /proc/net says what they read.

The expectations are what Debian's kernel answered in the same emulator, on the same network and with
the same image.  What differs is said: an interface has nine IPv4 addresses at most, and
ioctl(2) knows the first one."""

import time

import pytest

from commands import Case
from machine import Network
from shell import Shell
from test_probes_file import free_memory, wait_for_memory
from test_shell import check

NETWORK = Network("virtio")
# The card's own address, and what IPv6 makes of it.
CARD = "52:54:00:12:34:56"
LINK_LOCAL = "fe80::5054:ff:fe12:3456"
# Without what the router of the emulator announces, which comes when it likes.
WITHOUT_SITE = "grep -v -e fec0: -e fe80::2 -e _lft"


def settled(shell: Shell) -> None:
    """Wait until the interface has its address by DHCP, its IPv6 address, and the resolver's file."""
    deadline = time.monotonic() + 20
    while shell.run(
        "ip route | grep -q ^default && [ -s /etc/resolv.conf ] && ! ip addr | grep -q tentative"
    ).status:
        assert time.monotonic() < deadline, shell.output("ifconfig -a; ps")
        time.sleep(0.3)


@pytest.fixture
def online(shell: Shell) -> Shell:
    settled(shell)
    return shell


CASES = [
    # ---- what the image's scripts have set up
    Case("address by DHCP", f"ip addr show eth0 | {WITHOUT_SITE}",
         "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo qlen 1000\n"
         f"    link/ether {CARD} brd ff:ff:ff:ff:ff:ff\n"
         "    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0\n"
         f"    inet6 {LINK_LOCAL}/64 scope link \n"),
    Case("loopback", "ip addr show lo",
         "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n"
         "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
         "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n"
         "    inet6 ::1/128 scope host \n       valid_lft forever preferred_lft forever\n"),
    Case("routes", "ip route", "default via 10.0.2.2 dev eth0 \n10.0.2.0/24 dev eth0 scope link  src 10.0.2.15 \n"),
    Case("resolver", "cat /etc/resolv.conf", "nameserver 10.0.2.3\n"),
    Case("names", "ping -c 1 localhost | head -n 1", "PING localhost (127.0.0.1): 56 data bytes\n"),
    Case("services", "netstat -tl | tail -n 2 | awk '{ print $4, $6 }' | sort",
         ":::http LISTEN\n:::telnet LISTEN\n"),
    Case("ifconfig", "ifconfig eth0 | grep -v -e packets -e bytes -e fec0: -e ^$ | sed 's/ *$//'",
         f"eth0      Link encap:Ethernet  HWaddr {CARD}\n"
         "          inet addr:10.0.2.15  Bcast:10.0.2.255  Mask:255.255.255.0\n"
         f"          inet6 addr: {LINK_LOCAL}/64 Scope:Link\n"
         "          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n"
         "          collisions:0 txqueuelen:1000\n"),
    Case("route -n", "route -n",
         "Kernel IP routing table\n"
         "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
         "0.0.0.0         10.0.2.2        0.0.0.0         UG    0      0        0 eth0\n"
         "10.0.2.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0\n"),
    Case("netstat -rn", "netstat -rn | tail -n 1",
         "10.0.2.0        0.0.0.0         255.255.255.0   U         0 0          0 eth0\n"),
    Case("all tables", "ip -4 route show table all | grep local",
         "local 127.0.0.0/8 dev lo table local scope host  src 127.0.0.1 \n"
         "local 127.0.0.1 dev lo table local scope host  src 127.0.0.1 \n"
         "broadcast 127.255.255.255 dev lo table local scope link  src 127.0.0.1 \n"
         "local 10.0.2.15 dev eth0 table local scope host  src 10.0.2.15 \n"
         "broadcast 10.0.2.255 dev eth0 table local scope link  src 10.0.2.15 \n"),
    Case("rules", "ip rule", "0:\tfrom all lookup local \n32766:\tfrom all lookup main \n"
         "32767:\tfrom all lookup default \n"),
    Case("IPv6 routes", f"ip -6 route | {WITHOUT_SITE}",
         "fe80::/64 dev eth0  metric 256 \nmulticast ff00::/8 dev eth0  metric 256 \n"),
    # ---- one destination
    Case("route get", "for a in 10.0.2.2 1.2.3.4 127.0.0.1 10.0.2.15 10.0.2.255; do ip route get $a; done",
         "10.0.2.2 dev eth0  src 10.0.2.15 \n1.2.3.4 via 10.0.2.2 dev eth0  src 10.0.2.15 \n"
         "local 127.0.0.1 dev lo  src 127.0.0.1 \nlocal 10.0.2.15 dev lo  src 10.0.2.15 \n"
         "broadcast 10.0.2.255 dev eth0  src 10.0.2.15 \n"),
    # ---- routes
    Case("add and remove", "r='192.168.5.0/24 via 10.0.2.2 metric 7'; ip route add $r; ip route add $r; ip route | grep 192;"
         " ip route get 192.168.5.1; ip route del 192.168.5.0/24; ip route del 192.168.5.0/24",
         "ip: RTNETLINK answers: File exists\n192.168.5.0/24 via 10.0.2.2 dev eth0  metric 7 \n"
         "192.168.5.1 via 10.0.2.2 dev eth0  src 10.0.2.15 \nip: RTNETLINK answers: No such process\n", 2),
    Case("longest prefix", "ip route add 192.168.0.0/16 via 10.0.2.2; ip route add unreachable 192.168.6.0/24;"
         " ip route add 192.168.6.8/29 via 10.0.2.3; for a in 192.168.5.1 192.168.6.1 192.168.6.9; do ip route get $a; done;"
         " ip route del 192.168.0.0/16; ip route del 192.168.6.0/24; ip route del 192.168.6.8/29",
         "192.168.5.1 via 10.0.2.2 dev eth0  src 10.0.2.15 \nip: RTNETLINK answers: No route to host\n"
         "192.168.6.9 via 10.0.2.3 dev eth0  src 10.0.2.15 \n"),
    Case("smallest metric", "ip route add 192.168.5.0/24 via 10.0.2.3 metric 9; ip route add 192.168.5.0/24 via 10.0.2.2 metric 4;"
         " ip route get 192.168.5.1; ip route del 192.168.5.0/24 metric 4; ip route get 192.168.5.1; ip route del 192.168.5.0/24",
         "192.168.5.1 via 10.0.2.2 dev eth0  src 10.0.2.15 \n192.168.5.1 via 10.0.2.3 dev eth0  src 10.0.2.15 \n"),
    Case("refusing routes", "for t in unreachable blackhole prohibit; do ip route add $t 192.168.6.0/24; ip route | grep 192;"
         " ping -c 1 192.168.6.1 2>&1 | tail -n 1; ip route del $t 192.168.6.0/24; done",
         "unreachable 192.168.6.0/24 \nping: sendto: No route to host\n"
         "blackhole 192.168.6.0/24 \nping: sendto: Invalid argument\n"
         "prohibit 192.168.6.0/24 \nping: sendto: Permission denied\n"),
    Case("connect to what is refused", "route add -net 192.168.6.0/24 reject; nc 192.168.6.1 80; route del -net 192.168.6.0/24 reject",
         "nc: can't connect to remote host (192.168.6.1): No route to host\n"),
    Case("no route", "ip route del default; nc 192.0.2.1 80; ping -c 1 192.0.2.1 2>&1 | tail -n 1; ip route add default via 10.0.2.2",
         "nc: can't connect to remote host (192.0.2.1): Network is unreachable\n"
         "ping: sendto: Network is unreachable\n"),
    Case("gateway out of reach", "ip route add 192.168.9.0/24 via 172.16.0.1; route add -net 192.168.9.0/24 gw 172.16.0.1",
         "ip: RTNETLINK answers: Network is unreachable\nroute: SIOCADDRT: Network is unreachable\n", 1),
    Case("route add", "route add -net 192.168.10.0/24 gw 10.0.2.2 metric 3; route add -host 192.168.11.1 dev eth0;"
         " route add -net 192.168.12.0 netmask 255.255.255.0 reject; route -n | grep 192; grep -c '^\\*.000CA8C0' /proc/net/route;"
         " route del -net 192.168.10.0/24; route del -host 192.168.11.1; route del -net 192.168.12.0/24 reject;"
         " route del -net 192.168.12.0/24 reject",
         "192.168.10.0    10.0.2.2        255.255.255.0   UG    3      0        0 eth0\n"
         "192.168.11.1    0.0.0.0         255.255.255.255 UH    0      0        0 eth0\n"
         "192.168.12.0    0.0.0.0         255.255.255.0   !     0      0        0 *\n1\n"
         "route: SIOCDELRT: No such process\n", 1),
    Case("IPv6 route", "ip -6 route add 2001:db8::/32 via fe80::2 dev eth0; ip -6 route | grep db8; ip -6 route del 2001:db8::/32",
         "2001:db8::/32 via fe80::2 dev eth0  metric 1024 \n"),
    # ---- addresses
    Case("address there already", "ip addr add 10.0.2.15/24 dev eth0", "ip: RTNETLINK answers: File exists\n", 2),
    Case("address not there", "ip addr del 10.9.0.2/16 dev eth0", "ip: RTNETLINK answers: Cannot assign requested address\n", 2),
    Case("further addresses", "ip addr add 10.9.0.1/16 dev eth0; ip addr add 10.9.0.1/16 dev eth0; ip addr add 10.0.2.20/24 brd + dev eth0;"
         " ip -4 addr show eth0 | grep inet; ip route; ip route get 10.9.0.7; ip route add 192.0.2.0/24 via 10.9.0.2; ip route get 192.0.2.1; ip route del 192.0.2.0/24;"
         " for a in 10.9.0.1 10.0.2.20 '-I 10.0.2.20 10.0.2.2'; do ping -c 1 $a >/dev/null && echo alive; done;"
         " ip addr del 10.9.0.1/16 dev eth0; ip addr del 10.0.2.20/24 dev eth0; ip route",
         "ip: RTNETLINK answers: File exists\n    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0\n"
         "    inet 10.9.0.1/16 scope global eth0\n    inet 10.0.2.20/24 brd 10.0.2.255 scope global secondary eth0\n"
         "default via 10.0.2.2 dev eth0 \n10.0.2.0/24 dev eth0 scope link  src 10.0.2.15 \n10.9.0.0/16 dev eth0 scope link  src 10.9.0.1 \n"
         "10.9.0.7 dev eth0  src 10.9.0.1 \n192.0.2.1 via 10.9.0.2 dev eth0  src 10.9.0.1 \nalive\nalive\nalive\n"
         "default via 10.0.2.2 dev eth0 \n10.0.2.0/24 dev eth0 scope link  src 10.0.2.15 \n"),
    Case("secondary ones go along", "ip addr add 10.0.2.20/24 dev eth0; ip addr del 10.0.2.15/24 dev eth0; ip -4 addr show eth0 | grep inet;"
         " ip addr add 10.0.2.15/24 brd + dev eth0; ip route add default via 10.0.2.2; ip route",
         "default via 10.0.2.2 dev eth0 \n10.0.2.0/24 dev eth0 scope link  src 10.0.2.15 \n"),
    Case("address bounded", "for i in 1 2 3 4 5 6 7 8 9; do ip addr add 10.7$i.0.1/16 dev eth0; done; ip -4 addr show eth0 | grep -c inet;"
         " for i in 1 2 3 4 5 6 7 8; do ip addr del 10.7$i.0.1/16 dev eth0; done; ip -4 addr show eth0 | grep -c inet",
         "ip: RTNETLINK answers: No buffer space available\n9\n1\n"),
    Case("connection outlives its address", "ip addr add 10.9.0.1/16 dev eth0; nc -l -p 4000 >/tmp/got & sleep 0.3; (sleep 2; echo late) | nc 10.9.0.1 4000 & sleep 0.7;"
         " ip addr del 10.9.0.1/16 dev eth0; netstat -tan | grep -c ':4000 .*ESTABLISHED'; ip addr add 10.9.0.1/16 dev eth0; wait; cat /tmp/got; ip addr del 10.9.0.1/16 dev eth0",
         "2\nlate\n"),
    Case("listener keeps its address", "ip addr add 10.9.0.1/16 dev eth0; telnetd -F -b 10.9.0.1:4000 & sleep 0.3; ip addr del 10.9.0.1/16 dev eth0; netstat -tln | grep -o '10.9.0.1:4000'; kill $!", "10.9.0.1:4000\n"),
    Case("labels", "ip addr add 10.9.0.1/16 dev eth0 label eth0:1; ip addr show eth0 | grep -F 10.9; ip addr del 10.9.0.1/16 dev eth0",
         "    inet 10.9.0.1/16 scope global eth0:1\n"),
    Case("names of addresses", "ifconfig eth0:1 10.0.2.20", "ifconfig: SIOCSIFADDR: Operation not supported\n", 1),
    Case("another address", "ip addr del 10.0.2.15/24 dev eth0; ip route; ifconfig eth0 10.0.2.16; ip -4 addr show eth0 | grep inet;"
         " ifconfig eth0 netmask 255.255.255.0; ip -4 addr show eth0 | grep inet; ip route; ping -c 1 10.0.2.2 >/dev/null && echo alive;"
         " ifconfig eth0 10.0.2.15 netmask 255.255.255.0; route add default gw 10.0.2.2; ip route",
         "    inet 10.0.2.16/8 brd 10.255.255.255 scope global eth0\n    inet 10.0.2.16/24 brd 10.0.2.255 scope global eth0\n"
         "10.0.2.0/24 dev eth0 scope link  src 10.0.2.16 \nalive\n"
         "default via 10.0.2.2 dev eth0 \n10.0.2.0/24 dev eth0 scope link  src 10.0.2.15 \n"),
    Case("IPv6 address", "ip -6 addr add fd00::1/64 dev eth0; sleep 2; ip -6 addr show eth0 | grep fd00; ip -6 route | grep fd00;"
         " grep -c ^fd00 /proc/net/if_inet6; ifconfig eth0 | grep -o 'fd.*'; ping6 -c 1 fd00::1 >/dev/null && echo alive;"
         " ip -6 addr del fd00::1/64 dev eth0; ip -6 addr del fd00::1/64 dev eth0; ip -6 route | grep fd00",
         "    inet6 fd00::1/64 scope global \nfd00::/64 dev eth0  metric 256 \n1\nfd00::1/64 Scope:Global\nalive\n"
         "ip: RTNETLINK answers: Cannot assign requested address\n", 1),
    # ---- links
    Case("mtu", "ip link set eth0 mtu 1400; ip link show eth0 | head -n 1; ip link set eth0 mtu 10; ifconfig eth0 mtu 1500; ifconfig eth0 | grep -o MTU:1500",
         "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc pfifo qlen 1000\nip: SIOCSIFMTU: Invalid argument\nMTU:1500\n"),
    Case("mtu of an interface that is up counts", "ip link set eth0 mtu 600; ping -c 1 -s 1400 10.0.2.2 >/dev/null && echo in pieces; ip link set eth0 mtu 1500",
         "in pieces\n"),
    Case("down and up", "ip route add unreachable 192.168.6.0/24; ifconfig eth0 down; ip route; ip -4 addr show eth0;"
         " ip route add 10.1.0.0/16 dev eth0; nc 10.0.2.2 80; ip link set eth0 name lan0; ip link show lan0 | head -n 1;"
         " ip link set lan0 name eth0; ip link set eth0 up; ip route; ip route del 192.168.6.0/24; route add default gw 10.0.2.2",
         "unreachable 192.168.6.0/24 \n2: eth0: <BROADCAST,MULTICAST> mtu 1500 qdisc pfifo qlen 1000\n"
         "    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0\n       valid_lft forever preferred_lft forever\n"
         "ip: RTNETLINK answers: Network is down\nnc: can't connect to remote host (10.0.2.2): Network is unreachable\n"
         "2: lan0: <BROADCAST,MULTICAST> mtu 1500 qdisc pfifo qlen 1000\n"
         "10.0.2.0/24 dev eth0 scope link  src 10.0.2.15 \nunreachable 192.168.6.0/24 \n"),
    Case("names of links", "ip link set eth0 name lan0; ip link show nothing0; ifconfig nothing0; ip link add dummy0 type dummy",
         "ip: SIOCSIFNAME: Device or resource busy\nip: can't find device 'nothing0'\n"
         "ifconfig: nothing0: error fetching interface information: Device not found\n"
         "ip: RTNETLINK answers: Operation not supported\n", 2),
    Case("loopback down", "ifconfig lo down; for a in 127.0.0.1 127.0.0.2 10.0.2.15; do ping -c 1 $a 2>&1 | tail -n 1; nc $a 81; done;"
         " ip link show lo | head -n 1; telnetd -F -b 127.0.0.1:4000; ifconfig lo up; ping -c 1 127.0.0.1 >/dev/null && echo alive",
         "".join(f"ping: sendto: Network is unreachable\nnc: can't connect to remote host ({address}): Network is unreachable\n"
                 for address in ("127.0.0.1", "127.0.0.2", "10.0.2.15")) +
         "1: lo: <LOOPBACK> mtu 65536 qdisc noqueue qlen 1000\ntelnetd: bind: Cannot assign requested address\nalive\n"),
    Case("loopback without an address", "ip addr del 127.0.0.1/8 dev lo; ping -c 1 127.0.0.1 2>&1 | tail -n 1; nc 127.0.0.2 81; ping -c 1 10.0.2.15 >/dev/null && echo alive;"
         " ip addr add 127.0.0.1/8 dev lo; ping -c 1 127.0.0.1 >/dev/null && echo alive",
         "ping: sendto: Network is unreachable\nnc: can't connect to remote host (127.0.0.2): Network is unreachable\nalive\nalive\n"),
    Case("all of the loopback network", "for a in 127.0.0.2 127.9.8.7; do ping -c 1 $a | grep -o 'from.*seq=0'; nc $a 81; done; telnetd -F -b 127.0.0.2:4000 & sleep 0.3;"
         " nc 127.0.0.1 4000; nc -w 1 127.0.0.2 4000 </dev/null | wc -c | grep -c ^[1-9]; kill $!",
         "from 127.0.0.2: seq=0\nnc: can't connect to remote host (127.0.0.2): Connection refused\n"
         "from 127.9.8.7: seq=0\nnc: can't connect to remote host (127.9.8.7): Connection refused\n"
         "nc: can't connect to remote host (127.0.0.1): Connection refused\n1\n"),
    Case("own addresses refuse and are hops", "for a in 127.0.0.1 127.0.0.2 10.0.2.15; do traceroute -n -q 1 -w 1 -m 2 $a | sed '1d; s/  [0-9.]* ms//'; done;"
         f" traceroute6 -n -q 1 -w 1 -m 2 {LINK_LOCAL}%eth0 | sed '1d; s/%eth0  [0-9.]* ms//'; ping6 -c 1 {LINK_LOCAL}%eth0 >/dev/null && echo alive",
         f" 1  127.0.0.1\n 1  127.0.0.2\n 1  10.0.2.15\n 1  {LINK_LOCAL}\nalive\n"),
    Case("hardware address", "ifconfig eth0 hw ether 02:11:22:33:44:55; ip link show eth0 | tail -n 1; ping -c 1 10.0.2.2 >/dev/null && echo alive;"
         " ifconfig eth0 hw ether 01:00:00:00:00:01; ifconfig eth0 hw ether 52:54:00:12:34:56; ping -c 1 10.0.2.2 >/dev/null && echo alive",
         "    link/ether 02:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff\nalive\nifconfig: SIOCSIFHWADDR: Cannot assign requested address\nalive\n"),
    Case("without ARP and multicast", "ip link set eth0 arp off; ip link show eth0 | head -n 1; arping -c 1 -w 1 -I eth0 10.0.2.2 | tail -n 1; ping -c 1 10.0.2.2 >/dev/null || echo nobody; ip link set eth0 multicast off;"
         " ifconfig eth0 | grep UP; ifconfig eth0 arp multicast; ifconfig eth0 | grep UP; ping -c 1 10.0.2.2 >/dev/null && echo alive",
         "2: eth0: <BROADCAST,MULTICAST,NOARP,UP,LOWER_UP> mtu 1500 qdisc pfifo qlen 1000\narping: interface eth0 is not ARPable\nnobody\n"
         "          UP BROADCAST RUNNING NOARP  MTU:1500  Metric:1\n          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\nalive\n"),
    Case("promiscuous", "ip link set eth0 promisc on; ifconfig eth0 | grep -o PROMISC; ip link set eth0 promisc off; ifconfig eth0 | grep -c PROMISC; ping -c 1 10.0.2.2 >/dev/null && echo alive",
         "PROMISC\n0\nalive\n"),
    # ---- neighbours
    Case("neighbours", "ping -c 1 10.0.2.2 >/dev/null; arp -n | grep -F '(10.0.2.2)'; ip neigh | grep -o '^10.0.2.2 dev eth0 lladdr [0-9a-f:]*';"
         " grep '^10.0.2.2 ' /proc/net/arp",
         "? (10.0.2.2) at 52:55:0a:00:02:02 [ether]  on eth0\n10.0.2.2 dev eth0 lladdr 52:55:0a:00:02:02\n"
         "10.0.2.2         0x1         0x2         52:55:0a:00:02:02     *        eth0\n"),
    Case("neighbour that stays", "arp -s 10.0.2.99 02:00:00:00:00:09; arp -n | grep -F .99; ip neigh | grep -o 10.0.2.99.*PERM; arp -d 10.0.2.99; arp -d 10.0.2.99",
         "? (10.0.2.99) at 02:00:00:00:00:09 [ether] PERM on eth0\n"
         "10.0.2.99 dev eth0 lladdr 02:00:00:00:00:09 used 0/0/0 probes 0 PERM\narp: SIOCDARP(pub): No such file or directory\n", 1),
    Case("forgotten neighbour", "ping -c 1 10.0.2.2 >/dev/null; arp -d 10.0.2.2; arp -n | grep -c '(10.0.2.2)'; ping -c 1 10.0.2.2 >/dev/null && echo alive",
         "0\nalive\n"),
    Case("neighbours of two addresses", "ip addr add 10.0.2.20/24 dev eth0; ping -c 1 10.0.2.2 >/dev/null; ping -c 1 -I 10.0.2.20 10.0.2.2 >/dev/null; ip neigh | grep -c '^10.0.2.2 ';"
         " arp -s 10.0.2.99 02:00:00:00:00:09; ping6 -c 1 fe80::2%eth0 >/dev/null; ip neigh flush all >/dev/null; ip neigh; arp -d 10.0.2.99; ping -c 1 10.0.2.2 >/dev/null && ping6 -c 1 fe80::2%eth0 >/dev/null && echo alive;"
         " ip addr del 10.0.2.20/24 dev eth0",
         "1\n10.0.2.99 dev eth0 lladdr 02:00:00:00:00:09 used 0/0/0 probes 0 PERMANENT\nalive\n"),
    Case("nobody there", "nc 10.0.2.99 80 & sleep 1; grep '^10.0.2.99 ' /proc/net/arp; ip neigh | grep ^10.0.2.99; arp -n | grep -F .99;  wait;"
         " traceroute -n -q 1 -w 5 -m 2 10.0.2.98 | sed '1d; s/[0-9]*\\.[0-9]* ms/-/'; nc fec0::99 80 2>&1 | grep -o 'No route.*'",
         "10.0.2.99        0x1         0x0         00:00:00:00:00:00     *        eth0\n10.0.2.99 dev eth0  used 0/0/0 probes 0 INCOMPLETE\n"
         "? (10.0.2.99) at <incomplete>  on eth0\nnc: can't connect to remote host (10.0.2.99): No route to host\n"
         " 1  10.0.2.15  - !H\nNo route to host\n"),
    Case("arping", "arping -c 2 -I eth0 10.0.2.2 | grep -c '^Unicast reply from 10.0.2.2 .52:55:0a:00:02:02. '; arping -c 1 -w 1 -I eth0 10.0.2.77 | tail -n 1",
         "2\nReceived 0 response(s) (0 request(s), 0 broadcast(s))\n"),
    # ---- sockets
    Case("netstat", "nc -l -p 4000 >/dev/null & sleep 0.3; netstat -tan | grep -c ':4000 .*LISTEN'; (sleep 1 | nc 127.0.0.1 4000) & sleep 0.5;"
         " netstat -tan | grep -c ':4000 .*ESTABLISHED'; wait", "1\n2\n"),
    Case("lines add up", "a=$(wc -l </proc/net/tcp6); nc -l -p 4002 & sleep 0.3; echo $(($(wc -l </proc/net/tcp6) - a)); kill $!", "1\n"),
    # ---- who may
    Case("a user may look", "su student -c 'ip addr; route -n; arp -n; netstat -tan' | wc -l | awk '{ print ($1 > 10) }'", "1\n"),
    Case("a user may change nothing", "for c in 'ip link set eth0 down' 'ifconfig eth0 down' 'route add default gw 10.0.2.2' 'ip addr add 1.2.3.4/8 dev eth0'"
         " 'arp -s 10.0.2.99 02:00:00:00:00:09' 'arping -c 1 10.0.2.2'; do su student -c \"$c\"; done",
         "ip: SIOCSIFFLAGS: Operation not permitted\nifconfig: SIOCSIFFLAGS: Operation not permitted\n"
         "route: SIOCADDRT: Operation not permitted\nip: RTNETLINK answers: Operation not permitted\n"
         "arp: SIOCSARP: Operation not permitted\narping: socket: Operation not permitted\n", 1),
    # ---- /proc
    Case("/proc/net", "readlink /proc/net; cat /proc/net/netlink /proc/net/packet | wc -l; stat -c '%F %a %t' /proc/net/tcp; echo x >/proc/net/tcp",
         "self/net\n2\nregular empty file 444 0\n@SH@: can't create /proc/net/tcp: Permission denied\n", 1),
    Case("port range", "cd /proc/sys/net/ipv4; cat ip_local_port_range; echo 5 3 >ip_local_port_range; echo 40000 40001 >ip_local_port_range;"
         " nc -l -p 4003 >/dev/null & sleep 0.3; (sleep 1 | nc 127.0.0.1 4003) & sleep 0.5; netstat -tan | grep -c ':4003 .*127.0.0.1:4000[01] '; wait;"
         " echo 32768 60999 >ip_local_port_range",
         "32768\t60999\nsh: write error: Invalid argument\n1\n"),
    Case("counted", "a=$(awk '/eth0/ { print $3 }' /proc/net/dev); ping -c 3 -i 0.2 10.0.2.2 >/dev/null; b=$(awk '/eth0/ { print $3 }' /proc/net/dev); [ $((b - a)) -ge 3 ] && echo yes",
         "yes\n"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_command(online: Shell, case: Case) -> None:
    check(online, case)


def test_interface_requests(online: Shell) -> None:
    """The probe's answers are Linux's beside a real interface, too."""
    result = online.run("probe-netlink >/tmp/out; s=$?; grep -v ^ok /tmp/out; rm /tmp/out; (exit $s)", 60)
    assert (result.output, result.status) == ("", 0)


def test_configuring_leaves_nothing(online: Shell) -> None:
    """Routes, neighbours, addresses and sockets by the hundred take no memory that does not come
    back."""
    online.run(
        "churn() { for i in $(seq 1 $1); do ip route add 10.77.$i.0/24 via 10.0.2.2; arp -s 10.0.2.$((i % 90 + 100)) 02:00:00:00:00:01;"
        " ip -6 addr add fd00::$i/64 dev eth0; ip route del 10.77.$i.0/24; arp -d 10.0.2.$((i % 90 + 100));"
        " ip -6 addr del fd00::$i/64 dev eth0; ip addr add 10.66.$i.1/24 dev eth0; ip addr del 10.66.$i.1/24 dev eth0; cat /proc/net/tcp /proc/net/route >/dev/null; ip route get 10.77.1.1; done >/dev/null; }"
    )
    online.run("churn 20", 60)
    before = free_memory(online)
    online.run("churn 100", 120)
    wait_for_memory(online, before - 64)


def test_many_routes(online: Shell) -> None:
    """A dump of a thousand routes comes whole, in pieces; the table is bounded."""
    assert online.output(
        "for i in $(seq 0 3); do for j in $(seq 0 249); do echo $i $j; done; done |"
        " while read i j; do route add -net 10.9$i.$j.0/24 reject; done; ip route | grep -c '^unreachable 10.9'; route -n | grep -c '^10.9';"
        " ip route get 10.91.7.1; true",
        180,
    ) == "1000\n1000\nip: RTNETLINK answers: No route to host\n"
    online.run(
        "for i in $(seq 0 3); do for j in $(seq 0 249); do route del -net 10.9$i.$j.0/24 reject; done; done", 180
    )
    assert online.output("ip route | wc -l") == "2\n"


def test_no_answer_to_dhcp(online: Shell) -> None:
    """Without a DHCP server the interface gets an address that the emulators' networks know."""
    online.run("kill $(cat /run/udhcpc.pid); ip addr del 10.0.2.15/24 dev eth0; rm /etc/resolv.conf")
    online.run("interface=eth0 /etc/udhcpc/default.script leasefail")
    assert online.output("ip route; cat /etc/resolv.conf") == (
        "default via 10.0.2.2 dev eth0 \n10.0.2.0/24 dev eth0 scope link  src 10.0.2.15 \n"
        "nameserver 10.0.2.3\n"
    )
