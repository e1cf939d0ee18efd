"""What a person does at the console, judged by what the screen shows: every line of it.

The machine has 32 MiB of memory, the least that is supported.  A key that sends a signal is typed
only when the program that is to get it has said `ready`, because the shell, too, reads keys: the
script /bin/ready says so and becomes the program that it is given.  What is shown is what BusyBox
shows on Linux with the same image.
"""

import re
import time
from typing import Callable, Iterator

import pytest

from conftest import Boots, failed, shell_of
from screen import (
    BACKSPACE,
    COLUMNS,
    DELETE,
    DOWN,
    END,
    ENTER,
    ESCAPE,
    HOME,
    LEFT,
    LINES,
    PAGE_DOWN,
    RIGHT,
    TAB,
    UP,
    Terminal,
    control,
)
from shell import Shell

MEMORY = 32
PROMPT = "root@aramid:/tmp/t#"
BEGIN = f"rm -rf /tmp/t; mkdir /tmp/t; cd /tmp/t; clear{ENTER}"
INTERRUPT, STOP, QUIT, END_OF_FILE = control("C"), control("Z"), control("\\"), control("D")
# What an interactive shell that is started by hand says first.
BANNER = [
    "",
    "",
    re.compile(r"BusyBox v.* built-in shell \(ash\)"),
    "Enter 'help' for a list of built-in commands.",
    "",
]
READY = "#!/bin/sh\\necho ready\\nexec \"$@\"\\n"
LOOP = "while :; do :; done"

# These run in Bochs too.
also_in_bochs = pytest.mark.parametrize(
    "emulator", ["qemu", pytest.param("bochs", marks=pytest.mark.bochs)]
)


class Guests:
    """A machine for each emulator, started when it is first needed."""

    def __init__(self, boots: Boots) -> None:
        self.boots = boots
        self.shells: dict[str, Shell] = {}

    def get(self, emulator: str) -> Shell:
        if emulator not in self.shells:
            shell = shell_of(self.boots(emulator=emulator, memory=MEMORY, real_time=True))
            shell.output(f"printf '{READY}' >/bin/ready; chmod +x /bin/ready")
            shell.output(f"stty 115200 rows {LINES} cols {COLUMNS}")
            self.shells[emulator] = shell
        return self.shells[emulator]

    def drop(self, emulator: str) -> None:
        if emulator in self.shells:
            self.shells.pop(emulator).machine.close()


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guests]:
    boots = Boots(tmp_path_factory.mktemp("interactive"))
    yield Guests(boots)
    boots.close()


@pytest.fixture
def emulator() -> str:
    return "qemu"


@pytest.fixture
def shell(request: pytest.FixtureRequest, guests: Guests, emulator: str) -> Iterator[Shell]:
    """The shell at its prompt, for preparations that nobody looks at."""
    request.node.stash[failed] = True
    yield guests.get(emulator)
    if request.node.stash[failed]:
        guests.drop(emulator)


@pytest.fixture
def terminal(shell: Shell) -> Terminal:
    """A clear screen with the prompt on its first line, in an empty directory."""
    terminal = Terminal(shell.machine, shell.patience)
    terminal.type(BEGIN)
    terminal.shows(PROMPT, cursor=(0, len(PROMPT) + 1))
    return terminal


def write(shell: Shell, name: str, text: str) -> None:
    """Make a file in the directory of the test."""
    shell.output(f"cat >/tmp/t/{name} <<'EOF'\n{text}EOF")


# ---- jobs and signals ----------------------------------------------------------------------------


@also_in_bochs
def test_stop_continue_and_interrupt(terminal: Terminal) -> None:
    terminal.type(f"ready sleep 100{ENTER}")
    shown = [f"{PROMPT} ready sleep 100", "ready"]
    terminal.shows(*shown, cursor=(2, 0))
    terminal.type(STOP)
    shown += ["^Z[1]+  Stopped                    ready sleep 100", PROMPT]
    terminal.shows(*shown)
    terminal.type(f"jobs{ENTER}")
    shown[-1:] = [f"{PROMPT} jobs", "[1]+  Stopped                    ready sleep 100", PROMPT]
    terminal.shows(*shown)
    terminal.type(f"bg{ENTER}")
    shown[-1:] = [f"{PROMPT} bg", "[1] ready sleep 100", PROMPT]
    terminal.shows(*shown)
    terminal.type(f"jobs{ENTER}")
    shown[-1:] = [f"{PROMPT} jobs", "[1]+  Running                    ready sleep 100", PROMPT]
    terminal.shows(*shown)
    terminal.type(f"fg{ENTER}")
    shown[-1:] = [f"{PROMPT} fg", "ready sleep 100"]
    terminal.shows(*shown, cursor=(len(shown), 0))
    terminal.type(INTERRUPT)
    shown += ["^C", PROMPT]
    terminal.shows(*shown)
    terminal.type(f"echo $?; jobs{ENTER}")
    shown[-1:] = [f"{PROMPT} echo $?; jobs", "130", PROMPT]
    terminal.shows(*shown)


@also_in_bochs
def test_quit(terminal: Terminal) -> None:
    terminal.type(f"ready cat{ENTER}")
    terminal.shows(f"{PROMPT} ready cat", "ready")
    terminal.type(QUIT)
    terminal.shows(f"{PROMPT} ready cat", "ready", "^\\Quit", PROMPT)
    terminal.type(f"echo $?{ENTER}")
    terminal.shows(f"{PROMPT} ready cat", "ready", "^\\Quit", f"{PROMPT} echo $?", "131", PROMPT)


@also_in_bochs
def test_two_jobs(terminal: Terminal) -> None:
    """The current and the previous job, by number and by name."""
    shown = []
    for number, name in (1, "100"), (2, "200"):
        terminal.type(f"ready sleep {name}{ENTER}")
        shown += [f"{PROMPT} ready sleep {name}", "ready"]
        terminal.shows(*shown)
        terminal.type(STOP)
        shown += [f"^Z[{number}]+  Stopped                    ready sleep {name}"]
        terminal.shows(*shown, PROMPT)
    terminal.type(f"jobs{ENTER}")
    shown += [
        f"{PROMPT} jobs",
        "[2]+  Stopped                    ready sleep 200",
        "[1]-  Stopped                    ready sleep 100",
    ]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"fg %1{ENTER}")
    shown += [f"{PROMPT} fg %1", "ready sleep 100"]
    terminal.shows(*shown)
    terminal.type(INTERRUPT)
    shown += ["^C"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"kill %2; fg %2{ENTER}")
    shown += [f"{PROMPT} kill %2; fg %2", "ready sleep 200", "Terminated"]
    terminal.shows(*shown, PROMPT)


