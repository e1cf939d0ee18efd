"""The terminal: keys that send signals, line editing, large pastes; in QEMU."""

import hashlib

from shell import Shell


def test_interrupt(shell: Shell) -> None:
    shell.start("sleep 1000")
    shell.type("\x03")
    shell.expect(r"\^C")
    shell.wait_prompt()
    shell.type("echo status $?\n")
    shell.expect("\nstatus 130\r\n")
    shell.wait_prompt()


def test_stop_and_continue(shell: Shell) -> None:
    shell.start("sleep 1000")
    shell.type("\x1a")
    shell.expect(r"\[1\]\+  Stopped .*sleep 1000.*\r\n")
    shell.wait_prompt()
    shell.type("fg\n")
    shell.expect(r"fg\r\n.*sleep 1000.*\r\n")
    shell.type("\x03")
    shell.wait_prompt()
    assert shell.output("jobs") == ""


def test_quit(shell: Shell) -> None:
    shell.start("cat")
    shell.type("\x1c")
    shell.expect("Quit")
    shell.wait_prompt()


def test_end_of_file(shell: Shell) -> None:
    shell.start("wc -c")
    shell.type("four\n\x04")
    shell.expect("four\r\n5\r\n")
    shell.wait_prompt()


def test_erase_and_kill(shell: Shell) -> None:
    """Canonical mode: erase a character, a word, a line."""
    shell.start("cat >/tmp/erased")
    shell.type("abx\x7fc\nwrong\x15right\none two\x17three\n\x04")
    shell.wait_prompt()
    assert shell.output("cat /tmp/erased") == "abc\nright\none three\n"


def test_background_job_does_not_get_the_interrupt(shell: Shell) -> None:
    shell.output("sleep 1000 & echo $! >/tmp/pid")
    shell.start("sleep 1000")
    shell.type("\x03")
    shell.wait_prompt()
    shell.output("kill -9 $(cat /tmp/pid)")


def test_background_read_stops(shell: Shell) -> None:
    shell.output("cat & sleep 0.3; jobs >/tmp/jobs; kill -9 $!; wait $! 2>/dev/null; true")
    assert "Stopped (tty input)" in shell.output("cat /tmp/jobs")


def test_respawn(shell: Shell) -> None:
    """init starts a new shell for one that ends."""
    pid = shell.output("echo $$")
    shell.type("exit\n")
    shell.wait_prompt()
    assert shell.output("echo $$") != pid


def paste(shell: Shell, begin: str) -> None:
    """64 KiB of lines typed at once arrive whole."""
    lines = "".join(f"{i:06} {hashlib.md5(str(i).encode()).hexdigest()}\n" for i in range(1639))
    assert len(lines) > 65536
    shell.start(f"{begin}cat >/tmp/paste")
    shell.type(lines + "\x04")
    shell.wait_prompt()
    found = shell.output("stty echo; md5sum </tmp/paste").split()[0]
    assert found == hashlib.md5(lines.encode()).hexdigest()


def test_paste(shell: Shell) -> None:
    paste(shell, "")


def test_paste_without_echo(shell: Shell) -> None:
    paste(shell, "stty -echo; ")


def test_paste_while_busy(shell: Shell) -> None:
    """The reader comes late: everything waits in the kernel."""
    lines = "".join(f"line {i:04}\n" for i in range(300))
    shell.start("sleep 1; cat >/tmp/late")
    shell.type(lines + "\x04")
    shell.wait_prompt()
    assert shell.output("md5sum </tmp/late").split()[0] == hashlib.md5(lines.encode()).hexdigest()


def test_here_document_of_many_lines(shell: Shell) -> None:
    """Through the shell's line editor, which reads in raw mode."""
    lines = "".join(f"text {i}\n" for i in range(100))
    shell.type("cat >/tmp/here <<EOF\n" + lines + "EOF\n")
    shell.wait_prompt()
    assert shell.output("md5sum </tmp/here").split()[0] == hashlib.md5(lines.encode()).hexdigest()


def test_raw_mode(shell: Shell) -> None:
    """Without canonical mode a single key is read at once."""
    shell.start("stty -icanon -echo min 1; head -c 1 | od -An -c; stty sane")
    shell.type("q")
    shell.expect("   q\r\n")
    shell.wait_prompt()
