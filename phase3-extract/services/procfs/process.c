/* /proc/PID: which files a process has, whose they are, and who may look into them. */
#include "procfs.h"

#include <linux/errno.h>
#include <linux/stat.h>

#include <platform/memory.h>

#include <lib/bits.h>
#include <lib/format.h>
#include <lib/string.h>

#include <snapshot/system.h>

/* ---- subjects ---- */

int proc_subject_find(int32_t pid, uint64_t born, int32_t key, struct proc_subject *out)
{
    *out = (struct proc_subject){ .key = key };
    if (pid == 0)
        return 0;
    if (process_identify(pid, &out->process) == 0 && born != UINT64_MAX &&
        out->process.start_time != born)
        out->process.id = 0; /* another one by now */
    return out->process.id == 0 ? -ESRCH : 0;
}

int32_t proc_process_id(const struct proc_subject *subject)
{
    return subject->process.id;
}

uint64_t proc_subject_born(const struct proc_subject *subject)
{
    return subject->process.start_time;
}

bool proc_is_self(const struct proc_subject *subject)
{
    return subject->process.is_running;
}

bool proc_may_inspect(const struct proc_subject *subject)
{
    return subject->process.id == 0 || process_is_open(subject->process.id);
}

void proc_owner(const struct proc_subject *subject, bool visible, uint32_t *uid, uint32_t *gid)
{
    *uid = *gid = 0;
    if (subject->process.id == 0 || (!visible && subject->process.concealed))
        return;
    *uid = subject->process.uid;
    *gid = subject->process.gid;
}

/* ---- numbers ---- */

size_t proc_process_numbers(const struct proc_subject *subject, int32_t first, int32_t *out,
                            size_t capacity)
{
    (void)subject;
    return process_ids(first, out, capacity);
}

unsigned proc_process_count(void)
{
    struct system_figures figures;

    system_figures(&figures);
    return figures.processes;
}

unsigned proc_task_count(const struct proc_subject *subject)
{
    return subject->process.task_count;
}

static bool has_task(const struct proc_subject *subject, int32_t number)
{
    int32_t found;

    return number != 0 && task_ids(subject->process.id, number, &found, 1) == 1 && found == number;
}

static size_t task_numbers(const struct proc_subject *subject, int32_t first, int32_t *out,
                           size_t capacity)
{
    return task_ids(subject->process.id, first, out, capacity);
}

/* ---- /proc/self ---- */

int proc_read_self(const struct proc_subject *subject, char *target, size_t size, size_t *length)
{
    int32_t process, task;

    (void)subject;
    process_running(&process, &task);
    *length = format(target, size, "%d", process);
    return 0;
}

int proc_read_thread_self(const struct proc_subject *subject, char *target, size_t size,
                          size_t *length)
{
    int32_t process, task;

    (void)subject;
    process_running(&process, &task);
    *length = format(target, size, "%d/task/%d", process, task);
    return 0;
}

/* ---- the name of a task ---- */

static int show_comm(const struct proc_subject *subject, struct text *out)
{
    struct process_snapshot process;
    int error = process_snapshot(proc_process_id(subject), subject->key, &process);

    if (error == 0)
        text_add(out, "%s\n", process.command);
    return error;
}

/* A process may rename its own tasks; nobody else may. */
static int store_comm(const struct proc_subject *subject, const char *text)
{
    return task_rename(subject->process.id, subject->key, text);
}

/* ---- the directories ---- */

