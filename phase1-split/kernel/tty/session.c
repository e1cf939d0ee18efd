/* Whose terminal it is: sessions, the foreground process group, and hanging up.
 *
 * A terminal controls at most one session, and a session has at most one terminal.  Who may read
 * and who gets the signals of the keyboard is the foreground group's affair; the others are stopped
 * when they try.  POSIX.1-2017 volume 1, 11.1.2 to 11.1.4; credentials(7). */
#include "line_discipline.h"

#include <linux/errno.h>

#include <process/group.h>
#include <process/process.h>
#include <tty/tty.h>

static bool is_leader(const struct process *process)
{
    return process->id == process->session;
}

static bool cannot_be_stopped_by(int signal)
{
    return (current->blocked & signal_bit(signal)) || signal_ignored(current_process(), signal);
}

int tty_check_foreground(struct tty *tty, int signal)
{
    struct process *process = current_process();

    if (process->terminal != tty || tty->foreground == 0 || process->group == tty->foreground)
        return 0;
    if (cannot_be_stopped_by(signal))
        return signal == SIGTTIN ? -EIO : 0;
    if (process_group_is_orphaned(process->group))
        return -EIO;
    signal_send_group(process->group, signal, NULL);
    return -ERESTARTSYS;
}

static void control(struct tty *tty, struct process *leader)
{
    tty->session = leader->session;
    tty->foreground = leader->group;
    leader->terminal = tty;
    leader->lost_foreground = 0;
}

/* The session goes on without a terminal. */
static void detach(struct tty *tty)
{
    for (struct process *each = process_next(NULL); each; each = process_next(each))
        if (each->terminal == tty)
            each->terminal = NULL;
    tty->session = tty->foreground = 0;
}

void tty_acquire_on_open(struct tty *tty)
{
    struct process *process = current_process();

    if (is_leader(process) && !process->terminal && tty->session == 0)
        control(tty, process);
}

int tty_acquire(struct tty_file *file, uint64_t steal)
{
    struct process *process = current_process();
    struct tty *tty = file->tty;

    if (is_leader(process) && tty->session == process->session)
        return 0;
    if (!is_leader(process) || process->terminal)
        return -EPERM;
    if (tty->session != 0 && !(steal == 1 && process_privileged()))
        return -EPERM;
    if (!file->readable && !process_privileged())
        return -EPERM;
    detach(tty);
    control(tty, process);
    return 0;
}

static void send_to_foreground(const struct tty *tty, int signal)
{
    if (tty->foreground != 0)
        signal_send_group(tty->foreground, signal, NULL);
}

int tty_give_up(struct tty *tty)
{
    struct process *process = current_process();

    if (process->terminal != tty)
        return -ENOTTY;
    if (is_leader(process)) {
        send_to_foreground(tty, SIGHUP);
        send_to_foreground(tty, SIGCONT);
        detach(tty);
    }
    process->terminal = NULL;
    return 0;
}

/* What the old session had open is dead, so that its stragglers cannot read what is typed to the
 * next one. */
static void kill_files(struct tty *tty)
{
    tty->hangups++;
    tty_input_flush(tty);
    tty_output_start(tty, true);
    if (tty->input.left_in_driver)
        line_discipline_take(tty);
    tty_wake(tty);
}

void tty_hang_up(struct tty *tty)
{
    struct process *leader = tty->session != 0 ? process_find(tty->session) : NULL;

    if (leader && leader->terminal == tty) {
        leader->lost_foreground = tty->foreground;
        signal_send_process(leader, SIGHUP, NULL);
        signal_send_process(leader, SIGCONT, NULL);
    }
    detach(tty);
    kill_files(tty);
    if (tty->driver->resets)
        tty_settings_reset(tty);
}

/* The leader, told that its terminal is gone, has not told its foreground group: it hears now. */
static void leave_lost_terminal(const struct process *leader)
{
    if (leader->lost_foreground == 0)
        return;
    signal_send_group(leader->lost_foreground, SIGHUP, NULL);
    signal_send_group(leader->lost_foreground, SIGCONT, NULL);
}

void tty_leave_session(struct process *leader)
{
    struct tty *tty = leader->terminal;

    if (!is_leader(leader))
        return;
    if (!tty) {
        leave_lost_terminal(leader);
        return;
    }
    send_to_foreground(tty, SIGHUP);
    detach(tty);
    if (tty->driver->ends_with_session) {
        kill_files(tty);
        if (tty->driver->resets)
            tty_settings_reset(tty);
    }
}

void tty_hang_up_own(void)
{
    struct tty *tty = current_process()->terminal;

    if (tty)
        tty_hang_up(tty);
}

bool tty_hung_up(const struct tty_file *file)
{
    return !file->immune && file->hangups != file->tty->hangups;
}

int tty_get_session(const struct tty *tty, int32_t *out)
{
    if (current_process()->terminal != tty || tty->session == 0)
        return -ENOTTY;
    *out = tty->session;
    return 0;
}

int tty_get_foreground(const struct tty *tty, int32_t *out)
{
    if (current_process()->terminal != tty)
        return -ENOTTY;
    *out = tty->foreground;
    return 0;
}

/* The number of a process that leads no group will do too: it may be about to. */
static int check_group(int32_t group, int32_t session)
{
    const struct process *process = process_find(group);

    if (group_exists(group))
        return group_in_session(group, session) ? 0 : -EPERM;
    if (!process)
        return -ESRCH;
    return process->session == session ? 0 : -EPERM;
}

int tty_set_foreground(struct tty *tty, int32_t group)
{
    struct process *process = current_process();

    if (group < 0)
        return -EINVAL;
    if (process->terminal != tty || tty->session != process->session)
        return -ENOTTY;
    int error = check_group(group, process->session);

    if (!error)
        tty->foreground = group;
    return error;
}
