/* probe-pty: pseudo-terminals from both sides, as pty(7), ioctl_tty(2) and Linux have them.
 *
 * To be run as root.  Prints "ok NAME" or "FAIL NAME: ..." for each check; ends with status 0 if
 * all are ok. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

#define MANY  100
#define FLOOD 300000

/* ---- names and locks ---- */

static void test_names(void)
{
    struct pair pair;
    struct stat by_name, by_file;
    int number = -1, locked = -1;

    pair.master = posix_openpt(O_RDWR | O_NOCTTY);
    ptsname_r(pair.master, pair.name, sizeof pair.name);
    check("locked at first", 0, ioctl(pair.master, TIOCGPTLCK, &locked));
    check("TIOCGPTLCK", 1, locked);
    check("open while locked", -EIO, open(pair.name, O_RDWR | O_NOCTTY));
    check("unlockpt", 0, unlockpt(pair.master));
    check("TIOCGPTN", 0, ioctl(pair.master, TIOCGPTN, &number));
    char wanted[64];
    snprintf(wanted, sizeof wanted, "/dev/pts/%d", number);
    check_text("ptsname", wanted, pair.name);
    pair.slave = open(pair.name, O_RDWR | O_NOCTTY);
    check("open", 1, pair.slave >= 0);
    check("isatty of the terminal", 1, isatty(pair.slave));
    check("isatty of the master", 1, isatty(pair.master));
    check_text("ttyname", pair.name, ttyname(pair.slave) ? ttyname(pair.slave) : "");
    check("stat", 0, stat(pair.name, &by_name));
    fstat(pair.slave, &by_file);
    check("same inode", 1, by_name.st_ino == by_file.st_ino && by_name.st_dev == by_file.st_dev);
    check("major", 136, major(by_file.st_rdev));
    check("minor", number, minor(by_file.st_rdev));
    check("chmod", 0, chmod(pair.name, 0622));
    fstat(pair.slave, &by_file);
    check("mode", S_IFCHR | 0622, by_file.st_mode);
    check("TIOCGPTN on the terminal", -ENOTTY, ioctl(pair.slave, TIOCGPTN, &number));
    check("unlink", -EPERM, unlink(pair.name));
    check("mkdir", -EPERM, mkdir("/dev/pts/x", 0755));
    close(pair.master);
    check("stat without master", -ENOENT, stat(pair.name, &by_name));
    check("open without master", -ENOENT, open(pair.name, O_RDWR | O_NOCTTY));
    close(pair.slave);
}

/* ---- modes ---- */

static void test_canonical(void)
{
    struct pair pair;
    int bytes = 0;

    open_pair(&pair);
    type(&pair, "hello\n");
    check_text("canonical line", "hello\n", read_text(pair.slave, 6));
    check_text("echo", "hello\r\n", read_text(pair.master, 7));
    type(&pair, "wrong\025abd\177c\n");
    check_text("edited line", "abc\n", read_text(pair.slave, 4));
    read_text(pair.master, 5 + 15 + 3 + 3 + 3);
    tcflush(pair.master, TCIFLUSH);
    set_echo(pair.slave, false);
    type(&pair, "\004");
    check("end of file", 1, poll_now(pair.slave, POLLIN, PATIENCE));
    check("read at end of file", 0, read(pair.slave, &bytes, 1));
    type(&pair, "part");
    check("no line yet", 0, poll_now(pair.slave, POLLIN, 50));
    type(&pair, "\004");
    check_text("line ended by ^D", "part", read_text(pair.slave, 4));
    check("written text", 4, write(pair.slave, "a\nb\t", 4));
    check_text("processed output", "a\r\nb\t", read_text(pair.master, 5));
    type(&pair, "12345\n");
    poll_now(pair.slave, POLLIN, PATIENCE);
    check("FIONREAD", 0, ioctl(pair.slave, FIONREAD, &bytes));
    check("bytes to read", 6, bytes);
    close_pair(&pair);
}

