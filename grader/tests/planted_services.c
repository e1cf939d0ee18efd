/* Wrong services, for test_registry.py: it puts this in front of main.c's register_services(), and
 * calls left_out() for each service, and plant() when the right ones are there.
 *
 * What service_register() answers is logged as "plant WHAT NUMBER: ANSWER". */
#include <linux/errno.h>

#include <fs/device.h>
#include <net/driver.h>
#include <net/socket_ops.h>
#include <net/stack.h>
#include <platform/memory.h>
#include <process/policy.h>

/* Is it named by without= on the command line? */
static bool left_out(const struct service *service)
{
    char names[64];
    const size_t length = strlen(service->name);
    if (!system_option("without", names, sizeof(names)))
        return false;
    for (const char *name = names; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL)
        if (strncmp(name, service->name, length) == 0 &&
            (name[length] == ',' || name[length] == '\0'))
            return true;
    return false;
}

static struct service planted;

/* The service `planted` with the table `trait` in it: without each of its pointers in turn. */
static void plant_holes(const char *trait, void *table, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uintptr_t)) {
        const uintptr_t zero = 0;
        uintptr_t whole;
        memcpy(&whole, (char *)table + at, sizeof(whole));
        memcpy((char *)table + at, &zero, sizeof(zero));
        printk(LOG_NOTICE, "plant %s %u: %d", trait, (unsigned)(at / sizeof(whole)),
               service_register(&planted));
        memcpy((char *)table + at, &whole, sizeof(whole));
    }
}

#define PLANT_HOLES(table) plant_holes(#table, &table, sizeof(table))

static void plant_incomplete_tables(void)
{
    static struct file_system_type file_system_type;
    static struct file_system_ops file_system_ops;
    static struct directory_ops directory_ops;
    static struct symlink_ops symlink_ops;
    static struct paged_file_ops paged_file_ops;
    static struct file_ops file_ops;
    static struct socket_ops socket_ops;
    static struct network_stack_ops network_stack_ops;
    static struct ethernet_ops ethernet_ops;
    static struct stack_timer timers[STACK_TIMERS];

    file_system_type = *tmpfs_service.file_system;
    file_system_ops = *file_system_type.fs;
    directory_ops = *file_system_type.directory;
    symlink_ops = *file_system_type.symlink;
    paged_file_ops = *file_system_type.paged_file;
    file_ops = *procfs_service.file_system->file;
    file_system_type.fs = &file_system_ops;
    file_system_type.directory = &directory_ops;
    file_system_type.symlink = &symlink_ops;
    file_system_type.paged_file = &paged_file_ops;
    file_system_type.file = &file_ops;
    planted = (struct service){ .name = "planted", .file_system = &file_system_type };
    PLANT_HOLES(file_system_ops);
    PLANT_HOLES(directory_ops);
    PLANT_HOLES(symlink_ops);
    PLANT_HOLES(paged_file_ops);
    PLANT_HOLES(file_ops);

    socket_ops = *unix_service.sockets[SOCKET_UNIX];
    planted = (struct service){ .name = "planted", .sockets[SOCKET_UNIX] = &socket_ops };
    PLANT_HOLES(socket_ops);

    ethernet_ops = *e1000_service.ethernet;
    planted = (struct service){ .name = "planted", .ethernet = &ethernet_ops };
    PLANT_HOLES(ethernet_ops);

    network_stack_ops = *netstack_service.network_stack;
    planted = (struct service){ .name = "planted", .network_stack = &network_stack_ops };
    plant_holes("network_stack_ops", &network_stack_ops,
                offsetof(struct network_stack_ops, timers));
    network_stack_ops.timers = NULL;
    printk(LOG_NOTICE, "plant timers 0: %d", service_register(&planted));
    for (size_t i = 0; i < STACK_TIMERS; i++)
        timers[i] = netstack_service.network_stack->timers[0];
    network_stack_ops.timers = timers;
    network_stack_ops.timer_count = STACK_TIMERS + 1;
    printk(LOG_NOTICE, "plant timers 1: %d", service_register(&planted));
    network_stack_ops.timer_count = STACK_TIMERS;
    timers[STACK_TIMERS - 1].milliseconds = 0;
    printk(LOG_NOTICE, "plant timers 2: %d", service_register(&planted));
    timers[STACK_TIMERS - 1] = timers[0];
    timers[STACK_TIMERS - 1].expired = NULL;
    printk(LOG_NOTICE, "plant timers 3: %d", service_register(&planted));
    timers[STACK_TIMERS - 1] = timers[0];
    printk(LOG_NOTICE, "plant timers 4: %d", service_register(&planted));

    file_ops.open = NULL;
    printk(LOG_NOTICE, "plant device 0: %d",
           device_register_service(device_number(240, 1), "planted", 0666, &file_ops, NULL));
    printk(LOG_NOTICE, "plant device 1: %d",
           device_register_service(device_number(240, 2), "planted", 0666, NULL, NULL));
}

