/* The vDSO: user code that the kernel lends to programs, and the figures it works with.  vdso(7).
 *
 * The image is an ELF shared library of whole pages, to be mapped into a process readable and
 * executable; its last page is to hold a struct vdso_data that the kernel keeps up to date. */
#ifndef PLATFORM_VDSO_H
#define PLATFORM_VDSO_H

#include <stddef.h>
#include <stdint.h>

struct vdso_data {
    uint64_t tsc_start;            /* TSC when the monotonic clock was 0 */
    uint64_t nanoseconds_per_tick; /* of the TSC, times 2^32 */
    int64_t wall_offset;           /* wall time less monotonic time, ns; the kernel's to change */
};

/* The image, and its size in bytes: a multiple of the page size. */
const void *vdso_image(size_t *size);

/* Fills in what the platform knows: all but the wall clock. */
void vdso_describe_clock(struct vdso_data *out);

#endif
