"""A person at the console: a terminal that shows what the guest prints, and keys to type.

The terminal is a VT102 of 24 lines and 80 columns.  Like a real one it answers when a program asks
where the cursor is, and the answer arrives as if it had been typed.

What the screen shows is judged whole: `shows()` names every line, and waits until the screen is
exactly that.  A prompt or anything else that comes too late or too much is found by the next look.
"""

import re
from typing import Callable

import pyte

from machine import Machine, Stall

LINES, COLUMNS = 24, 80

# What keys send, beside the letters.
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE, PAGE_UP, PAGE_DOWN = "\x1b[1~", "\x1b[4~", "\x1b[3~", "\x1b[5~", "\x1b[6~"
ESCAPE, BACKSPACE, TAB, ENTER = "\x1b", "\x7f", "\t", "\r"


# The shell's prompt, and a piece of the question where the cursor is that will follow it.
UNASKED = re.compile(rb"(?:@aramid:[^\r\n]*[#$]|\n>) (?:\x1b(?:\[6?)?)?$")


def control(letter: str) -> str:
    """What Ctrl and `letter` send."""
    return chr(ord(letter.upper()) ^ 0x40)


class Wrong(AssertionError):
    """The screen does not show what it should; the text holds both."""


class _Screen(pyte.Screen):
    """The emulated screen; `answer` types what it answers to questions."""

    def __init__(self, answer: Callable[[str], None]) -> None:
        self.answer = answer
        super().__init__(COLUMNS, LINES)

    def write_process_input(self, data: str) -> None:
        self.answer(data)

    def report_device_status(self, mode: int, **_: object) -> None:
        """After a character in the last column the cursor stands there still (DEC's autowrap), and
        this is what a terminal reports."""
        if mode == 6:
            column = min(self.cursor.x + 1, COLUMNS)
            self.answer(f"\x1b[{self.cursor.y + 1};{column}R")
        else:
            super().report_device_status(mode)


class Terminal:
    """A terminal on the console of `machine`, empty at first.  `patience` is in seconds, as
    Machine.expect() counts them."""

    def __init__(self, machine: Machine, patience: float = 20) -> None:
        self.machine = machine
        self.patience = patience
        self._shown = len(machine.transcript)
        self._screen = _Screen(self.type)
        self._stream = pyte.ByteStream(self._screen)

    def type(self, keys: str) -> None:
        """Press `keys`, one after the other."""
        self.machine.send(keys.encode())

    @property
    def lines(self) -> list[str]:
        """What the screen shows, without the spaces at the ends and the empty lines below."""
        # A wide character fills its second column with an empty string.
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n").split("\n")

    @property
    def cursor(self) -> tuple[int, int]:
        """Line and column, from 0."""
        return self._screen.cursor.y, min(self._screen.cursor.x, COLUMNS - 1)

    def highlighted(self, line: int) -> str:
        """The characters of a line that are shown in reverse."""
        cells = self._screen.buffer[line]
        return "".join(cells[x].data for x in range(COLUMNS) if cells[x].reverse)

    def erase(self) -> None:
        """Clear the screen behind the guest's back."""
        self._screen.reset()

    def _pump(self, timeout: float) -> bool:
        """Let time pass; True if the guest has said something."""
        self.machine.pump(timeout)
        new = bytes(self.machine.transcript[self._shown :])
        self._shown = len(self.machine.transcript)
        self._stream.feed(new)
        return bool(new)

    def wait(self, condition: Callable[[], bool], what: str, patience: float | None = None) -> None:
        """Let the guest go on until `condition`; `what` says in words what that is."""
        patience = patience or self.patience
        # Whatever goes on printing is not waited for endlessly either.
        stalled, lasted = Stall(self.machine, patience), Stall(self.machine, 3 * patience)
        while not condition():
            if self._pump(0.25) and not lasted:
                stalled = Stall(self.machine, patience)
            elif stalled or lasted or not self.machine.connected:
                raise Wrong(f"{what}\n{self.picture()}")
        self._answer()

    def _answer(self) -> None:
        """After a prompt, hear the shell's question where the cursor is, and answer: after a key
        for the next program the answer would be taken for that program's.  While echo is off the
        shell does not ask."""
        while UNASKED.search(self.machine.transcript[-200:]) and self._pump(1):
            pass

    def picture(self) -> str:
        """The screen and the cursor's place, for messages."""
        y, x = self.cursor
        body = "\n".join(f"|{line}" for line in self.lines)
        return f"--- screen, cursor at line {y} column {x} ---\n{body}\n---"

    def shows(
        self,
        *expected: "str | re.Pattern[str]",
        cursor: tuple[int, int] | None = None,
        patience: float | None = None,
    ) -> None:
        """Wait until the screen shows exactly the lines `expected`, each a text or a pattern for
        the whole line, and nothing below; and has the cursor (line, column) there, if given."""
        self.machine.seen = len(self.machine.transcript)
        wanted = "\n".join(f"|{getattr(line, 'pattern', line)}" for line in expected)
        what = f"not on the screen:\n{wanted}" + (f"\ncursor at {cursor}" if cursor else "")
        self.wait(lambda: self._matches(expected, cursor), what, patience)

    def _matches(
        self, expected: "tuple[str | re.Pattern[str], ...]", cursor: tuple[int, int] | None
    ) -> bool:
        lines = self.lines
        if len(lines) != len(expected) or (cursor and self.cursor != cursor):
            return False
        return all(
            line == want.rstrip() if isinstance(want, str) else want.fullmatch(line)
            for line, want in zip(lines, expected)
        )

    def find(self, pattern: str, patience: float | None = None) -> "re.Match[str]":
        """Wait until `pattern` is somewhere on the screen; for what decides when to type on."""
        compiled = re.compile(pattern, re.MULTILINE)
        found: list[re.Match[str]] = []

        def condition() -> bool:
            match = compiled.search("\n".join(self.lines))
            found[:] = [match] if match else []
            return bool(match)

        self.wait(condition, f"nowhere on the screen: {pattern}", patience)
        return found[0]
