/* Descriptor tables: an array of files that doubles when it is full, and one bit for each
 * descriptor that does not survive execve(2). */
#include <fs/private.h>

#include <linux/errno.h>
#include <linux/fcntl.h>

#include <lib/bits.h>
#include <net/socket.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <platform/user.h>
#include <process/process.h>

#define WORD_BITS 64

static struct fd_table *own_table(void)
{
    return current_process()->files;
}

/* ---- tables ---- */

static int table_create(int size, struct fd_table **out)
{
    struct fd_table *table = kmalloc(sizeof(*table));
    struct file **files = kzalloc((size_t)size * sizeof(*files));
    uint64_t *bits = kzalloc((size_t)size / WORD_BITS * sizeof(*bits));

    if (!table || !files || !bits) {
        kfree(table);
        kfree(files);
        kfree(bits);
        return -ENOMEM;
    }
    *table =
        (struct fd_table){ .references = 1, .size = size, .files = files, .close_on_exec = bits };
    *out = table;
    return 0;
}

int fd_table_create(struct fd_table **out)
{
    return table_create(WORD_BITS, out);
}

int fd_table_clone(struct fd_table *from, struct fd_table **out)
{
    int error = table_create(from->size, out);

    if (error)
        return error;
    struct fd_table *table = *out;

    for (int fd = 0; fd < from->size; fd++) {
        table->files[fd] = from->files[fd];
        if (table->files[fd])
            file_get(table->files[fd]);
    }
    memcpy(table->close_on_exec, from->close_on_exec,
           (size_t)from->size / WORD_BITS * sizeof(uint64_t));
    table->lowest_free = from->lowest_free;
    return 0;
}

/* Makes room for descriptor `fd`. */
static int table_grow(struct fd_table *table, int fd)
{
    struct fd_table *larger;
    int error = table_create((int)power_of_two_round_up((uint64_t)fd + 1), &larger);

    if (error)
        return error;
    memcpy(larger->files, table->files, (size_t)table->size * sizeof(struct file *));
    memcpy(larger->close_on_exec, table->close_on_exec,
           (size_t)table->size / WORD_BITS * sizeof(uint64_t));
    kfree(table->files);
    kfree(table->close_on_exec);
    table->files = larger->files;
    table->close_on_exec = larger->close_on_exec;
    table->size = larger->size;
    kfree(larger);
    return 0;
}

static void set_close_on_exec(struct fd_table *table, int fd, bool on)
{
    uint64_t bit = 1ull << (fd % WORD_BITS);
    uint64_t *word = &table->close_on_exec[fd / WORD_BITS];

    *word = on ? *word | bit : *word & ~bit;
}

static bool close_on_exec(const struct fd_table *table, int fd)
{
    return table->close_on_exec[fd / WORD_BITS] >> (fd % WORD_BITS) & 1;
}

/* Takes the file out of its place; it may be NULL. */
static struct file *take_out(struct fd_table *table, int fd)
{
    struct file *file = table->files[fd];

    table->files[fd] = NULL;
    if (fd < table->lowest_free)
        table->lowest_free = fd;
    return file;
}

/* A process that closes any descriptor of a file loses its record locks on it (fcntl(2)).  One of
 * O_PATH is of a place, not of the file. */
static void close_file(const struct fd_table *table, struct file *file)
{
    if (!(file->flags & O_PATH))
        file_unlock_all(file, table);
    if (file->references == 1 && file_socket(file))
        socket_linger(file_socket(file));
    file_put(file);
}

void fd_table_put(struct fd_table *table)
{
    if (--table->references > 0)
        return;
    for (int fd = 0; fd < table->size; fd++)
        if (table->files[fd])
            close_file(table, take_out(table, fd));
    kfree(table->files);
    kfree(table->close_on_exec);
    kfree(table);
}

void fd_table_close_on_exec(struct fd_table *table)
{
    for (int word = 0; word < table->size / WORD_BITS; word++) {
        uint64_t bits = table->close_on_exec[word];

        table->close_on_exec[word] = 0;
        for (; bits != 0; bits &= bits - 1) {
            struct file *file = take_out(table, word * WORD_BITS + __builtin_ctzll(bits));

            if (file)
                close_file(table, file);
        }
    }
}

/* ---- descriptors of the running process ---- */

struct file *fd_file(int fd)
{
    const struct fd_table *table = own_table();

    return (unsigned)fd < (unsigned)table->size ? table->files[fd] : NULL;
}

struct file *fd_get(int fd)
{
    struct file *file = fd_file(fd);

    if (file)
        file_get(file);
    return file;
}

static int descriptor_limit(void)
{
    uint64_t limit = current_process()->limits[RLIMIT_NOFILE].rlim_cur;

    return (int)min(limit, (uint64_t)OPEN_FILES_HARD);
}

static void put_in(struct fd_table *table, int fd, struct file *file, bool on_exec)
{
    table->files[fd] = file;
    set_close_on_exec(table, fd, on_exec);
}

int fd_lowest_free(int lowest)
{
    const struct fd_table *table = own_table();
    int fd = max(lowest, table->lowest_free);

    while (fd < table->size && table->files[fd])
        fd++;
    return fd < descriptor_limit() ? fd : -EMFILE;
}

int fd_install(struct file *file, int lowest, bool close_on_exec)
{
    struct fd_table *table = own_table();
    int fd = fd_lowest_free(lowest);

    if (fd >= table->size) {
        int error = table_grow(table, fd);

        if (error)
            return error;
    }
    if (fd < 0)
        return fd;
    put_in(table, fd, file, close_on_exec);
    if (lowest <= table->lowest_free)
        table->lowest_free = fd + 1;
    return fd;
}

int fd_install_both(struct file *first, struct file *second, bool close_on_exec, user_address out)
{
    int descriptors[2];

    descriptors[0] = fd_install(first, 0, close_on_exec);
    if (descriptors[0] < 0) {
        file_put(first);
        file_put(second);
        return descriptors[0];
    }
    descriptors[1] = fd_install(second, 0, close_on_exec);
    if (descriptors[1] < 0) {
        fd_close(descriptors[0]);
        file_put(second);
        return descriptors[1];
    }
    int error = copy_to_user(out, descriptors, sizeof(descriptors));

    if (error) {
        fd_close(descriptors[0]);
        fd_close(descriptors[1]);
    }
    return error;
}

int fd_close(int fd)
{
    struct fd_table *table = own_table();

    if (!fd_file(fd))
        return -EBADF;
    close_file(table, take_out(table, fd));
    return 0;
}

int fd_duplicate_to(int from, int to, bool close_on_exec)
{
    struct fd_table *table = own_table();
    struct file *file = fd_file(from);

    if (from == to)
        return -EINVAL;
    if (!file || to < 0 || to >= descriptor_limit())
        return -EBADF;
    if (to >= table->size) {
        int error = table_grow(table, to);

        if (error)
            return error;
    }
    struct file *displaced = table->files[to];

    file_get(file);
    put_in(table, to, file, close_on_exec);
    if (displaced)
        close_file(table, displaced);
    return to;
}

bool fd_close_on_exec(int fd)
{
    return fd_file(fd) && close_on_exec(own_table(), fd);
}

void fd_set_close_on_exec(int fd, bool on)
{
    if (fd_file(fd))
        set_close_on_exec(own_table(), fd, on);
}