@also_in_bochs
def test_kill_and_wait(terminal: Terminal) -> None:
    terminal.type(f"ready sleep 100 &{ENTER}")
    terminal.find("^(.*# )?ready$")  # after the prompt or before it
    terminal.type(f"clear{ENTER}")
    terminal.shows(PROMPT)
    terminal.type(f"kill %1; wait $!; echo $?{ENTER}")
    shown = [f"{PROMPT} kill %1; wait $!; echo $?", "Terminated", "143"]
    terminal.shows(*shown, "[1]+  Terminated                 ready sleep 100", PROMPT)


@also_in_bochs
def test_wait_is_interrupted(terminal: Terminal) -> None:
    """Ctrl-C at `wait` gives the prompt back; the background job, another group, lives."""
    terminal.type(f"sleep 100 & echo ready; wait; echo no{ENTER}")
    shown = [f"{PROMPT} sleep 100 & echo ready; wait; echo no", "ready"]
    terminal.shows(*shown)
    terminal.type(INTERRUPT)
    shown += ["^C"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"echo $?; kill -9 $!; wait{ENTER}")
    shown += [f"{PROMPT} echo $?; kill -9 $!; wait", "130"]
    terminal.shows(*shown, "[1]+  Killed                     sleep 100", PROMPT)


@also_in_bochs
def test_trap(terminal: Terminal) -> None:
    command = f"sh -c 'trap \"echo caught; exit 3\" INT; echo ready; {LOOP}'; echo $?"
    terminal.type(command + ENTER)
    first = f"{PROMPT} {command}"
    shown = [first[:COLUMNS], first[COLUMNS:], "ready"]
    terminal.shows(*shown)
    terminal.type(INTERRUPT)
    terminal.shows(*shown, "^Ccaught", "3", PROMPT)


@also_in_bochs
def test_trap_of_a_stop(terminal: Terminal, shell: Shell) -> None:
    """SIGTSTP caught, SIGCONT caught after the program has stopped itself."""
    traps = "trap 'echo T; kill -STOP $$' TSTP\ntrap 'echo C; exit' CONT\n"
    write(shell, "stops", f"{traps}echo ready\n{LOOP}\n")
    terminal.type(f"clear; sh stops{ENTER}")
    terminal.shows("ready")
    terminal.type(STOP)
    shown = ["ready", "^ZT", "[1]+  Stopped (signal)           sh stops"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"fg{ENTER}")
    terminal.shows(*shown, f"{PROMPT} fg", "sh stops", "C", PROMPT)


@also_in_bochs
def test_pipeline_dies_as_a_whole(terminal: Terminal) -> None:
    terminal.type(f"ready sleep 1000 | cat | cat{ENTER}")
    shown = [f"{PROMPT} ready sleep 1000 | cat | cat", "ready"]
    terminal.shows(*shown)
    terminal.type(INTERRUPT)
    shown += ["^C"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"echo $?; pidof cat sleep; echo $?; jobs{ENTER}")
    terminal.shows(*shown, f"{PROMPT} echo $?; pidof cat sleep; echo $?; jobs", "130", "1", PROMPT)


@also_in_bochs
def test_pipeline_stops_as_a_whole(terminal: Terminal) -> None:
    terminal.type(f"ready sleep 1000 | cat | cat{ENTER}")
    shown = [f"{PROMPT} ready sleep 1000 | cat | cat", "ready"]
    terminal.shows(*shown)
    terminal.type(STOP)
    shown += ["^Z[1]+  Stopped                    ready sleep 1000 | cat | cat"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"ps -o stat,comm | grep -e sleep -e cat{ENTER}")
    shown += [f"{PROMPT} ps -o stat,comm | grep -e sleep -e cat"]
    terminal.shows(*shown, "T    sleep", "T    cat", "T    cat", PROMPT)
    terminal.type(f"clear; kill %1; fg{ENTER}")
    terminal.shows("ready sleep 1000 | cat | cat", *["Terminated"] * 3, PROMPT)


STOPPED = "while ! grep -q '^State:.T' /proc/$!/status; do :; done; jobs"


@also_in_bochs
def test_background_read_stops(terminal: Terminal) -> None:
    terminal.type(f"cat & {STOPPED}{ENTER}")
    first = f"{PROMPT} cat & {STOPPED}"
    shown = [first[:COLUMNS], first[COLUMNS:], "[1]+  Stopped (tty input)        cat"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"fg{ENTER}")
    shown += [f"{PROMPT} fg", "cat"]
    terminal.shows(*shown)
    terminal.type(f"typed{ENTER}")
    shown += ["typed", "typed"]
    terminal.shows(*shown)
    terminal.type(END_OF_FILE)
    terminal.shows(*shown, PROMPT)


@also_in_bochs
def test_background_write_stops_with_tostop(terminal: Terminal) -> None:
    terminal.type(f"stty tostop; echo one & {STOPPED}{ENTER}")
    first = f"{PROMPT} stty tostop; echo one & {STOPPED}"
    shown = [first[:COLUMNS], first[COLUMNS:], "[1]+  Stopped (tty output)       echo one"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"fg; stty -tostop{ENTER}")
    shown += [f"{PROMPT} fg; stty -tostop", "echo one", "one"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"echo two & wait{ENTER}")
    shown += [f"{PROMPT} echo two & wait", "two", "[1]+  Done                       echo two"]
    terminal.shows(*shown, PROMPT)