static void test_raw(void)
{
    struct pair pair;
    struct termios settings;

    open_pair(&pair);
    tcgetattr(pair.slave, &settings);
    check("input flags", ICRNL | IXON, settings.c_iflag);
    check("output flags", OPOST | ONLCR, settings.c_oflag);
    check("local flags", ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
          settings.c_lflag);
    check("control flags", B38400 | CS8 | CREAD, settings.c_cflag);
    set_raw(pair.master); /* the settings are the terminal's, whoever sets them */
    tcgetattr(pair.slave, &settings);
    check("set by the master", 0, settings.c_lflag & (ICANON | ECHO | ISIG));
    type(&pair, "\003\r\n\004x");
    check_text("raw input", "\003\r\n\004x", read_text(pair.slave, 5));
    check("raw output", 4, write(pair.slave, "\n\r\033b", 4));
    check_text("as it is", "\n\r\033b", read_text(pair.master, 4));
    close_pair(&pair);
}

static void test_waiting(void)
{
    struct pair pair;
    char byte;

    open_pair(&pair);
    fcntl(pair.master, F_SETFL, O_RDWR | O_NONBLOCK);
    fcntl(pair.slave, F_SETFL, O_RDWR | O_NONBLOCK);
    check("empty master", -EAGAIN, read(pair.master, &byte, 1));
    check("empty terminal", -EAGAIN, read(pair.slave, &byte, 1));
    check("poll master", POLLOUT, poll_now(pair.master, POLLIN | POLLOUT, 0));
    check("poll terminal", POLLOUT, poll_now(pair.slave, POLLIN | POLLOUT, 0));
    set_raw(pair.slave);
    char block[1000];
    memset(block, 'x', sizeof block);
    long written = 0, got;
    for (int i = 0; i < 1000 && (got = write(pair.slave, block, sizeof block)) > 0; i++)
        written += got;
    check("terminal fills up", 1, written >= 4096 && written < 100000);
    check("full terminal", -EAGAIN, write(pair.slave, block, 1));
    check("poll full terminal", 0, poll_now(pair.slave, POLLOUT, 0));
    long seen = 0;
    while ((poll_now(pair.master, POLLIN, 100) & POLLIN) &&
           (got = read(pair.master, block, sizeof block)) > 0)
        seen += got;
    check("nothing lost", written, seen);
    check("poll again", POLLOUT, poll_now(pair.slave, POLLOUT, PATIENCE));
    for (written = 0; (poll_now(pair.master, POLLOUT, 100) & POLLOUT) && written < 1000000;)
        written += write(pair.master, block, sizeof block);
    check("master fills up", 1, written >= 4096 && written < 1000000);
    close_pair(&pair);
}

/* ---- much data ---- */

static unsigned char pattern(long i)
{
    return (unsigned char)(i * 7 + i / 251);
}

static void pump_out(int fd, long size)
{
    unsigned char block[777];

    for (long done = 0; done < size;) {
        long piece = size - done < (long)sizeof block ? size - done : (long)sizeof block;
        for (long i = 0; i < piece; i++)
            block[i] = pattern(done + i);
        if (write(fd, block, (size_t)piece) != piece)
            _exit(1);
        done += piece;
    }
    _exit(0);
}

/* How many bytes come as they should. */
static long pump_in(int fd, long size)
{
    unsigned char block[1024];
    long done = 0, got;

    while (done < size && (poll_now(fd, POLLIN, PATIENCE) & POLLIN) &&
           (got = read(fd, block, sizeof block)) > 0)
        for (long i = 0; i < got; i++, done++)
            if (block[i] != pattern(done))
                return done;
    return done;
}

static void test_flood(void)
{
    struct pair pair;
    pid_t child;

    open_pair(&pair);
    set_raw(pair.slave);
    fflush(stdout);
    if ((child = fork()) == 0)
        pump_out(pair.slave, FLOOD);
    check("flood from the terminal", FLOOD, pump_in(pair.master, FLOOD));
    check("its writer", 0, reported(child, 0));
    if ((child = fork()) == 0)
        pump_out(pair.master, FLOOD);
    check("flood from the master", FLOOD, pump_in(pair.slave, FLOOD));
    check("its writer too", 0, reported(child, 0));
    close_pair(&pair);
}

/* ---- sessions ---- */

static int wait_for_signal(struct pair *pair)
{
    tell(pair, "ready\n");
    while (pause() < 0)
        ;
    return 0;
}

