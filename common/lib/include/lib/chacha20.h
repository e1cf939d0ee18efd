/* The ChaCha20 block function (RFC 8439, section 2.3): the heart of the random generator. */
#ifndef LIB_CHACHA20_H
#define LIB_CHACHA20_H

#include <stdint.h>

#define CHACHA20_KEY_SIZE   32
#define CHACHA20_NONCE_SIZE 12
#define CHACHA20_BLOCK_SIZE 64

struct chacha20 {
    uint32_t state[16]; /* constants, key, block counter, nonce */
};

void chacha20_init(struct chacha20 *cipher, const uint8_t key[CHACHA20_KEY_SIZE],
                   const uint8_t nonce[CHACHA20_NONCE_SIZE], uint32_t counter);

/* Writes the next block of key stream and advances the counter.  A key and nonce give 2^32
 * blocks; after that the counter wraps and the stream repeats. */
void chacha20_block(struct chacha20 *cipher, uint8_t out[CHACHA20_BLOCK_SIZE]);

#endif