@also_in_bochs
def test_background_stty_stops(terminal: Terminal) -> None:
    """Changes of the terminal's settings need the foreground, with and without tostop."""
    terminal.type(f"stty -echo & {STOPPED}{ENTER}")
    first = f"{PROMPT} stty -echo & {STOPPED}"
    shown = [first[:COLUMNS], first[COLUMNS:], "[1]+  Stopped (tty output)       stty -echo"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"kill %1; fg{ENTER}")
    terminal.shows(*shown, f"{PROMPT} kill %1; fg", "stty -echo", "Terminated", PROMPT)


@also_in_bochs
def test_orphaned_group_reads(terminal: Terminal, shell: Shell) -> None:
    """Nobody could continue it: its read fails instead of stopping it."""
    until_parent_ends = "while kill -0 $1; do :; done 2>/dev/null"
    write(shell, "orphan", f"{until_parent_ends}\ncat </dev/tty\necho $? >done\n")
    until_done = "until [ -s done ]; do :; done"
    terminal.type(f"clear; sh -c 'sh orphan $$ 2>out &'; {until_done}; cat out done{ENTER}")
    terminal.shows("cat: read error: Input/output error", "1", PROMPT)


@also_in_bochs
def test_orphaned_group_that_is_stopped(terminal: Terminal, shell: Shell) -> None:
    """It gets SIGHUP and SIGCONT."""
    write(
        shell,
        "orphan",
        "trap 'echo HUP' HUP\ntrap 'echo CONT' CONT\nkill -STOP $$\necho on\necho >done\n",
    )
    write(shell, "parent", f"sh orphan >out 2>&1 &\n{STOPPED.rpartition(';')[0]}\n")
    terminal.type(f"clear; sh parent; until [ -e done ]; do :; done; sort out{ENTER}")
    terminal.shows("CONT", "HUP", "on", PROMPT)


@also_in_bochs
def test_stopped_job_at_the_end_of_its_shell(terminal: Terminal) -> None:
    """The shell warns, then goes; the job becomes orphaned, is hung up and dies."""
    terminal.type(f"sh{ENTER}")
    shown = [f"{PROMPT} sh", *BANNER]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"ready sleep 4321{ENTER}")
    shown += [f"{PROMPT} ready sleep 4321", "ready"]
    terminal.shows(*shown)
    terminal.type(STOP)
    shown += ["^Z[1]+  Stopped                    ready sleep 4321"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"exit{ENTER}")
    shown += [f"{PROMPT} exit", "You have stopped jobs."]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"exit{ENTER}")
    shown += [f"{PROMPT} exit"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"while pidof sleep >/dev/null; do :; done; jobs{ENTER}")
    shown += [f"{PROMPT} while pidof sleep >/dev/null; do :; done; jobs"]
    terminal.shows(*shown, PROMPT)


@also_in_bochs
def test_time(terminal: Terminal) -> None:
    terminal.type(f"time sleep 1{ENTER}")
    terminal.shows(
        f"{PROMPT} time sleep 1",
        re.compile(r"real    0m 1\.[0-4]\ds"),
        re.compile(r"user    0m 0\.0\ds"),
        re.compile(r"sys     0m 0\.[01]\ds"),
        PROMPT,
    )


@also_in_bochs
def test_time_of_a_busy_program(terminal: Terminal) -> None:
    """Processor time is counted, as user's and system's."""
    terminal.type(f"time timeout -s KILL 1 sh -c '{LOOP}'{ENTER}")
    terminal.shows(
        f"{PROMPT} time timeout -s KILL 1 sh -c '{LOOP}'",
        "Command terminated by signal 9",
        re.compile(r"real    0m 1\.\d\ds"),
        re.compile(r"user    0m (0\.[1-9]|1\.\d)\ds"),
        re.compile(r"sys     0m 0\.\d\ds"),
        PROMPT,
    )


# ---- the shell's line editor ---------------------------------------------------------------------


def edited(
    terminal: Terminal, keys: str, line: str, *output: str, column: int | None = None
) -> None:
    """Type `keys` at the prompt: the line is then `line`, the cursor in `column` of it; run it."""
    place = len(PROMPT) + 1 + (len(line) if column is None else column)
    terminal.type(keys)
    terminal.shows(f"{PROMPT} {line}", cursor=(0, place))
    terminal.type(ENTER)
    terminal.shows(f"{PROMPT} {line}", *output, PROMPT)
    terminal.type(f"clear{ENTER}")
    terminal.shows(PROMPT)


@also_in_bochs
def test_editing_a_command(terminal: Terminal) -> None:
    edited(terminal, "echo ac" + LEFT + "b", "echo abc", "abc", column=7)
    edited(terminal, "cho x" + control("A") + "e" + control("E") + "y", "echo xy", "xy")
    edited(terminal, "cho x" + HOME + "e" + END + "y", "echo xy", "xy")
    edited(terminal, "echo one two" + control("W") + "three", "echo one three", "one three")
    edited(terminal, "wrong" + control("U") + "echo right", "echo right", "right")
    edited(terminal, "echo abc" + LEFT + LEFT + DELETE, "echo ac", "ac", column=6)
    edited(terminal, "echo abc" + LEFT + LEFT + control("K"), "echo a", "a")
    edited(terminal, "echo abc" + LEFT + BACKSPACE + RIGHT + "d", "echo acd", "acd")
    edited(terminal, "echo ab" + control("B") + control("D") + control("H") + "c", "echo c", "c")


def test_history(terminal: Terminal) -> None:
    edited(terminal, "echo first", "echo first", "first")
    edited(terminal, UP + UP, "echo first", "first")
    edited(terminal, "echo x" + UP + UP + DOWN + DOWN, "echo x", "x")
    edited(terminal, UP + UP + UP + UP + BACKSPACE * 5 + "again", "echo again", "again")
    edited(terminal, "echo " + control("R") + "b", "echo b", "b")  # no search is built in


def test_completion(terminal: Terminal) -> None:
    terminal.type(f"mkdir -p alpha beta; echo yes >alpha/only; >alpha/x1; >alpha/x2; clear{ENTER}")
    terminal.shows(PROMPT)
    edited(terminal, "cat al" + TAB + "on" + TAB, "cat alpha/only ", "yes", column=15)
    edited(terminal, "ls -d b" + TAB, "ls -d beta/", "beta/")
    edited(terminal, "hostn" + TAB, "hostname ", "aramid", column=9)
    terminal.type("ls alpha/x" + TAB + TAB)
    shown = [f"{PROMPT} ls alpha/x", "x1  x2"]
    terminal.shows(*shown, f"{PROMPT} ls alpha/x")
    terminal.type(f"2{ENTER}")
    terminal.shows(*shown, f"{PROMPT} ls alpha/x2", "alpha/x2", PROMPT)


