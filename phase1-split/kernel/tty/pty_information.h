/* The pseudo-terminals that there are, for devpts, which shows their names. */
#ifndef TTY_PTY_INFORMATION_H
#define TTY_PTY_INFORMATION_H

#include <stdbool.h>
#include <stdint.h>

#include <fs/vfs.h>

/* What there is to show of one. */
struct pty_information {
    unsigned index;    /* its name in /dev/pts; below PTY_LIMIT */
    uint64_t serial;   /* its own: no other has had it, or will */
    uint64_t device;   /* number of the terminal's device node */
    uint32_t uid, gid; /* of whoever opened the master */
    struct timestamp made;
};

/* The first from `index` on whose master is open; false: there is none. */
bool pty_next(unsigned index, struct pty_information *out);

/* The number of /dev/ptmx, a node of which devpts shows too. */
uint64_t pty_multiplexer(void);

#endif
