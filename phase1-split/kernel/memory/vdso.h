/* The vDSO in processes: vdso(7). */
#ifndef MEMORY_VDSO_H
#define MEMORY_VDSO_H

#include <stdbool.h>

#include <memory/vm.h>

/* Makes the pages that all processes share.  At boot; 0 or -ENOMEM. */
int vdso_init(void);

/* Maps them into a new memory; `*out` is where the ELF header lies.  0 or an errno. */
int vdso_map(struct vm *vm, user_address *out);

/* The wall clock is now this much ahead of the monotonic one, ns. */
void vdso_set_wall_offset(int64_t offset);

/* Is this the file that the vDSO's areas map?  NULL is not. */
bool vdso_is(const struct file *candidate);

#endif
