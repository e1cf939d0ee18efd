/* Names of Unix sockets.
 *
 * A name in the file system is a node of its own kind that the first bind() makes; what leads from it
 * to the socket is its inode, so that it may be renamed and linked at will, and unlinked while it is
 * in use.  An abstract name is bytes that begin with NUL; each type of socket has its own. */
#include <net/unix_names.h>
#include <net/unix_snapshot.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include <fs/private.h>
#include <lib/bits.h>
#include <lib/format.h>
#include <lib/hash.h>
#include <lib/string.h>
#include <param.h>
#include <platform/heap.h>
#include <platform/memory.h>
#include <process/process.h>

#define PATH_START  offsetof(struct sockaddr_un, sun_path)
#define AUTO_DIGITS 5 /* of the names that are chosen here: hexadecimal, unix(7) */
#define AUTO_NAMES  (1u << (4 * AUTO_DIGITS))

struct unix_name {
    uint32_t references; /* the socket that is bound to it, and those that it has accepted */
    struct list hash;
    struct socket *socket; /* the bound one; when it has gone, nobody finds the name any more */
    struct path path;      /* referenced; {NULL, NULL}: an abstract name */
    struct socket_address address;
};

static struct list table[UNIX_NAME_HASH_SIZE]; /* a head that is all zeros is not in use yet */

static struct list *bucket(uint32_t hash)
{
    struct list *list = &table[hash % UNIX_NAME_HASH_SIZE];

    if (!list->next)
        list_init(list);
    return list;
}

static struct list *bucket_of_inode(const struct inode *inode)
{
    return bucket(hash_u64((uintptr_t)inode));
}

static struct list *bucket_of_bytes(const struct socket_address *address, int type)
{
    return bucket(hash_name((uint32_t)type, address->local.sun_path, address->length - PATH_START));
}

/* ---- finding ---- */

static struct socket *find_inode(const struct inode *inode)
{
    struct list *list = bucket_of_inode(inode);
    const struct unix_name *name;

    list_for_each_entry(name, list, hash)
        if (name->path.dentry && path_inode(&name->path) == inode)
            return name->socket;
    return NULL;
}

static struct socket *find_abstract(const struct socket_address *address, int type)
{
    struct list *list = bucket_of_bytes(address, type);
    const struct unix_name *name;

    list_for_each_entry(name, list, hash)
        if (!name->path.dentry && name->socket->type == type &&
            name->address.length == address->length &&
            memcmp(name->address.bytes, address->bytes, address->length) == 0)
            return name->socket;
    return NULL;
}

static int check_address(const struct socket_address *address)
{
    if (address->length <= PATH_START || address->length > sizeof(struct sockaddr_un) ||
        address->family != AF_UNIX)
        return -EINVAL;
    return 0;
}

/* The path of an address as a string; it need not end with a NUL there. */
static void path_of(const struct socket_address *address, char text[sizeof(struct sockaddr_un)])
{
    size_t length = strnlen(address->local.sun_path, address->length - PATH_START);

    memcpy(text, address->local.sun_path, length);
    text[length] = '\0';
}

static int find_in_file_system(const struct socket_address *address, struct socket **out)
{
    char text[sizeof(struct sockaddr_un)];
    struct path path;

    path_of(address, text);
    int error = path_lookup(AT_FDCWD, text, LOOKUP_FOLLOW, &path);

    if (error)
        return error;
    error = inode_permission(path_inode(&path), MAY_WRITE);
    if (!error) {
        *out = find_inode(path_inode(&path));
        error = *out ? 0 : -ECONNREFUSED;
    }
    path_put(&path);
    return error;
}

int unix_name_find(const struct socket_address *address, int type, struct socket **out)
{
    int error = check_address(address);

    if (error)
        return error;
    if (address->local.sun_path[0] == '\0') {
        *out = find_abstract(address, type);
        return *out ? 0 : -ECONNREFUSED;
    }
    error = find_in_file_system(address, out);
    if (error)
        return error;
    return (*out)->type == type ? 0 : -EPROTOTYPE;
}

/* ---- binding ---- */

/* Tells the service, and enters the name in the table. */
static int enter(struct socket *socket, struct unix_name *name, struct list *list)
{
    int error = socket->ops->bind(socket->handle, &name->address);

    if (error)
        return error;
    name->socket = socket;
    socket->name = name;
    list_add(list, &name->hash);
    return 0;
}

