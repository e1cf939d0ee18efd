/* Lengths are believed only after they were held against what there is. */
#include "netlink_message.h"

#include <linux/errno.h>

#include <lib/bits.h>
#include <lib/string.h>
#include <platform/memory.h>

/* ---- in ---- */

int netlink_parse(struct netlink_request *request, size_t size)
{
    const uint8_t *bytes = request->fixed;
    size_t at = NLA_ALIGN(size), end = request->fixed_size;

    memset(request->attributes, 0, sizeof(request->attributes));
    if (end < size)
        return -EINVAL;
    while (at < end && end - at >= sizeof(struct nlattr)) {
        const struct nlattr *attribute = (const struct nlattr *)(bytes + at);
        unsigned type = attribute->nla_type & NLA_TYPE_MASK;

        if (attribute->nla_len < sizeof(*attribute) || attribute->nla_len > end - at)
            return -EINVAL;
        if (type < ATTRIBUTES_MOST)
            request->attributes[type] = attribute;
        at += NLA_ALIGN(attribute->nla_len);
    }
    return 0;
}

static const void *contents(const struct nlattr *attribute)
{
    return attribute + 1;
}

static size_t size_of(const struct nlattr *attribute)
{
    return attribute->nla_len - sizeof(*attribute);
}

const void *netlink_attribute_least(const struct netlink_request *request, unsigned type,
                                    size_t size)
{
    const struct nlattr *attribute = request->attributes[type];

    return attribute && size_of(attribute) >= size ? contents(attribute) : NULL;
}

uint32_t netlink_number(const struct netlink_request *request, unsigned type, uint32_t otherwise)
{
    const void *number = netlink_attribute_least(request, type, sizeof(uint32_t));

    return number ? load_u32(number) : otherwise;
}

int netlink_check_numbers(const struct netlink_request *request, const uint8_t *types, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (netlink_has(request, types[i]) &&
            !netlink_attribute_least(request, types[i], sizeof(uint32_t)))
            return -ERANGE;
    return 0;
}

int netlink_text(const struct netlink_request *request, unsigned type, char *out, size_t size)
{
    const struct nlattr *attribute = request->attributes[type];
    size_t length;

    if (!attribute || size_of(attribute) == 0 || size_of(attribute) > size)
        return -EINVAL;
    length = size_of(attribute);
    memset(out, 0, size);
    memcpy(out, contents(attribute), length);
    return out[length - 1] == '\0' || length < size ? 0 : -EINVAL;
}

/* ---- out ---- */

static void *room(struct netlink_output *output, size_t size)
{
    size_t whole = NLMSG_ALIGN(size);
    uint8_t *place = output->data + output->length;

    if (output->full || output->capacity - output->length < whole) {
        output->full = true;
        return NULL;
    }
    memset(place, 0, whole);
    output->length += whole;
    return place;
}

void *netlink_begin(struct netlink_output *output, uint16_t type, size_t fixed)
{
    struct nlmsghdr *header;

    output->message = output->length;
    header = room(output, sizeof(*header) + fixed);
    if (!header)
        return NULL;
    header->nlmsg_type = type;
    header->nlmsg_flags = output->flags;
    header->nlmsg_seq = output->sequence;
    header->nlmsg_pid = output->port;
    return header + 1;
}

void netlink_put(struct netlink_output *output, uint16_t type, const void *data, size_t size)
{
    struct nlattr *attribute = room(output, sizeof(*attribute) + size);

    if (!attribute)
        return;
    attribute->nla_type = type;
    attribute->nla_len = (uint16_t)(sizeof(*attribute) + size);
    memcpy(attribute + 1, data, size);
}

void netlink_put_number(struct netlink_output *output, uint16_t type, uint32_t number)
{
    netlink_put(output, type, &number, sizeof(number));
}

void netlink_put_text(struct netlink_output *output, uint16_t type, const char *text)
{
    netlink_put(output, type, text, strlen(text) + 1);
}

bool netlink_end(struct netlink_output *output)
{
    struct nlmsghdr *header = (struct nlmsghdr *)(output->data + output->message);

    if (output->full) {
        output->length = output->message;
        return false;
    }
    header->nlmsg_len = (uint32_t)(output->length - output->message);
    return true;
}
