/* What a process has told the kernel about itself, one file each: its timers (proc(5), timers), and how
 * readily it is given up when memory runs out (oom_score, oom_score_adj). */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/oom.h>
#include <linux/signal.h>

#include <lib/string.h>

#define TIMERS_AT_ONCE 8

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

static void add_timer(const struct timer_snapshot *timer, struct text *out)
{
    text_add(out, "ID: %d\nsignal: %d/%016llx\nnotify: %s/%s.%d\nClockID: %d\n", timer->id,
             timer->signal, (unsigned long long)timer->value, notification(timer->notify),
             timer->notify & SIGEV_THREAD_ID ? "tid" : "pid", timer->receiver, timer->clock);
}

int proc_timers(const struct proc_subject *subject, struct text *out)
{
    struct timer_snapshot timers[TIMERS_AT_ONCE];
    size_t done = 0, count;

    while ((count = process_timers(subject->process.id, done, timers, TIMERS_AT_ONCE)) > 0) {
        for (size_t i = 0; i < count; i++)
            add_timer(&timers[i], out);
        done += count;
    }
    return 0;
}

/* ---- when memory runs out ---- */

int proc_oom_score(const struct proc_subject *subject, struct text *out)
{
    int score = process_memory_score(subject->process.id);

    if (score < 0)
        return score;
    text_add(out, "%d\n", score);
    return 0;
}

int proc_show_oom_adjustment(const struct proc_subject *subject, struct text *out)
{
    struct process_snapshot process;
    int error = process_snapshot(subject->process.id, 0, &process);

    if (error == 0)
        text_add(out, "%d\n", process.oom_adjustment);
    return error;
}

int proc_store_oom_adjustment(const struct proc_subject *subject, const char *text)
{
    bool negative = *text == '-';
    uint64_t number;

    if (string_to_u64(text + negative, 10, &number) != 0 || number > OOM_SCORE_ADJ_MAX)
        return -EINVAL;
    return process_set_oom_adjustment(subject->process.id,
                                      negative ? -(int64_t)number : (int64_t)number);
}
