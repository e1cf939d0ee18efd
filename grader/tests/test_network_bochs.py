"""The network on Bochs's e1000: the same tests, smaller."""

import pytest

from machine import Network
from network_cases import *  # noqa: F403
from network_cases import FORWARDS

EMULATOR = "bochs"
MEMORY = 64  # MiB, for all that is asked for
NETWORK = Network("e1000", FORWARDS)
pytestmark = pytest.mark.bochs
