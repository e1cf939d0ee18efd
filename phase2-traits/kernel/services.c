/* The registry of services.  A descriptor is looked at once, at boot: what lacks an operation, or
 * stands where another service stands, is reported and left out.  That is why no caller in Core has
 * to ask whether there is a function behind a pointer. */
#include <services.h>

#include <linux/errno.h>

#include <fs/device.h>
#include <fs/path.h>
#include <fs/vfs.h>
#include <lib/bits.h>
#include <lib/format.h>
#include <lib/string.h>
#include <net/driver.h>
#include <net/socket_ops.h>
#include <net/stack.h>
#include <param.h>
#include <platform/log.h>
#include <platform/memory.h>

#define SERVICES_MOST 16

_Static_assert(SERVICES_MOST <= FILE_SYSTEM_TYPES, "each may have one, and vfs_register() a place");

static const struct service *services[SERVICES_MOST];
static size_t service_count;

/* What is asked for while programs run, or all at once, where it can be found without a search. */
static const struct socket_ops *sockets[SOCKET_KINDS];
static const struct network_stack_ops *network_stack;
static const struct ethernet_ops *drivers[SERVICES_MOST];
static size_t driver_count;

static const char *const socket_kinds[SOCKET_KINDS] = {
    [SOCKET_TCP] = "TCP",       [SOCKET_UDP] = "UDP",         [SOCKET_RAW] = "raw",
    [SOCKET_PACKET] = "packet", [SOCKET_NETLINK] = "netlink", [SOCKET_UNIX] = "Unix",
};

/* ---- what a table must have ---- */

/* A pointer in a table. */
struct entry {
    const char *name;
    size_t offset; /* bytes */
};

#define ENTRY(table, member) #member, offsetof(struct table, member)

static const struct entry file_system_type_entries[] = {
    { ENTRY(file_system_type, name) },
    { ENTRY(file_system_type, fs) },
    { ENTRY(file_system_type, directory) },
};

static const struct entry file_system_entries[] = {
    { ENTRY(file_system_ops, mount) },          { ENTRY(file_system_ops, unmount) },
    { ENTRY(file_system_ops, statistics) },     { ENTRY(file_system_ops, get_attributes) },
    { ENTRY(file_system_ops, set_attributes) }, { ENTRY(file_system_ops, release) },
};

static const struct entry directory_entries[] = {
    { ENTRY(directory_ops, lookup) }, { ENTRY(directory_ops, create) },
    { ENTRY(directory_ops, link) },   { ENTRY(directory_ops, unlink) },
    { ENTRY(directory_ops, rename) }, { ENTRY(directory_ops, list) },
};

static const struct entry symlink_entries[] = { { ENTRY(symlink_ops, read) } };

/* Without read, write, poll or control Core answers by itself: fs/vfs.h. */
static const struct entry file_entries[] = { { ENTRY(file_ops, open) },
                                             { ENTRY(file_ops, release) } };

static const struct entry paged_file_entries[] = {
    { ENTRY(paged_file_ops, read_page) },
    { ENTRY(paged_file_ops, grow) },
    { ENTRY(paged_file_ops, truncate) },
};

/* All but create_pair. */
static const struct entry socket_entries[] = {
    { ENTRY(socket_ops, create) },         { ENTRY(socket_ops, release) },
    { ENTRY(socket_ops, bind) },           { ENTRY(socket_ops, connect) },
    { ENTRY(socket_ops, listen) },         { ENTRY(socket_ops, accept) },
    { ENTRY(socket_ops, connect_result) }, { ENTRY(socket_ops, name) },
    { ENTRY(socket_ops, send) },           { ENTRY(socket_ops, receive) },
    { ENTRY(socket_ops, shutdown) },       { ENTRY(socket_ops, get_option) },
    { ENTRY(socket_ops, set_option) },     { ENTRY(socket_ops, poll) },
    { ENTRY(socket_ops, control) },
};

