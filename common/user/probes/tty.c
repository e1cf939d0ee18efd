/* probe-tty: the line discipline and the commands of terminals, on pseudo-terminals: termios(3),
 * POSIX.1-2017 volume 1, chapter 11, ioctl_tty(2), as Linux has them.
 *
 * To be run as root.  Prints "ok NAME" or "FAIL NAME: ..." for each check; ends with status 0 if
 * all are ok. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "terminal.h"

#define SETTLED    30 /* milliseconds without anything new, after which all has come */
#define LINE_LIMIT 4096

/* ---- tools ---- */

/* All that comes until it is quiet; as a string. */
static const char *all_text(int fd)
{
    static char text[16384];
    size_t length = 0;

    while (length < sizeof text - 1 && (poll_now(fd, POLLIN, SETTLED) & POLLIN)) {
        ssize_t got = read(fd, text + length, sizeof text - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    return text;
}

struct change {
    tcflag_t input, not_input, output, not_output, local, not_local;
};

static void apply(int fd, struct change change)
{
    struct termios settings;

    tcgetattr(fd, &settings);
    settings.c_iflag = (settings.c_iflag | change.input) & ~change.not_input;
    settings.c_oflag = (settings.c_oflag | change.output) & ~change.not_output;
    settings.c_lflag = (settings.c_lflag | change.local) & ~change.not_local;
    tcsetattr(fd, TCSANOW, &settings);
}

/* Sets what is set already. */
static int set_again(int fd, int when)
{
    struct termios settings;

    return tcgetattr(fd, &settings) == 0 ? tcsetattr(fd, when, &settings) : -1;
}

static void set_character(int fd, int which, int value)
{
    struct termios settings;

    tcgetattr(fd, &settings);
    settings.c_cc[which] = (cc_t)value;
    tcsetattr(fd, TCSANOW, &settings);
}

static void set_counts(int fd, int minimum, int tenths)
{
    struct termios settings;

    tcgetattr(fd, &settings);
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    settings.c_cc[VMIN] = (cc_t)minimum;
    settings.c_cc[VTIME] = (cc_t)tenths;
    tcsetattr(fd, TCSANOW, &settings);
}

static void set_blocking(int fd, bool blocking)
{
    fcntl(fd, F_SETFL, blocking ? O_RDWR : O_RDWR | O_NONBLOCK);
}

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A child that types `first`, and `second` after `delay` milliseconds. */
static pid_t type_later(const struct pair *pair, int delay, const char *first, const char *second)
{
    fflush(stdout);
    pid_t child = fork();

    if (child != 0)
        return child;
    type(pair, first);
    usleep((useconds_t)delay * 1000);
    type(pair, second);
    _exit(0);
}

/* ---- input, echo, output ---- */

/* What is typed, what the screen shows, and what a reader gets. */
struct line {
    const char *name;
    struct change change;
    const char *keys, *shown, *read;
};

static const struct line lines[] = {
    { "plain", { 0 }, "ab\n", "ab\r\n", "ab\n" },
    { "ICRNL", { 0 }, "ab\r", "ab\r\n", "ab\n" },
    { "not ICRNL", { .not_input = ICRNL }, "a\rb\n", "a^Mb\r\n", "a\rb\n" },
    { "INLCR", { .input = INLCR, .not_input = ICRNL, .not_local = ICANON }, "a\n", "a^M", "a\r" },
    { "IGNCR", { .input = IGNCR }, "a\rb\n", "ab\r\n", "ab\n" },
    { "ISTRIP", { .input = ISTRIP }, "\xe1\n", "a\r\n", "a\n" },
    { "IUCLC", { .input = IUCLC }, "ABc\n", "abc\r\n", "abc\n" },
    { "IUCLC without IEXTEN", { .input = IUCLC, .not_local = IEXTEN }, "AB\n", "AB\r\n", "AB\n" },
    { "PARMRK", { .input = PARMRK }, "a\xff\n", "a\xff\r\n", "a\xff\xff\n" },
    { "PARMRK with ISTRIP", { .input = PARMRK | ISTRIP }, "a\xff\n", "a\b \b\r\n", "\n" },
    { "PARMRK when raw", { .input = PARMRK, .not_local = ICANON }, "\xff", "\xff", "\xff\xff" },
    { "not ECHO", { .not_local = ECHO }, "ab\177c\n", "", "ac\n" },
    { "ECHONL", { .local = ECHONL, .not_local = ECHO }, "ab\n", "\r\n", "ab\n" },
    { "not ECHOCTL", { .not_local = ECHOCTL }, "\001\n", "\001\r\n", "\001\n" },
    { "erasing", { 0 }, "ab\177c\n", "ab\b \bc\r\n", "ac\n" },
    { "erasing a control character", { 0 }, "\001\177\n", "^A\b \b\b \b\r\n", "\n" },
    { "erasing without ECHOCTL", { .not_local = ECHOCTL }, "\001\177b\n", "\001b\r\n", "b\n" },
    { "erasing a tab", { 0 }, "ab\t\177\n", "ab\t\b\b\b\b\b\b\r\n", "ab\n" },
    { "erasing the second tab", { 0 }, "\ta\t\177\n", "\ta\t\b\b\b\b\b\b\b\r\n", "\ta\n" },
    { "erasing nothing", { 0 }, "\177\027\025a\n", "a\r\n", "a\n" },
    { "not ECHOE", { .not_local = ECHOE }, "ab\177\n", "ab^?\r\n", "a\n" },
    { "killing", { 0 }, "ab\025c\n", "ab\b \b\b \bc\r\n", "c\n" },
    { "not ECHOKE", { .not_local = ECHOKE }, "ab\025c\n", "ab^U\r\nc\r\n", "c\n" },
    { "neither ECHOKE nor ECHOK",
      { .not_local = ECHOKE | ECHOK },
      "ab\025c\n",
      "ab^Uc\r\n",
      "c\n" },
    { "ECHOPRT", { .local = ECHOPRT }, "abc\177\177d\n", "abc\\cb/d\r\n", "ad\n" },
    { "ECHOPRT to the start", { .local = ECHOPRT }, "a\177b\n", "a\\a/b\r\n", "b\n" },
    { "ECHOPRT, killing", { .local = ECHOPRT }, "ab\025\n", "ab\\ba/\r\n", "\n" },
    { "ECHOPRT, a newline", { .local = ECHOPRT }, "ab\177\nc", "ab\\b\r\n/c", "a\n" },
    { "erasing a word", { 0 }, "a bc \027\n", "a bc \b \b\b \b\b \b\r\n", "a \n" },
    { "a word and signs", { 0 }, "a+_b1\027\n", "a+_b1\b \b\b \b\b \b\r\n", "a+\n" },
    { "a word of Latin-1", { 0 }, "+\xe4\xd7\xf6\027\n", "+\xe4\xd7\xf6\b \b\r\n", "+\xe4\xd7\n" },
    { "a word and Latin-1's signs", { 0 }, "a\xa3\027\n", "a\xa3\b \b\b \b\r\n", "\n" },
    { "IUTF8", { .input = IUTF8 }, "a\xc3\xa4\177b\n", "a\xc3\xa4\b \bb\r\n", "ab\n" },
    { "IUTF8, killing",
      { .input = IUTF8 },
      "\xe2\x82\xac\025b\n",
      "\xe2\x82\xac\b \bb\r\n",
      "b\n" },
    { "half a character",
      { .input = IUTF8 },
      "\x82\xac\177b\n",
      "\x82\xac"
      "b\r\n",
      "\x82\xac"
      "b\n" },
    { "literal next", { 0 }, "\026\003\026\n\n", "^\b^C^\b^J\r\n", "\003\n\n" },
    { "literal next, no ECHOCTL", { .not_local = ECHOCTL }, "\026\177\n", "\177\r\n", "\177\n" },
    { "literal next when raw", { .not_local = ICANON }, "\026a", "^Va", "\026a" },
    { "reprint", { 0 }, "ab\022c\n", "ab^R\r\nabc\r\n", "abc\n" },
    { "reprint without ECHO", { .not_local = ECHO }, "ab\022c\n", "", "ab\022c\n" },
    { "without IEXTEN",
      { .not_local = IEXTEN },
      "a\026\027\022\n",
      "a^V^W^R\r\n",
      "a\026\027\022\n" },
    { "end of file in a line", { 0 }, "ab\004", "ab", "ab" },
    { "discard is no key", { 0 }, "a\017\n", "a^O\r\n", "a\017\n" },
    { "NUL", { .not_local = ECHOCTL }, "a\001\n", "a\001\r\n", "a\001\n" },
    { "not ISIG", { .not_local = ISIG }, "\003\032\034\n", "^C^Z^\\\r\n", "\003\032\034\n" },
    { "signals without IEXTEN", { .not_local = IEXTEN }, "\032b\n", "^Zb\r\n", "b\n" },
    { "NOFLSH", { .local = NOFLSH }, "ab\003c\n", "ab^Cc\r\n", "abc\n" },
    { "IXON keys", { 0 }, "a\021b\n", "ab\r\n", "ab\n" },
    { "IXON stop and start", { 0 }, "a\023b\021\n", "ab\r\n", "ab\n" },
    { "not IXON", { .not_input = IXON }, "a\021\023\n", "a^Q^S\r\n", "a\021\023\n" },
    { "IXANY", { .input = IXANY }, "a\023bc\n", "abc\r\n", "abc\n" },
    { "IXON without IXANY", { 0 }, "a\023bc\021\n", "abc\r\n", "abc\n" },
    { "raw newline", { .not_local = ICANON }, "a\n\r\001", "a^J\r\n^A", "a\n\n\001" },
    { "raw end of file", { .not_local = ICANON }, "\004\177", "^D^?", "\004\177" },
    { "raw without OPOST", { .not_output = OPOST }, "a\n", "a\n", "a\n" },
};

static void test_lines(void)
{
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const struct line *line = &lines[i];
        struct pair pair;
        char name[80];

        open_pair(&pair);
        set_blocking(pair.slave, false);
        apply(pair.slave, line->change);
        type(&pair, line->keys);
        snprintf(name, sizeof name, "%s, shown", line->name);
        check_text(name, line->shown, all_text(pair.master));
        snprintf(name, sizeof name, "%s, read", line->name);
        check_text(name, line->read, all_text(pair.slave));
        close_pair(&pair);
    }
}

struct output {
    const char *name;
    struct change change;
    const char *written, *shown;
};

static const struct output outputs[] = {
    { "ONLCR", { 0 }, "a\nb", "a\r\nb" },
    { "not ONLCR", { .not_output = ONLCR }, "a\nb", "a\nb" },
    { "OCRNL", { .output = OCRNL, .not_output = ONLCR }, "a\rb", "a\nb" },
    { "OCRNL with ONLCR", { .output = OCRNL }, "a\rb", "a\nb" },
    { "ONOCR", { .output = ONOCR }, "\ra\r\rb", "a\rb" },
    { "ONLRET", { .output = ONLRET | XTABS, .not_output = ONLCR }, "ab\n\tx", "ab\n        x" },
    { "no ONLRET", { .output = XTABS, .not_output = ONLCR }, "ab\n\tx", "ab\n      x" },
    { "OLCUC", { .output = OLCUC }, "aB1\n", "AB1\r\n" },
    { "XTABS", { .output = XTABS }, "ab\tc\t\td", "ab      c               d" },
    { "XTABS behind a backspace", { .output = XTABS }, "ab\b\tc", "ab\b       c" },
    { "XTABS behind a return", { .output = XTABS }, "ab\r\tc", "ab\r        c" },
    { "XTABS behind control characters", { .output = XTABS }, "\001\033a\tc", "\001\033a       c" },
    { "XTABS behind UTF-8",
      { .input = IUTF8, .output = XTABS },
      "\xc3\xa4\tc",
      "\xc3\xa4       c" },
    { "no OPOST", { .output = XTABS | OLCUC, .not_output = OPOST }, "a\tb\n", "a\tb\n" },
};

static void test_outputs(void)
{
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        const struct output *output = &outputs[i];
        struct pair pair;

        open_pair(&pair);
        apply(pair.slave, output->change);
        tell(&pair, output->written);
        check_text(output->name, output->shown, all_text(pair.master));
        close_pair(&pair);
    }
}

