/* System calls on the system as a whole. */
#include <linux/errno.h>
#include <linux/personality.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include <fs/page_cache.h>
#include <lib/bits.h>
#include <lib/format.h>
#include <platform/clock.h>
#include <platform/log.h>
#include <platform/memory.h>
#include <platform/page.h>
#include <platform/power.h>
#include <platform/user.h>
#include <process/process.h>
#include <random.h>
#include <syscall/syscall.h>
#include <system.h>

#define MACHINE_32        "i686" /* what linux32(8) asks for */
#define PERSONALITY_QUERY 0xffffffff

long sys_uname(user_address out)
{
    if (copy_to_user(out, system_name(), sizeof *system_name()))
        return -EFAULT;
    if ((current_process()->personality & PER_MASK) != PER_LINUX32)
        return 0;
    return copy_to_user(out + offsetof(struct new_utsname, machine), MACHINE_32, sizeof MACHINE_32);
}

/* Any value is kept; what uname(2) calls the machine is all that follows from it here. */
long sys_personality(unsigned domain)
{
    unsigned before = current_process()->personality;
    if (domain != PERSONALITY_QUERY)
        current_process()->personality = domain;
    return before;
}

static long set_name(user_address name, size_t length, int (*set)(const char *, size_t))
{
    char text[__NEW_UTS_LEN];
    if (!process_privileged())
        return -EPERM;
    if (length > sizeof text)
        return -EINVAL;
    if (copy_from_user(text, name, length))
        return -EFAULT;
    return set(text, length);
}

long sys_sethostname(user_address name, size_t length)
{
    return set_name(name, length, system_set_host_name);
}

long sys_setdomainname(user_address name, size_t length)
{
    return set_name(name, length, system_set_domain_name);
}

long sys_sysinfo(user_address out)
{
    struct frame_statistics frames;
    struct sysinfo information;
    uint32_t load[3];
    frame_statistics(&frames);
    scheduler_load(load);
    memset(&information, 0, sizeof information);
    information.uptime = clock_monotonic() / NANOSECONDS_PER_SECOND;
    for (int i = 0; i < 3; i++)
        information.loads[i] = load[i];
    information.totalram = frames.total;
    information.freeram = frames.free;
    information.sharedram = page_cache_total();
    information.procs = process_count();
    information.mem_unit = PAGE_SIZE;
    return copy_to_user(out, &information, sizeof information);
}

/* ---- syslog(2) ---- */

static uint64_t next_to_read;      /* SYSLOG_ACTION_READ */
static uint64_t first_not_cleared; /* SYSLOG_ACTION_CLEAR hides what is older */

/* One record as dmesg wants it: "<6>[    1.234567] text\n". */
static size_t format_record(const struct log_record *record, char *out, size_t size)
{
    return format(out, size, "<%d>[%5llu.%06llu] %s\n", record->level,
                  (unsigned long long)(record->time / NANOSECONDS_PER_SECOND),
                  (unsigned long long)(record->time % NANOSECONDS_PER_SECOND / 1000), record->text);
}

/* Copies records from `sequence` on while they fit; `*next` is the first not copied. */
static long copy_records(uint64_t sequence, user_address to, size_t size, uint64_t *next)
{
    struct log_record record;
    char line[sizeof record.text + 40];
    size_t done = 0;
    while (log_read(sequence, &record)) {
        size_t length = format_record(&record, line, sizeof line);
        if (done + length > size)
            break;
        if (copy_to_user(to + done, line, length))
            return -EFAULT;
        done += length;
        sequence = record.sequence + 1;
    }
    *next = sequence;
    return done;
}

#define LOG_POLL_INTERVAL (NANOSECONDS_PER_SECOND / 10)

/* Waits for records that nobody has read yet.  printk() may be called by interrupt handlers, so it
 * wakes nobody: the reader looks again. */
static long read_new(user_address to, size_t size)
{
    for (;;) {
        long result = copy_records(next_to_read, to, size, &next_to_read);
        if (result || !size)
            return result;
        int error = task_sleep(clock_monotonic() + LOG_POLL_INTERVAL);
        if (error == -ERESTARTSYS)
            return error;
    }
}

static size_t size_from(uint64_t sequence)
{
    struct log_record record;
    char line[sizeof record.text + 40];
    size_t size = 0;
    while (log_read(sequence, &record)) {
        size += format_record(&record, line, sizeof line);
        sequence = record.sequence + 1;
    }
    return size;
}