@also_in_bochs
def test_interrupt_at_the_prompt(terminal: Terminal) -> None:
    terminal.type("echo not run")
    terminal.shows(f"{PROMPT} echo not run")
    terminal.type(INTERRUPT)
    terminal.shows(f"{PROMPT} echo not run^C", PROMPT)
    terminal.type(f"echo $?{ENTER}")
    terminal.shows(f"{PROMPT} echo not run^C", f"{PROMPT} echo $?", "130", PROMPT)


@also_in_bochs
def test_line_longer_than_the_screen(terminal: Terminal) -> None:
    text = "".join(f"{i:03} " for i in range(50))
    line = f"{PROMPT} echo {text}"
    wrapped = [line[i : i + COLUMNS].rstrip() for i in range(0, len(line), COLUMNS)]
    terminal.type(f"echo {text}")
    terminal.shows(*wrapped, cursor=divmod(len(line), COLUMNS))
    terminal.type(HOME)
    terminal.shows(*wrapped, cursor=(0, len(PROMPT) + 1))
    terminal.type("x" + DELETE * 4 + END + BACKSPACE * 4)
    line = f"{PROMPT} x {text[:-4]}"
    wrapped = [line[i : i + COLUMNS].rstrip() for i in range(0, len(line), COLUMNS)]
    terminal.shows(*wrapped, cursor=divmod(len(line), COLUMNS))
    terminal.type(HOME + DELETE + "echo" + ENTER)
    line = f"{PROMPT} echo {text[:-4]}"
    wrapped = [line[i : i + COLUMNS].rstrip() for i in range(0, len(line), COLUMNS)]
    answer = [text[i : i + COLUMNS].rstrip() for i in range(0, len(text) - 4, COLUMNS)]
    answer[-1] = answer[-1][:-4].rstrip()
    terminal.shows(*wrapped, *answer, PROMPT)


def test_end_of_file_at_the_prompt(terminal: Terminal) -> None:
    terminal.type(f"sh{ENTER}")
    terminal.shows(f"{PROMPT} sh", *BANNER, PROMPT)
    terminal.type(f"echo $SHLVL{ENTER}")
    shown = [f"{PROMPT} sh", *BANNER, f"{PROMPT} echo $SHLVL", "2"]
    terminal.shows(*shown, PROMPT)
    terminal.type(END_OF_FILE)
    terminal.shows(*shown, PROMPT, PROMPT)
    terminal.type(f"echo $SHLVL{ENTER}")
    terminal.shows(*shown, PROMPT, f"{PROMPT} echo $SHLVL", "1", PROMPT)


def test_end_of_file_ends_the_first_shell(terminal: Terminal) -> None:
    """init starts another."""
    terminal.type(END_OF_FILE)
    terminal.shows(PROMPT, *BANNER, "root@aramid:~#")


def test_here_document(terminal: Terminal) -> None:
    terminal.type(f"cat <<E{ENTER}")
    shown = [f"{PROMPT} cat <<E"]
    terminal.shows(*shown, ">")
    terminal.type(f"one twp{BACKSPACE}o{ENTER}")
    shown += ["> one two"]
    terminal.shows(*shown, ">")
    terminal.type(f"three{LEFT}{LEFT}{control('U')}fr{control('A')}$HOME {ENTER}")
    shown += ["> $HOME free"]
    terminal.shows(*shown, ">")
    terminal.type(f"E{ENTER}")
    terminal.shows(*shown, "> E", "one two", "/root free", PROMPT)


# ---- the terminal's own line editing -------------------------------------------------------------


@also_in_bochs
def test_erasing_in_a_line(terminal: Terminal) -> None:
    terminal.type(f"ready cat{ENTER}")
    shown = [f"{PROMPT} ready cat", "ready"]
    terminal.shows(*shown)
    for keys, line in (
        (f"abx{BACKSPACE}c", "abc"),
        (f"one two  {control('W')}{control('W')}three", "three"),
        (f"wrong{control('U')}right", "right"),
        (f"{BACKSPACE}{control('W')}{control('U')}x", "x"),
        (f"a{control('X')}{BACKSPACE}b", "ab"),
        (f"a{TAB}b{BACKSPACE}{BACKSPACE}c", "ac"),
    ):
        terminal.type(keys)
        terminal.shows(*shown, line, cursor=(len(shown), len(line)))
        terminal.type(ENTER)
        shown += [line, line]
        terminal.shows(*shown, cursor=(len(shown), 0))
    terminal.type(END_OF_FILE)
    terminal.shows(*shown, PROMPT)


@also_in_bochs
def test_literal_next_and_reprint(terminal: Terminal) -> None:
    terminal.type(f"ready od -An -c{ENTER}")
    shown = [f"{PROMPT} ready od -An -c", "ready"]
    terminal.shows(*shown)
    terminal.type(control("V") + INTERRUPT + "a" + control("V") + BACKSPACE)
    terminal.shows(*shown, "^Ca^?", cursor=(2, 5))
    terminal.type(BACKSPACE + control("R"))
    terminal.shows(*shown, "^Ca^R", "^Ca", cursor=(3, 3))
    terminal.type(f"{ENTER}{END_OF_FILE}")
    terminal.shows(*shown, "^Ca^R", "^Ca", " 003   a  \\n", PROMPT)


