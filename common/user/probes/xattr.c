/* Extended attributes on a file system that keeps none, procfs: the same answers on Linux.
 * xattr(7), setxattr(2), getxattr(2), listxattr(2), removexattr(2). */
#include <fcntl.h>
#include <sys/xattr.h>

#include "check.h"

#define FILE_NAME "/proc/version"

static char long_name[300];

static void check_reading(int fd)
{
    char value[64];

    check("getxattr", -EOPNOTSUPP, getxattr(FILE_NAME, "user.a", value, sizeof value));
    check("lgetxattr", -EOPNOTSUPP, lgetxattr(FILE_NAME, "user.a", value, sizeof value));
    check("fgetxattr", -EOPNOTSUPP, fgetxattr(fd, "user.a", value, sizeof value));
    check("system name", -EOPNOTSUPP, getxattr(FILE_NAME, "system.a", value, sizeof value));
    check("trusted name", -EOPNOTSUPP, getxattr(FILE_NAME, "trusted.a", value, sizeof value));
    check("name of no class", -EOPNOTSUPP, getxattr(FILE_NAME, "a", value, sizeof value));
    check("user name of a device", -ENODATA, getxattr("/dev/null", "user.a", value, 0));
    check("empty name", -ERANGE, getxattr(FILE_NAME, "", value, sizeof value));
    check("long name", -ERANGE, getxattr(FILE_NAME, long_name, value, sizeof value));
    check("name nowhere", -EFAULT, getxattr(FILE_NAME, (char *)1, value, sizeof value));
    check("no such file", -ENOENT, getxattr("/nothing", "user.a", value, sizeof value));
    check("no such descriptor", -EBADF, fgetxattr(99, "user.a", value, sizeof value));
}

static void check_changing(int fd)
{
    check("setxattr", -EOPNOTSUPP, setxattr(FILE_NAME, "user.a", "b", 1, 0));
    check("lsetxattr", -EOPNOTSUPP, lsetxattr(FILE_NAME, "user.a", "b", 1, XATTR_CREATE));
    check("fsetxattr", -EOPNOTSUPP, fsetxattr(fd, "user.a", "b", 1, XATTR_REPLACE));
    check("empty value", -EOPNOTSUPP, setxattr(FILE_NAME, "user.a", NULL, 0, 0));
    check("wrong flag", -EINVAL, setxattr(FILE_NAME, "user.a", "b", 1, 8));
    check("long value", -E2BIG, setxattr(FILE_NAME, "user.a", "b", 65537, 0));
    check("value nowhere", -EFAULT, setxattr(FILE_NAME, "user.a", (char *)1, 1, 0));
    check("set a user name of a device", -EPERM, setxattr("/dev/null", "user.a", "b", 1, 0));
    check("removexattr", -EOPNOTSUPP, removexattr(FILE_NAME, "user.a"));
    check("lremovexattr", -EOPNOTSUPP, lremovexattr(FILE_NAME, "user.a"));
    check("fremovexattr", -EOPNOTSUPP, fremovexattr(fd, "user.a"));
    check("remove an empty name", -ERANGE, removexattr(FILE_NAME, ""));
}

static void check_listing(int fd)
{
    char list[64];

    check("listxattr", 0, listxattr(FILE_NAME, list, sizeof list));
    check("llistxattr", 0, llistxattr(FILE_NAME, list, sizeof list));
    check("flistxattr", 0, flistxattr(fd, list, 0));
    check("list of no file", -ENOENT, listxattr("/nothing", list, sizeof list));
    check("list of no descriptor", -EBADF, flistxattr(99, list, sizeof list));
}

static void unprivileged(void)
{
    char value[64];

    if (setuid(1000) != 0)
        return;
    check("trusted name, not root", -ENODATA, getxattr(FILE_NAME, "trusted.a", value, 64));
    check("set it", -EPERM, setxattr(FILE_NAME, "trusted.a", "b", 1, 0));
    check("set without permission", -EACCES, setxattr(FILE_NAME, "user.a", "b", 1, 0));
}

int main(void)
{
    int fd = open(FILE_NAME, O_RDONLY), place = open(FILE_NAME, O_PATH);

    memset(long_name, 'a', sizeof long_name - 1);
    check_reading(fd);
    check("descriptor of O_PATH", -EBADF, fgetxattr(place, "user.a", NULL, 0));
    check_changing(fd);
    check_listing(fd);
    check("not root", 0, in_child(unprivileged));
    return failures != 0;
}