/* ---- lines ---- */

static void test_ends_of_lines(void)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    set_blocking(pair.slave, false);
    set_character(pair.slave, VEOL, 'x');
    set_character(pair.slave, VEOL2, 'y');
    type(&pair, "axby");
    check_text("VEOL and VEOL2 are shown", "axby", all_text(pair.master));
    check("line up to VEOL", 2, read(pair.slave, text, sizeof text));
    check("line up to VEOL2", 2, read(pair.slave, text, sizeof text));
    type(&pair, "a\026xb\n");
    all_text(pair.master);
    check("quoted VEOL", 4, read(pair.slave, text, sizeof text));
    set_character(pair.slave, VEOF, 'z');
    type(&pair, "abzcz\004\n");
    check_text("another VEOF", "abc^D\r\n", all_text(pair.master));
    check("line up to it", 2, read(pair.slave, text, sizeof text));
    check("the next", 1, read(pair.slave, text, sizeof text));
    check("^D is no key now", 2, read(pair.slave, text, sizeof text));
    type(&pair, "zz");
    all_text(pair.master);
    check("end of file", 0, read(pair.slave, text, sizeof text));
    check("and another", 0, read(pair.slave, text, sizeof text));
    check("then nothing", -EAGAIN, read(pair.slave, text, sizeof text));
    type(&pair, "abz");
    all_text(pair.master);
    check("as much as fits", 2, read(pair.slave, text, 2));
    check("no end of file behind it", -EAGAIN, read(pair.slave, text, 2));
    type(&pair, "abcd\n");
    all_text(pair.master);
    check("a part", 3, read(pair.slave, text, 3));
    check("the rest", 2, read(pair.slave, text, sizeof text));
    check("reading nothing", 0, read(pair.slave, text, 0));
    close_pair(&pair);
}

