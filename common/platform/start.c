/* Ring 0 comes up, part by part.  This function is the platform's table of contents. */
#include <platform/boot.h>

#include "address_space.h"
#include "asm.h"
#include "clock.h"
#include "console.h"
#include "frame.h"
#include "heap.h"
#include "interrupt.h"
#include "log.h"
#include "multiboot.h"
#include "paging.h"
#include "pci.h"
#include "processor.h"
#include "segments.h"
#include "start.h"
#include "thread.h"
#include "trap.h"
#include "user_copy.h"

void boot_main(uint64_t multiboot_information)
{
    /* From here on something can be said if something goes wrong. */
    console_init_early();

    /* What there is: the processor's features, the loader's information, RAM. */
    processor_detect();
    multiboot_parse(multiboot_information);

    /* Memory: text is still writable for one correction, then it never is again. */
    user_copy_init();
    paging_init();
    frame_init();
    heap_init();
    address_space_init();

    /* The processor: protection on, segments and stacks, exceptions and interrupts, time. */
    processor_init();
    segments_init();
    interrupts_init();
    clock_init();

    /* What talks to the outside, and what runs. */
    console_init();
    log_init();
    thread_init();
    trap_init();
    pci_init();

    sti();
    kernel_main(boot_information());
}
