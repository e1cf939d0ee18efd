/* lwIP's memory comes from netstack_allocate(); this is for netif_find() alone. */
#ifndef PORT_STDLIB_H
#define PORT_STDLIB_H

static inline int atoi(const char *text)
{
    int value = 0;

    while (*text >= '0' && *text <= '9' && value < 100000)
        value = value * 10 + (*text++ - '0');
    return value;
}

#endif
