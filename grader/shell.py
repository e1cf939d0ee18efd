"""The guest's shell: type a command at the prompt, read its exact output and exit status."""

import re
import secrets
from dataclasses import dataclass

from machine import Machine

# The prompt of common/user/etc/profile; with an unknown terminal width the shell then asks where
# the cursor is.
PROMPT = rb"[a-z]+@aramid:[^\r\n]*[#$] (?:\x1b\[6n)?"
CONTINUATION = rb"> (?:\x1b\[6n)?$"
# BusyBox's line editor takes lines of up to this many bytes.
LINE_MAX = 1000


@dataclass(frozen=True)
class Result:
    """What a command printed on the console, standard error included, and how it ended."""

    output: str
    status: int


class Shell:
    """The shell at `machine`'s prompt."""

    def __init__(self, machine: Machine, patience: float = 20) -> None:
        self.machine = machine
        self.patience = patience

    def wait_prompt(self) -> None:
        """Wait for the prompt that nothing follows."""
        self.machine.expect(PROMPT + rb"$", self.patience)

    def run(self, command: str, patience: float | None = None) -> Result:
        """Run `command`, of one or more lines, in the shell itself.

        The typed line is echoed and may be wrapped, so the output is found between two marks that
        look different when typed: a salted name with an empty pair of quotes in it.  The command
        is an argument of `eval`, so everything that is echoed comes before the first mark."""
        if not command.isprintable() and not command.replace("\n", "").isprintable():
            raise ValueError("the shell's line editor would act on control characters")
        salt = secrets.token_hex(4)
        quoted = command.replace("'", "'\\''")
        typed = f"echo @''B{salt}; eval '{quoted}'; echo @''E{salt}:$?"
        lines = typed.split("\n")
        if max(map(len, lines)) > LINE_MAX:
            raise ValueError("the shell's line editor would cut this line")
        for line in lines[:-1]:
            self.machine.send(line.encode() + b"\n")
            self.machine.expect(CONTINUATION, self.patience)
        self.machine.send(lines[-1].encode() + b"\n")
        self.machine.expect(f"@B{salt}\r\n", self.patience)
        begin = self.machine.seen
        end = self.machine.expect(rf"@E{salt}:(\d+)\r\n", patience or self.patience)
        self.wait_prompt()
        output = bytes(self.machine.transcript[begin : end.start()])
        return Result(output.replace(b"\r\n", b"\n").decode(errors="replace"), int(end[1]))

    def output(self, command: str, patience: float | None = None) -> str:
        """The output of a command that must succeed."""
        result = self.run(command, patience)
        assert result.status == 0, f"{command!r} ended with {result.status}: {result.output!r}"
        return result.output

    def start(self, command: str) -> None:
        """Start `command`, which will read the terminal, and wait until it has it.

        While the shell edits a line or has not yet handed the terminal over, the keys for signals
        and for the end of a file mean something else; so the job itself says when it runs."""
        salt = secrets.token_hex(4)
        self.machine.send(f"(echo @''R{salt}; {command})\n".encode())
        self.machine.expect(f"@R{salt}\r\n", self.patience)

    def type(self, text: str) -> None:
        """Type `text` as it is."""
        self.machine.send(text.encode())

    def expect(self, pattern: str, patience: float | None = None) -> "re.Match[bytes]":
        """Wait for `pattern` on the console."""
        return self.machine.expect(pattern, patience or self.patience)