@also_in_bochs
def test_utf8(terminal: Terminal) -> None:
    """A character of several bytes is erased as one, and takes one column."""
    terminal.type(f"stty iutf8; ready tee f{ENTER}")
    shown = [f"{PROMPT} stty iutf8; ready tee f", "ready"]
    terminal.shows(*shown)
    terminal.type("aä€")
    terminal.shows(*shown, "aä€", cursor=(2, 3))
    terminal.type(BACKSPACE)
    terminal.shows(*shown, "aä", cursor=(2, 2))
    terminal.type(BACKSPACE + "ö" + ENTER)
    terminal.shows(*shown, "aö", "aö")
    terminal.type(f"grün über{control('W')}x{ENTER}")
    terminal.shows(*shown, "aö", "aö", "grün x", "grün x")
    terminal.type(END_OF_FILE)
    terminal.shows(*shown, "aö", "aö", "grün x", "grün x", PROMPT)
    terminal.type(f"clear; stty -iutf8; wc -c <f{ENTER}")
    terminal.shows("12", PROMPT)


@also_in_bochs
def test_end_of_file_in_a_line(terminal: Terminal) -> None:
    """It hands over what there is; only on an empty line it is the end."""
    terminal.type(f"ready cat{ENTER}")
    shown = [f"{PROMPT} ready cat", "ready"]
    terminal.shows(*shown)
    terminal.type("ab" + END_OF_FILE)
    terminal.shows(*shown, "abab")
    terminal.type("c" + END_OF_FILE)
    terminal.shows(*shown, "ababcc")
    terminal.type(END_OF_FILE)
    terminal.shows(*shown, f"ababcc{PROMPT}")


def quiet(terminal: Terminal, seconds: float) -> Callable[[], bool]:
    """A condition: nothing has come for so long."""
    state = [len(terminal.machine.transcript), time.monotonic()]

    def condition() -> bool:
        if len(terminal.machine.transcript) != state[0]:
            state[:] = [len(terminal.machine.transcript), time.monotonic()]
        return time.monotonic() - state[1] > seconds

    return condition


@also_in_bochs
def test_flow_control(terminal: Terminal) -> None:
    """Ctrl-S stops an endless output, Ctrl-Q continues it where it stopped."""
    terminal.type(f"clear; i=0; while sleep 0.01; do echo $((i += 1)); done{ENTER}")
    terminal.find(r"^\d\d$")
    terminal.type(control("S"))
    terminal.wait(quiet(terminal, 0.5), "still printing after Ctrl-S")
    last = int(terminal.lines[-1])
    terminal.type(control("Q"))
    terminal.find(rf"^{last + 20}$")
    terminal.type(INTERRUPT)
    terminal.find(rf"\^C\n(\d+\n)?{PROMPT}$")
    numbers = [int(line) for line in terminal.lines if line.isdigit()]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_flow_control_holds_the_echo(terminal: Terminal) -> None:
    terminal.type(f"ready cat{ENTER}")
    shown = [f"{PROMPT} ready cat", "ready"]
    terminal.shows(*shown)
    terminal.type(control("S") + f"held{ENTER}")
    terminal.wait(quiet(terminal, 0.5), "still printing after Ctrl-S")
    terminal.shows(*shown)
    terminal.type(control("Q"))
    terminal.shows(*shown, "held", "held")
    terminal.type(END_OF_FILE)
    terminal.shows(*shown, "held", "held", PROMPT)


@also_in_bochs
def test_typing_ahead(terminal: Terminal) -> None:
    """What is typed while a program runs waits for the shell, unless a signal's key drops it."""
    terminal.type(f"ready sleep 100{ENTER}")
    shown = [f"{PROMPT} ready sleep 100", "ready"]
    terminal.shows(*shown)
    terminal.type(f"echo lost{ENTER}")
    shown += ["echo lost"]
    terminal.shows(*shown, cursor=(3, 0))
    terminal.type(INTERRUPT)
    shown += ["^C"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"stty noflsh; ready sleep 100{ENTER}")
    shown += [f"{PROMPT} stty noflsh; ready sleep 100", "ready"]
    terminal.shows(*shown)
    terminal.type(f"echo kept{ENTER}")
    shown += ["echo kept"]
    terminal.shows(*shown, cursor=(len(shown), 0))
    terminal.type(INTERRUPT)
    shown += ["^C", f"{PROMPT} echo kept", "kept"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"clear; stty -noflsh{ENTER}")
    terminal.shows(PROMPT)


# ---- stty ----------------------------------------------------------------------------------------

SETTINGS = """\
speed 115200 baud; rows 24; columns 80; line = 0;
intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>;
eol2 = <undef>; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R;
werase = ^W; lnext = ^V; flush = ^O; min = 1; time = 0;
-parenb -parodd -cmspar cs8 hupcl -cstopb cread clocal -crtscts
-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr icrnl ixon ixoff
-iuclc -ixany -imaxbel -iutf8
opost -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0
isig icanon iexten echo echoe echok -echonl -noflsh -xcase -tostop -echoprt
echoctl echoke -flusho -extproc"""


@also_in_bochs
def test_stty(terminal: Terminal) -> None:
    terminal.type(f"stty -a{ENTER}")
    terminal.shows(f"{PROMPT} stty -a", *SETTINGS.split("\n"), PROMPT)
    terminal.type(f"clear; stty -echo; ready cat{ENTER}")
    terminal.shows("ready")
    terminal.type(f"unseen{ENTER}")
    terminal.shows("ready", "unseen", cursor=(2, 0))
    terminal.type(END_OF_FILE)
    terminal.shows("ready", "unseen", PROMPT)
    terminal.type(f"stty echo{ENTER}")
    shown = ["ready", "unseen", f"{PROMPT} {PROMPT}"]  # the shell respects it as well
    terminal.shows(*shown)
    terminal.type(f"stty -a{ENTER}")
    terminal.shows(*shown[:2], f"{PROMPT} {PROMPT} stty -a", *SETTINGS.split("\n"), PROMPT)


@also_in_bochs
def test_stty_raw(terminal: Terminal) -> None:
    """Keys arrive one by one and mean nothing; a line feed is no more than that."""
    terminal.type(f"stty raw -echo; ready od -An -c -N 5; stty sane{ENTER}")
    first = f"{PROMPT} stty raw -echo; ready od -An -c -N 5; stty sane"
    terminal.shows(first, "ready", cursor=(2, 5))
    terminal.type("q" + INTERRUPT + STOP + END_OF_FILE + ENTER)
    terminal.shows(first, "ready", "        q 003 032 004  \\r", " " * 25 + PROMPT)
    terminal.type(f"clear; stty ixoff; stty -a{ENTER}")
    terminal.find("echoctl")