static int start_not(void)
{
    return -ENOMEM;
}

static void plant_descriptors(void)
{
    static const char *const names[] = { NULL, "", "Planted", "two words", "a/b", "tmpfs" };
    static struct service many[32];
    static char many_names[32][8];
    int error = 0;

    for (size_t i = 0; i < array_count(names); i++) {
        planted = (struct service){ .name = names[i], .ethernet = e1000_service.ethernet };
        printk(LOG_NOTICE, "plant name %u: %d", (unsigned)i, service_register(&planted));
    }
    planted = (struct service){ .name = "planted" };
    printk(LOG_NOTICE, "plant nothing 0: %d", service_register(&planted));
    for (size_t kind = 0; kind < SOCKET_KINDS; kind++) {
        planted = (struct service){ .name = "planted" };
        planted.sockets[kind] = unix_service.sockets[SOCKET_UNIX];
        printk(LOG_NOTICE, "plant sockets %u: %d", (unsigned)kind, service_register(&planted));
    }
    planted = (struct service){ .name = "planted", .file_system = tmpfs_service.file_system };
    printk(LOG_NOTICE, "plant type 0: %d", service_register(&planted));
    printk(LOG_NOTICE, "plant twice 0: %d", service_register(&unix_service));
    for (size_t i = 0; i < array_count(many) && !error; i++) {
        many_names[i][0] = 'm';
        many_names[i][1] = (char)('a' + i);
        many[i] = (struct service){ .name = many_names[i], .start = start_not };
        error = service_register(&many[i]);
    }
    printk(LOG_NOTICE, "plant many 0: %d", error);
}

/* The scheduler's policies are registered in the same way. */
static void plant_policies(void)
{
    static struct scheduler_policy policies[16];
    static char names[16][8];
    int error = 0;

    for (size_t at = 0; at < sizeof(struct scheduler_policy); at += sizeof(uintptr_t)) {
        policies[0] = fair_policy;
        memset((char *)&policies[0] + at, 0, sizeof(uintptr_t));
        printk(LOG_NOTICE, "plant policy %u: %d", (unsigned)(at / sizeof(uintptr_t)),
               policy_register(&policies[0]));
    }
    printk(LOG_NOTICE, "plant second 0: %d", policy_register(&stride_policy));
    for (size_t i = 0; i < array_count(policies) && !error; i++) {
        names[i][0] = (char)('a' + i);
        policies[i] = fair_policy;
        policies[i].name = names[i];
        error = policy_register(&policies[i]);
    }
    printk(LOG_NOTICE, "plant crowd 0: %d", error);
}

static void plant(void)
{
    char nothing[2];

    if (!system_option("plant", nothing, sizeof(nothing)))
        return;
    plant_incomplete_tables();
    plant_descriptors();
    plant_policies();
}