static const struct entry stack_entries[] = {
    { ENTRY(network_stack_ops, start) }, { ENTRY(network_stack_ops, attach) },
    { ENTRY(network_stack_ops, link) },  { ENTRY(network_stack_ops, input) },
    { ENTRY(network_stack_ops, work) },  { ENTRY(network_stack_ops, control) },
};

static const struct entry ethernet_entries[] = {
    { ENTRY(ethernet_ops, name) },       { ENTRY(ethernet_ops, open) },
    { ENTRY(ethernet_ops, close) },      { ENTRY(ethernet_ops, offer) },
    { ENTRY(ethernet_ops, transmit) },   { ENTRY(ethernet_ops, kick) },
    { ENTRY(ethernet_ops, collect) },    { ENTRY(ethernet_ops, link) },
    { ENTRY(ethernet_ops, interrupts) }, { ENTRY(ethernet_ops, filter) },
};

/* Who adds an operation to a trait must say here, too, that it is required. */
#define ALL_BUT(optional, table, entries)                                                          \
    _Static_assert(sizeof(struct table) == (array_count(entries) + (optional)) * sizeof(void *),   \
                   "an operation of " #table " is missing in its list")

ALL_BUT(0, file_system_ops, file_system_entries);
ALL_BUT(0, directory_ops, directory_entries);
ALL_BUT(1, symlink_ops, symlink_entries); /* follow: fs/vfs.h */
ALL_BUT(4, file_ops, file_entries);
ALL_BUT(0, paged_file_ops, paged_file_entries);
ALL_BUT(1, socket_ops, socket_entries);
ALL_BUT(2, network_stack_ops, stack_entries); /* its timers */
ALL_BUT(0, ethernet_ops, ethernet_entries);

/* `who` is whose table it is, as the log is to call it. */
static bool refuse(const char *who, const char *what, const char *name)
{
    printk(LOG_ERROR, "%s: %s%s; not registered", who, what, name);
    return false;
}

static bool has_entries(const char *who, const char *lacks, const void *table,
                        const struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uintptr_t pointer;

        memcpy(&pointer, (const char *)table + entries[i].offset, sizeof(pointer));
        if (!pointer)
            return refuse(who, lacks, entries[i].name);
    }
    return true;
}

#define IS_COMPLETE(who, kind, table, entries)                                                     \
    has_entries(who, kind " lacks ", table, entries, array_count(entries))

static bool file_system_is_complete(const char *who, const struct file_system_type *type)
{
    return IS_COMPLETE(who, "file_system_type", type, file_system_type_entries) &&
           IS_COMPLETE(who, "file_system_ops", type->fs, file_system_entries) &&
           IS_COMPLETE(who, "directory_ops", type->directory, directory_entries) &&
           (!type->symlink || IS_COMPLETE(who, "symlink_ops", type->symlink, symlink_entries)) &&
           (!type->file || IS_COMPLETE(who, "file_ops", type->file, file_entries)) &&
           (!type->paged_file ||
            IS_COMPLETE(who, "paged_file_ops", type->paged_file, paged_file_entries));
}

static bool stack_is_complete(const char *who, const struct network_stack_ops *stack)
{
    if (!IS_COMPLETE(who, "network_stack_ops", stack, stack_entries))
        return false;
    if (stack->timer_count > STACK_TIMERS || (stack->timer_count > 0 && !stack->timers))
        return refuse(who, "network_stack_ops has too many timers, or none where it counts some",
                      "");
    for (size_t i = 0; i < stack->timer_count; i++)
        if (!stack->timers[i].expired || stack->timers[i].milliseconds == 0)
            return refuse(who, "network_stack_ops has a timer that lacks expired or its time", "");
    return true;
}

