/* Memory for devices.  The bus shows them RAM at its physical addresses, and none of the emulated
 * chipsets has an IOMMU: a device that is told a wrong address writes there.  So bus addresses are
 * made here and nowhere else, out of memory that somebody holds. */
#include <platform/dma.h>

#include <linux/errno.h>

#include <platform/memory.h>

#include "asm.h"
#include "frame.h"

int dma_allocate(size_t size, struct dma_memory *out)
{
    void *data = pages_allocate(PAGES_FOR(size));
    if (data == NULL)
        return -ENOMEM;
    memset(data, 0, PAGES_FOR(size) * PAGE_SIZE);
    *out = (struct dma_memory){ data, direct_to_physical(data), size };
    return 0;
}

void dma_free(struct dma_memory *memory)
{
    pages_free(memory->data, PAGES_FOR(memory->size));
    *memory = (struct dma_memory){ 0 };
}

uint64_t dma_address(const void *data, size_t size)
{
    uint64_t physical = direct_to_physical(data);
    panic_unless(physical >> PAGE_SHIFT < frame_count && frame_holding(data)->references > 0);
    panic_unless(size > 0 && size <= PAGE_SIZE - (physical & PAGE_MASK));
    return physical;
}

/* QEMU's emulation of a single processor leaves fences out (mended in its version 8.1), while its
 * devices run beside the processor on one of the host's that reorders: a device and a driver that
 * tell each other by memory whether to notify could then miss each other, once in many thousand
 * times, and for ever.  To read the time-stamp counter it takes a lock, which is a fence. */
void dma_fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    (void)rdtsc();
}