static void test_signal_key(const char *name, const char *key, const char *shown, long wanted)
{
    struct pair pair;

    open_master(&pair);
    pid_t child = start_session(&pair, wait_for_signal);
    read_text(pair.master, 7);
    type(&pair, key);
    check(name, wanted, reported(child, WUNTRACED));
    check_text("its echo", shown, read_text(pair.master, strlen(shown)));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close_pair(&pair);
}

static int control_terminal(struct pair *pair)
{
    int own, group = -1, session = -1;

    check("has a terminal", 1, (own = open("/dev/tty", O_RDWR)) >= 0);
    check("TIOCGSID", 0, ioctl(own, TIOCGSID, &session));
    check("session", 1, session == getpid());
    check("TIOCGPGRP", 0, ioctl(pair->slave, TIOCGPGRP, &group));
    check("foreground", 1, group == getpid());
    check("TIOCSCTTY again", 0, ioctl(pair->slave, TIOCSCTTY, 0));
    signal(SIGHUP, SIG_IGN);
    signal(SIGCONT, SIG_IGN);
    check("TIOCNOTTY", 0, ioctl(own, TIOCNOTTY));
    check("no terminal", -ENXIO, open("/dev/tty", O_RDWR));
    check("TIOCGSID of another's", -ENOTTY, ioctl(pair->slave, TIOCGSID, &session));
    int again = open(pair->name, O_RDWR | O_NOCTTY);
    check("O_NOCTTY", -ENXIO, open("/dev/tty", O_RDWR));
    check("TIOCSCTTY", 0, ioctl(again, TIOCSCTTY, 0));
    check("has it again", 1, open("/dev/tty", O_RDWR) >= 0);
    tell(pair, "ready\n");
    read(pair->slave, &own, 1);
    check("stolen", -ENXIO, open("/dev/tty", O_RDWR));
    return failures != 0;
}

static int steal_terminal(struct pair *pair)
{
    sigset_t end;
    int signal;

    check("another's terminal", -ENXIO, open("/dev/tty", O_RDWR));
    check("TIOCSCTTY of another's", -EPERM, ioctl(pair->slave, TIOCSCTTY, 0));
    check("steal", 0, ioctl(pair->slave, TIOCSCTTY, 1));
    check("mine now", 1, open("/dev/tty", O_RDWR) >= 0);
    sigemptyset(&end);
    sigaddset(&end, SIGUSR1);
    sigprocmask(SIG_BLOCK, &end, NULL);
    tell(pair, "mine\n");
    sigwait(&end, &signal);
    return failures != 0;
}

static void test_control(void)
{
    struct pair pair;
    int group = 0, session = 0;

    open_master(&pair);
    check("session of none", -ENOTTY, ioctl(pair.master, TIOCGSID, &session));
    pid_t first = start_session(&pair, control_terminal);
    check_text("first session", "ready\r\n", read_text(pair.master, 7));
    check("session by the master", 0, ioctl(pair.master, TIOCGSID, &session));
    check("it is the first's", 1, session == first);
    check("group by the master", 0, ioctl(pair.master, TIOCGPGRP, &group));
    check("it is the first's too", 1, group == first);
    check("set by a stranger", -ENOTTY, tcsetpgrp(pair.master, first) ? -1 : 0);
    pid_t second = start_session(&pair, steal_terminal);
    check_text("second session", "mine\r\n", read_text(pair.master, 6));
    type(&pair, "x\n");
    check("first ends", 0, reported(first, 0));
    kill(second, SIGUSR1);
    check("second ends", 0, reported(second, 0));
    close_pair(&pair);
}

/* A job in the foreground is stopped; its shell sees that. */
static int run_stopped_job(struct pair *pair)
{
    pid_t job = fork();

    if (job == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(pair->slave, getpid());
        return wait_for_signal(pair);
    }
    check("^Z", 2000 + SIGTSTP, reported(job, WUNTRACED));
    kill(job, SIGKILL);
    return failures != 0;
}

