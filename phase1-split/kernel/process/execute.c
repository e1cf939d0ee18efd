/* execve(2): the process stays, its program is exchanged.  Everything that can fail is done first,
 * in a memory of its own; then, from point_of_no_return() on, there is only the new program. */
#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include <fs/file.h>
#include <lib/string.h>
#include <memory/vdso.h>
#include <param.h>
#include <platform/cpu.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/posix_timer.h>
#include <process/process.h>
#include <random.h>

#include "arguments.h"
#include "program.h"
#include "signal_queue.h"
#include "task.h"

#define SCRIPT_DEPTH 5   /* interpreters of interpreters, as Linux */
#define SCRIPT_LINE  255 /* bytes of a first line that count (BINPRM_BUF_SIZE - 1) */

#define STACK_TOP ((user_address)0x7ffffffff000)

/* Everything that the new program needs, before it is the program. */
struct execution {
    struct file *file;
    struct arguments *arguments;
    struct vm *vm;
    struct program program;
    user_address strings; /* where the arguments' pages are mapped */
    user_address stack;   /* the first stack pointer */
    user_address vdso;
    uint32_t euid, egid;
    bool gains_privilege; /* set-user-ID or set-group-ID changed something */
};

int execute_open_path(const struct path *path, struct file **out)
{
    struct inode *inode = path_inode(path);
    if (S_ISLNK(inode->attributes.mode))
        return -ELOOP;
    if (!S_ISREG(inode->attributes.mode) || (path->mount->flags & MS_NOEXEC))
        return -EACCES;
    int error = inode_permission(inode, 1);
    if (!error && inode->writers > 0)
        error = -ETXTBSY;
    return error ? error : file_open(path, O_RDONLY, out);
}

int execute_open(int directory, const char *path, unsigned flags, struct file **out)
{
    struct path found;
    int error = path_lookup(directory, path, flags, &found);
    if (error)
        return error;
    error = execute_open_path(&found, out);
    path_put(&found);
    return error;
}

/* ---- scripts ---- */

/* Splits "#!interpreter argument" in place.  False if it is not a script. */
static bool parse_script(char *line, size_t length, char **interpreter, char **argument)
{
    if (length < 2 || line[0] != '#' || line[1] != '!')
        return false;
    line[length] = '\0';
    char *end = strchr(line, '\n');
    if (end)
        *end = '\0';
    else
        end = line + strlen(line);
    bool cut = length == SCRIPT_LINE && end == line + length;
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    char *start = line + 2;
    while (*start == ' ' || *start == '\t')
        start++;
    *interpreter = start;
    while (*start && *start != ' ' && *start != '\t')
        start++;
    if (cut && !*start)
        *interpreter = start; /* its name goes on beyond what counts: there is none */
    if (*start)
        *start++ = '\0';
    while (*start == ' ' || *start == '\t')
        start++;
    *argument = *start ? start : NULL;
    return true;
}

/* Exchanges a script for its interpreter, until the file is a program.  Each script puts its
 * interpreter, the argument and its own path in front of what is left of argv.  The strings are
 * wanted in reverse order of discovery, so the recursion adds them on the way back. */
static int resolve_script(struct execution *execution, const char *path, int depth, size_t *added)
{
    char line[SCRIPT_LINE + 1], *interpreter, *argument;
    long length = file_read_kernel(execution->file, line, SCRIPT_LINE, 0);
    if (length < 0)
        return length;
    if (!parse_script(line, length, &interpreter, &argument))
        return 0;
    if (depth == SCRIPT_DEPTH)
        return -ELOOP;
    if (!*interpreter)
        return -ENOEXEC;
    struct file *file;
    int error = execute_open(AT_FDCWD, interpreter, LOOKUP_FOLLOW, &file);
    if (error)
        return error;
    file_put(execution->file);
    execution->file = file;
    error = resolve_script(execution, interpreter, depth + 1, added);
    if (!error && !*added) {
        error = arguments_add(execution->arguments, interpreter);
        *added = 1;
    }
    if (!error && argument) {
        error = arguments_add(execution->arguments, argument);
        *added += 1;
    }
    if (!error) {
        error = arguments_add(execution->arguments, path);
        *added += 1;
    }
    return error;
}

