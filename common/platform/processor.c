/* The processor's protection features, each switched on where CPUID offers it.
 *
 * None of them is needed to run; each turns one kind of kernel mistake from silent damage into a
 * fault with a report. */
#include "processor.h"

#include "asm.h"
#include "fpu.h"

/* Control registers (Intel SDM volume 3, 2.5). */
#define CR0_MONITOR_FPU       (1ull << 1)
#define CR0_EMULATE_FPU       (1ull << 2)
#define CR0_TASK_SWITCHED     (1ull << 3)
#define CR0_NUMERIC_ERROR     (1ull << 5)
#define CR0_WRITE_PROTECT     (1ull << 16)
#define CR0_ALIGNMENT_MASK    (1ull << 18)
#define CR0_NOT_WRITE_THROUGH (1ull << 29)
#define CR0_CACHE_DISABLE     (1ull << 30)

#define CR4_MACHINE_CHECK   (1ull << 6)
#define CR4_GLOBAL_PAGES    (1ull << 7)
#define CR4_FXSAVE          (1ull << 9)
#define CR4_SIMD_EXCEPTIONS (1ull << 10)
#define CR4_UMIP            (1ull << 11)
#define CR4_FSGSBASE        (1ull << 16)
#define CR4_XSAVE           (1ull << 18)
#define CR4_SMEP            (1ull << 20)
#define CR4_SMAP            (1ull << 21)

#define MSR_EFER     0xc0000080
#define EFER_SYSCALL (1ull << 0)
#define EFER_NX      (1ull << 11)

struct processor_features processor_features;

static bool bit(uint32_t word, unsigned number)
{
    return word >> number & 1;
}

void processor_detect(void)
{
    struct processor_features *features = &processor_features;
    struct cpuid_result standard = cpuid(1, 0), extended = cpuid(0x80000001, 0);

    features->global_pages = bit(standard.edx, 13);
    features->machine_check = bit(standard.edx, 7);
    features->xsave = bit(standard.ecx, 26);
    features->avx = features->xsave && bit(standard.ecx, 28);
    features->rdrand = bit(standard.ecx, 30);
    features->nx = bit(extended.edx, 20);
    features->page_1g = bit(extended.edx, 26);
    if (cpuid(0, 0).eax >= 7) {
        struct cpuid_result structured = cpuid(7, 0);
        features->smep = bit(structured.ebx, 7);
        features->smap = bit(structured.ebx, 20);
        features->umip = bit(structured.ecx, 2);
    }
}

void processor_init(void)
{
    const struct processor_features *features = &processor_features;
    uint64_t cr0 = cr0_read(), cr4 = cr4_read();

    /* Not every firmware turns the caches on.  Write protection makes read-only pages read-only
     * for the kernel too: copy-on-write works for user copies, and kernel text cannot be
     * overwritten. */
    cr0 &= ~(CR0_EMULATE_FPU | CR0_TASK_SWITCHED | CR0_NOT_WRITE_THROUGH | CR0_CACHE_DISABLE);
    cr0 |= CR0_MONITOR_FPU | CR0_NUMERIC_ERROR | CR0_WRITE_PROTECT | CR0_ALIGNMENT_MASK;
    cr0_write(cr0);

    /* FSGSBASE stays off: the kernel then knows each thread's bases without asking the
     * processor, and programs use arch_prctl(2). */
    cr4 &= ~CR4_FSGSBASE;
    cr4 |= CR4_FXSAVE | CR4_SIMD_EXCEPTIONS;
    cr4 |= features->machine_check ? CR4_MACHINE_CHECK : 0;
    cr4 |= features->global_pages ? CR4_GLOBAL_PAGES : 0;
    cr4 |= features->xsave ? CR4_XSAVE : 0;
    cr4 |= features->umip ? CR4_UMIP : 0;
    cr4 |= features->smep ? CR4_SMEP : 0;
    cr4 |= features->smap ? CR4_SMAP : 0;
    cr4_write(cr4);

    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL | (features->nx ? EFER_NX : 0));
    fpu_init();
}