static void test_stop_key(void)
{
    struct pair pair;

    open_master(&pair);
    pid_t child = start_session(&pair, run_stopped_job);
    read_text(pair.master, 7);
    type(&pair, "\032");
    check("its shell", 0, reported(child, 0));
    close_pair(&pair);
}

/* A session's leader has nobody who could continue it, and is not stopped. */
static void test_stop_key_for_orphan(void)
{
    struct pair pair;

    open_master(&pair);
    pid_t child = start_session(&pair, wait_for_signal);
    read_text(pair.master, 7);
    type(&pair, "\032");
    check_text("^Z for an orphan", "^Z", read_text(pair.master, 2));
    type(&pair, "\003");
    check("is nothing", 1000 + SIGINT, reported(child, WUNTRACED));
    close_pair(&pair);
}

/* A background job reads, stops, comes to the foreground and reads on. */
static int run_jobs(struct pair *pair)
{
    char text[8] = "";
    pid_t job = fork();

    if (job == 0) {
        setpgid(0, 0);
        _exit(read(pair->slave, text, sizeof text) == 4 ? 7 : 1);
    }
    setpgid(job, job);
    check("background read", 2000 + SIGTTIN, reported(job, WUNTRACED));
    check("tcsetpgrp", 0, tcsetpgrp(pair->slave, job));
    kill(-job, SIGCONT);
    tell(pair, "go\n");
    check("foreground read", 7, reported(job, 0));
    signal(SIGTTOU, SIG_IGN);
    check("foreground again", 0, tcsetpgrp(pair->slave, getpid()));
    check("tcgetpgrp", 1, tcgetpgrp(pair->slave) == getpid());
    return failures != 0;
}

static void test_jobs(void)
{
    struct pair pair;

    open_master(&pair);
    pid_t child = start_session(&pair, run_jobs);
    check_text("job", "go\r\n", read_text(pair.master, 4));
    type(&pair, "yes\n");
    check("jobs", 0, reported(child, 0));
    close_pair(&pair);
}

/* ---- window size ---- */

static volatile sig_atomic_t window_changes;

static void count_change(int signal)
{
    (void)signal;
    window_changes++;
}

static int watch_window(struct pair *pair)
{
    sigset_t mask, old;
    struct winsize window;

    sigemptyset(&mask);
    sigaddset(&mask, SIGWINCH);
    sigprocmask(SIG_BLOCK, &mask, &old);
    signal(SIGWINCH, count_change);
    tell(pair, "ready\n");
    while (window_changes == 0)
        sigsuspend(&old);
    ioctl(pair->slave, TIOCGWINSZ, &window);
    return window.ws_row == 33 && window.ws_col == 99 ? 5 : 6;
}

static void test_window(void)
{
    struct pair pair;
    struct winsize window = { .ws_row = 1 };

    open_pair(&pair);
    check("TIOCGWINSZ", 0, ioctl(pair.slave, TIOCGWINSZ, &window));
    check("no size at first", 0, window.ws_row + window.ws_col);
    window = (struct winsize){ .ws_row = 20, .ws_col = 70 };
    check("set on the terminal", 0, ioctl(pair.slave, TIOCSWINSZ, &window));
    window = (struct winsize){ 0 };
    ioctl(pair.master, TIOCGWINSZ, &window);
    check("seen by the master", 2070, window.ws_row * 100 + window.ws_col);
    pid_t child = start_session(&pair, watch_window);
    read_text(pair.master, 7);
    ioctl(pair.master, TIOCSWINSZ, &window);
    window = (struct winsize){ .ws_row = 33, .ws_col = 99 };
    check("set by the master", 0, ioctl(pair.master, TIOCSWINSZ, &window));
    check("SIGWINCH", 5, reported(child, 0));
    close_pair(&pair);
}

/* ---- hanging up ---- */

