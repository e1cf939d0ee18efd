"""The network on QEMU's e1000."""

from machine import Network
from network_cases import *  # noqa: F403
from network_cases import FORWARDS

NETWORK = Network("e1000", FORWARDS)
