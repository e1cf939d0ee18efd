/* Numbers that nobody can guess: TCP's initial sequence numbers (RFC 6528), and those that lwIP and
 * the choice of ports draw. */
#include "netstack.h"

#include <lib/bits.h>
#include <lib/chacha20.h>
#include <platform/clock.h>
#include <platform/memory.h>
#include <random.h>

#include <lwip/ip_addr.h>

#include "hooks.h"

#define CLOCK_NANOSECONDS 4000 /* RFC 9293, 3.4.1: the numbers go up by one about every 4 µs */

static uint8_t secret[CHACHA20_KEY_SIZE];
static bool has_secret;

u32_t netstack_random(void)
{
    u32_t value;

    random_bytes(&value, sizeof(value));
    return value;
}

/* RFC 6528's F: a keyed function of the connection, here ChaCha20 with the key of each step taken
 * from the step before. */
static u32_t keyed(const uint8_t *bytes, size_t size)
{
    uint8_t block[CHACHA20_BLOCK_SIZE], nonce[CHACHA20_NONCE_SIZE];
    struct chacha20 cipher;
    u32_t value;

    memcpy(block, secret, sizeof(secret));
    for (size_t done = 0; done < size; done += sizeof(nonce)) {
        memset(nonce, 0, sizeof(nonce));
        memcpy(nonce, bytes + done, min(size - done, sizeof(nonce)));
        chacha20_init(&cipher, block, nonce, 0);
        chacha20_block(&cipher, block);
    }
    memcpy(&value, block, sizeof(value));
    return value;
}

static size_t put_address(uint8_t *to, const ip_addr_t *address)
{
    size_t size = IP_IS_V6(address) ? 16 : 4;

    memcpy(to, ip_2_ip6(address)->addr, size); /* IPv4 lies where IPv6 begins */
    return size;
}

u32_t netstack_initial_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                                u16_t remote_port)
{
    uint8_t connection[36] = { (uint8_t)local_port, (uint8_t)(local_port >> 8),
                               (uint8_t)remote_port, (uint8_t)(remote_port >> 8) };
    size_t size = 4;

    if (!has_secret) {
        random_bytes(secret, sizeof(secret));
        has_secret = true;
    }
    size += put_address(connection + size, local);
    size += put_address(connection + size, remote);
    return keyed(connection, size) + (u32_t)(clock_monotonic() / CLOCK_NANOSECONDS);
}
