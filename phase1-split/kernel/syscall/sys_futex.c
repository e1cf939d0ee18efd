/* futex(2): one number with many operations, whose arguments mean something else in each. */
#include <linux/errno.h>

#include <platform/clock.h>
#include <platform/user.h>
#include <process/futex.h>
#include <process/process.h>
#include <process/wall_clock.h>
#include <syscall/syscall.h>
#include <syscall/time.h>

/* FUTEX_WAIT's time-out is relative, FUTEX_WAIT_BITSET's a time on the clock that it names. */
static int read_deadline(int operation, user_address timeout, uint64_t *deadline)
{
    uint64_t time, now = 0;
    *deadline = WAIT_FOREVER;
    if (!timeout)
        return 0;
    int error = time_read_timespec(timeout, &time);
    if (error)
        return error;
    if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET)
        now = (operation & FUTEX_CLOCK_REALTIME) ? (uint64_t)wall_clock() : clock_monotonic();
    *deadline = time_deadline_after(time > now ? time - now : 0);
    return 0;
}

/* A wait with a time-out that a signal without handler interrupts goes on to the same deadline. */
static long wait(user_address word, uint32_t expected, uint32_t mask, uint64_t deadline);

static long wait_again(struct task *task)
{
    const uint64_t *argument = task->restart_argument;
    return wait(argument[0], argument[1], argument[2], argument[3]);
}

static long wait(user_address word, uint32_t expected, uint32_t mask, uint64_t deadline)
{
    int error = futex_wait(word, expected, mask, deadline);
    if (error != -ERESTARTSYS || deadline == WAIT_FOREVER)
        return error;
    current->restart = wait_again;
    current->restart_argument[0] = word;
    current->restart_argument[1] = expected;
    current->restart_argument[2] = mask;
    current->restart_argument[3] = deadline;
    return -ERESTART_RESTARTBLOCK;
}

static long wait_until(int operation, user_address word, uint32_t expected, uint32_t mask,
                       user_address timeout)
{
    uint64_t deadline;
    if (!mask)
        return -EINVAL;
    int error = read_deadline(operation, timeout, &deadline);
    return error ? error : wait(word, expected, mask, deadline);
}

static long requeue(user_address word, user_address other, int count, int moved)
{
    return count < 0 || moved < 0 ? -EINVAL : futex_requeue(word, other, count, moved);
}

static long compare_and_requeue(user_address word, user_address other, int count, int moved,
                                uint32_t expected)
{
    uint32_t value;
    if (copy_from_user(&value, word, sizeof value))
        return -EFAULT;
    return value == expected ? requeue(word, other, count, moved) : -EAGAIN;
}

/* Whether a futex is private to a process is found out, not believed: FUTEX_PRIVATE_FLAG only
 * promises it. */
long sys_futex(user_address word, int operation, uint32_t value, user_address timeout,
               user_address other, uint32_t value3)
{
    int count = (int)value < 1 ? 1 : (int)value, second = (int)timeout;
    int command = operation & FUTEX_CMD_MASK;
    if ((operation & FUTEX_CLOCK_REALTIME) && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
        return wait_until(operation, word, value, FUTEX_ANY, timeout);
    case FUTEX_WAIT_BITSET:
        return wait_until(operation, word, value, value3, timeout);
    case FUTEX_WAKE:
        return futex_wake(word, count, FUTEX_ANY);
    case FUTEX_WAKE_BITSET:
        return value3 ? futex_wake(word, count, value3) : -EINVAL;
    case FUTEX_REQUEUE:
        return requeue(word, other, value, second);
    case FUTEX_CMP_REQUEUE:
        return compare_and_requeue(word, other, value, second, value3);
    case FUTEX_WAKE_OP:
        return futex_wake_operation(word, other, count, second < 1 ? 1 : second, value3);
    default: /* priority inheritance among them */
        return -ENOSYS;
    }
}
