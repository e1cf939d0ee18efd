/* The files themselves: what each says is put together when it is opened, and stays for that open
 * file, so that who reads it in pieces sees one moment. */
#include "files.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>

#include <fs/user_buffer.h>
#include <net/files.h>
#include <platform/heap.h>

#include "netlink.h"
#include "packet.h"

#define STORE_MOST 256 /* bytes of one write to a setting */

static const struct file_description {
    int (*generate)(struct text *out);
    int (*store)(const char *text); /* NULL: nobody may write */
} descriptions[NETWORK_FILE_COUNT] = {
    [NETWORK_FILE_ARP] = { files_arp, NULL },
    [NETWORK_FILE_DEV] = { files_dev, NULL },
    [NETWORK_FILE_ICMP] = { files_icmp, NULL },
    [NETWORK_FILE_ICMP6] = { files_icmp6, NULL },
    [NETWORK_FILE_IF_INET6] = { files_if_inet6, NULL },
    [NETWORK_FILE_IPV6_ROUTE] = { files_ipv6_route, NULL },
    [NETWORK_FILE_NETLINK] = { netlink_list, NULL },
    [NETWORK_FILE_PACKET] = { packet_list, NULL },
    [NETWORK_FILE_RAW] = { files_raw, NULL },
    [NETWORK_FILE_RAW6] = { files_raw6, NULL },
    [NETWORK_FILE_ROUTE] = { files_route, NULL },
    [NETWORK_FILE_SNMP] = { files_snmp, NULL },
    [NETWORK_FILE_SOCKSTAT] = { files_sockstat, NULL },
    [NETWORK_FILE_SOCKSTAT6] = { files_sockstat6, NULL },
    [NETWORK_FILE_TCP] = { files_tcp, NULL },
    [NETWORK_FILE_TCP6] = { files_tcp6, NULL },
    [NETWORK_FILE_UDP] = { files_udp, NULL },
    [NETWORK_FILE_UDP6] = { files_udp6, NULL },
    [NETWORK_FILE_PORT_RANGE] = { files_port_range, files_store_port_range },
    [NETWORK_FILE_TIME_WAIT] = { files_time_wait, files_store_time_wait },
};

struct open_file {
    const struct file_description *description;
    struct text text;
};

static struct open_file *of(file_handle handle)
{
    return (struct open_file *)handle;
}

static int file_open(node_handle node, unsigned flags, file_handle *out)
{
    const struct file_description *description = (const struct file_description *)node;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    struct open_file *file;
    int error;

    /* The permissions hold for root, too. */
    if (writes && !description->store)
        return -EACCES;
    file = kzalloc(sizeof(*file));
    if (!file)
        return -ENOMEM;
    file->description = description;
    error = description->generate(&file->text);
    if (!error)
        error = file->text.error;
    if (error) {
        text_free(&file->text);
        kfree(file);
        return error;
    }
    *out = (file_handle)file;
    return 0;
}

static int file_release(file_handle handle)
{
    text_free(&of(handle)->text);
    kfree(of(handle));
    return 0;
}

static int file_read(file_handle handle, struct user_buffer *to, uint64_t position,
                     struct wait_queue **wait)
{
    const struct text *text = &of(handle)->text;

    (void)wait;
    if (position < text->length)
        user_buffer_put(to, text->data + position, text->length - position);
    return 0;
}

static int file_write(file_handle handle, struct user_buffer *from, uint64_t position,
                      struct wait_queue **wait)
{
    struct user_buffer before = *from;
    char text[STORE_MOST];
    size_t length;
    int error;

    (void)position;
    (void)wait;
    if (user_buffer_left(from) >= sizeof(text))
        return -EINVAL;
    length = user_buffer_take(from, text, sizeof(text) - 1);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    text[length] = '\0';
    error = of(handle)->description->store(text);
    if (error)
        *from = before;
    return error;
}

static int file_poll(file_handle handle, uint32_t *ready, struct wait_queue **wait)
{
    (void)handle;
    *ready = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
    *wait = NULL;
    return 0;
}

static const struct file_ops ops = {
    .open = file_open,
    .release = file_release,
    .read = file_read,
    .write = file_write,
    .poll = file_poll,
};

int files_start(void)
{
    int error = 0;

    for (enum network_file file = NETWORK_FILE_NONE + 1; !error && file < NETWORK_FILE_COUNT;
         file++)
        error = device_register_service(network_file_number(file), NULL, 0, &ops,
                                        (node_handle)&descriptions[file]);
    return error;
}