static const struct proc_item task_items[] = {
    { "auxv", S_IFREG | 0400, true, .generate = proc_auxv },
    { "cmdline", S_IFREG | 0444, .generate = proc_cmdline },
    { "comm", S_IFREG | 0644, .generate = show_comm, .store = store_comm },
    { "cwd", S_IFLNK | 0777, .place = PLACE_DIRECTORY },
    { "environ", S_IFREG | 0400, true, .generate = proc_environ },
    { "exe", S_IFLNK | 0777, .place = PLACE_PROGRAM },
    { "io", S_IFREG | 0400, true, .generate = proc_io },
    { "limits", S_IFREG | 0444, .generate = proc_limits },
    { "maps", S_IFREG | 0444, true, .generate = proc_maps },
    { "mountinfo", S_IFREG | 0444, .generate = proc_mountinfo },
    { "mounts", S_IFREG | 0444, .generate = proc_mounts },
    { "net", S_IFDIR | 0555, .directory = &proc_net_directory },
    { "oom_score", S_IFREG | 0444, .generate = proc_oom_score },
    { "oom_score_adj", S_IFREG | 0644, .generate = proc_show_oom_adjustment,
      .store = proc_store_oom_adjustment },
    { "root", S_IFLNK | 0777, .place = PLACE_ROOT },
    { "smaps", S_IFREG | 0444, true, .generate = proc_smaps },
    { "smaps_rollup", S_IFREG | 0444, true, .generate = proc_smaps_rollup },
    { "stat", S_IFREG | 0444, .generate = proc_stat },
    { "statm", S_IFREG | 0444, .generate = proc_statm },
    { "status", S_IFREG | 0444, .generate = proc_status },
};

static const struct proc_directory task_directory = { .id = PROC_TASK,
                                                      .items = task_items,
                                                      .count = array_count(task_items) };

static const struct proc_item task_item = { NULL, S_IFDIR | 0555, .directory = &task_directory };

static const struct proc_directory tasks_directory = {
    .id = PROC_TASKS, .numbered = &task_item, .has = has_task, .numbers = task_numbers
};

static const struct proc_item process_items[] = {
    { "auxv", S_IFREG | 0400, true, .generate = proc_auxv },
    { "cmdline", S_IFREG | 0444, .generate = proc_cmdline },
    { "comm", S_IFREG | 0644, .generate = show_comm, .store = store_comm },
    { "cwd", S_IFLNK | 0777, .place = PLACE_DIRECTORY },
    { "environ", S_IFREG | 0400, true, .generate = proc_environ },
    { "exe", S_IFLNK | 0777, .place = PLACE_PROGRAM },
    { "fd", S_IFDIR | 0500, .directory = &proc_fd_directory },
    { "fdinfo", S_IFDIR | 0500, .directory = &proc_fdinfo_directory },
    { "io", S_IFREG | 0400, true, .generate = proc_io },
    { "limits", S_IFREG | 0444, .generate = proc_limits },
    { "maps", S_IFREG | 0444, true, .generate = proc_maps },
    { "mountinfo", S_IFREG | 0444, .generate = proc_mountinfo },
    { "mounts", S_IFREG | 0444, .generate = proc_mounts },
    { "mountstats", S_IFREG | 0400, .generate = proc_mountstats },
    { "net", S_IFDIR | 0555, .directory = &proc_net_directory },
    { "oom_score", S_IFREG | 0444, .generate = proc_oom_score },
    { "oom_score_adj", S_IFREG | 0644, .generate = proc_show_oom_adjustment,
      .store = proc_store_oom_adjustment },
    { "root", S_IFLNK | 0777, .place = PLACE_ROOT },
    { "smaps", S_IFREG | 0444, true, .generate = proc_smaps },
    { "smaps_rollup", S_IFREG | 0444, true, .generate = proc_smaps_rollup },
    { "stat", S_IFREG | 0444, .generate = proc_stat },
    { "statm", S_IFREG | 0444, .generate = proc_statm },
    { "status", S_IFREG | 0444, .generate = proc_status },
    { "task", S_IFDIR | 0555, .directory = &tasks_directory },
    { "timers", S_IFREG | 0444, .generate = proc_timers },
};

static const struct proc_directory process_directory = { .id = PROC_PROCESS,
                                                         .items = process_items,
                                                         .count = array_count(process_items) };

const struct proc_item proc_process_item = { NULL, S_IFDIR | 0555,
                                             .directory = &process_directory };
