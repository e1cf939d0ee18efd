"""What /proc tells, and the BusyBox applets that read it: their formats are Linux's and their
figures add up."""

import re

import pytest

from commands import Case
from conftest import KERNEL, ROOT, Boots, shell_of
from shell import Shell
from test_probes_file import free_memory, wait_for_memory
from test_shell import check

CASES = [
    # ---- processes
    Case("ps columns", "sleep 55 & sleep 0.2; ps -o pid,ppid,pgid,sid,tty,stat,nice,vsz,rss,user,group,comm,args"
         " | grep ' slee[p] 55' | sed 's/  */ /g'; kill $!",
         r" *(\d+) \d+ \1 \d+ 4,64 S 0 \d{3,4} \d{2,4} root root sleep sleep 55\n", pattern=True),
    Case("ps tasks", "ps -T -o pid,comm | grep -c ' init$'", "1\n"),
    Case("ps of users", "su student -c 'ps -o user,ruser,rgroup,comm' | grep student | sed 's/  */ /g'",
         "student student student ps\n"),
    Case("ps stopped", "sleep 55 & sleep 0.2; kill -STOP $!; sleep 0.1; ps -o stat,comm | grep slee[p]; kill -9 $!", "T    sleep\n"),
    Case("ps niceness", "sleep 55 & sleep 0.2; renice -n 7 $!; ps -o stat,nice,comm | grep slee[p]; kill $!", "SN       7 sleep\n"),
    Case("ps zombie", "(sleep 0.1 & exec sleep 1) & sleep 0.5; ps -o stat,comm,args | grep ^Z; wait",
         r"Z +sleep +\[sleep\]\n", pattern=True),
    Case("pidof", "sleep 55 & p=$!; sleep 56 & sleep 0.2; [ \"$(pidof sleep)\" = \"$! $p\" ] && echo both; kill $p $!;"
         " pidof nonesuch", "both\n", 1),
    Case("killall", "sleep 55 & sleep 56 & sleep 0.2; killall sleep; sleep 0.2; pidof sleep; killall sleep",
         "killall: sleep: no process killed\n", 1),
    Case("daemon", "start-stop-daemon -S -b -m -p p -x /bin/sleep -- 33; sleep 0.3;"
         " start-stop-daemon -S -p p -x /bin/sleep -- 33; start-stop-daemon -K -p p -x /bin/sleep; echo $?",
         r"/bin/sleep is already running\n.*stopped /bin/sleep \(pid \d+\)\n0\n", pattern=True),
    Case("top", "top -b -n 1 | head -n 4",
         r"Mem: \d+K used, \d+K free, \d+K shrd, 0K buff, \d+K cached\n"
         r"CPU: +\d+% usr +\d+% sys +\d+% nic +\d+% idle +0% io +0% irq +0% sirq\n"
         r"Load average: \d\.\d\d \d\.\d\d \d\.\d\d 1/\d+ \d+\n"
         r"  PID  PPID USER     STAT   VSZ %VSZ %CPU COMMAND\n", pattern=True),
    Case("top finds who is busy", "(while :; do :; done) & top -b -d 2 -n 2"
         " | awk -v p=$! '$1 == p { state = $4; used = $7 } END { print state, (used + 0 > 50) }'; kill -9 $!", "R 1\n"),
    Case("name is changed", "sh -c 'echo abc >/proc/self/comm; cat /proc/$$/comm; true'", "abc\n"),
    Case("largest resident", "time -v sort /bin/busybox 2>&1 >/dev/null | grep Maximum | awk '{ print ($NF > 1000) }'", "1\n"),
    # ---- the system
    Case("free adds up", "free -k | awk 'NR == 2 { print $2 - $3 - $4 - $6 }'", "0\n"),
    Case("time adds up", "awk '{ getline line <\"/proc/stat\"; n = split(line, t); for (i = 2; i <= n; i++) sum += t[i];"
         " print (sum / 100 - $1 < 0.5 && sum / 100 - $1 > -0.5) }' /proc/uptime", "1\n"),
    Case("load rises", "(while :; do :; done) & sleep 11; kill -9 $!; awk '{ print ($1 > 0.1 && $1 < 2) }' /proc/loadavg", "1\n"),
    Case("interrupts add up", "awk '$1 == \"intr\" { total = $2; for (i = 3; i <= NF; i++) total -= $i;"
         " print (total > 0) }' /proc/stat; grep -c ttyS0 /proc/interrupts", "1\n1\n"),
    Case("time of the nice", "a=$(awk 'NR == 1 { print $3 }' /proc/stat); (while :; do :; done) & renice -n 5 $!; sleep 1; kill -9 $!;"
         " awk -v a=$a 'NR == 1 { print ($3 - a > 30) }' /proc/stat", "1\n"),
    Case("df", "df -k /tmp | awk 'NR == 2 { print ($2 - $3 == $4), $6 }'; df -i / | awk 'NR == 2 { print ($2 - $3 == $4) }'",
         "1 /\n1\n"),
    Case("names in mounts", "mkdir 'a b#'; mount -t tmpfs 'x y' 'a b#'; tail -n 1 /proc/mounts; tail -n 1 /proc/self/mountstats;"
         " umount 'a b#'", "x\\040y /tmp/t/a\\040b# tmpfs rw,relatime 0 0\n"
         "device x\\040y mounted on /tmp/t/a\\040b# with fstype tmpfs\n"),
    Case("sysctl", "sysctl kernel.ostype; sysctl -n kernel.pid_max; sysctl -w kernel.hostname=other; hostname;"
         " sysctl kernel/hostname; hostname aramid",
         "kernel.ostype = Aramid\n32768\nkernel.hostname = other\nother\nkernel.hostname = other\n"),
    Case("sysctl all", "sysctl -a | grep -c -e ^fs.file-nr -e ^kernel.osrelease -e ^vm.overcommit_memory", "3\n"),
    Case("sysctl refused", "sysctl -w kernel.ostype=x", "sysctl: error setting key 'kernel.ostype': Permission denied\n", 1),
    Case("setting that cannot be read", "cat /proc/sys/vm/drop_caches", "cat: can't open '/proc/sys/vm/drop_caches': Permission denied\n", 1),
    Case("setting refused", "echo garbage >/proc/sys/kernel/printk", "sh: write error: Invalid argument\n", 1),
    Case("domain name", "cd /proc/sys/kernel; cat domainname; echo net >domainname; cat domainname; echo '(none)' >domainname",
         "(none)\nnet\n"),
    Case("log level", "dmesg -n 3; cut -f 1 /proc/sys/kernel/printk; echo 6 >/proc/sys/kernel/printk", "3\n"),
    Case("log", "dmesg -r | grep -c -v '^<[0-7]>\\[ *[0-9]*\\.[0-9]*\\] '; dmesg -c | wc -l | awk '{ print ($1 > 5) }'; dmesg | wc -l",
         "0\n1\n0\n"),
    # ---- permissions
    Case("secrets", "su student -c 'cat /proc/1/environ /proc/1/maps; readlink /proc/1/exe; ls /proc/1/fd; id -u </proc/1/stat'",
         "cat: can't open '/proc/1/environ': Permission denied\ncat: can't open '/proc/1/maps': Permission denied\n"
         "ls: can't open '/proc/1/fd': Permission denied\n1000\n"),
    Case("own files", "su student -c 'stat -c %U /proc/self/ /proc/self/environ; ls /proc/self/fd | head -n 3'",
         "student\nstudent\n0\n1\n2\n"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_applet(shell: Shell, case: Case) -> None:
    check(shell, case)


def test_probe(shell: Shell) -> None:
    """The same answers as Linux's."""
    result = shell.run("cd /tmp; probe-proc >out; s=$?; grep -v ^ok out; rm out; (exit $s)", 60)
    assert (result.output, result.status) == ("", 0)


def test_every_file_can_be_read(shell: Shell) -> None:
    """All of /proc, again and again, while processes come and go: nothing is lost or left."""
    read = "find /proc -type f -perm -400 ! -name kmsg | xargs cat >/dev/null 2>&1; true"
    shell.output(read, 60)
    before = free_memory(shell)
    shell.output("(for i in $(seq 100); do sh -c 'sleep 0.01'; done) & " + f"{read}; {read}; wait", 60)
    wait_for_memory(shell, before - 64)


def test_times_of_a_process(shell: Shell) -> None:
    """What a process used, what its parent is told, and what the machine spent agree."""
    figures = shell.output(
        "a=$(awk 'NR == 1 { print $2 + $3 + $4 }' /proc/stat);"
        " time -f '%U %S' sh -c 'i=0; while [ $i -lt 50000 ]; do i=$((i + 1)); done; cut -d\" \" -f 14,15 /proc/$$/stat';"
        " awk -v a=$a 'NR == 1 { print $2 + $3 + $4 - a }' /proc/stat",
        60,
    )
    own_user, own_system, user, system, busy = map(float, re.findall(r"[\d.]+", figures))
    own = (own_user + own_system) / 100
    assert own > 0.05
    assert own - 0.05 <= user + system <= own + 0.2
    assert user + system - 0.05 <= busy / 100


# What there is to see: processes in several states, a mount of a part, a program without a name.
SCENE = (
    "cd /tmp; mkdir -p a/b c; mount -o bind a/b c; cp /bin/sleep sleep; su student -c 'exec sleep 56' & p=\"1 $$ $!\";"
    " (sleep 0.1 & exec sleep 57) & z=$!; ./sleep 58 & p=\"$p $! $z\"; sleep 0.5; rm sleep; kill -STOP $!;"
    " p=\"$p $(ps -o pid,ppid | awk -v z=$z '$2 == z { print $1 }')\""
)
# The text of each file and the target of each link of these; numbers do not count, nor where a name of
# a phase is told.
LOOK = (
    "for f in %s; do if [ -h $f ]; then echo $f $(readlink $f); else ls -ld $f | cut -c -10; [ -d $f ] ||"
    " cat $f; fi; done 2>&1 | tr '\\0' ' ' | sed -E 's/-?[0-9]+/N/g; s/  +/ /g; s/phase N, [a-z]*//'"
)
SYSTEM = "/proc/[a-z]* /proc/sys/[fv]*/* /proc/sys/kernel/* /proc/sys/net/*/*"
PROCESS = "/proc/$i /proc/$i/[b-z]* /proc/$i/fd/* /proc/$i/fdinfo/* /proc/$i/task/* /proc/$i/task/$i/[b-z]*"


def all_of_proc(shell: Shell) -> list[str]:
    shell.output(SCENE)
    text = shell.output(LOOK % SYSTEM, 60) + shell.output(f"for i in $p; do {LOOK % PROCESS}; done", 60)
    return text.splitlines()


def test_files_are_those_of_the_first_phase(boot: Boots) -> None:
    """A later phase asks Core for copies of what the first one saw itself: the files do not tell."""
    first = ROOT / "build" / "phase1" / "kernel.boot"
    if first == KERNEL or not first.exists():
        pytest.skip("there is no other phase's kernel to compare with")
    seen = [all_of_proc(shell_of(boot(kernel=kernel))) for kernel in (first, KERNEL)]
    assert len(seen[0]) > 1000
    assert seen[0] == seen[1]