static int collect_arguments(struct execution *execution, const char *path,
                             struct string_vector argv, struct string_vector envp)
{
    struct arguments *arguments = execution->arguments;
    size_t added = 0;
    int error = resolve_script(execution, path, 0, &added);
    if (error)
        return error;
    long count = arguments_add_vector(arguments, argv, added ? 1 : 0);
    if (count < 0)
        return count;
    if (added + count == 0) { /* a program may rely on argv[0]: Linux gives it an empty one */
        error = arguments_add(arguments, "");
        added = 1;
    }
    if (error)
        return error;
    arguments->argument_count = added + count;
    arguments->environment_offset = arguments->size;
    count = arguments_add_vector(arguments, envp, 0);
    if (count < 0)
        return count;
    arguments->environment_count = count;
    arguments->name_offset = arguments->size;
    return arguments_add(arguments, path);
}

/* ---- the new memory ---- */

/* The stack: the strings' pages at the top, and below them room that grows by page faults. */
static int map_stack(struct execution *execution)
{
    struct vm *vm = execution->vm;
    uint64_t strings = PAGE_ROUND_UP(execution->arguments->size);
    uint64_t pointers =
        (execution->arguments->argument_count + execution->arguments->environment_count + 64) *
        sizeof(uint64_t);
    uint64_t length = strings + PAGE_ROUND_UP(pointers) + 16 * PAGE_SIZE;
    user_address got;
    vm->stack_top = STACK_TOP;
    int error = vm_map(vm, STACK_TOP - length, length, PAGE_READ | PAGE_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, NULL, 0, &got);
    if (error)
        return error;
    vm_find(vm, got)->flags |= AREA_PRIVATE_PAGES;
    execution->strings = STACK_TOP - strings;
    for (size_t i = 0; i < strings >> PAGE_SHIFT; i++) {
        struct frame *frame = execution->arguments->pages[i];
        frame_get(frame);
        error = address_space_map(vm->space, execution->strings + (i << PAGE_SHIFT), frame,
                                  PAGE_READ | PAGE_WRITE);
        if (error) {
            frame_put(frame);
            return error;
        }
    }
    return 0;
}

static int build_memory(struct execution *execution)
{
    int error = vm_create(&execution->vm);
    if (error)
        return error;
    execution->vm->stack_top = STACK_TOP;
    error = program_load(execution->vm, execution->file, &execution->program);
    if (!error)
        error = map_stack(execution);
    if (!error)
        error = vdso_map(execution->vm, &execution->vdso);
    execution->vm->brk_start = execution->vm->brk_end = execution->program.brk;
    return error;
}

/* Writes `size` bytes into the new memory, which is not active yet. */
static int poke(struct vm *vm, user_address to, const void *data, size_t size)
{
    const char *from = data;
    while (size) {
        size_t offset = to & PAGE_MASK, piece = PAGE_SIZE - offset;
        if (piece > size)
            piece = size;
        if (vm_make_present(vm, to, piece, PAGE_WRITE) != piece)
            return -ENOMEM;
        struct frame *frame = address_space_lookup(vm->space, to - offset, NULL);
        memcpy((char *)frame_data(frame) + offset, from, piece);
        to += piece;
        from += piece;
        size -= piece;
    }
    return 0;
}

/* The length of the string at `offset` of the collected ones, its NUL included. */
static size_t string_size(const struct arguments *arguments, size_t offset)
{
    size_t start = offset;
    for (;;) {
        const char *page = frame_data(arguments->pages[offset >> PAGE_SHIFT]);
        size_t rest = PAGE_SIZE - (offset & PAGE_MASK);
        size_t length = strnlen(page + (offset & PAGE_MASK), rest);
        offset += length;
        if (length < rest)
            return offset - start + 1;
    }
}

/* Writes `count` pointers to the strings from `offset` on, and a null one behind them. */
static int write_vector(struct execution *execution, user_address *to, size_t offset, size_t count)
{
    for (size_t i = 0; i <= count; i++) {
        user_address text = i < count ? execution->strings + offset : 0;
        int error = poke(execution->vm, *to, &text, sizeof text);
        if (error)
            return error;
        *to += sizeof text;
        if (i < count)
            offset += string_size(execution->arguments, offset);
    }
    return 0;
}

static void add_auxiliary(struct vm *vm, uint64_t type, uint64_t value)
{
    vm->auxiliary[vm->auxiliary_count++] = type;
    vm->auxiliary[vm->auxiliary_count++] = value;
}

