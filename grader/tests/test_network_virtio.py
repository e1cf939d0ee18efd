"""The network on QEMU's virtio-net."""

import pytest

from machine import Network
from network_cases import *  # noqa: F403
from network_cases import FORWARDS

MEMORY = 64  # MiB, for all that is asked for
NETWORK = Network("virtio", FORWARDS)
pytestmark = pytest.mark.every_phase
