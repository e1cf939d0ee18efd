/* ChaCha20: twenty rounds of additions, exclusive ors and rotations on sixteen words. */
#include <lib/chacha20.h>

#include <platform/memory.h>

#include <lib/bits.h>

static uint32_t rotate_left(uint32_t value, unsigned count)
{
    return value << count | value >> (32 - count);
}

/* RFC 8439, section 2.1. */
static void quarter_round(uint32_t words[16], unsigned a, unsigned b, unsigned c, unsigned d)
{
    words[a] += words[b];
    words[d] = rotate_left(words[d] ^ words[a], 16);
    words[c] += words[d];
    words[b] = rotate_left(words[b] ^ words[c], 12);
    words[a] += words[b];
    words[d] = rotate_left(words[d] ^ words[a], 8);
    words[c] += words[d];
    words[b] = rotate_left(words[b] ^ words[c], 7);
}

void chacha20_init(struct chacha20 *cipher, const uint8_t key[CHACHA20_KEY_SIZE],
                   const uint8_t nonce[CHACHA20_NONCE_SIZE], uint32_t counter)
{
    static const char constants[] = "expand 32-byte k";

    for (unsigned i = 0; i < 4; i++)
        cipher->state[i] = load_u32(constants + 4 * i);
    for (unsigned i = 0; i < 8; i++)
        cipher->state[4 + i] = load_u32(key + 4 * i);
    cipher->state[12] = counter;
    for (unsigned i = 0; i < 3; i++)
        cipher->state[13 + i] = load_u32(nonce + 4 * i);
}

void chacha20_block(struct chacha20 *cipher, uint8_t out[CHACHA20_BLOCK_SIZE])
{
    uint32_t words[16];

    memcpy(words, cipher->state, sizeof(words));
    for (unsigned round = 0; round < 20; round += 2) {
        for (unsigned column = 0; column < 4; column++)
            quarter_round(words, column, 4 + column, 8 + column, 12 + column);
        for (unsigned diagonal = 0; diagonal < 4; diagonal++)
            quarter_round(words, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4,
                          12 + (diagonal + 3) % 4);
    }
    for (unsigned i = 0; i < 16; i++)
        words[i] += cipher->state[i];
    memcpy(out, words, sizeof(words)); /* little-endian, as the RFC wants the key stream */
    cipher->state[12]++;
}
