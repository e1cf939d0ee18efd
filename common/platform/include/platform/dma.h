/* Memory that devices read and write by themselves.
 *
 * A device knows memory by its bus address, a number that is of no use to anybody but the device.
 * The processor keeps caches coherent with devices, and shows them stores in their order; that a
 * load comes after an earlier store takes a dma_fence(). */
#ifndef PLATFORM_DMA_H
#define PLATFORM_DMA_H

#include <stddef.h>
#include <stdint.h>

struct dma_memory {
    void *data;       /* page aligned, zeros at first */
    uint64_t address; /* bus address of data[0] */
    size_t size;      /* bytes */
};

/* `size` bytes (at most 4 MiB), contiguous for the device.  0 or -ENOMEM. */
int dma_allocate(size_t size, struct dma_memory *out);

/* Gives it back: the device must have been stopped. */
void dma_free(struct dma_memory *memory);

/* The bus address of the `size` bytes at `data`, which lie in memory of kmalloc() or
 * pages_allocate() and in one page.  Panics on any other. */
uint64_t dma_address(const void *data, size_t size);

/* What was stored before it is visible to every device before anything is loaded after it. */
void dma_fence(void);

#endif
