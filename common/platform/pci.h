/* PCI, for the rest of the platform. */
#ifndef PLATFORM_PCI_PRIVATE_H
#define PLATFORM_PCI_PRIVATE_H

#include <platform/pci.h>

/* Finds every function behind the host bridge. */
void pci_init(void);

#endif