/* getauxval(3) */
static void fill_auxiliary(struct execution *execution, user_address random, user_address platform)
{
    struct vm *vm = execution->vm;
    const struct program *program = &execution->program;
    const struct credentials *credentials = current_process()->credentials;
    add_auxiliary(vm, AT_SYSINFO_EHDR, execution->vdso);
    add_auxiliary(vm, AT_HWCAP, cpu_information()->hwcap);
    add_auxiliary(vm, AT_HWCAP2, 0);
    add_auxiliary(vm, AT_MINSIGSTKSZ, signal_frame_size());
    add_auxiliary(vm, AT_PAGESZ, PAGE_SIZE);
    add_auxiliary(vm, AT_CLKTCK, 100);
    add_auxiliary(vm, AT_PHDR, program->table);
    add_auxiliary(vm, AT_PHENT, sizeof(struct elf64_phdr));
    add_auxiliary(vm, AT_PHNUM, program->table_count);
    add_auxiliary(vm, AT_BASE, program->base);
    add_auxiliary(vm, AT_FLAGS, 0);
    add_auxiliary(vm, AT_ENTRY, program->entry);
    add_auxiliary(vm, AT_UID, credentials->uid);
    add_auxiliary(vm, AT_EUID, execution->euid);
    add_auxiliary(vm, AT_GID, credentials->gid);
    add_auxiliary(vm, AT_EGID, execution->egid);
    add_auxiliary(vm, AT_SECURE, execution->gains_privilege);
    add_auxiliary(vm, AT_RANDOM, random);
    add_auxiliary(vm, AT_EXECFN, execution->strings + execution->arguments->name_offset);
    add_auxiliary(vm, AT_PLATFORM, platform);
    add_auxiliary(vm, AT_NULL, 0);
}

/* The initial stack (System V ABI, AMD64 supplement, 3.4.1): from the stack pointer up argc, argv,
 * envp, the auxiliary vector; then 16 random bytes, the platform's name, the strings. */
static int build_stack(struct execution *execution)
{
    static const char platform[16] = "x86_64";
    struct arguments *arguments = execution->arguments;
    struct vm *vm = execution->vm;
    uint8_t random[16];
    random_bytes(random, sizeof random);
    user_address random_at = execution->strings - sizeof random;
    user_address platform_at = random_at - sizeof platform;
    fill_auxiliary(execution, random_at, platform_at);
    uint64_t argument_count = arguments->argument_count;
    uint64_t words =
        1 + argument_count + 1 + arguments->environment_count + 1 + vm->auxiliary_count;
    execution->stack = (platform_at - words * sizeof(uint64_t)) & ~15ull;
    user_address to = execution->stack + sizeof argument_count;
    int error = poke(vm, random_at, random, sizeof random);
    if (!error)
        error = poke(vm, platform_at, platform, sizeof platform);
    if (!error)
        error = poke(vm, execution->stack, &argument_count, sizeof argument_count);
    if (!error)
        error = write_vector(execution, &to, 0, argument_count);
    if (!error)
        error = write_vector(execution, &to, arguments->environment_offset,
                             arguments->environment_count);
    if (!error)
        error = poke(vm, to, vm->auxiliary, vm->auxiliary_count * sizeof vm->auxiliary[0]);
    vm->arguments_start = execution->strings;
    vm->arguments_end = vm->environment_start = execution->strings + arguments->environment_offset;
    vm->environment_end = execution->strings + arguments->name_offset;
    return error;
}

/* ---- the exchange ---- */

/* Set-user-ID and set-group-ID programs (execve(2)); not on file systems mounted nosuid. */
static void choose_credentials(struct execution *execution)
{
    const struct credentials *credentials = current_process()->credentials;
    const struct attributes *attributes = &execution->file->inode->attributes;
    execution->euid = credentials->euid;
    execution->egid = credentials->egid;
    if (!(execution->file->path.mount->flags & MS_NOSUID) &&
        !current_process()->no_new_privileges) {
        if (attributes->mode & S_ISUID)
            execution->euid = attributes->uid;
        if ((attributes->mode & S_ISGID) && (attributes->mode & S_IXGRP))
            execution->egid = attributes->gid;
    }
    execution->gains_privilege =
        execution->euid != credentials->uid || execution->egid != credentials->gid;
}

static int new_credentials(const struct execution *execution, struct credentials **out)
{
    const struct credentials *old = current_process()->credentials;
    int error = credentials_copy(old, old->group_count, out);
    if (error)
        return error;
    (*out)->euid = (*out)->suid = (*out)->fsuid = execution->euid;
    (*out)->egid = (*out)->sgid = (*out)->fsgid = execution->egid;
    return 0;
}

