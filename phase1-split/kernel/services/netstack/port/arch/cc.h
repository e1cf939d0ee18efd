/* What lwIP has to know about compiler and kernel. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>

#define BYTE_ORDER LITTLE_ENDIAN

/* lwIP's own are functions, and called for each field of a header. */
#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)

/* No C library here: formats for lwIP's debug texts, which are not compiled, and ctype's few. */
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H    1
#define LWIP_NO_UNISTD_H   1
#define LWIP_NO_LIMITS_H   1
#define SSIZE_MAX          INTPTR_MAX /* or lwIP makes ssize_t an int */
typedef intptr_t ssize_t;

#define X8_F               "02x"
#define U16_F              "u"
#define S16_F              "d"
#define X16_F              "x"
#define U32_F              "u"
#define S32_F              "d"
#define X32_F              "x"
#define SZT_F              "zu"

#define PACK_STRUCT_STRUCT __attribute__((packed))

/* lwIP casts constants and alignment away through an integer; above Ring 0 no integer becomes a
 * pointer, and a plain cast does the same. */
#define LWIP_CONST_CAST(type, value)       ((type)(value))
#define LWIP_ALIGNMENT_CAST(type, value)   ((type)(void *)(value))
#define LWIP_PTR_NUMERIC_CAST(type, value) ((type)(uintptr_t)(value))
#define LWIP_PACKED_CAST(type, value)      ((type)(value))

#define LWIP_PLATFORM_DIAG(arguments) ((void)0)
#define LWIP_PLATFORM_ASSERT(text)    netstack_broken(text)
_Noreturn void netstack_broken(const char *text);

uint32_t netstack_random(void);
#define LWIP_RAND() netstack_random()

#endif