static void test_slave_closes(void)
{
    struct pair pair;
    char byte;

    open_master(&pair);
    check("nobody yet", 0, poll_now(pair.master, POLLIN, 0));
    pair.slave = open(pair.name, O_RDWR | O_NOCTTY);
    int second = open(pair.name, O_RDWR | O_NOCTTY);
    check("last words", 3, write(pair.slave, "bye", 3));
    close(pair.slave);
    check("one is left", 0, poll_now(pair.master, POLLIN, PATIENCE) & POLLHUP);
    close(second);
    check("poll after the last close", POLLIN | POLLHUP, poll_now(pair.master, POLLIN, PATIENCE));
    check_text("read what is left", "bye", read_text(pair.master, 3));
    check("read after the last close", -EIO, read(pair.master, &byte, 1));
    check("poll when empty", POLLHUP, poll_now(pair.master, POLLIN, 0));
    pair.slave = open(pair.name, O_RDWR | O_NOCTTY);
    check("open again", 0, poll_now(pair.master, POLLIN, 0));
    check("write again", 2, write(pair.slave, "hi", 2));
    check_text("read again", "hi", read_text(pair.master, 2));
    close_pair(&pair);
}

static void test_master_closes(void)
{
    struct pair pair;
    struct termios settings;
    char byte;

    open_pair(&pair);
    type(&pair, "unread\n");
    poll_now(pair.slave, POLLIN, PATIENCE);
    close(pair.master);
    check("read 0", 0, read(pair.slave, &byte, 1));
    check("write", -EIO, write(pair.slave, "x", 1));
    check("tcgetattr", -EIO, tcgetattr(pair.slave, &settings));
    check("poll", POLLIN | POLLOUT | POLLERR | POLLHUP, poll_now(pair.slave, POLLIN | POLLOUT, 0));
    close(pair.slave);
}

static volatile sig_atomic_t hang_ups;

static void count_hang_up(int signal)
{
    (void)signal;
    hang_ups++;
}

/* The leader and a job in the foreground: who hears what, and when?  The job ends with the number
 * of hang-ups it had seen when the leader had its own; the answer goes through a pipe. */
static int channel[2];

static void put(char byte)
{
    if (write(channel[1], &byte, 1) != 1)
        _exit(97);
}

static int hear_hang_up(struct pair *pair)
{
    sigset_t mask, old;

    sigemptyset(&mask);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, &old);
    signal(SIGHUP, count_hang_up);
    signal(SIGTTOU, SIG_IGN);
    if (fork() == 0) {
        setpgid(0, 0);
        tcsetpgrp(pair->slave, getpid());
        tell(pair, "ready\n");
        sigsuspend(&old);
        put('j');
        _exit(0);
    }
    sigsuspend(&old);
    put('l');
    usleep(100000);
    put(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO ? 'n' : 't');
    return 0;
}

static void test_session_hang_up(void)
{
    struct pair pair;

    if (pipe(channel) != 0)
        exit(1);
    open_master(&pair);
    pid_t child = start_session(&pair, hear_hang_up);
    read_text(pair.master, 7);
    close(pair.master);
    check_text("leader first, then the job", "lnj", read_text(channel[0], 3));
    check("leader's end", 0, reported(child, 0));
    close(channel[0]);
    close(channel[1]);
}

/* The leader ends: the foreground group hears of it, but the line stays. */
static int leave_at_once(struct pair *pair)
{
    sigset_t mask, old;

    sigemptyset(&mask);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, &old);
    signal(SIGHUP, count_hang_up);
    signal(SIGTTOU, SIG_IGN);
    if (fork() == 0) {
        setpgid(0, 0);
        tcsetpgrp(pair->slave, getpid());
        put('r');
        sigsuspend(&old);
        put(write(pair->slave, "still\n", 6) == 6 ? 'w' : 'e');
        _exit(0);
    }
    read(pair->slave, &mask, 1);
    return 3;
}

static void test_leader_ends(void)
{
    struct pair pair;

    if (pipe(channel) != 0)
        exit(1);
    open_master(&pair);
    pid_t child = start_session(&pair, leave_at_once);
    read_text(channel[0], 1);
    usleep(50000);
    kill(child, SIGKILL);
    check("leader killed", 1000 + SIGKILL, reported(child, 0));
    check_text("job hears of it", "w", read_text(channel[0], 1));
    check_text("and can write", "still\r\n", read_text(pair.master, 7));
    close_pair(&pair);
    close(channel[0]);
    close(channel[1]);
}

