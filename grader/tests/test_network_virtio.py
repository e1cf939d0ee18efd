"""The network on QEMU's virtio-net."""

from machine import Network
from network_cases import *  # noqa: F403
from network_cases import FORWARDS

NETWORK = Network("virtio", FORWARDS)
