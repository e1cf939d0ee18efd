/* The table of contents of Ring 1.  Ring 0 has set up the machine (common/platform/start.c); here
 * the kernel's parts are started in order, file systems are mounted by name, and the first
 * program of user space is run. */
#include <linux/fcntl.h>
#include <linux/mount.h>

#include <fs/file.h>
#include <fs/path.h>
#include <fs/populate.h>
#include <lib/bits.h>
#include <lib/string.h>
#include <memory/vdso.h>
#include <net/network.h>
#include <platform/boot.h>
#include <platform/clock.h>
#include <platform/cpu.h>
#include <platform/log.h>
#include <platform/page.h>
#include <platform/panic.h>
#include <process/policy.h>
#include <process/process.h>
#include <process/wall_clock.h>
#include <services.h>
#include <services/services.h>
#include <system.h>
#include <tty/pty.h>
#include <tty/tty.h>

static const struct boot_information *boot;

static void announce(void)
{
    struct frame_statistics frames;
    frame_statistics(&frames);
    printk(LOG_NOTICE, "%s %s, %s, %llu MiB of memory, TSC %llu MHz", system_name()->sysname,
           system_name()->release, cpu_information()->brand,
           (unsigned long long)(frames.total * PAGE_SIZE >> 20),
           (unsigned long long)(clock_frequency() / 1000000));
}

/* Ring 2, by name: nobody else in Core knows who is behind a table of operations. */
static void register_services(void)
{
    static const struct service *const services[] = {
        &tmpfs_service,    &devfs_service, &devpts_service, &procfs_service,     &initramfs_service,
        &netstack_service, &unix_service,  &e1000_service,  &virtio_net_service,
    };
    for (size_t i = 0; i < array_count(services); i++)
        service_register(services[i]); /* what it refuses it reports, and we do without */
}

/* Who says which task is next: the first, unless the command line names another. */
static void choose_policy(void)
{
    static const struct scheduler_policy *const policies[] = { &fair_policy, &stride_policy };
    for (size_t i = 0; i < array_count(policies); i++)
        policy_register(policies[i]);
    policy_choose();
}

static void mount_devices(void)
{
    struct path where;
    int error = path_lookup(AT_FDCWD, "/dev", LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &where);
    if (!error) {
        error = vfs_mount("devtmpfs", "devtmpfs", "", MS_NOSUID | MS_NOEXEC, &where);
        path_put(&where);
    }
    if (error)
        printk(LOG_ERROR, "cannot mount devtmpfs on /dev: error %d", -error);
}

/* Standard input, output and error of the first program. */
static void open_console(void)
{
    for (int fd = 0; fd < 3; fd++) {
        struct file *file;
        int error = file_open_name(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0, &file);
        if (!error && fd_install(file, fd, false) != fd)
            error = -1;
        if (error) {
            printk(LOG_ERROR, "cannot open /dev/console: init has no standard files");
            return;
        }
    }
}

static int run(const char *program)
{
    static const char *const environment[] = { "HOME=/", "TERM=linux", NULL };
    const char *arguments[] = { program, NULL };
    int error = process_execute_kernel(program, arguments, environment);
    if (error)
        printk(LOG_WARNING, "cannot run %s: error %d", program, -error);
    else
        printk(LOG_INFO, "running %s", program);
    return error;
}

/* The first program: what the command line names as init=, or the first of these. */
static void run_init(void)
{
    static const char *const candidates[] = { "/init", "/sbin/init", "/etc/init", "/bin/init",
                                              "/bin/sh" };
    char named[256];
    if (system_option("init", named, sizeof named)) {
        int error = run(named);
        if (error)
            panic("cannot run %s, which the command line names as init: error %d", named, -error);
        return;
    }
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        struct path found;
        if (path_lookup(AT_FDCWD, candidates[i], LOOKUP_FOLLOW, &found))
            continue;
        path_put(&found);
        if (run(candidates[i]) == 0)
            return;
    }
    panic("no init: the initramfs has none of /init /sbin/init /etc/init /bin/init /bin/sh");
}

/* The kernel side of process 1, up to the moment when its program starts. */
static void start_user_space(void)
{
    int error = vfs_mount_root("tmpfs");
    if (error)
        panic("no root file system: cannot mount a tmpfs: error %d", -error);
    panic_unless(fs_context_create(&current_process()->fs) == 0);
    if (boot->initramfs) {
        error = populate_root(boot);
        boot_release_initramfs();
        if (error)
            printk(LOG_ERROR, "the initramfs could not be unpacked: error %d", -error);
    } else {
        printk(LOG_ERROR, "the boot loader gave no initramfs");
    }
    mount_devices();
    open_console();
    run_init();
}

_Noreturn void kernel_main(const struct boot_information *information)
{
    char console[16] = "ttyS0";
    boot = information;
    system_init(boot->command_line);
    announce();
    process_init();      /* process table; system calls and exceptions go to Ring 1 */
    choose_policy();     /* of the scheduler */
    register_services(); /* file systems, sockets, the network stack, Ethernet drivers */
    if (vdso_init())     /* the clock, readable in user mode */
        panic("no memory for the vDSO");
    wall_clock_publish();
    system_option("console", console, sizeof console);
    if (tty_init(console)) /* terminals on the consoles */
        panic("cannot set up the terminals");
    if (pty_init()) /* /dev/ptmx */
        panic("cannot register the pseudo-terminals");
    services_start();   /* devices: null, zero, random, … */
    if (network_init()) /* the stack, loopback, Ethernet devices */
        panic("cannot start the network stack");
    if (process_start_init(start_user_space))
        panic("no memory for the first process");
    scheduler_run();
}
