/* The fence between Ring 0 and the rest: included before every source file above the platform.
 *
 * A poisoned word is an error wherever it appears from here on, however it is spelled together.
 * Whoever needs what it does finds it behind a function of common/platform/include. */
#ifndef FENCE_H
#define FENCE_H

#pragma GCC poison asm __asm __asm__

#endif
