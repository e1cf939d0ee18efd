/* What /proc/cpuinfo tells, from CPUID (Intel SDM volume 2). */
#include <platform/cpu.h>

#include <stdbool.h>
#include <stdint.h>

#include <platform/clock.h>
#include <platform/memory.h>

#include <lib/string.h>

#include "asm.h"

#define EXTENDED    0x80000000
#define BRAND_FIRST 0x80000002
#define BRAND_LAST  0x80000004

/* Names by bit; "" for what Linux does not name or this kernel keeps from programs. */
static const char *const leaf1_edx[32] = {
    "fpu",  "vme",  "de",   "pse", "tsc",  "msr", "pae",   "mce", "cx8",     "apic", "",
    "sep",  "mtrr", "pge",  "mca", "cmov", "pat", "pse36", "pn",  "clflush", "",     "dts",
    "acpi", "mmx",  "fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",    "pbe",
};
static const char *const leaf1_ecx[32] = {
    "pni",    "pclmulqdq",  "dtes64", "monitor", "ds_cpl",
    "",       "smx",        "est",    "tm2",     "ssse3",
    "cid",    "sdbg",       "fma",    "cx16",    "xtpr",
    "pdcm",   "",           "",       "dca",     "sse4_1",
    "sse4_2", "x2apic",     "movbe",  "popcnt",  "tsc_deadline_timer",
    "aes",    "xsave",      "",       "avx",     "f16c",
    "rdrand", "hypervisor",
};
static const char *const leaf7_ebx[32] = {
    [1] = "tsc_adjust", [3] = "bmi1",        [5] = "avx2",    [7] = "smep",
    [8] = "bmi2",       [9] = "erms",        [18] = "rdseed", [19] = "adx",
    [20] = "smap",      [23] = "clflushopt", [24] = "clwb",   [29] = "sha_ni",
};
static const char *const leaf7_ecx[32] = {
    [2] = "umip", [8] = "gfni", [9] = "vaes", [10] = "vpclmulqdq", [22] = "rdpid",
};
static const char *const extended_edx[32] = {
    [11] = "syscall", [20] = "nx", [26] = "pdpe1gb", [27] = "rdtscp", [29] = "lm",
};
static const char *const extended_ecx[32] = {
    [0] = "lahf_lm",
    [5] = "abm",
    [8] = "3dnowprefetch",
};

static struct cpu_information information;

/* Only whole names: what does not fit is left out. */
static void add_flags(const char *const *names, uint32_t bits)
{
    for (unsigned i = 0; i < 32; i++) {
        if (!(bits >> i & 1) || !names[i] || !*names[i])
            continue;
        size_t used = strlen(information.flags), length = strlen(names[i]);
        if (used + length + 2 > sizeof(information.flags))
            return;
        if (used)
            information.flags[used++] = ' ';
        memcpy(information.flags + used, names[i], length + 1);
    }
}

static void read_brand(uint32_t highest)
{
    if (highest < BRAND_LAST)
        return;
    for (uint32_t leaf = BRAND_FIRST; leaf <= BRAND_LAST; leaf++) {
        struct cpuid_result part = cpuid(leaf, 0);
        memcpy(information.brand + (leaf - BRAND_FIRST) * sizeof(part), &part, sizeof(part));
    }
}

static void read_version(uint32_t eax)
{
    information.stepping = eax & 15;
    information.model = eax >> 4 & 15;
    information.family = eax >> 8 & 15;
    if (information.family == 6 || information.family == 15)
        information.model |= (eax >> 16 & 15) << 4;
    if (information.family == 15)
        information.family += eax >> 20 & 0xff;
}

static void fill(void)
{
    struct cpuid_result zero = cpuid(0, 0), one = cpuid(1, 0);
    uint32_t highest = cpuid(EXTENDED, 0).eax;

    memcpy(information.vendor, &zero.ebx, 4);
    memcpy(information.vendor + 4, &zero.edx, 4);
    memcpy(information.vendor + 8, &zero.ecx, 4);
    read_version(one.eax);
    read_brand(highest);
    information.hwcap = one.edx;
    information.megahertz = clock_frequency() / 1000000;

    add_flags(leaf1_edx, one.edx);
    if (highest > EXTENDED) {
        add_flags(extended_edx, cpuid(EXTENDED + 1, 0).edx);
        add_flags(extended_ecx, cpuid(EXTENDED + 1, 0).ecx);
    }
    add_flags(leaf1_ecx, one.ecx);
    if (zero.eax >= 7) {
        add_flags(leaf7_ebx, cpuid(7, 0).ebx);
        add_flags(leaf7_ecx, cpuid(7, 0).ecx);
    }
}

const struct cpu_information *cpu_information(void)
{
    if (!information.vendor[0])
        fill();
    return &information;
}
