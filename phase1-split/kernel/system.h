/* The identity of the system: what uname(2) tells, shared with /proc/sys/kernel. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <linux/utsname.h>
#include <stdbool.h>
#include <stddef.h>

/* sysname, release, version, machine are constant; nodename and domainname may be set. */
const struct new_utsname *system_name(void);

/* `length` bytes, at most 64, without a NUL.  0 or -EINVAL. */
int system_set_host_name(const char *name, size_t length);
int system_set_domain_name(const char *name, size_t length);

/* The kernel's command line. */
const char *system_command_line(void);

/* The value of `name=value` on the command line, copied into `out` (`size` bytes); "" and true for
 * a bare `name`; false if it is not there. */
bool system_option(const char *name, char *out, size_t size);

/* Remembers the command line, which must stay.  At boot. */
void system_init(const char *command_line);

#endif