@also_in_bochs
def test_stty_characters(terminal: Terminal) -> None:
    terminal.type(f"stty intr ^K erase x; ready cat{ENTER}")
    shown = [f"{PROMPT} stty intr ^K erase x; ready cat", "ready"]
    terminal.shows(*shown)
    terminal.type(f"a{INTERRUPT}bx{ENTER}")
    shown += ["a^C", "a"]
    terminal.shows(*shown)
    terminal.type(control("K"))
    shown += ["^K"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"stty intr ^C erase ^?{ENTER}")
    terminal.shows(*shown, f"{PROMPT} stty intr ^C erase ^?", PROMPT)


# Settings; what is typed, what is seen of it, and what od reads.
INPUT_SETTINGS = [
    ("-echoctl", "a\x07b", "ab", r"   a  \a   b  \n"),
    ("-isig", "a\x03\x1a", "a^C^Z", r"   a 003 032  \n"),
    ("-icrnl", "a\rb\n", "a^Mb", r"   a  \r   b  \n"),
    ("inlcr", "a\r", "a", r"   a  \n"),
    ("igncr", "a\rb\n", "ab", r"   a   b  \n"),
    ("-iexten", "a\x16\x17b", "a^V^Wb", r"   a 026 027   b  \n"),
    ("-echoe", "ab\x7fc", "ab^?c", r"   a   c  \n"),
    ("echoprt", "abc\x7f\x7fd", "abc\\cb/d", r"   a   d  \n"),
    ("-echoke", "ab\x15c", "ab^U", r"   c  \n"),
    ("istrip", "aä", "aC$", r"   a   C   $  \n"),
    ("eol e", "ae", "ae", r"   a   e  \n"),
    ("-echo echonl", "ab", "", r"   a   b  \n"),
    ("iuclc", "AB", "ab", r"   a   b  \n"),
]


@pytest.mark.parametrize("case", INPUT_SETTINGS, ids=lambda case: case[0])
def test_input_settings(terminal: Terminal, case: tuple[str, str, str, str]) -> None:
    setting, keys, line, output = case
    terminal.type(f"clear; stty {setting}; ready od -An -c; stty sane; stty ixoff{ENTER}")
    terminal.shows("ready")
    terminal.type(keys + ("" if keys[-1] in "\n\r" else control("J")) + END_OF_FILE)
    terminal.find(rf"{re.escape(output)}\n{PROMPT}$")
    assert terminal.lines[:2] == ["ready", line]


@also_in_bochs
def test_window_size(terminal: Terminal) -> None:
    """A change is told to the foreground group."""
    script = "trap \"stty size\" WINCH; stty rows 10 cols 40; stty rows 24 cols 80; :"
    terminal.type(f"clear; stty size; sh -c '{script}'{ENTER}")
    terminal.shows("24 80", "10 40", "24 80", PROMPT)


def test_size_that_the_kernel_does_not_know(terminal: Terminal) -> None:
    """As on any serial line: the program asks the terminal."""
    terminal.type(f"stty rows 0 cols 0; vi f{ENTER}")
    terminal.shows(*page([""], "- f 1/1 100%"), cursor=(0, 0))
    terminal.type(f":q{ENTER}")
    terminal.shows(*page([""], PROMPT))
    terminal.type(f"stty rows {LINES} cols {COLUMNS}; clear{ENTER}")
    terminal.shows(PROMPT)


# ---- read ----------------------------------------------------------------------------------------


@also_in_bochs
def test_read_with_timeout(terminal: Terminal) -> None:
    terminal.type(f"read -t 1 x; echo $? [$x]{ENTER}")
    shown = [f"{PROMPT} read -t 1 x; echo $? [$x]", "1 []"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"echo ready; read -t 60 x; echo $? [$x]{ENTER}")
    shown += [f"{PROMPT} echo ready; read -t 60 x; echo $? [$x]", "ready"]
    terminal.shows(*shown)
    terminal.type(f"in time{ENTER}")
    terminal.shows(*shown, "in time", "0 [in time]", PROMPT)


@also_in_bochs
def test_read_of_characters(terminal: Terminal) -> None:
    terminal.type(f"echo ready; read -n 2 x; echo [$x]; read -s y; echo [$y]{ENTER}")
    shown = [f"{PROMPT} echo ready; read -n 2 x; echo [$x]; read -s y; echo [$y]", "ready"]
    terminal.shows(*shown)
    terminal.type("ab")
    terminal.shows(*shown, "ab[ab]")
    terminal.type(f"secret{ENTER}")
    terminal.shows(*shown, "ab[ab]", "[secret]", PROMPT)


# ---- full-screen programs ------------------------------------------------------------------------


def page(text: list[str], status: str) -> list[str]:
    """A screen of vi: `text`, marks where the file has no more lines, the status line."""
    return text + ["~"] * (LINES - 1 - len(text)) + [status]


def numbers(first: int) -> list[str]:
    """A page of the output of seq."""
    return [str(number) for number in range(first, first + LINES - 1)]


