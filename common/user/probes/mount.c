/* probe-mount: bind mounts, mounts that move, their flags, pivot_root(2), umount2(2), unshare(2).
 * Run it as root, in a directory on a tmpfs with /proc mounted; where there are mount name spaces, it
 * makes itself one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "check.h"

static long make_file(const char *name, const char *text)
{
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    if (fd < 0)
        return -errno;
    long written = result(write(fd, text, strlen(text)));
    close(fd);
    return written;
}

static long exists(const char *name)
{
    return result(access(name, F_OK));
}

static long tmpfs(const char *where, unsigned long flags)
{
    return result(mount("none", where, "tmpfs", flags, NULL));
}

/* Does the line of /proc/self/mountinfo for the mount whose place ends in `where` hold `text`? */
static long mount_line_has(const char *where, const char *text)
{
    char line[1000], place[500];
    long found = -1;
    FILE *file = fopen("/proc/self/mountinfo", "r");
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "%*d %*d %*s %*s %499s", place);
        size_t length = strlen(place), wanted = strlen(where);
        if (length >= wanted && !strcmp(place + length - wanted, where))
            found = strstr(line, text) != NULL;
    }
    fclose(file);
    return found;
}

static void test_bind(void)
{
    mkdir("a", 0755), mkdir("a/deep", 0755), mkdir("b", 0755);
    make_file("a/file", "text");
    make_file("plain", "plain");
    check("bind", 0, mount("a", "b", NULL, MS_BIND, NULL));
    check_value("seen there", 0, exists("b/file"));
    check_value("made there", 4, make_file("b/new", "1234"));
    check_value("seen here", 0, exists("a/new"));
    check("rename across", -EXDEV, rename("a/new", "b/other"));
    check("link across", -EXDEV, link("a/new", "b/other"));
    check_value("root of it", 1, mount_line_has("/b", "/a "));
    check("directory on a file", -ENOTDIR, mount("a", "plain", NULL, MS_BIND, NULL));
    check("file on a directory", -ENOTDIR, mount("plain", "a/deep", NULL, MS_BIND, NULL));
    check("from nowhere", -ENOENT, mount("missing", "b", NULL, MS_BIND, NULL));
    check("unmount", 0, umount("b"));
    check_value("gone", -ENOENT, exists("b/file"));
    check("not a mount", -EINVAL, umount("b"));
    check("file on file", 0, mount("a/file", "plain", NULL, MS_BIND, NULL));
    check_value("its text", 1, mount_line_has("/plain", "/a/file "));
    check("in use", -EBUSY, unlink("plain"));
    check("unmount", 0, umount("plain"));
    unlink("a/new");
}

static void test_recursive(void)
{
    tmpfs("a/deep", 0);
    make_file("a/deep/inner", "x");
    check("bind alone", 0, mount("a", "b", NULL, MS_BIND, NULL));
    check_value("nothing inside", -ENOENT, exists("b/deep/inner"));
    umount("b");
    check("bind all", 0, mount("a", "b", NULL, MS_BIND | MS_REC, NULL));
    check_value("inside too", 0, exists("b/deep/inner"));
    check("busy by what is inside", -EBUSY, umount("b"));
    check("both go", 0, umount2("b", MNT_DETACH));
    check_value("the first stays", 0, exists("a/deep/inner"));
    check("unmount", 0, umount("a/deep"));
}

