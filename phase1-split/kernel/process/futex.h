/* Futexes: a task sleeps until another says that it has changed a word of user memory.  futex(2).
 *
 * Nothing here is kept for a futex that nobody waits for.  Words are aligned to 4 bytes; all calls
 * give -EINVAL for others and -EFAULT for what is not memory. */
#ifndef PROCESS_FUTEX_H
#define PROCESS_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/futex.h>

#include <platform/page.h>

#define FUTEX_ANY FUTEX_BITSET_MATCH_ANY

/* Sleeps if the word is `expected`, until a waker whose mask shares a bit with `mask` comes: 0.
 * -EAGAIN: the word is another; -ETIMEDOUT when clock_monotonic() reaches `deadline`;
 * -ERESTARTSYS. */
int futex_wait(user_address word, uint32_t expected, uint32_t mask, uint64_t deadline);

/* Wakes at most `count` waiters, those first that came first.  How many. */
long futex_wake(user_address word, int count, uint32_t mask);

/* Wakes `count` and has at most `moved` others wait for `other` instead.  How many in all. */
long futex_requeue(user_address word, user_address other, int count, int moved);

/* Does what `operation` says (FUTEX_OP() of linux/futex.h) to `other`; then wakes `count` of
 * `word`, and, if what was there compares as it says, `other_count` of `other`. */
long futex_wake_operation(user_address word, user_address other, int count, int other_count,
                          uint32_t operation);

/* What the running task holds of robust futexes is marked as held by a dead task, and a waiter of
 * each is woken (get_robust_list(2)).  Called when it leaves its memory. */
void futex_release_robust_list(void);

#endif