@also_in_bochs
def test_vi(terminal: Terminal) -> None:
    """A file written, changed, saved, and opened again."""
    terminal.type(f"vi f{ENTER}")
    terminal.shows(*page([""], "- f 1/1 100%"), cursor=(0, 0))
    terminal.type(f"ione{ENTER}two thrx{BACKSPACE}ee{ENTER}four{ESCAPE}")
    before = ["one", "two three", "four"]
    terminal.shows(*page(before, "- f [Modified] 3/3 100%"), cursor=(2, 3))
    terminal.type("kdw")
    after = ["one", "twothree", "four"]
    terminal.shows(*page(after, "Delete 0 lines (1 chars) from [D]"), cursor=(1, 3))
    terminal.type("u")
    terminal.shows(*page(before, "Undo [6] restored 1 chars at position 7"), cursor=(1, 3))
    terminal.type(f"/our{ENTER}")
    terminal.shows(*page(before, "- f [Modified] 3/3 100%"), cursor=(2, 1))
    terminal.type("yyP")
    terminal.shows(*page([*before, "four"], "Put 1 lines (5 chars) from [D]"), cursor=(2, 0))
    terminal.type(f":%s/o/0/g{ENTER}")
    after = ["0ne", "tw0 three", "f0ur", "f0ur"]
    terminal.shows(*page(after, "4 substitutions on 4 lines"), cursor=(3, 0))
    terminal.type("1GddpAend" + ESCAPE)
    after = ["tw0 three", "0neend", "f0ur", "f0ur"]
    terminal.shows(*page(after, "- f [Modified] 2/4 50%"), cursor=(1, 5))
    terminal.type(f":w{ENTER}")
    terminal.shows(*page(after, "'f' 4L, 27C"), cursor=(1, 5))
    terminal.type("x")
    terminal.shows(*page([after[0], "0neen", *after[2:]], "- f [Modified] 2/4 50%"), cursor=(1, 4))
    terminal.type(f":q{ENTER}")
    terminal.find("^No write since last change \\(:q! overrides\\)$")
    terminal.type(f":q!{ENTER}")
    terminal.shows(*page([after[0], "0neen", *after[2:]], PROMPT))
    terminal.type(f"vi f{ENTER}")
    terminal.shows(*page(after, "- f 1/4 25%"), cursor=(0, 0))
    terminal.type(f"Golast{ESCAPE}")
    after.append("last")
    terminal.shows(*page(after, "- f [Modified] 5/5 100%"), cursor=(4, 3))
    terminal.type(f":wq{ENTER}")
    terminal.find(rf"^{PROMPT}$")
    terminal.type(f"clear; cat f{ENTER}")
    terminal.shows(*after, PROMPT)


@also_in_bochs
def test_vi_scrolls(terminal: Terminal) -> None:
    terminal.type(f"seq 100 >f; vi f{ENTER}")
    terminal.shows(*numbers(1), "- f 1/100 1%", cursor=(0, 0))
    terminal.type(control("F"))
    terminal.shows(*numbers(23), "- f 23/100 23%", cursor=(0, 0))
    terminal.type("G")
    terminal.shows(*page([str(n) for n in range(89, 101)], "- f 100/100 100%"), cursor=(11, 0))
    terminal.type("1G")
    terminal.shows(*numbers(1), "- f 1/100 1%", cursor=(0, 0))
    terminal.type(DOWN * 22)
    terminal.shows(*numbers(1), "- f 23/100 23%", cursor=(22, 0))
    terminal.type(DOWN)
    terminal.shows(*numbers(2), "- f 24/100 24%", cursor=(22, 0))
    terminal.type(f":50{ENTER}dG")
    terminal.find("^Delete 51 lines ")
    terminal.type(f":x{ENTER}")
    terminal.find(rf"^{PROMPT}$")
    terminal.type(f"clear; tail -n 1 f{ENTER}")
    terminal.shows("49", PROMPT)


def test_vi_is_stopped(terminal: Terminal) -> None:
    """Ctrl-Z gives the shell its terminal modes back; fg restores vi's screen.

    Not in Bochs, whose serial port now and then invents a byte; vi would show it."""
    terminal.type(f"vi f{ENTER}")
    terminal.shows(*page([""], "- f 1/1 100%"))
    terminal.type(f"itext{ESCAPE}")
    terminal.shows(*page(["text"], "- f [Modified] 1/1 100%"))
    terminal.type(STOP)
    terminal.find(rf"^\[1\]\+  Stopped \(signal\) +vi f\n{PROMPT}$")
    terminal.type(f"clear; stty -a | grep -o ' icanon .* echo '{ENTER}")
    terminal.shows(" icanon iexten echo", PROMPT)
    terminal.type(f"fg{ENTER}")
    terminal.shows(*page(["text"], "- f [Modified] 1/1 100%"))
    terminal.type(f":wq{ENTER}")
    terminal.find(rf"^{PROMPT}$")
    terminal.type(f"clear; cat f{ENTER}")
    terminal.shows("text", PROMPT)


@also_in_bochs
def test_less(terminal: Terminal) -> None:
    terminal.type(f"seq 100 >f; less f{ENTER}")
    terminal.shows(*numbers(1), "f", cursor=(23, 1))
    assert terminal.highlighted(LINES - 1) == "f"
    terminal.type(" ")
    terminal.shows(*numbers(24), ":", cursor=(23, 1))
    terminal.type("b")
    terminal.shows(*numbers(1), "f")
    terminal.type(f"/50{ENTER}")
    terminal.shows(*numbers(50), ":")
    assert terminal.highlighted(0) == "50"
    terminal.type("G")
    terminal.shows(*map(str, range(80, 101)), "", "~", "(END)")
    terminal.type("g")
    terminal.shows(*numbers(1), "f")
    terminal.type(DOWN + ENTER)
    terminal.shows(*numbers(3), ":")
    terminal.type(PAGE_DOWN + UP)
    terminal.shows(*numbers(25), ":")
    terminal.type("q")
    terminal.shows(*numbers(25), PROMPT)


@also_in_bochs
def test_less_reads_a_pipe(terminal: Terminal) -> None:
    """The text comes from the pipe, the keys from the terminal."""
    terminal.type(f"seq 100 | less{ENTER}")
    terminal.shows(*numbers(1), "standard input")
    terminal.type("G")
    terminal.shows(*map(str, range(80, 101)), "", "~", "(END)")
    terminal.type("q")
    terminal.find(rf"^{PROMPT}$")


@also_in_bochs
def test_more(terminal: Terminal) -> None:
    terminal.type(f"clear; seq 60 | more{ENTER}")
    terminal.shows(*numbers(1), "--More--", cursor=(23, 9))
    terminal.type(ENTER)
    terminal.shows(*numbers(2), "--More--", cursor=(23, 9))
    terminal.type(" ")
    terminal.shows(*numbers(25), "--More--", cursor=(23, 9))
    terminal.type("q")
    terminal.shows(*numbers(25), PROMPT)


TOP = [
    r"Mem: \d+K used, \d+K free, \d+K shrd, \d+K buff, \d+K cached",
    r"CPU: +\d+% usr +\d+% sys +0% nic +\d+% idle +\d+% io +\d+% irq +\d+% sirq",
    r"Load average: \d+\.\d\d \d+\.\d\d \d+\.\d\d \d+/\d+ \d+",
    r"  PID  PPID USER     STAT   VSZ %VSZ %CPU COMMAND",
]


