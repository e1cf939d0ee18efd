/* What address_space.c offers to the boot. */
#ifndef PLATFORM_ADDRESS_SPACE_PRIVATE_H
#define PLATFORM_ADDRESS_SPACE_PRIVATE_H

/* After paging_init(). */
void address_space_init(void);

#endif