static bool tables_are_complete(const char *who, const struct service *service)
{
    for (size_t kind = 0; kind < SOCKET_KINDS; kind++)
        if (service->sockets[kind] &&
            !IS_COMPLETE(who, "socket_ops", service->sockets[kind], socket_entries))
            return false;
    return (!service->file_system || file_system_is_complete(who, service->file_system)) &&
           (!service->network_stack || stack_is_complete(who, service->network_stack)) &&
           (!service->ethernet ||
            IS_COMPLETE(who, "ethernet_ops", service->ethernet, ethernet_entries));
}

bool service_device_is_complete(uint64_t number, const struct file_ops *ops)
{
    char who[32];

    format(who, sizeof(who), "device %u:%u", device_major(number), device_minor(number));
    return ops ? IS_COMPLETE(who, "file_ops", ops, file_entries)
               : refuse(who, "it has no file_ops", "");
}

/* ---- the rest of the descriptor ---- */

static bool is_plain(const char *name)
{
    if (!name || name[0] == '\0')
        return false;
    for (; *name; name++)
        if (!(*name >= 'a' && *name <= 'z') && !(*name >= '0' && *name <= '9') && *name != '_')
            return false;
    return true;
}

static bool offers_something(const struct service *service)
{
    for (size_t kind = 0; kind < SOCKET_KINDS; kind++)
        if (service->sockets[kind])
            return true;
    return service->file_system || service->network_stack || service->ethernet || service->start;
}

/* Of each of these there can be one. */
static bool is_new(const char *who, const struct service *service)
{
    const struct file_system_type *type;

    for (size_t i = 0; i < service_count; i++)
        if (strcmp(services[i]->name, service->name) == 0)
            return refuse(who, "there is one of this name already", "");
    for (size_t kind = 0; kind < SOCKET_KINDS; kind++)
        if (service->sockets[kind] && sockets[kind])
            return refuse(who, "another makes these sockets already: ", socket_kinds[kind]);
    if (service->network_stack && network_stack)
        return refuse(who, "there is a network stack already", "");
    for (size_t i = 0; service->file_system && (type = vfs_type(i)); i++)
        if (strcmp(type->name, service->file_system->name) == 0)
            return refuse(who, "there is a file system of this type already: ", type->name);
    return true;
}

static int check(const struct service *service)
{
    char who[64];

    format(who, sizeof(who), "service %s", service->name ? service->name : "");
    if (!is_plain(service->name)) {
        refuse(who, "its name is no plain word", "");
        return -EINVAL;
    }
    if (!offers_something(service)) {
        refuse(who, "it offers nothing", "");
        return -EINVAL;
    }
    if (!tables_are_complete(who, service))
        return -EINVAL;
    if (!is_new(who, service))
        return -EEXIST;
    if (service_count == SERVICES_MOST) {
        refuse(who, "there are too many", "");
        return -ENOSPC;
    }
    return 0;
}

/* ---- registering ---- */

int service_register(const struct service *service)
{
    int error = check(service);

    if (error)
        return error;
    services[service_count++] = service;
    for (size_t kind = 0; kind < SOCKET_KINDS; kind++)
        if (service->sockets[kind])
            sockets[kind] = service->sockets[kind];
    if (service->network_stack)
        network_stack = service->network_stack;
    if (service->ethernet)
        drivers[driver_count++] = service->ethernet;
    if (service->file_system)
        vfs_register(service->file_system);
    return 0;
}

void services_start(void)
{
    for (size_t i = 0; i < service_count; i++) {
        int error = services[i]->start ? services[i]->start() : 0;

        if (error)
            printk(LOG_ERROR, "service %s does not start: error %d", services[i]->name, -error);
    }
}

/* ---- asking ---- */

const struct socket_ops *service_sockets(enum socket_kind kind)
{
    return sockets[kind];
}

const struct network_stack_ops *service_network_stack(void)
{
    return network_stack;
}

const struct ethernet_ops *const *service_drivers(size_t *count)
{
    *count = driver_count;
    return drivers;
}