@also_in_bochs
def test_top(terminal: Terminal) -> None:
    """It shows who uses the processor, and goes on showing it."""
    terminal.type(f"sh -c '{LOOP}' & top -d 1{ENTER}")
    busy = rf"^ *\d+ +\d+ root +R +\d+ +\d+% +([2-9]\d|100)% sh -c {LOOP}$"
    head = "\n".join(TOP)
    for _ in range(3):
        terminal.find(rf"\A{head}\n[^~]*{busy}")
        terminal.find(r"^ *1 +0 root +S .* +0% (/bin/busybox )?init$")
        terminal.find(r"^ *\d+ +\d+ root +[RS] .*% top( -d 1)?$")
        terminal.erase()
    terminal.type("q")
    terminal.find(rf"^{PROMPT}$")
    terminal.type(f"clear; kill -9 %1; wait{ENTER}")
    terminal.shows(f'[1]+  Killed                     sh -c "{LOOP}"', PROMPT)


@also_in_bochs
def test_ps(terminal: Terminal) -> None:
    for command in "ps", "ps -ef":
        started = "while [ $(cat /proc/$!/comm) != sleep ]; do :; done"
        terminal.type(f"clear; sleep 100 & {started}; {command}; kill $!; wait{ENTER}")
        terminal.find(
            r"\APID   USER     COMMAND\n"
            r"    1 root     (/bin/busybox )?init\n"
            r"( +\d+ root     (-/bin/sh|/bin/getty .*)\n)+"  # getty: on the second console
            r" +\d+ root     sleep 100\n"
            r" +\d+ root     \{ps\} -/bin/sh\n"
            r"\[1\]\+  Terminated                 sleep 100\n"
            rf"{PROMPT}\Z"
        )


@also_in_bochs
def test_watch(terminal: Terminal) -> None:
    terminal.type(f"watch -n 1 date{ENTER}")
    seconds = set()
    day = r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d"
    while len(seconds) < 3:
        match = terminal.find(
            r"\AEvery 1\.0s: date +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n\n"
            rf"{day} (\d\d:\d\d:\d\d) UTC \d{{4}}\Z"
        )
        seconds.add(match[1])
        terminal.erase()
    # While watch waits for the command's end, the key would end the command alone: system(3).
    terminal.wait(quiet(terminal, 0.3), "watch never sleeps")
    terminal.type(INTERRUPT)
    terminal.find(rf"\^C\n{PROMPT}$")


@also_in_bochs
def test_another_user(terminal: Terminal) -> None:
    terminal.type(f"echo secret >s; chmod 600 s; su student{ENTER}")
    shown = [f"{PROMPT} echo secret >s; chmod 600 s; su student", *BANNER]
    student = "student@aramid:/tmp/t$"
    terminal.shows(*shown, student)
    terminal.type(f"cat s; echo x >f; id -un{ENTER}")
    shown += [
        f"{student} cat s; echo x >f; id -un",
        "cat: can't open 's': Permission denied",
        "sh: can't create f: Permission denied",
        "student",
    ]
    terminal.shows(*shown, student)
    terminal.type(f"ready sleep 100{ENTER}")
    shown += [f"{student} ready sleep 100", "ready"]
    terminal.shows(*shown)
    terminal.type(INTERRUPT)
    shown += ["^C"]
    terminal.shows(*shown, student)
    terminal.type(END_OF_FILE)
    terminal.shows(*shown, student, PROMPT)


@also_in_bochs
def test_another_user_becomes_root(terminal: Terminal) -> None:
    """And the shell below is the user's as before.  USER stays, if root is what su makes of one."""
    student, root = "student@aramid:/tmp/t$", "student@aramid:/tmp/t#"
    terminal.type(f"su student{ENTER}")
    shown = [f"{PROMPT} su student", *BANNER]
    terminal.shows(*shown, student)
    terminal.type(f"/bin/su{ENTER}")
    shown += [f"{student} /bin/su", *BANNER]
    terminal.shows(*shown, root)
    terminal.type(f"id -un; echo x >f; exit{ENTER}")
    shown += [f"{root} id -un; echo x >f; exit", "root"]
    terminal.shows(*shown, student)
    terminal.type(f"rm -f f; exit{ENTER}")
    shown += [f"{student} rm -f f; exit", "rm: can't remove 'f': Permission denied"]
    terminal.shows(*shown, PROMPT)


@also_in_bochs
def test_script(terminal: Terminal) -> None:
    """A terminal in the terminal, with everything that is shown kept in a file."""
    terminal.type(f"probe-script log sh{ENTER}")
    shown = [f"{PROMPT} probe-script log sh", *BANNER]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"tty; stty size; ready sleep 100{ENTER}")
    shown += [f"{PROMPT} tty; stty size; ready sleep 100", "/dev/pts/0", "24 80", "ready"]
    terminal.shows(*shown)
    terminal.type(STOP)
    shown += ["^Z[1]+  Stopped                    ready sleep 100"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"fg{ENTER}")
    shown += [f"{PROMPT} fg", "ready sleep 100"]
    terminal.shows(*shown)
    terminal.type(INTERRUPT)
    shown += ["^C"]
    terminal.shows(*shown, PROMPT)
    terminal.type(f"vi f{ENTER}")
    terminal.shows(*page([""], "- f 1/1 100%"), cursor=(0, 0))
    terminal.type(f"itext{ESCAPE}")
    terminal.shows(*page(["text"], "- f [Modified] 1/1 100%"))
    terminal.type(f":wq{ENTER}")
    terminal.find(rf"^{PROMPT}$")
    terminal.type(f"clear; cat f; sh -c 'exit 7'{ENTER}")
    terminal.shows("text", PROMPT)
    terminal.type(END_OF_FILE)
    terminal.shows("text", PROMPT, PROMPT)
    terminal.type(f"x=$?; clear; echo $x; tty; ls /dev/pts; grep -c pts/0 log{ENTER}")
    terminal.shows("7", "/dev/ttyS0", "ptmx", "1", PROMPT)