/* "After 4095 characters, input processing continues, but any input data up to the newline is
 * discarded" (termios(3)). */
static void test_long_line(tcflag_t flags, const char *name, long shown)
{
    static char text[2 * LINE_LIMIT];
    struct pair pair;
    char check_name[80];
    long echoed = 0;

    open_pair(&pair);
    set_blocking(pair.slave, false);
    apply(pair.slave, (struct change){ .input = flags });
    memset(text, 'a', 5000);
    for (int i = 0; i < 5000; i += 500) {
        if (write(pair.master, text + i, 500) != 500)
            check("typing", 500, 0);
        const char *echo = all_text(pair.master);
        for (; *echo; echo++)
            echoed += *echo == 'a' || *echo == '\a';
    }
    type(&pair, "\n");
    snprintf(check_name, sizeof check_name, "echo of a long line%s", name);
    check(check_name, shown, echoed);
    poll_now(pair.slave, POLLIN, PATIENCE);
    snprintf(check_name, sizeof check_name, "length of a long line%s", name);
    check(check_name, LINE_LIMIT, read(pair.slave, text, sizeof text));
    check("its end", '\n', text[LINE_LIMIT - 1]);
    type(&pair, "b\n");
    poll_now(pair.slave, POLLIN, PATIENCE);
    check("the next line", 2, read(pair.slave, text, sizeof text));
    close_pair(&pair);
}

