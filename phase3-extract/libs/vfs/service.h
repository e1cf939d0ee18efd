/* What a service tells of itself: the tables of operations that it offers.
 *
 * Core knows a service by nothing else.  main.c registers the descriptors (services/services.h names
 * them), and whoever in Core needs a table asks the registry for it (services.h).  A descriptor and
 * all that it leads to is constant. */
#ifndef SERVICE_H
#define SERVICE_H

/* What sockets may be made of.  syscall/sys_socket.c says which of socket(2)'s arguments mean which. */
enum socket_kind {
    SOCKET_TCP,
    SOCKET_UDP,
    SOCKET_RAW, /* IP packets, and echo requests of who is not root */
    SOCKET_PACKET,
    SOCKET_NETLINK,
    SOCKET_UNIX,
    SOCKET_KINDS
};

/* Whatever is NULL, the service does not offer.  It has to offer something. */
struct service {
    const char *name;                               /* small letters, digits and underlines */
    const struct file_system_type *file_system;     /* fs/vfs.h */
    const struct network_stack_ops *network_stack;  /* net/stack.h */
    const struct ethernet_ops *ethernet;            /* net/driver.h: one driver */
    const struct socket_ops *sockets[SOCKET_KINDS]; /* net/socket_ops.h */

    /* Called once, when all services are registered and before anything is mounted: to register
     * devices (fs/device.h).  0 or an errno; the service stays registered in any case. */
    int (*start)(void);
};

/* Something in the service is not as it must be: it cannot go on, and does not come back from here.
 * `text` says what. */
_Noreturn void service_panic(const char *service, const char *text);

#endif