static int hang_up_self(struct pair *pair)
{
    char byte;

    signal(SIGHUP, count_hang_up);
    check("vhangup", 0, vhangup());
    check("SIGHUP", 1, hang_ups);
    check("dead file", 0, read(pair->slave, &byte, 1));
    check("dead for writing", -EIO, write(pair->slave, "x", 1));
    check("terminal gone", -ENXIO, open("/dev/tty", O_RDWR));
    int fd = open(pair->name, O_RDWR);
    check("fresh file", 6, write(fd, "alive\n", 6));
    return failures != 0;
}

static void test_vhangup(void)
{
    struct pair pair;

    open_master(&pair);
    pid_t child = start_session(&pair, hang_up_self);
    check("its end", 0, reported(child, 0));
    check_text("after vhangup", "alive\r\n", read_text(pair.master, 7));
    close_pair(&pair);
}

/* ---- packet mode ---- */

static long event(int master)
{
    unsigned char packet[16];

    if (!(poll_now(master, POLLIN, PATIENCE) & POLLIN))
        return -1;
    long length = read(master, packet, sizeof packet);
    return length == 1 ? packet[0] : -length;
}

static void test_packets(void)
{
    struct pair pair;
    struct termios settings;
    char packet[16];
    int on = 1, is_on = 0;

    open_pair(&pair);
    check("TIOCPKT", 0, ioctl(pair.master, TIOCPKT, &on));
    check("TIOCGPKT", 0, ioctl(pair.master, TIOCGPKT, &is_on));
    check("packet mode is on", 1, is_on);
    write(pair.slave, "text", 4);
    poll_now(pair.master, POLLIN, PATIENCE);
    check("packet of data", 5, read(pair.master, packet, sizeof packet));
    check("its head", TIOCPKT_DATA, packet[0]);
    check("its data", 0, memcmp(packet + 1, "text", 4));
    tcflush(pair.slave, TCIFLUSH);
    check("poll for an event", POLLIN | POLLPRI, poll_now(pair.master, POLLIN | POLLPRI, PATIENCE));
    check("TCIFLUSH", TIOCPKT_FLUSHREAD, event(pair.master));
    tcflush(pair.slave, TCOFLUSH);
    check("TCOFLUSH", TIOCPKT_FLUSHWRITE, event(pair.master));
    tcflow(pair.slave, TCOOFF);
    check("TCOOFF", TIOCPKT_STOP, event(pair.master));
    tcflow(pair.slave, TCOON);
    check("TCOON", TIOCPKT_START, event(pair.master));
    tcgetattr(pair.slave, &settings);
    settings.c_iflag &= ~(tcflag_t)IXON;
    tcsetattr(pair.slave, TCSANOW, &settings);
    check("without IXON", TIOCPKT_NOSTOP, event(pair.master));
    settings.c_iflag |= IXON;
    tcsetattr(pair.slave, TCSANOW, &settings);
    check("with IXON", TIOCPKT_DOSTOP, event(pair.master));
    tcflow(pair.slave, TCOOFF);
    tcflow(pair.slave, TCOON);
    check("only the last counts", TIOCPKT_START, event(pair.master));
    on = 0;
    ioctl(pair.master, TIOCPKT, &on);
    write(pair.slave, "plain", 5);
    check_text("packet mode off", "plain", read_text(pair.master, 5));
    check("TIOCPKT on the terminal", -ENOTTY, ioctl(pair.slave, TIOCPKT, &on));
    close_pair(&pair);
}

/* ---- the rest ---- */

static void test_exclusive(void)
{
    struct pair pair;
    int on = -1;

    open_pair(&pair);
    chmod(pair.name, 0666);
    check("TIOCEXCL", 0, ioctl(pair.slave, TIOCEXCL));
    check("TIOCGEXCL", 0, ioctl(pair.slave, TIOCGEXCL, &on));
    check("exclusive", 1, on);
    int second = open(pair.name, O_RDWR | O_NOCTTY);
    check("root may", 1, second >= 0);
    close(second);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setuid(1000);
        _exit(open(pair.name, O_RDWR | O_NOCTTY) < 0 && errno == EBUSY ? 0 : 1);
    }
    check("others may not", 0, reported(child, 0));
    ioctl(pair.slave, TIOCNXCL);
    if ((child = fork()) == 0) {
        setuid(1000);
        _exit(open(pair.name, O_RDWR | O_NOCTTY) >= 0 ? 0 : 1);
    }
    check("TIOCNXCL", 0, reported(child, 0));
    close_pair(&pair);
}

