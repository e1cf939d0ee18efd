/* lib/ring_buffer.h: wrap-around of memory and of indices, and two threads on one ring. */
#include <lib/ring_buffer.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static void edges(void)
{
    uint8_t memory[8], out[16];
    struct ring_buffer ring;

    ring_buffer_init(&ring, memory, sizeof(memory));
    check(ring_buffer_used(&ring) == 0 && ring_buffer_room(&ring) == 8, "new");
    check(ring_buffer_get(&ring, out, 4) == 0, "nothing to get");
    check(ring_buffer_put(&ring, "abcdefghij", 10) == 8, "holds its whole size");
    check(ring_buffer_room(&ring) == 0 && ring_buffer_put(&ring, "x", 1) == 0, "full");
    check(ring_buffer_put_byte(&ring, 'x') == 0, "full");
    check(ring_buffer_peek(&ring, out, 3) == 3 && memcmp(out, "abc", 3) == 0, "peek");
    check(ring_buffer_used(&ring) == 8, "peek takes nothing");
    check(ring_buffer_skip(&ring, 2) == 2 && ring_buffer_put(&ring, "YZ", 2) == 2, "skip");
    check(ring_buffer_get(&ring, out, 16) == 8 && memcmp(out, "cdefghYZ", 8) == 0, "in order");
    check(ring_buffer_skip(&ring, 5) == 0, "nothing to skip");
    check(ring_buffer_put_byte(&ring, 'q') == 1, "one byte");
    check(ring_buffer_get(&ring, out, 16) == 1 && out[0] == 'q', "one byte");
}

/* Random blocks through rings of several sizes; the indices start just before they overflow. */
static void wrap(void)
{
    for (size_t size = 1; size <= 64; size *= 2) {
        uint8_t *memory = malloc(size), next_in = 0, next_out = 0;
        struct ring_buffer ring;
        size_t held = 0;

        ring_buffer_init(&ring, memory, size);
        ring.head = ring.tail = SIZE_MAX - 1000;
        for (unsigned round = 0; round < 5000; round++) {
            uint8_t block[80];
            size_t count = test_random() % (size + 10), done;

            for (size_t i = 0; i < count; i++)
                block[i] = (uint8_t)(next_in + i);
            done = ring_buffer_put(&ring, block, count);
            check(done == (count < size - held ? count : size - held), "put %zu", done);
            next_in += (uint8_t)done;
            held += done;
            count = test_random() % (size + 10);
            done = ring_buffer_get(&ring, block, count);
            check(done == (count < held ? count : held), "get %zu", done);
            held -= done;
            for (size_t i = 0; i < done; i++)
                check(block[i] == next_out++, "size %zu, round %u", size, round);
            check(ring_buffer_used(&ring) == held, "used %zu", ring_buffer_used(&ring));
            check(ring_buffer_room(&ring) == size - held, "room %zu", ring_buffer_room(&ring));
        }
        free(memory);
    }
}

#define STREAM 2000000u

static void *produce(void *argument)
{
    struct ring_buffer *ring = argument;
    uint8_t block[37];

    for (size_t sent = 0; sent < STREAM;) {
        size_t count = STREAM - sent < sizeof(block) ? STREAM - sent : sizeof(block);

        for (size_t i = 0; i < count; i++)
            block[i] = (uint8_t)((sent + i) * 7);
        count = ring_buffer_put(ring, block, count);
        if (count == 0)
            sched_yield();
        sent += count;
    }
    return NULL;
}

static void two_sides(void)
{
    uint8_t memory[256], block[53];
    struct ring_buffer ring;
    pthread_t producer;
    size_t received = 0, wrong = 0;

    ring_buffer_init(&ring, memory, sizeof(memory));
    if (pthread_create(&producer, NULL, produce, &ring) != 0)
        abort();
    while (received < STREAM) {
        size_t count = ring_buffer_get(&ring, block, sizeof(block));

        for (size_t i = 0; i < count; i++)
            wrong += block[i] != (uint8_t)((received + i) * 7);
        if (count == 0)
            sched_yield();
        received += count;
    }
    pthread_join(producer, NULL);
    check(received == STREAM && wrong == 0, "%zu bytes, %zu wrong", received, wrong);
}

const struct test ring_buffer_tests[] = {
    { "edges", edges },
    { "wrap-around", wrap },
    { "two threads", two_sides },
    { NULL, NULL },
};
