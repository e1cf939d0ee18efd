/* User copies: the range check here, the instructions in user.S.
 *
 * A user address is turned into a pointer only after it is known to lie below USER_END, so no
 * program can make the kernel read or write itself. */
#include <platform/user.h>

#include <stdbool.h>
#include <linux/errno.h>

#include <platform/address_space.h>
#include <platform/memory.h>

#include "processor.h"
#include "user_copy.h"

/* user.S */
size_t user_copy(void *to, const void *from, size_t size);
size_t user_set(void *to, int byte, size_t size);
long user_copy_string(char *to, const char *from, size_t size);

/* kernel.ld */
extern const struct fault_entry {
    uint64_t instruction, continuation;
} fault_table_start[], fault_table_end[];
extern const uint64_t access_sites_start[], access_sites_end[];

/* How many of the `size` bytes from `address` on are user addresses.  Never overflows. */
static size_t user_part(user_address address, size_t size)
{
    if (address >= USER_END)
        return 0;
    size_t room = USER_END - address;
    return size < room ? size : room;
}

size_t user_read(void *to, user_address from, size_t size)
{
    return user_copy(to, (const void *)from, user_part(from, size));
}

size_t user_write(user_address to, const void *from, size_t size)
{
    return user_copy((void *)to, from, user_part(to, size));
}

size_t user_fill(user_address to, int byte, size_t size)
{
    return user_set((void *)to, byte, user_part(to, size));
}

int copy_from_user(void *to, user_address from, size_t size)
{
    return user_read(to, from, size) == size ? 0 : -EFAULT;
}

int copy_to_user(user_address to, const void *from, size_t size)
{
    return user_write(to, from, size) == size ? 0 : -EFAULT;
}

long copy_string_from_user(char *to, user_address from, size_t size)
{
    size_t part = user_part(from, size);
    long length = user_copy_string(to, (const char *)from, part);
    if (length != (long)part)
        return length;
    return part < size ? -EFAULT : -ENAMETOOLONG;
}

uint64_t user_fault_fixup(uint64_t rip)
{
    for (const struct fault_entry *entry = fault_table_start; entry < fault_table_end; entry++) {
        if (entry->instruction == rip)
            return entry->continuation;
    }
    return 0;
}

void user_copy_init(void)
{
    static const uint8_t no_operation[3] = { 0x0f, 0x1f, 0x00 }; /* nopl (%rax): as long as STAC */
    if (processor_features.smap)
        return;
    for (const uint64_t *site = access_sites_start; site < access_sites_end; site++)
        memcpy((void *)*site, no_operation, sizeof(no_operation));
}