/* The last `size` bytes' worth of records, as dmesg prints them. */
static long read_all(user_address to, size_t size)
{
    struct log_record record;
    uint64_t sequence = first_not_cleared, next;
    while (size_from(sequence) > size && log_read(sequence, &record))
        sequence = record.sequence + 1;
    return copy_records(sequence, to, size, &next);
}

static void clear_log(void)
{
    struct log_record record;
    while (log_read(first_not_cleared, &record))
        first_not_cleared = record.sequence + 1;
}

enum { /* syslog(2) */
       ACTION_CLOSE,
       ACTION_OPEN,
       ACTION_READ,
       ACTION_READ_ALL,
       ACTION_READ_CLEAR,
       ACTION_CLEAR,
       ACTION_CONSOLE_OFF,
       ACTION_CONSOLE_ON,
       ACTION_CONSOLE_LEVEL,
       ACTION_SIZE_UNREAD,
       ACTION_SIZE_BUFFER,
};

#define LOG_BUFFER_BYTES 131072

static long change_console_level(int type, int level)
{
    static int level_before_off = LOG_NOTICE;
    if (type == ACTION_CONSOLE_LEVEL) {
        if (level < 1 || level > 8)
            return -EINVAL;
        log_set_console_level(level - 1); /* syslog counts the levels below, printk the highest */
    } else if (type == ACTION_CONSOLE_OFF) {
        level_before_off = log_console_level();
        log_set_console_level(0);
    } else {
        log_set_console_level(level_before_off);
    }
    return 0;
}

long sys_syslog(int type, user_address data, int size)
{
    if (type != ACTION_READ_ALL && type != ACTION_SIZE_BUFFER && !process_privileged())
        return -EPERM;
    switch (type) {
    case ACTION_CLOSE:
    case ACTION_OPEN:
        return 0;
    case ACTION_READ:
        return size < 0 || !data ? -EINVAL : read_new(data, size);
    case ACTION_READ_ALL:
        return size < 0 || !data ? -EINVAL : read_all(data, size);
    case ACTION_READ_CLEAR: {
        long result = size < 0 || !data ? -EINVAL : read_all(data, size);
        if (result >= 0)
            clear_log();
        return result;
    }
    case ACTION_CLEAR:
        clear_log();
        return 0;
    case ACTION_CONSOLE_OFF:
    case ACTION_CONSOLE_ON:
    case ACTION_CONSOLE_LEVEL:
        return change_console_level(type, size);
    case ACTION_SIZE_UNREAD:
        return size_from(next_to_read);
    case ACTION_SIZE_BUFFER:
        return LOG_BUFFER_BYTES;
    default:
        return -EINVAL;
    }
}

#define RANDOM_AT_ONCE ((size_t)0x7ffff000) /* read(2): the most that one call transfers */

long sys_getrandom(user_address out, size_t size, unsigned flags)
{
    char block[256];
    if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    size = min(size, RANDOM_AT_ONCE);
    size_t done = 0;
    while (done < size && !(done && signal_waiting(current))) {
        size_t piece = size - done < sizeof block ? size - done : sizeof block;
        random_bytes(block, piece);
        size_t written = user_write(out + done, block, piece);
        done += written;
        if (written < piece)
            return done ? (long)done : -EFAULT;
        if (scheduler_should_yield())
            scheduler_next_turn();
    }
    return done;
}

long sys_reboot(unsigned magic1, unsigned magic2, unsigned command, user_address argument)
{
    (void)argument;
    if (!process_privileged())
        return -EPERM;
    if (magic1 != LINUX_REBOOT_MAGIC1 ||
        (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A &&
         magic2 != LINUX_REBOOT_MAGIC2B && magic2 != LINUX_REBOOT_MAGIC2C))
        return -EINVAL;
    switch (command) {
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0; /* Ctrl-Alt-Del never resets this machine */
    case LINUX_REBOOT_CMD_POWER_OFF:
        printk(LOG_NOTICE, "powering off");
        power_off();
    case LINUX_REBOOT_CMD_RESTART:
    case LINUX_REBOOT_CMD_RESTART2:
        printk(LOG_NOTICE, "restarting");
        power_reset();
    case LINUX_REBOOT_CMD_HALT:
        printk(LOG_NOTICE, "system halted");
        power_halt();
    default:
        return -EINVAL;
    }
}
