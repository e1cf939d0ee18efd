/* The random generator: ChaCha20 that forgets its key after each use.
 *
 * Every request runs the cipher under the present key.  The first half of its first block is the
 * next key, so whoever reads the kernel's memory later cannot compute what was given out before.
 * Nothing but seeding brings in entropy; the seed is renewed from the hardware now and then, so
 * that a weak one at boot does not stay. */
#include <random.h>

#include <stdbool.h>
#include <stdint.h>

#include <platform/memory.h>
#include <platform/random.h>

#include <lib/bits.h>
#include <lib/chacha20.h>

#define RESEED_REQUESTS 4096 /* requests between two seeds */

static uint8_t key[CHACHA20_KEY_SIZE];
static unsigned requests_left; /* until the next seed; 0 at boot */

/* Gives the cipher for one request, and has the key replaced already. */
static void begin_request(struct chacha20 *cipher)
{
    static const uint8_t nonce[CHACHA20_NONCE_SIZE];
    uint8_t block[CHACHA20_BLOCK_SIZE];

    chacha20_init(cipher, key, nonce, 0);
    chacha20_block(cipher, block);
    memcpy(key, block, sizeof(key));
    memset(block, 0, sizeof(block));
}

void random_add(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    struct chacha20 cipher;

    while (size > 0) {
        size_t piece = min(size, sizeof(key));

        for (size_t i = 0; i < piece; i++)
            key[i] ^= bytes[i];
        begin_request(&cipher);
        bytes += piece;
        size -= piece;
    }
}

void random_reseed(void)
{
    uint64_t seed[CHACHA20_KEY_SIZE / sizeof(uint64_t)];

    for (size_t i = 0; i < array_count(seed); i++)
        seed[i] = random_seed();
    random_add(seed, sizeof(seed));
    requests_left = RESEED_REQUESTS;
}

void random_bytes(void *out, size_t size)
{
    uint8_t block[CHACHA20_BLOCK_SIZE], *bytes = out;
    struct chacha20 cipher;

    if (requests_left == 0)
        random_reseed();
    requests_left--;
    begin_request(&cipher);
    while (size > 0) {
        size_t piece = min(size, sizeof(block));

        chacha20_block(&cipher, block);
        memcpy(bytes, block, piece);
        bytes += piece;
        size -= piece;
    }
    memset(block, 0, sizeof(block));
    memset(&cipher, 0, sizeof(cipher));
}
