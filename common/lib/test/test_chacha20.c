/* lib/chacha20.h against the vectors of RFC 8439. */
#include <lib/chacha20.h>

#include <string.h>

#include "test.h"

static uint8_t digit(char character)
{
    return (uint8_t)(character <= '9' ? character - '0' : character - 'a' + 10);
}

static void compare(const uint8_t block[CHACHA20_BLOCK_SIZE], const char *expected)
{
    for (unsigned i = 0; i < CHACHA20_BLOCK_SIZE; i++) {
        uint8_t byte = (uint8_t)(digit(expected[2 * i]) << 4 | digit(expected[2 * i + 1]));

        check(block[i] == byte, "byte %u: %02x, not %02x", i, block[i], byte);
    }
}

/* Section 2.3.2. */
static void block_function(void)
{
    uint8_t key[CHACHA20_KEY_SIZE], block[CHACHA20_BLOCK_SIZE];
    static const uint8_t nonce[CHACHA20_NONCE_SIZE] = { 0, 0, 0, 9, 0, 0, 0, 0x4a };
    struct chacha20 cipher;

    for (uint8_t i = 0; i < sizeof(key); i++)
        key[i] = i;
    chacha20_init(&cipher, key, nonce, 1);
    chacha20_block(&cipher, block);
    compare(block, "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
                   "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
}

/* Appendix A.1, vectors 1 and 2: all zeros, blocks 0 and 1. */
static void two_blocks(void)
{
    static const uint8_t key[CHACHA20_KEY_SIZE], nonce[CHACHA20_NONCE_SIZE];
    uint8_t block[CHACHA20_BLOCK_SIZE];
    struct chacha20 cipher;

    chacha20_init(&cipher, key, nonce, 0);
    chacha20_block(&cipher, block);
    compare(block, "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                   "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
    chacha20_block(&cipher, block);
    compare(block, "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                   "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

/* Appendix A.1, vectors 3 and 4: one bit of the key, and the second byte of it. */
static void key_bits(void)
{
    uint8_t key[CHACHA20_KEY_SIZE] = { [31] = 1 }, block[CHACHA20_BLOCK_SIZE];
    static const uint8_t nonce[CHACHA20_NONCE_SIZE];
    struct chacha20 cipher;

    chacha20_init(&cipher, key, nonce, 1);
    chacha20_block(&cipher, block);
    compare(block, "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
                   "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0");
    memset(key, 0, sizeof(key));
    key[1] = 0xff;
    chacha20_init(&cipher, key, nonce, 2);
    chacha20_block(&cipher, block);
    compare(block, "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
                   "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096");
}

const struct test chacha20_tests[] = {
    { "block function", block_function },
    { "two blocks", two_blocks },
    { "key bits", key_bits },
    { NULL, NULL },
};
