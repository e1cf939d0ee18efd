/* The log, for the rest of the platform. */
#ifndef PLATFORM_LOG_PRIVATE_H
#define PLATFORM_LOG_PRIVATE_H

#include <platform/log.h>

/* Reads `loglevel=` from the command line, as Linux: records below that number are shown. */
void log_init(void);

#endif
