/* The devices behind major number 1: what devfs_init() registers. */
#ifndef DEVFS_MEMORY_DEVICES_H
#define DEVFS_MEMORY_DEVICES_H

/* null, zero, full, random and urandom.  0 or an errno. */
int memory_devices_register(void);

/* kmsg: the kernel's log as a device. */
int kmsg_register(void);

#endif
