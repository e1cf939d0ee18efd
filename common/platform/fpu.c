/* FXSAVE and XSAVE areas: how big, how to start, and which of them the processor will accept.
 *
 * A program hands its own state back from every signal handler, so it may say anything; what the
 * processor would answer with #GP is found here first, and XRSTOR has an entry in the fault table
 * for the rest.  Reference: Intel SDM volume 1, 10.5 (FXSAVE) and 13.4 (XSAVE). */
#include "fpu.h"

#include <asm/sigcontext.h>
#include <linux/errno.h>

#include <platform/memory.h>

#include "asm.h"
#include "processor.h"

/* State components (Intel SDM volume 1, 13.1).  AVX-512 stays off: it would triple every signal
 * frame for programs that hardly exist. */
#define COMPONENT_X87     (1u << 0)
#define COMPONENT_SSE     (1u << 1)
#define COMPONENT_AVX     (1u << 2)
#define COMPONENTS_LEGACY (COMPONENT_X87 | COMPONENT_SSE)

#define LEGACY_SIZE    512
#define SOFTWARE_BYTES 464
#define ALIGNMENT      64

#define CONTROL_WORD_DEFAULT 0x37f /* System V ABI for x86-64, 3.4.1 */
#define MXCSR_DEFAULT        0x1f80
#define MXCSR_MASK_DEFAULT   0xffbf /* when FXSAVE stores 0, Intel SDM volume 1, 11.6.6 */

/* The parts of the areas that are looked at here. */
struct legacy_area {
    uint16_t control_word, status_word, tag_word, opcode;
    uint64_t instruction, operand;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t registers[432];
    struct _fpx_sw_bytes software;
};
struct xsave_area {
    struct legacy_area legacy;
    uint64_t components; /* XSTATE_BV: those not in their initial state */
    uint64_t compaction; /* XCOMP_BV: must be 0 */
    uint64_t reserved[6];
};
_Static_assert(offsetof(struct legacy_area, software) == SOFTWARE_BYTES, "FXSAVE layout");
_Static_assert(offsetof(struct xsave_area, components) == LEGACY_SIZE, "XSAVE layout");

static uint32_t components = COMPONENTS_LEGACY;
static size_t state_size = LEGACY_SIZE;
static uint32_t mxcsr_mask = MXCSR_MASK_DEFAULT;

void fpu_init(void)
{
    if (processor_features.xsave) {
        components |= processor_features.avx ? COMPONENT_AVX : 0;
        xcr_write(0, components);
        state_size = cpuid(13, 0).ebx; /* for the components just enabled */
    }
    static struct legacy_area probe __attribute__((aligned(16)));
    __asm__ volatile("fninit\n\tfxsave64 %0" : "=m"(probe));
    if (probe.mxcsr_mask)
        mxcsr_mask = probe.mxcsr_mask;
}

size_t fpu_area_size(void)
{
    return state_size;
}

void fpu_area_reset(void *area)
{
    struct xsave_area *state = area;
    memset(area, 0, state_size);
    state->legacy.control_word = CONTROL_WORD_DEFAULT;
    state->legacy.mxcsr = MXCSR_DEFAULT;
    if (processor_features.xsave)
        state->components = COMPONENTS_LEGACY;
}

void fpu_save(void *area)
{
    if (processor_features.xsave)
        __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(components), "d"(0) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

/* On a fault the trap code continues at label 2 (user_copy.h), with `refused` still 1. */
#define GUARDED(instruction)                                                                       \
    "1:\t" instruction "\n\t"                                                                      \
    "xorl %0, %0\n"                                                                                \
    "2:\n\t"                                                                                       \
    ".pushsection .fault_table, \"a\"\n\t"                                                         \
    ".quad 1b, 2b\n\t"                                                                             \
    ".popsection"

bool fpu_restore(const void *area)
{
    uint32_t refused = 1;
    if (processor_features.xsave)
        __asm__ volatile(GUARDED("xrstor64 (%1)")
                         : "+r"(refused)
                         : "r"(area), "a"(components), "d"(0)
                         : "memory");
    else
        __asm__ volatile(GUARDED("fxrstor64 (%1)") : "+r"(refused) : "r"(area) : "memory");
    return !refused;
}

/* An image is the area, FP_XSTATE_MAGIC2, and zeros up to a multiple of 64. */
size_t fpu_image_size(void)
{
    if (!processor_features.xsave)
        return LEGACY_SIZE;
    return (state_size + FP_XSTATE_MAGIC2_SIZE + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void fpu_image_make(void *image, const void *area)
{
    struct xsave_area *state = image;
    uint32_t magic = FP_XSTATE_MAGIC2;

    memcpy(image, area, state_size);
    memset(&state->legacy.software, 0, sizeof(state->legacy.software));
    if (!processor_features.xsave)
        return;
    state->legacy.software.magic1 = FP_XSTATE_MAGIC1;
    state->legacy.software.extended_size = (uint32_t)(state_size + sizeof(magic));
    state->legacy.software.xfeatures = components;
    state->legacy.software.xstate_size = (uint32_t)state_size;
    memset((uint8_t *)image + state_size, 0, fpu_image_size() - state_size);
    memcpy((uint8_t *)image + state_size, &magic, sizeof(magic));
}

/* Does the image say, and prove at its end, that it is more than the legacy area? */
static bool is_extended(const void *image, size_t size)
{
    const struct _fpx_sw_bytes *software = &((const struct legacy_area *)image)->software;
    uint32_t magic;

    if (!processor_features.xsave || software->magic1 != FP_XSTATE_MAGIC1 ||
        software->xstate_size != state_size || size < state_size + sizeof(magic))
        return false;
    memcpy(&magic, (const uint8_t *)image + state_size, sizeof(magic));
    return magic == FP_XSTATE_MAGIC2;
}

static bool header_acceptable(const struct xsave_area *state)
{
    uint64_t reserved = state->compaction;
    for (size_t i = 0; i < sizeof(state->reserved) / sizeof(state->reserved[0]); i++)
        reserved |= state->reserved[i];
    return reserved == 0 && (state->components & ~(uint64_t)components) == 0;
}

int fpu_image_load(void *area, const void *image, size_t size)
{
    const struct legacy_area *legacy = image;
    if (size < LEGACY_SIZE || legacy->mxcsr & ~mxcsr_mask)
        return -EINVAL;
    if (is_extended(image, size)) {
        if (!header_acceptable(image))
            return -EINVAL;
        memcpy(area, image, state_size);
    } else {
        fpu_area_reset(area);
        memcpy(area, image, LEGACY_SIZE);
    }
    return 0;
}
