/* The few functions of the C library that lwIP's sources call; the platform and common/lib have
 * them. */
#ifndef PORT_STRING_H
#define PORT_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strncmp(const char *a, const char *b, size_t limit);

#endif
