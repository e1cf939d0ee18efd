/* What processor this is, for reports (Intel SDM volume 2, CPUID). */
#ifndef PLATFORM_CPU_H
#define PLATFORM_CPU_H

#include <stddef.h>

struct cpu_information {
    char vendor[13];
    char brand[49];
    unsigned family, model, stepping;
    unsigned long long megahertz; /* TSC */
    char flags[512];              /* names as in Linux's /proc/cpuinfo, space-separated */
    unsigned hwcap;               /* AT_HWCAP: CPUID leaf 1, EDX */
};
const struct cpu_information *cpu_information(void);

#endif
