/* What this processor can do, and switching it on. */
#ifndef PROCESSOR_H
#define PROCESSOR_H

#include <stdbool.h>
#include <stdint.h>

/* From CPUID (Intel SDM volume 2).  Probed, never assumed. */
struct processor_features {
    bool nx;
    bool page_1g;
    bool global_pages;
    bool smep;
    bool smap;
    bool umip;
    bool xsave;
    bool avx;
    bool rdrand;
    bool machine_check;
};
extern struct processor_features processor_features;

/* Fills processor_features.  Needs nothing; comes before the page tables are built. */
void processor_detect(void);

/* Switches on what was found: protection bits, SSE, XSAVE, SYSCALL. */
void processor_init(void);

#endif