/* Nobody reads: what is typed waits, the writer too, and nothing is lost. */
static void test_flood_of_lines(void)
{
    struct pair pair;
    char line[101], got[sizeof line];
    long lines_typed = 0, lines_read = 0;

    open_pair(&pair);
    set_echo(pair.slave, false);
    set_blocking(pair.slave, false);
    set_blocking(pair.master, false);
    memset(line, 'f', sizeof line);
    line[sizeof line - 1] = '\n';
    while (lines_typed < 100000 && write(pair.master, line, sizeof line) == sizeof line)
        lines_typed++;
    check("the writer has to wait", 1, lines_typed >= 40 && lines_typed < 100000);
    while ((poll_now(pair.slave, POLLIN, 5 * SETTLED) & POLLIN) &&
           read(pair.slave, got, sizeof got) == sizeof got && memcmp(line, got, sizeof got) == 0)
        lines_read++;
    check("every line is read", 1, lines_read >= lines_typed);
    check("the writer may go on", POLLOUT, poll_now(pair.master, POLLOUT, PATIENCE));
    close_pair(&pair);
}

/* ---- raw reads ---- */

static void test_minimum(void)
{
    struct pair pair;
    char text[16];
    int waiting;

    open_pair(&pair);
    set_counts(pair.slave, 0, 0);
    check("MIN 0 TIME 0, nothing", 0, read(pair.slave, text, sizeof text));
    type(&pair, "abc");
    poll_now(pair.slave, POLLIN, PATIENCE);
    check("MIN 0 TIME 0", 3, read(pair.slave, text, sizeof text));
    set_counts(pair.slave, 5, 0);
    type(&pair, "abc");
    check("MIN 5: not ready", 0, poll_now(pair.slave, POLLIN, SETTLED));
    set_blocking(pair.slave, false);
    check("MIN 5 without waiting", 3, read(pair.slave, text, sizeof text));
    check("MIN 5, nothing", -EAGAIN, read(pair.slave, text, sizeof text));
    set_blocking(pair.slave, true);
    pid_t child = type_later(&pair, 100, "abc", "defg");
    check("MIN 5 in two parts", 7, read(pair.slave, text, sizeof text));
    reported(child, 0);
    child = type_later(&pair, 100, "ab", "cd");
    check("MIN above the size", 4, read(pair.slave, text, 4));
    reported(child, 0);
    type(&pair, "12345");
    check("ready at MIN", POLLIN, poll_now(pair.slave, POLLIN, PATIENCE));
    check("FIONREAD", 0, ioctl(pair.slave, FIONREAD, &waiting));
    check("bytes", 5, waiting);
    check("less than MIN in the buffer", 2, read(pair.slave, text, 2));
    close_pair(&pair);
}

static bool took(long since, long least, long most)
{
    long time = now() - since;

    return time >= least && time < most;
}