static int number_of(const struct pair *pair)
{
    int number = -1;

    ioctl(pair->master, TIOCGPTN, &number);
    return number;
}

static void test_many(void)
{
    static struct pair pairs[MANY];
    bool distinct = true, works = true;

    for (int i = 0; i < MANY; i++) {
        open_pair(&pairs[i]);
        for (int j = 0; j < i; j++)
            distinct = distinct && number_of(&pairs[i]) != number_of(&pairs[j]);
    }
    check("distinct numbers", 1, distinct);
    for (int i = 0; i < MANY; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "%d\n", i);
        set_echo(pairs[i].slave, false);
        type(&pairs[i], text);
        works = works && strcmp(read_text(pairs[i].slave, (size_t)length), text) == 0;
    }
    check("each its own", 1, works);
    int first = number_of(&pairs[0]);
    for (int i = 0; i < MANY; i++)
        close_pair(&pairs[i]);
    for (int i = 0; i < 1000; i++) {
        open_pair(&pairs[0]);
        works = works && pairs[0].slave >= 0;
        if (i < 999)
            close_pair(&pairs[0]);
    }
    check("a thousand in turn", 1, works);
    check("numbers are used again", first, number_of(&pairs[0]));
    close_pair(&pairs[0]);
}

static void test_file_system(void)
{
    struct statfs figures;
    struct stat node;

    check("statfs", 0, statfs("/dev/pts", &figures));
    check("its type", 0x1cd1, (long)figures.f_type);
    check("ptmx in it", 0, stat("/dev/pts/ptmx", &node));
    check("number of ptmx", (long)makedev(5, 2), (long)node.st_rdev);
    check("no such terminal", -ENOENT, stat("/dev/pts/9999", &node));
    check("leading zeros", -ENOENT, stat("/dev/pts/00", &node));
}

/* ---- what is seldom asked for ---- */

static int ends_by_interrupt(struct pair *pair)
{
    signal(SIGINT, SIG_DFL);
    tell(pair, "ready");
    pause();
    return 1;
}

static void test_master_commands(void)
{
    struct pair pair;
    int number = -1;

    open_pair(&pair);
    set_raw(pair.slave);
    tell(&pair, "abc");
    check("shown", POLLIN, poll_now(pair.master, POLLIN, PATIENCE));
    check("FIONREAD of the master", 0, ioctl(pair.master, FIONREAD, &number));
    check("what is shown and not read", 3, number);
    check("TIOCOUTQ of the master", 0, ioctl(pair.master, TIOCOUTQ, &number));
    check("nothing waits to be typed", 0, number);
    check("TIOCSIG, another signal", -EINVAL, ioctl(pair.master, TIOCSIG, SIGTERM));
    check("TIOCSIG without a session", 0, ioctl(pair.master, TIOCSIG, SIGINT));
    check("TIOCSIG of the slave", -ENOTTY, ioctl(pair.slave, TIOCSIG, SIGINT));
    close_pair(&pair);
    open_pair(&pair);
    pid_t child = start_session(&pair, ends_by_interrupt);
    check_text("a session", "ready", read_text(pair.master, 5));
    check("TIOCSIG", 0, ioctl(pair.master, TIOCSIG, SIGINT));
    check("it interrupts the session", 1000 + SIGINT, reported(child, 0));
    close_pair(&pair);
}

/* System V's structure (ioctl_tty(2)), of which the C library has only the commands. */
struct small_settings {
    unsigned short iflag, oflag, cflag, lflag;
    unsigned char line, characters[8];
};

