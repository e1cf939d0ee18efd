/* FPU, SSE and AVX state of user programs.  The kernel itself uses none of these registers, so
 * they hold some program's values until the next program needs them. */
#ifndef FPU_H
#define FPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enables the state components that programs may use.  From processor_init(). */
void fpu_init(void);

/* Bytes of a state area, which is aligned to 64. */
size_t fpu_area_size(void);

/* The state that a new program starts with. */
void fpu_area_reset(void *area);

/* Registers to `area`, and back.  fpu_restore() is false, the registers unchanged or reset, if
 * the processor refuses what `area` holds. */
void fpu_save(void *area);
bool fpu_restore(const void *area);

/* `area` as an image for signal frames, and an image back into `area`; see platform/thread.h. */
size_t fpu_image_size(void);
void fpu_image_make(void *image, const void *area);
int fpu_image_load(void *area, const void *image, size_t size);

#endif