static void test_times(void)
{
    struct pair pair;
    char text[16];
    long start;

    open_pair(&pair);
    set_counts(pair.slave, 0, 2);
    start = now();
    check("MIN 0 TIME 2, nothing", 0, read(pair.slave, text, sizeof text));
    check("after 0.2 s", 1, took(start, 190, 1500));
    pid_t child = type_later(&pair, 50, "", "abc");
    check("MIN 0 TIME 2, a byte in time", 1, read(pair.slave, text, 1));
    check("the rest of them", 2, read(pair.slave, text, sizeof text));
    reported(child, 0);
    set_counts(pair.slave, 5, 2);
    child = type_later(&pair, 500, "", "ab");
    start = now();
    check("MIN 5 TIME 2: waits for the first byte", 2, read(pair.slave, text, sizeof text));
    check("and then for 0.2 s", 1, took(start, 650, 3000));
    reported(child, 0);
    child = type_later(&pair, 100, "a", "b");
    start = now();
    check("each byte starts the time again", 2, read(pair.slave, text, sizeof text));
    check("0.3 s in all", 1, took(start, 280, 3000));
    reported(child, 0);
    type(&pair, "abcde");
    poll_now(pair.slave, POLLIN, PATIENCE);
    start = now();
    check("enough at once", 5, read(pair.slave, text, sizeof text));
    check("at once", 1, took(start, 0, 150));
    set_blocking(pair.slave, false);
    check("TIME without waiting", -EAGAIN, read(pair.slave, text, sizeof text));
    set_counts(pair.slave, 0, 2);
    check("MIN 0 TIME 2 without waiting", -EAGAIN, read(pair.slave, text, sizeof text));
    check("TIME: ready at one byte", 0, poll_now(pair.slave, POLLIN, 0));
    close_pair(&pair);
}

static void no_action(int signal)
{
    (void)signal;
}

/* What a read has taken before a signal it returns. */
static void test_interrupted_read(void)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    set_counts(pair.slave, 5, 0);
    struct sigaction action = { .sa_handler = no_action };
    sigaction(SIGUSR1, &action, NULL);
    pid_t self = getpid(), child;
    fflush(stdout);
    if ((child = fork()) == 0) {
        type(&pair, "ab");
        usleep(100000);
        kill(self, SIGUSR1);
        _exit(0);
    }
    check("interrupted", 2, read(pair.slave, text, sizeof text));
    reported(child, 0);
    fflush(stdout);
    if ((child = fork()) == 0) {
        usleep(100000);
        kill(self, SIGUSR1);
        _exit(0);
    }
    check("interrupted before the first byte", -EINTR, read(pair.slave, text, sizeof text));
    reported(child, 0);
    close_pair(&pair);
}

static void test_switching(void)
{
    struct pair pair;
    char text[16];

    open_pair(&pair);
    set_echo(pair.slave, false);
    set_blocking(pair.slave, false);
    type(&pair, "part");
    usleep(SETTLED * 1000);
    check("a line without end", -EAGAIN, read(pair.slave, text, sizeof text));
    set_counts(pair.slave, 1, 0);
    check("to raw: it can be read", 4, read(pair.slave, text, sizeof text));
    type(&pair, "rest");
    poll_now(pair.slave, POLLIN, PATIENCE);
    apply(pair.slave, (struct change){ .local = ICANON });
    set_character(pair.slave, VEOF, 4);
    check("to canonical: ready", POLLIN, poll_now(pair.slave, POLLIN, 0));
    check("to canonical: a line", 4, read(pair.slave, text, sizeof text));
    type(&pair, "x\004y\n");
    usleep(SETTLED * 1000);
    set_counts(pair.slave, 1, 0);
    check("an end of file read raw", 4, read(pair.slave, text, sizeof text));
    check("as a NUL", 0, text[1]);
    close_pair(&pair);
}

/* ---- flow ---- */

