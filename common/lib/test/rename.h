/* Gives the library's string functions names of their own on the host, so that they do not take
 * the place of the C library's, which the sanitizers call before they are ready.  A test reaches
 * the C library's as __builtin_strlen() and so on. */
#ifndef TEST_RENAME_H
#define TEST_RENAME_H

#define strlen  lib_strlen
#define strnlen lib_strnlen
#define strcmp  lib_strcmp
#define strncmp lib_strncmp
#define strchr  lib_strchr
#define strrchr lib_strrchr

#endif
