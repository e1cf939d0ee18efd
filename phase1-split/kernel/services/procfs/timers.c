/* What a process has told the kernel about itself, one file each: its timers (proc(5), timers), and how
 * readily it is given up when memory runs out (oom_score, oom_score_adj). */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/oom.h>
#include <linux/signal.h>

#include <platform/memory.h>

#include <lib/string.h>

#include <memory/reclaim.h>
#include <process/posix_timer.h>
#include <process/process.h>

/* ---- timers ---- */

static const char *notification(int notify)
{
    switch (notify & ~SIGEV_THREAD_ID) {
    case SIGEV_SIGNAL:
        return "signal";
    case SIGEV_NONE:
        return "none";
    default:
        return "thread";
    }
}

int proc_timers(const struct proc_subject *subject, struct text *out)
{
    const struct posix_timer *timer;

    list_for_each_entry(timer, &subject->process->posix_timers, of_process) {
        unsigned long long value = 0;
        bool thread = (timer->notify & SIGEV_THREAD_ID) != 0;

        memcpy(&value, &timer->signal.information.si_value, sizeof(value));
        text_add(out, "ID: %d\nsignal: %d/%016llx\nnotify: %s/%s.%d\nClockID: %d\n", timer->id,
                 timer->signal.information.si_signo, value, notification(timer->notify),
                 thread ? "tid" : "pid", thread ? timer->thread : subject->process->id,
                 timer->clock_number);
    }
    return 0;
}

/* ---- when memory runs out ---- */

int proc_oom_score(const struct proc_subject *subject, struct text *out)
{
    text_add(out, "%u\n", memory_score(subject->process));
    return 0;
}

int proc_show_oom_adjustment(const struct proc_subject *subject, struct text *out)
{
    text_add(out, "%d\n", subject->process->oom_adjustment);
    return 0;
}

/* Whoever is not root may not go below what root, or nobody, has set. */
int proc_store_oom_adjustment(const struct proc_subject *subject, const char *text)
{
    bool negative = *text == '-';
    struct process *process = subject->process;
    uint64_t number;

    if (string_to_u64(text + negative, 10, &number) != 0 || number > OOM_SCORE_ADJ_MAX)
        return -EINVAL;
    int adjustment = negative ? -(int)number : (int)number;

    if (adjustment < process->oom_adjustment_least && !process_privileged())
        return -EACCES;
    process->oom_adjustment = adjustment;
    if (process_privileged())
        process->oom_adjustment_least = adjustment;
    return 0;
}