static void test_flow(void)
{
    struct pair pair;
    char byte;

    open_pair(&pair);
    set_blocking(pair.slave, false);
    set_blocking(pair.master, false);
    check("TCOOFF", 0, tcflow(pair.slave, TCOOFF));
    check("a write while stopped", -EAGAIN, write(pair.slave, "x", 1));
    check("not ready for writing", 0, poll_now(pair.slave, POLLOUT, 0));
    type(&pair, "\021");
    usleep(SETTLED * 1000);
    check("VSTART does not end TCOOFF", -EAGAIN, write(pair.slave, "x", 1));
    check("TCOON", 0, tcflow(pair.slave, TCOON));
    check("a write again", 1, write(pair.slave, "x", 1));
    check_text("shown", "x", all_text(pair.master));
    type(&pair, "\023");
    usleep(SETTLED * 1000);
    check("a write behind VSTOP", -EAGAIN, write(pair.slave, "y", 1));
    check("TCOON alone", 0, tcflow(pair.slave, TCOON));
    check("does not end VSTOP", -EAGAIN, write(pair.slave, "y", 1));
    apply(pair.slave, (struct change){ .not_input = IXON });
    check("without IXON it is over", 1, write(pair.slave, "z", 1));
    check_text("shown too", "z", all_text(pair.master));
    apply(pair.slave, (struct change){ .input = IXON });
    check("TCIOFF", 0, tcflow(pair.slave, TCIOFF));
    check("TCION", 0, tcflow(pair.slave, TCION));
    check_text("sent to the other end", "\023\021", all_text(pair.master));
    check("wrong action", -EINVAL, ioctl(pair.slave, TCXONC, 17));
    type(&pair, "\023");
    usleep(SETTLED * 1000);
    check("drained though stopped", 0, tcdrain(pair.slave));
    check("TCSETSW while stopped", 0, set_again(pair.slave, TCSADRAIN));
    type(&pair, "\021");
    check("empty", -EAGAIN, read(pair.master, &byte, 1));
    close_pair(&pair);
}

static void test_flush(void)
{
    struct pair pair;
    char text[16];
    struct termios settings;

    open_pair(&pair);
    set_echo(pair.slave, false);
    set_blocking(pair.slave, false);
    type(&pair, "gone\nalso");
    poll_now(pair.slave, POLLIN, PATIENCE);
    check("tcflush", 0, tcflush(pair.slave, TCIFLUSH));
    check("nothing is left", -EAGAIN, read(pair.slave, text, sizeof text));
    type(&pair, "\n");
    poll_now(pair.slave, POLLIN, PATIENCE);
    check("not of the line either", 1, read(pair.slave, text, sizeof text));
    type(&pair, "gone\n");
    poll_now(pair.slave, POLLIN, PATIENCE);
    tcgetattr(pair.slave, &settings);
    check("TCSAFLUSH", 0, tcsetattr(pair.slave, TCSAFLUSH, &settings));
    check("drops it", -EAGAIN, read(pair.slave, text, sizeof text));
    type(&pair, "kept\n");
    poll_now(pair.slave, POLLIN, PATIENCE);
    check("TCSADRAIN", 0, tcsetattr(pair.slave, TCSADRAIN, &settings));
    check("drops nothing", 5, read(pair.slave, text, sizeof text));
    set_echo(pair.slave, true);
    type(&pair, "gone");
    check_text("typed", "gone", all_text(pair.master));
    type(&pair, "\034x\n");
    check_text("a signal's key", "^\\x\r\n", all_text(pair.master));
    check("dropped the line", 2, read(pair.slave, text, sizeof text));
    check("wrong queue", -EINVAL, ioctl(pair.slave, TCFLSH, 3));
    check("tcsendbreak", 0, tcsendbreak(pair.slave, 0));
    close_pair(&pair);
}

/* ---- commands ---- */

struct settings2 { /* struct termios2 of asm/termbits.h, which musl's headers exclude */
    tcflag_t input, output, control, local;
    cc_t line, characters[19];
    speed_t input_speed, output_speed;
};

#define GET_SETTINGS2 _IOR('T', 0x2a, struct settings2)
#define SET_SETTINGS2 _IOW('T', 0x2b, struct settings2)
#define FREE_SPEED    0010000u /* BOTHER */