static void test_small_settings(void)
{
    struct pair pair;
    struct termios full;
    struct small_settings small;

    open_pair(&pair);
    check("TCGETA", 0, ioctl(pair.slave, TCGETA, &small));
    tcgetattr(pair.slave, &full);
    check("its flags", full.c_lflag & 0xffff, small.lflag);
    check("its characters", 3, small.characters[VINTR]);
    static const unsigned long commands[] = { TCSETA, TCSETAW, TCSETAF };
    for (int i = 0; i < 3; i++) {
        small.lflag ^= ECHO;
        small.characters[VINTR] = (unsigned char)(i + 1);
        check("TCSETA and its like", 0, ioctl(pair.slave, commands[i], &small));
        tcgetattr(pair.slave, &full);
        check("the flags are set", small.lflag, full.c_lflag & 0xffff);
        check("the characters too", i + 1, full.c_cc[VINTR]);
        check("the others stay", 4, full.c_cc[VEOF]);
    }
    check("TCSETA, bad address", -EFAULT, ioctl(pair.slave, TCSETA, (void *)8));
    close_pair(&pair);
}

/* The commands of struct termios2, which the C library has not. */
#define GET_SETTINGS _IOR('T', 0x2a, char[44])
#define SET_SETTINGS _IOW('T', 0x2b, char[44])

static void test_full_settings(void)
{
    /* At once, after draining, and after flushing too. */
    static const unsigned long commands[] = { SET_SETTINGS, SET_SETTINGS + 1, SET_SETTINGS + 2 };
    unsigned char settings[64] = { 0 }, again[64] = { 0 };
    struct pair pair;
    int discipline = -1, none = 99;

    open_pair(&pair);
    check("TCGETS2", 0, ioctl(pair.slave, GET_SETTINGS, settings));
    for (int i = 0; i < 3; i++) {
        settings[17 + VQUIT] = (unsigned char)(i + 1);
        check("TCSETS2 and its like", 0, ioctl(pair.slave, commands[i], settings));
        ioctl(pair.slave, GET_SETTINGS, again);
        check("all is set", 0, memcmp(settings, again, sizeof again));
    }
    check("TIOCGETD", 0, ioctl(pair.slave, TIOCGETD, &discipline));
    check("N_TTY", 0, discipline);
    check("TIOCSETD", 0, ioctl(pair.slave, TIOCSETD, &discipline));
    check("no such discipline", -EINVAL, ioctl(pair.slave, TIOCSETD, &none));
    check("TIOCSETD, bad address", -EFAULT, ioctl(pair.slave, TIOCSETD, (void *)8));
    close_pair(&pair);
}

static void test_node(void)
{
    static const struct timespec times[2] = { { 1000, 0 }, { 2000, 0 } };
    struct pair pair;
    struct stat node;

    open_pair(&pair);
    check("chown", 0, chown(pair.name, 1, 2));
    check("utimensat", 0, utimensat(AT_FDCWD, pair.name, times, 0));
    stat(pair.name, &node);
    check("its user", 1, node.st_uid);
    check("its group", 2, node.st_gid);
    check("when it was read", 1000, node.st_atime);
    check("when it was written", 2000, node.st_mtime);
    check("another name", -EPERM, link(pair.name, "/dev/pts/name"));
    check("a new name", -EPERM, rename(pair.name, "/dev/pts/name"));
    check("no name", -EPERM, unlink(pair.name));
    check("a new file", -EACCES, open("/dev/pts/name", O_WRONLY | O_CREAT, 0600));
    check("a new node", -EACCES, mknod("/dev/pts/name", S_IFREG | 0600, 0));
    check("a new pipe", -EPERM, mkfifo("/dev/pts/name", 0600));
    check("a new directory", -EPERM, mkdir("/dev/pts/name", 0700));
    check("a new link", -EPERM, symlink("name", "/dev/pts/name"));
    close_pair(&pair);
}

int main(void)
{
    test_names();
    test_canonical();
    test_raw();
    test_waiting();
    test_flood();
    test_signal_key("^C", "\003", "^C", 1000 + SIGINT);
    test_signal_key("^\\", "\034", "^\\", 1000 + SIGQUIT);
    test_stop_key();
    test_stop_key_for_orphan();
    test_control();
    test_jobs();
    test_window();
    test_slave_closes();
    test_master_closes();
    test_session_hang_up();
    test_leader_ends();
    test_vhangup();
    test_packets();
    test_exclusive();
    test_many();
    test_file_system();
    test_master_commands();
    test_small_settings();
    test_full_settings();
    test_node();
    return failures != 0;
}
