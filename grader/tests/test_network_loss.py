"""A bad line: the driver layer drops 5 % of the frames and delivers 5 % of them late (net.drop and
net.reorder on the kernel's command line), in both directions, and TCP makes it good."""

import pytest

from conftest import Boots, shell_of, wait_address
from machine import HOST, Network
from network_cases import FULL
from peers import MIB, HttpServer, Sink, content, sha256

SIZE = 16 * MIB if FULL else MIB // 2
PATIENCE = 3000 if FULL else 300  # every lost frame costs a wait


@pytest.mark.parametrize("card", ["virtio", "e1000"])
def test_bad_line(boot: Boots, card: str) -> None:
    shell = shell_of(boot(append="net.drop=5 net.reorder=5", network=Network(card)))
    wait_address(shell)
    lost = shell.run(f"ping -c 200 -i 0.01 -W 1 {HOST}", 120).output
    assert " 0% packet loss" not in lost, "the line is as good as any"
    data = content(SIZE)
    with HttpServer({"/big": data}) as server:
        command = f"wget -q -O /tmp/big http://{HOST}:{server.port}/big; sha256sum </tmp/big"
        assert shell.output(command, PATIENCE) == f"{sha256(data)}  -\n"
    with Sink() as server:
        assert shell.output(f"nc {HOST} {server.port} </tmp/big", PATIENCE) == "!"
        assert [sha256(received) for received in server.received] == [sha256(data)]