static void test_settings(void)
{
    struct pair pair;
    struct termios settings, after;
    struct settings2 two;

    open_pair(&pair);
    check("TCGETS2", 0, ioctl(pair.slave, GET_SETTINGS2, &two));
    check("speed", 38400, two.output_speed);
    check("input speed", 38400, two.input_speed);
    check("same flags", ICRNL | IXON, two.input);
    two.control = (two.control & ~(tcflag_t)(CBAUD | CBAUDEX)) | FREE_SPEED;
    two.output_speed = two.input_speed = 31250;
    two.local &= ~(tcflag_t)ECHO;
    check("TCSETS2", 0, ioctl(pair.slave, SET_SETTINGS2, &two));
    memset(&two, 0, sizeof two);
    check("TCGETS2 again", 0, ioctl(pair.slave, GET_SETTINGS2, &two));
    check("any speed", 31250, two.output_speed);
    check("and flag", 0, two.local & ECHO);
    check("tcgetattr", 0, tcgetattr(pair.slave, &settings));
    cfsetospeed(&settings, B9600);
    check("a known speed", 0, tcsetattr(pair.slave, TCSANOW, &settings));
    ioctl(pair.slave, GET_SETTINGS2, &two);
    check("in bits per second", 9600, two.output_speed);
    settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSIZE | CREAD)) | CS7 | PARENB;
    check("seven bits", 0, tcsetattr(pair.slave, TCSANOW, &settings));
    tcgetattr(pair.slave, &after);
    check("are eight here", B9600 | CS8 | CREAD, after.c_cflag);
    check("bad memory", -EFAULT, ioctl(pair.slave, TCSETS, (void *)8));
    check("no such command", -ENOTTY, ioctl(pair.slave, 0x54ff, 0));
    int number;
    check("TIOCGSOFTCAR", 0, ioctl(pair.slave, TIOCGSOFTCAR, &number));
    check("CLOCAL", 0, number);
    number = 1;
    check("TIOCSSOFTCAR", 0, ioctl(pair.slave, TIOCSSOFTCAR, &number));
    tcgetattr(pair.slave, &after);
    check("sets it", CLOCAL, after.c_cflag & CLOCAL);
    check("TIOCMGET", -ENOTTY, ioctl(pair.slave, TIOCMGET, &number));
    check("TIOCGETD", 0, ioctl(pair.slave, TIOCGETD, &number));
    check("N_TTY", 0, number);
    check("TIOCOUTQ", 0, ioctl(pair.slave, TIOCOUTQ, &number));
    check("nothing to send", 0, number);
    unsigned device;
    check("TIOCGDEV", 0, ioctl(pair.slave, TIOCGDEV, &device));
    check("its number", 136, device >> 8 & 0xfff);
    check("TIOCEXCL by the master", 0, ioctl(pair.master, TIOCEXCL));
    int second = open(pair.name, O_RDWR | O_NOCTTY);
    check("is not the terminal's", 1, second >= 0);
    close(second);
    close_pair(&pair);
}

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

