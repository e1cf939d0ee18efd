/* Argument and environment strings on their way from the old program's memory to the new one's. */
#ifndef PROCESS_ARGUMENTS_H
#define PROCESS_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

#include <param.h>
#include <platform/page.h>

#define ARGUMENT_PAGES (ARGUMENTS_LIMIT / PAGE_SIZE)

/* The strings, one behind the other with their NULs, in pages that become the top of the new
 * stack.  argv's strings come first, envp's next. */
struct arguments {
    size_t size;               /* bytes used */
    size_t strings;            /* all of them; each will have a pointer */
    size_t limit;              /* of the bytes of strings and pointers: E2BIG */
    size_t argument_count;     /* strings of argv */
    size_t environment_count;  /* strings of envp */
    size_t environment_offset; /* where envp's strings begin */
    size_t name_offset;        /* where the program's name is (AT_EXECFN), behind all others */
    struct frame *pages[ARGUMENT_PAGES]; /* one reference each; NULL behind the last */
};

/* A vector of strings that ends with a null pointer, in kernel or in user memory. */
struct string_vector {
    const char *const *kernel; /* or NULL: */
    user_address user;         /* 0: an empty vector */
};

/* An empty block, or NULL when memory is short. */
struct arguments *arguments_create(void);
void arguments_free(struct arguments *arguments);

/* Append a string of kernel memory, or the strings of a vector from the `skip`-th on.  0 or how
 * many strings were appended; -E2BIG, -EFAULT, -ENOMEM. */
int arguments_add(struct arguments *arguments, const char *text);
long arguments_add_vector(struct arguments *arguments, struct string_vector vector, size_t skip);

#endif