static int name_create(const struct socket_address *address, struct unix_name **out)
{
    struct unix_name *name = kzalloc(sizeof(*name));

    if (!name)
        return -ENOMEM;
    name->references = 1;
    name->address.length = address->length;
    memcpy(name->address.bytes, address->bytes, address->length);
    *out = name;
    return 0;
}

/* Makes the node, and binds to it.  Linux sees only then whether the socket has a name already, and
 * takes the node back; so do we, for its errors come in that order. */
static int bind_node(struct socket *socket, struct unix_name *name, struct path_target *target)
{
    uint32_t mode = socket->file->inode->attributes.mode;
    int error = vfs_create(target, S_IFSOCK | (mode & 07777), 0, NULL);

    if (error)
        return error == -EEXIST ? -EADDRINUSE : error;
    name->path = (struct path){ .mount = target->directory.mount, .dentry = target->dentry };
    error = socket->name ? -EINVAL : enter(socket, name, bucket_of_inode(path_inode(&name->path)));
    if (error)
        vfs_unlink(target, false);
    else
        path_get(&name->path);
    return error;
}

static int bind_in_file_system(struct socket *socket, struct socket_address *address)
{
    struct path_target target;
    struct unix_name *name;
    char text[sizeof(struct sockaddr_un)];

    path_of(address, text);
    size_t length = strlen(text) + 1; /* getsockname(2) tells the NUL, too */

    memcpy(address->bytes + PATH_START, text, length);
    address->length = (uint32_t)(PATH_START + length);
    int error = name_create(address, &name);

    if (error)
        return error;
    error = path_lookup_last(AT_FDCWD, text, false, &target);
    if (!error) {
        error = bind_node(socket, name, &target);
        path_target_put(&target);
    }
    if (error)
        kfree(name);
    return error;
}

static int bind_abstract(struct socket *socket, const struct socket_address *address)
{
    struct unix_name *name;

    if (socket->name)
        return -EINVAL;
    if (find_abstract(address, socket->type))
        return -EADDRINUSE;
    int error = name_create(address, &name);

    if (error)
        return error;
    error = enter(socket, name, bucket_of_bytes(address, socket->type));
    if (error)
        kfree(name);
    return error;
}

int unix_name_ensure(struct socket *socket)
{
    static uint32_t last;
    struct socket_address address = { .local = { .sun_family = AF_UNIX } };
    int error = socket->name ? 0 : -EADDRINUSE;

    address.length = PATH_START + 1 + AUTO_DIGITS;
    for (unsigned tries = 0; error == -EADDRINUSE && tries < AUTO_NAMES; tries++) {
        char digits[AUTO_DIGITS + 1];

        last = (last + 1) % AUTO_NAMES;
        format(digits, sizeof(digits), "%05x", last);
        memcpy(address.local.sun_path + 1, digits, AUTO_DIGITS);
        error = bind_abstract(socket, &address);
    }
    return error == -EADDRINUSE ? -ENOSPC : error;
}

int unix_name_bind(struct socket *socket, struct socket_address *address)
{
    if (address->length == PATH_START && address->family == AF_UNIX)
        return unix_name_ensure(socket);
    int error = check_address(address);

    if (error)
        return error;
    return address->local.sun_path[0] == '\0' ? bind_abstract(socket, address)
                                              : bind_in_file_system(socket, address);
}

void unix_name_share(struct socket *socket, const struct socket *listener)
{
    socket->name = listener->name;
    if (socket->name)
        socket->name->references++;
}

void unix_name_release(struct socket *socket)
{
    struct unix_name *name = socket->name;

    if (!name)
        return;
    socket->name = NULL;
    if (name->socket == socket) {
        list_remove(&name->hash);
        if (name->path.dentry)
            path_put(&name->path);
    }
    if (--name->references == 0)
        kfree(name);
}

/* ---- for /proc ---- */

static struct socket *next_unix(const struct socket *previous)
{
    struct socket *socket = socket_next(previous);

    while (socket && (socket->family != AF_UNIX || !socket->handle))
        socket = socket_next(socket);
    return socket;
}

bool unix_snapshot_next(uint64_t previous, struct unix_snapshot *out)
{
    const struct socket *socket = next_unix(previous ? socket_find(previous) : NULL);

    if (!socket)
        return false;
    out->inode = socket_number(socket);
    out->references = socket->file->references + 1;
    out->type = socket->type;
    out->listening = socket->listening;
    out->connected = socket->connected;
    out->name.length = 0;
    if (socket->name)
        out->name = socket->name->address;
    return true;
}