static void test_peer(void)
{
    struct pair pair;
    struct stat by_name, by_file;
    char name[64], link[64];

    open_master(&pair);
    int peer = ioctl(pair.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    check("TIOCGPTPEER", 1, peer >= 0);
    check("close on exec", FD_CLOEXEC, fcntl(peer, F_GETFD));
    check("for both ways", O_RDWR, fcntl(peer, F_GETFL) & O_ACCMODE);
    fstat(peer, &by_file);
    stat(pair.name, &by_name);
    check("same node", 1, by_file.st_ino == by_name.st_ino && by_file.st_dev == by_name.st_dev);
    snprintf(link, sizeof link, "/proc/self/fd/%d", peer);
    ssize_t length = readlink(link, name, sizeof name - 1);
    name[length > 0 ? length : 0] = '\0';
    check_text("its name", pair.name, name);
    type(&pair, "hello\n");
    check_text("it is the terminal", "hello\n", read_text(peer, 6));
    check("not of the terminal", -EIO, ioctl(peer, TIOCGPTPEER, O_RDWR));
    close(peer);
    int locked = 1;
    ioctl(pair.master, TIOCSPTLCK, &locked);
    check("not while locked", -EIO, ioctl(pair.master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
    close_pair(&pair);
}

static int simulate(struct pair *pair)
{
    char text[8];
    int other = open("/dev/ptmx", O_RDWR | O_NOCTTY);

    check("TIOCSTI", 0, ioctl(pair->slave, TIOCSTI, "i"));
    check("TIOCSTI of a newline", 0, ioctl(pair->slave, TIOCSTI, "\n"));
    check("typed", 2, read(pair->slave, text, sizeof text));
    check("bad memory for TIOCSTI", -EFAULT, ioctl(pair->slave, TIOCSTI, (void *)8));
    unlockpt(other);
    int strange = open(ptsname(other), O_RDWR | O_NOCTTY);
    if (setuid(1000) != 0)
        return 1;
    check("TIOCSTI on another's", -EPERM, ioctl(strange, TIOCSTI, "i"));
    return failures != 0;
}

static void test_simulated_input(void)
{
    struct pair pair;

    open_master(&pair);
    pid_t child = start_session(&pair, simulate);
    check("its end", 0, reported(child, 0));
    check_text("shown as typed", "i\r\n", all_text(pair.master));
    close_pair(&pair);
}

/* ---- job control ---- */

static pid_t start_group(int32_t group)
{
    fflush(stdout);
    pid_t child = fork();

    if (child == 0) {
        setpgid(0, group);
        pause();
        _exit(0);
    }
    setpgid(child, group);
    return child;
}

static int choose_foreground(struct pair *pair)
{
    pid_t group = start_group(0), member = start_group(group), stranger = getppid();

    signal(SIGTTOU, SIG_IGN);
    check("a group", 0, tcsetpgrp(pair->slave, group));
    check("a process that leads no group", 0, tcsetpgrp(pair->slave, member));
    check("back", 0, tcsetpgrp(pair->slave, group));
    check("no such group", -ESRCH, tcsetpgrp(pair->slave, 30000));
    check("another session's", -EPERM, tcsetpgrp(pair->slave, stranger));
    check("negative", -EINVAL, tcsetpgrp(pair->slave, -5));
    check("zero", -ESRCH, tcsetpgrp(pair->slave, 0));
    check("bad memory", -EFAULT, ioctl(pair->slave, TIOCSPGRP, (void *)8));
    signal(SIGTTOU, SIG_DFL);
    check("of an orphaned group in the background", -ENOTTY, tcsetpgrp(pair->slave, getpid()));
    check("tcsetattr there", -EIO, set_again(pair->slave, TCSANOW));
    check("tcflush there", -EIO, tcflush(pair->slave, TCIFLUSH));
    check("tcdrain there", -EIO, tcdrain(pair->slave));
    char byte;
    check("read there", -EIO, read(pair->slave, &byte, 1));
    check("write there", 1, write(pair->slave, "w", 1));
    signal(SIGTTOU, SIG_IGN);
    apply(pair->slave, (struct change){ .local = TOSTOP });
    check("write with TOSTOP, ignored", 1, write(pair->slave, "w", 1));
    signal(SIGTTOU, SIG_DFL);
    check("write with TOSTOP", -EIO, write(pair->slave, "w", 1));
    kill(group, SIGKILL);
    kill(member, SIGKILL);
    return failures != 0;
}

static void test_foreground(void)
{
    struct pair pair;

    open_master(&pair);
    pid_t child = start_session(&pair, choose_foreground);
    check("its end", 0, reported(child, 0));
    close_pair(&pair);
}

/* ---- hanging up ---- */

/* A reader that is waiting when the master goes is told so; the next read is at the end. */
static void test_reader_of_lost_line(void)
{
    struct pair pair;
    char byte;

    open_pair(&pair);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(pair.master);
        check("waiting when the master closes", -EIO, read(pair.slave, &byte, 1));
        check("after that", 0, read(pair.slave, &byte, 1));
        _exit(failures != 0);
    }
    usleep(100000);
    close(pair.master);
    check("its end", 0, reported(child, 0));
    close(pair.slave);
}

static void test_writer_of_lost_line(void)
{
    static char block[200000];
    struct pair pair;

    open_pair(&pair);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(pair.master);
        long written = write(pair.slave, block, sizeof block);
        check("a part was written", 1, written > 0 && written < (long)sizeof block);
        check("writing on", -EIO, write(pair.slave, block, 1));
        _exit(failures != 0);
    }
    usleep(100000);
    close(pair.master);
    check("its end", 0, reported(child, 0));
    close(pair.slave);
}

/* TIOCVHANGUP: as vhangup(2), for any terminal; settings are as at first again. */
static void test_hang_up_command(void)
{
    struct pair pair;
    struct termios settings;
    char byte;

    open_pair(&pair);
    set_raw(pair.slave);
    check("TIOCVHANGUP", 0, ioctl(pair.slave, 0x5437));
    check("read 0", 0, read(pair.slave, &byte, 1));
    check("write", -EIO, write(pair.slave, "x", 1));
    check("dead for commands", -EIO, tcgetattr(pair.slave, &settings));
    check("TIOCSPGRP on it", -ENOTTY, tcsetpgrp(pair.slave, getpid()));
    close(pair.slave);
    pair.slave = open(pair.name, O_RDWR | O_NOCTTY);
    check("opened again", 0, tcgetattr(pair.slave, &settings));
    check("settings of the beginning", ISIG | ICANON | ECHO,
          settings.c_lflag & (ISIG | ICANON | ECHO));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (setuid(1000) != 0)
            _exit(1);
        check("TIOCVHANGUP is root's", -EPERM, ioctl(pair.slave, 0x5437));
        _exit(failures != 0);
    }
    check("its end", 0, reported(child, 0));
    close_pair(&pair);
}

int main(void)
{
    test_lines();
    test_outputs();
    test_ends_of_lines();
    test_long_line(0, "", 5000);
    test_long_line(IMAXBEL, " with IMAXBEL", 5000);
    test_flood_of_lines();
    test_minimum();
    test_times();
    test_interrupted_read();
    test_switching();
    test_flow();
    test_flush();
    test_settings();
    test_peer();
    test_simulated_input();
    test_foreground();
    test_reader_of_lost_line();
    test_writer_of_lost_line();
    test_hang_up_command();
    return failures != 0;
}