/* What a program must not share with the processes it was forked from. */
static int unshare(struct fd_table **files, struct signal_actions **actions)
{
    struct process *self = current_process();
    *files = NULL;
    *actions = NULL;
    int error = 0;
    if (self->files->references > 1)
        error = fd_table_clone(self->files, files);
    if (!error && self->actions->references > 1)
        error = signal_actions_clone(self->actions, actions);
    if (error && *files)
        fd_table_put(*files);
    return error;
}

static void set_command(const char *path)
{
    const char *slash = strrchr(path, '/');
    string_copy(current->command, slash ? slash + 1 : path, sizeof current->command);
}

void process_leave_memory(struct process *process)
{
    uint64_t peak = vm_peak_resident(process->vm);
    if (peak > process->peak_resident)
        process->peak_resident = peak;
    vm_put(process->vm);
    process->vm = NULL;
    if (process->borrows_memory) {
        process->borrows_memory = false;
        wait_queue_wake(&process->vfork_done);
    }
}

static void point_of_no_return(struct execution *execution, const char *path,
                               struct credentials *credentials)
{
    struct process *self = current_process();
    vm_activate(execution->vm);
    process_leave_memory(self);
    posix_timers_delete(self);
    self->keeps_capabilities = self->has_barriers = false;
    self->vm = execution->vm;
    execution->vm = NULL;
    process_set_executable(self, &execution->file->path);
    credentials_put(self->credentials);
    self->credentials = credentials;
    self->dumpable = !execution->gains_privilege;
    if (execution->gains_privilege)
        self->parent_death_signal = 0;
    self->has_executed = true;
    self->exit_signal = SIGCHLD; /* whatever clone(2) said */
    fd_table_close_on_exec(self->files);
    signal_actions_execute(self->actions);
    set_command(path);
    current->stack = (struct signal_stack){ .flags = SS_DISABLE };
    thread_set_fs_base(current->thread, 0);
    thread_set_gs_base(current->thread, 0);
    thread_fpu_reset(current->thread);
    user_registers_reset(thread_registers(current->thread), execution->program.start,
                         execution->stack);
}

static void discard(struct fd_table *files, struct signal_actions *actions,
                    struct credentials *credentials)
{
    if (files)
        fd_table_put(files);
    if (actions)
        signal_actions_put(actions);
    credentials_put(credentials);
}

static int exchange(struct execution *execution, const char *path)
{
    struct fd_table *files;
    struct signal_actions *actions;
    struct credentials *credentials;
    struct process *self = current_process();
    int error = new_credentials(execution, &credentials);
    if (error)
        return error;
    error = unshare(&files, &actions);
    if (error) {
        credentials_put(credentials);
        return error;
    }
    error = thread_leave_others();
    if (error) {
        discard(files, actions, credentials);
        return error;
    }
    thread_leave_memory();
    if (files) {
        fd_table_put(self->files);
        self->files = files;
    }
    if (actions) {
        signal_actions_put(self->actions);
        self->actions = actions;
    }
    point_of_no_return(execution, path, credentials);
    return 0;
}

static int execute(const char *path, struct file *file, struct string_vector argv,
                   struct string_vector envp)
{
    struct execution execution = { .file = file, .arguments = arguments_create() };
    if (!execution.arguments)
        return -ENOMEM;
    file_get(file);
    int error = collect_arguments(&execution, path, argv, envp);
    if (!error) {
        choose_credentials(&execution);
        error = build_memory(&execution);
    }
    if (!error)
        error = build_stack(&execution);
    if (!error)
        error = exchange(&execution, path);
    if (execution.vm)
        vm_put(execution.vm);
    arguments_free(execution.arguments);
    file_put(execution.file);
    return error;
}

int process_execute(const char *path, struct file *file, user_address argv, user_address envp)
{
    struct string_vector arguments = { .user = argv }, environment = { .user = envp };
    return execute(path, file, arguments, environment);
}

int process_execute_kernel(const char *path, const char *const argv[], const char *const envp[])
{
    struct file *file;
    int error = execute_open(AT_FDCWD, path, LOOKUP_FOLLOW, &file);
    if (error)
        return error;
    struct string_vector arguments = { .kernel = argv }, environment = { .kernel = envp };
    error = execute(path, file, arguments, environment);
    file_put(file);
    return error;
}