static void test_read_only(void)
{
    mount("a", "b", NULL, MS_BIND, NULL);
    check("this place only", 0, mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    check_value("write there", -EROFS, make_file("b/new", "1234"));
    check_value("write here", 4, make_file("a/new", "1234"));
    check("chmod there", -EROFS, chmod("b/new", 0700));
    check("unlink there", -EROFS, unlink("b/new"));
    check("access there", -EROFS, access("b/new", W_OK));
    check_value("shown", 1, mount_line_has("/b", " ro,"));
    check_value("file system is not", 1, mount_line_has("/b", " rw"));
    check("writable again", 0, mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND, NULL));
    int fd = open("b/new", O_WRONLY);
    check("while written to", -EBUSY,
          mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    close(fd);
    check("not a mount", -EINVAL, mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    umount("b");
    tmpfs("b", 0);
    mkdir("b/sub", 0755), mkdir("c", 0755);
    mount("b/sub", "c", NULL, MS_BIND, NULL);
    fd = open("c/held", O_CREAT | O_WRONLY, 0600);
    check("all of it, while written to", -EBUSY,
          mount(NULL, "b", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    close(fd);
    check("all of it", 0, mount(NULL, "b", NULL, MS_REMOUNT | MS_RDONLY, NULL));
    check_value("through the other", -EROFS, make_file("c/new", "1"));
    umount("c");
    umount("b");
    rmdir("c");
    unlink("a/new");
}

static int run_there(void)
{
    char *arguments[] = { "b/true", NULL };
    execv("b/true", arguments);
    return errno;
}

static void body_run(void)
{
    _exit(run_there());
}

static void test_flags(void)
{
    struct statvfs statistics;
    char buffer[8192];
    check_value("mount", 0, tmpfs("b", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME));
    check("statvfs", 0, statvfs("b", &statistics));
    check_value("flags", ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME,
                (long)statistics.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME));
    check_value("shown", 1, mount_line_has("/b", " rw,nosuid,nodev,noexec,noatime "));
    int from = open("/bin/busybox", O_RDONLY), to = open("b/true", O_CREAT | O_WRONLY, 0755);
    for (ssize_t got; (got = read(from, buffer, sizeof buffer)) > 0;)
        if (write(to, buffer, (size_t)got) != got)
            break;
    close(from), close(to);
    check_value("no program", EACCES, in_child(body_run));
    to = open("b/true", O_RDONLY);
    check("no code", -EPERM,
          mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, to, 0) == MAP_FAILED ? -1 : 0);
    close(to);
    check("make a device", 0, mknod("b/null", S_IFCHR | 0666, makedev(1, 3)));
    check("no device", -EACCES, open("b/null", O_RDONLY));
    check("remount", 0, mount(NULL, "b", NULL, MS_REMOUNT, NULL));
    check("a device", 0, close(open("b/null", O_RDONLY)));
    check_value("a program", 0, in_child(body_run));
    check_value("noatime stays", 1, mount_line_has("/b", " rw,noatime "));
    check("with relatime", 0, mount(NULL, "b", NULL, MS_REMOUNT | MS_RELATIME, NULL));
    check_value("shown", 1, mount_line_has("/b", " rw,relatime "));
    check("strictly", 0, mount(NULL, "b", NULL, MS_REMOUNT | MS_STRICTATIME, NULL));
    check_value("shown", 1, mount_line_has("/b", " rw - "));
    check("unmount", 0, umount("b"));
}

static void test_move(void)
{
    mkdir("c", 0755);
    tmpfs("b", 0);
    make_file("b/here", "x");
    mkdir("b/sub", 0755);
    tmpfs("b/sub", 0);
    check("into itself", -ELOOP, mount("b", "b/sub", NULL, MS_MOVE, NULL));
    check("move", 0, mount("b", "c", NULL, MS_MOVE, NULL));
    check_value("not here", -ENOENT, exists("b/here"));
    check_value("but there", 0, exists("c/here"));
    check("no mount", -EINVAL, mount("a", "b", NULL, MS_MOVE, NULL));
    check("onto a file", -EINVAL, mount("c", "plain", NULL, MS_MOVE, NULL));
    check("unmount inner", 0, umount("c/sub"));
    check("unmount", 0, umount("c"));
    rmdir("c");
}

static void test_unmount(void)
{
    tmpfs("b", 0);
    int fd = open("b/f", O_CREAT | O_RDWR, 0600);
    check("in use", -EBUSY, umount("b"));
    check("flags", -EINVAL, umount2("b", 0x100));
    check("flags together", -EINVAL, umount2("b", MNT_EXPIRE | MNT_DETACH));
    check("lazily", 0, umount2("b", MNT_DETACH));
    check("file is still there", 3, write(fd, "abc", 3));
    check("not there", -ENOENT, access("b/f", F_OK));
    close(fd);
    tmpfs("b", 0);
    check("mark", -EAGAIN, umount2("b", MNT_EXPIRE));
    check("expired", 0, umount2("b", MNT_EXPIRE));
    tmpfs("b", 0);
    check("mark", -EAGAIN, umount2("b", MNT_EXPIRE));
    make_file("b/f", "used");
    check("mark again", -EAGAIN, umount2("b", MNT_EXPIRE));
    check("expired", 0, umount2("b", MNT_EXPIRE));
    symlink("b", "link");
    tmpfs("b", 0);
    check("not through a link", -EINVAL, umount2("link", UMOUNT_NOFOLLOW));
    check("through a link", 0, umount2("link", 0));
    unlink("link");
    check("propagation of no mount", -EINVAL, mount(NULL, "b", NULL, MS_PRIVATE, NULL));
    tmpfs("b", 0);
    check("propagation", 0, mount(NULL, "b", NULL, MS_PRIVATE | MS_REC, NULL));
    check("two at once", -EINVAL, mount(NULL, "b", NULL, MS_PRIVATE | MS_SLAVE, NULL));
    umount("b");
    check("unknown type", -ENODEV, mount("none", "b", "nonsense", 0, NULL));
    check("on a file", -ENOTDIR, tmpfs("plain", 0));
}

static void body_pivot(void)
{
    char here[100];
    mkdir("root", 0755);
    tmpfs("root", 0);
    chdir("root");
    mkdir("new", 0755), mkdir("plain", 0755);
    check("old root is no mount", -EINVAL, syscall(SYS_pivot_root, "plain", "plain"));
    check("chroot", 0, chroot("."));
    tmpfs("new", 0);
    mkdir("new/old", 0755);
    chdir("/");
    check("to no mount", -EBUSY, syscall(SYS_pivot_root, "/plain", "/plain"));
    check("old outside", -EBUSY, syscall(SYS_pivot_root, "/new", "/plain"));
    check("pivot", 0, syscall(SYS_pivot_root, "/new", "/new/old"));
    check("old is there", 0, access("/old/plain", F_OK));
    check("the new is the root", -ENOENT, access("/plain", F_OK));
    getcwd(here, sizeof here);
    check_value("directory moved along", 0, strcmp(here, "/"));
    check("old goes", 0, umount2("/old", MNT_DETACH));
    check("is gone", -ENOENT, access("/old/plain", F_OK));
}

static void body_user(void)
{
    setuid(1000);
    check("mount", -EPERM, mount("none", "b", "tmpfs", 0, NULL));
    check("bind", -EPERM, mount("a", "b", NULL, MS_BIND, NULL));
    check("unmount", -EPERM, umount("b"));
    check("pivot", -EPERM, syscall(SYS_pivot_root, "a", "b"));
}

static void body_unshare(void)
{
    int fd = open("/", O_RDONLY);
    check("files", 0, unshare(CLONE_FILES));
    check("directories", 0, unshare(CLONE_FS));
    check("nothing", 0, unshare(0));
    check("unknown", -EINVAL, unshare(0x2));
    check("descriptor stays", 0, close(fd));
}

int main(void)
{
    if (unshare(CLONE_NEWNS) == 0)
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    enter_scratch("probe-mount.d");
    test_bind();
    test_recursive();
    test_read_only();
    test_flags();
    test_move();
    test_unmount();
    check_value("without right", 0, in_child(body_user));
    check_value("unshare", 0, in_child(body_unshare));
    check_value("pivot_root", 0, in_child(body_pivot));
    umount2("root", MNT_DETACH);
    unlink("plain"), unlink("a/file");
    rmdir("root"), rmdir("a/deep"), rmdir("a"), rmdir("b");
    return finish("probe-mount.d");
}
