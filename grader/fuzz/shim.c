/* Core and platform for the network stack on a host: memory from malloc(), a clock and random
 * numbers that repeat, and nobody who sleeps. */
#include "shim.h"

#include <stdarg.h>

#include <fs/device.h>
#include <fs/user_buffer.h>
#include <net/stack.h>
#include <platform/clock.h>
#include <platform/heap.h>
#include <platform/log.h>
#include <platform/memory.h>
#include <platform/page.h>
#include <platform/panic.h>
#include <random.h>

#define MACHINE_PAGES 16384 /* 64 MiB */

/* The C library's, whose headers are not to be seen here. */
void *malloc(size_t size);
void free(void *memory);
void abort(void) __attribute__((noreturn));

static uint64_t now = 1000 * NANOSECONDS_PER_SECOND, random_state;
static bool running[64], work_wanted;
static size_t allocated; /* pieces of memory */

void shim_reset(void)
{
    random_state = 0x41726163696e6174ull;
}

void shim_pass(uint64_t milliseconds)
{
    now += milliseconds * 1000000;
}

bool shim_timer(size_t number)
{
    bool was = running[number];

    running[number] = false;
    return was;
}

bool shim_work(void)
{
    bool was = work_wanted;

    work_wanted = false;
    return was;
}

/* ---- platform ---- */

void *kmalloc(size_t size)
{
    allocated++;
    return malloc(size);
}

void *kzalloc(size_t size)
{
    void *memory = kmalloc(size);

    return memset(memory, 0, size);
}

void kfree(void *memory)
{
    allocated -= memory != NULL;
    free(memory);
}

size_t shim_allocated(void)
{
    return allocated;
}

uint64_t clock_monotonic(void)
{
    return now;
}

void frame_statistics(struct frame_statistics *out)
{
    memset(out, 0, sizeof(*out));
    out->total = MACHINE_PAGES;
}

void panic(const char *text, ...)
{
    (void)text;
    abort();
}

void printk(enum log_level level, const char *text, ...)
{
    (void)level;
    (void)text;
}

/* ---- Core ---- */

void random_bytes(void *out, size_t size)
{
    uint8_t *bytes = out;

    for (size_t i = 0; i < size; i++) {
        random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
        bytes[i] = (uint8_t)(random_state >> 33);
    }
}

/* Every byte is looked at: what the stack sends must be there. */
int network_send(unsigned index, const struct network_piece *pieces, size_t count)
{
    static volatile uint8_t sum;

    (void)index;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < pieces[i].size; j++)
            sum = (uint8_t)(sum + ((const uint8_t *)pieces[i].data)[j]);
    return 0;
}

void network_work(void)
{
    work_wanted = true;
}

void network_timer(size_t number)
{
    running[number] = true;
}

int network_filter(unsigned index, const uint8_t address[6], bool promiscuous)
{
    (void)index;
    (void)address;
    (void)promiscuous;
    return 0;
}

int device_register_service(uint64_t number, const char *name, uint32_t permissions,
                            const struct file_ops *ops, node_handle node)
{
    (void)number;
    (void)name;
    (void)permissions;
    (void)ops;
    (void)node;
    return 0;
}

int network_device_statistics(unsigned index, struct interface_statistics *out)
{
    (void)index;
    memset(out, 0, sizeof(*out));
    return 0;
}

void user_buffer_init_kernel(struct user_buffer *buffer, void *memory, size_t length)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->kernel = memory;
    buffer->length = length;
}

size_t user_buffer_put(struct user_buffer *buffer, const void *data, size_t size)
{
    if (size > user_buffer_left(buffer))
        size = user_buffer_left(buffer);
    memcpy(buffer->kernel + buffer->done, data, size);
    buffer->done += size;
    return size;
}

size_t user_buffer_take(struct user_buffer *buffer, void *data, size_t size)
{
    if (size > user_buffer_left(buffer))
        size = user_buffer_left(buffer);
    memcpy(data, buffer->kernel + buffer->done, size);
    buffer->done += size;
    return size;
}
