/* probe-names: names and what they lead to: rename, link, unlink, rmdir, symlinks, long names,
 * permissions of root and others, time stamps, directories while they change.  Run it as root in a
 * directory on a tmpfs. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

#define RENAME_NOREPLACE 1 /* linux/fs.h */
#define RENAME_EXCHANGE 2

static void make(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || write(fd, name, strlen(name)) < 0) {
        perror(name);
        exit(2);
    }
    close(fd);
}

static long links_of(const char *name)
{
    struct stat status;
    return lstat(name, &status) == 0 ? (long)status.st_nlink : -errno;
}

static long first_byte(const char *name)
{
    char byte = 0;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || read(fd, &byte, 1) < 0)
        byte = 0;
    close(fd);
    return byte;
}

static int rename2(const char *from, const char *to, unsigned flags)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void test_rename(void)
{
    make("a");
    make("b");
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    mkdir("full", 0755);
    make("full/x");
    check("onto a file", 0, rename("a", "b"));
    check("it is the other now", 'a', first_byte("b"));
    check("the name is gone", -ENOENT, links_of("a"));
    check("missing", -ENOENT, rename("a", "c"));
    check("to itself", 0, rename("b", "b"));
    check("onto another name of the file", 0, link("b", "b2"));
    check("does nothing", 0, rename("b", "b2"));
    check("both stay", 2, links_of("b"));
    check("file onto directory", -EISDIR, rename("b", "d"));
    check("directory onto file", -ENOTDIR, rename("d", "b"));
    check("directory onto full directory", -ENOTEMPTY, rename("d", "full"));
    check("directory onto empty directory", 0, rename("full", "d/e"));
    check("what it holds came along", 'f', first_byte("d/e/x"));
    check("links of the parent", 3, links_of("d"));
    check("links of the old parent", 3, links_of("."));
    check("directory into itself", -EINVAL, rename("d", "d/e/y"));
    check("directory onto its own parent", -ENOTEMPTY, rename("d/e", "d"));
    check("file with slash", -ENOTDIR, rename("b/", "c"));
    check("file to slash", -ENOTDIR, rename("b", "c/"));
    check("directory to slash", 0, rename("d/", "D/"));
    check("dot", -EBUSY, rename(".", "x"));
    check("to dot", -EBUSY, rename("D", "."));
    check("dot dot", -EBUSY, rename("D/..", "x"));
    check("below a file", -ENOTDIR, rename("b/x", "c"));
    check("empty name", -ENOENT, rename("", "c"));
    check("empty target", -ENOENT, rename("b", ""));
    check("to a missing directory", -ENOENT, rename("b", "missing/c"));
    check("no replace", -EEXIST, rename2("b", "b2", RENAME_NOREPLACE));
    check("no replace, free", 0, rename2("b2", "c", RENAME_NOREPLACE));
    check("exchange missing", -ENOENT, rename2("b", "missing", RENAME_EXCHANGE));
    check("exchange file and directory", 0, rename2("c", "D", RENAME_EXCHANGE));
    check("the file", 'a', first_byte("D"));
    check("the directory", 'f', first_byte("c/e/x"));
    check("exchange with what is inside", -EINVAL, rename2("c", "c/e", RENAME_EXCHANGE));
    check("both flags", -EINVAL, rename2("b", "c", RENAME_NOREPLACE | RENAME_EXCHANGE));
    check("unknown flag", -EINVAL, rename2("b", "c", 64));
    check("symlink", 0, symlink("c", "s"));
    check("symlink itself is renamed", 0, rename("s", "t"));
    check("link stays a link", 1, readlink("t", (char[8]){ 0 }, 8));
    unlink("t");
    unlink("b");
    unlink("D");
    unlink("c/e/x");
    rmdir("c/e");
    rmdir("c");
}

static void test_links(void)
{
    char name[64];
    make("a");
    mkdir("d", 0755);
    check("symlink", 0, symlink("a", "s"));
    check("link", 0, link("a", "b"));
    check("two links", 2, links_of("a"));
    check("link over a name", -EEXIST, link("a", "d"));
    check("link of a directory", -EPERM, link("d", "e"));
    check("link of nothing", -ENOENT, link("missing", "e"));
    check("link below a file", -ENOTDIR, link("a", "b/x"));
    check("link with slash", -ENOENT, link("a", "e/"));
    check("link of a symlink", 0, link("s", "t"));
    check("is the symlink's", 2, links_of("s"));
    check("follow", 0, linkat(AT_FDCWD, "s", AT_FDCWD, "u", AT_SYMLINK_FOLLOW));
    check("is the file's", 3, links_of("a"));
    check("bad flags", -EINVAL, linkat(AT_FDCWD, "s", AT_FDCWD, "v", 1));
    check("symlink over a name", -EEXIST, symlink("x", "a"));
    check("empty symlink", -ENOENT, symlink("", "e"));
    check("symlink with slash", -ENOENT, symlink("x", "e/"));
    check("readlink of a file", -EINVAL, readlink("a", name, sizeof name));
    check("readlink of nothing", -ENOENT, readlink("missing", name, sizeof name));
    check("readlink cut", 1, (symlink("abcdef", "long"), readlink("long", name, 1)));
    check("readlink into nothing", -EINVAL, syscall(SYS_readlink, "long", name, 0));
    check("unlink directory", -EISDIR, unlink("d"));
    check("unlink with slash", -ENOTDIR, unlink("a/"));
    check("unlink missing", -ENOENT, unlink("missing"));
    check("unlink dot", -EISDIR, syscall(SYS_unlink, "."));
    check("unlinkat bad flags", -EINVAL, unlinkat(AT_FDCWD, "a", 1));
    check("rmdir file", -ENOTDIR, rmdir("a"));
    check("rmdir symlink to directory", -ENOTDIR, (symlink("d", "sd"), rmdir("sd")));
    check("rmdir dot", -EINVAL, rmdir("."));
    check("rmdir dot dot", -ENOTEMPTY, rmdir("d/.."));
    check("rmdir ending in dot", -EINVAL, rmdir("d/."));
    check("rmdir root", -EBUSY, rmdir("/"));
    check("rmdir of a mount point", -EBUSY, rmdir("/proc"));
    check("rmdir full", -ENOTEMPTY, (make("d/x"), rmdir("d")));
    check("mkdir over a name", -EEXIST, mkdir("a", 0755));
    check("mkdir over a dangling link", -EEXIST, (symlink("missing", "dl"), mkdir("dl", 0755)));
    check("mkdir dot", -EEXIST, mkdir(".", 0755));
    check("mkdir with slash", 0, mkdir("e/", 0755));
    check("mkdir missing parent", -ENOENT, mkdir("missing/x", 0755));
    check("mkdir below a file", -ENOTDIR, mkdir("a/x", 0755));
    check("rmdir with slash", 0, rmdir("e/"));
    check("mknod of a directory", -EPERM, mknod("e", S_IFDIR | 0755, 0));
    check("mknod of nonsense", -EINVAL, mknod("e", 0170000 | 0755, 0));
    check("mknod of a file", 0, mknod("e", 0644, 0));
    static const char *const rest[] = { "a", "b", "e", "s", "t", "u", "sd", "dl", "long", "d/x" };
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        unlink(rest[i]);
    rmdir("d");
}

static void test_walks(void)
{
    static char longest[300], path[PATH_MAX + 10];
    char name[32], next[32];
    struct stat status;
    memset(longest, 'n', 255);
    check("255 bytes", 0, mkdir(longest, 0755));
    check("exists", 0, rmdir(longest));
    longest[255] = 'n';
    check("256 bytes", -ENAMETOOLONG, mkdir(longest, 0755));
    check("stat of 256 bytes", -ENAMETOOLONG, stat(longest, &status));
    for (size_t i = 0; i < sizeof path; i += 2)
        memcpy(path + i, "./", 2);
    path[PATH_MAX] = '\0';
    check("4096 bytes", -ENAMETOOLONG, stat(path, &status));
    path[PATH_MAX - 1] = '\0';
    check("4095 bytes", 0, stat(path, &status));
    make("f");
    mkdir("d", 0755);
    check("many slashes", 0, stat(".///d////.//", &status));
    check("dot behind a file", -ENOTDIR, stat("f/.", &status));
    check("dot dot behind a file", -ENOTDIR, stat("f/..", &status));
    check("slash behind a file", -ENOTDIR, stat("f/", &status));
    check("lstat slash behind a link to a file", -ENOTDIR, (symlink("f", "lf"),
          lstat("lf/", &status)));
    check("dot dot of a missing name", -ENOENT, stat("missing/..", &status));
    check("dot dot above the root", 0, stat("/../../..", &status));
    symlink("d", "ld");
    check("lstat of a link", 0, lstat("ld", &status));
    check("is a link", S_IFLNK, status.st_mode & S_IFMT);
    check("lstat with slash", 0, lstat("ld/", &status));
    check("is a directory", S_IFDIR, status.st_mode & S_IFMT);
    symlink("y", "x");
    symlink("x", "y");
    check("loop", -ELOOP, stat("x", &status));
    check("loop in the middle", -ELOOP, stat("x/z", &status));
    for (int i = 0; i < 41; i++) {
        snprintf(name, sizeof name, "l%d", i);
        snprintf(next, sizeof next, i ? "l%d" : "f", i - 1);
        if (symlink(next, name) != 0)
            exit(2);
    }
    check("40 links", 0, stat("l39", &status));
    check("41 links", -ELOOP, stat("l40", &status));
    for (int i = 0; i < 41; i++) {
        snprintf(name, sizeof name, "l%d", i);
        unlink(name);
    }
    check("stat empty name", -ENOENT, stat("", &status));
    check("AT_EMPTY_PATH", 0, fstatat(AT_FDCWD, "", &status, AT_EMPTY_PATH));
    check("fstatat bad flags", -EINVAL, syscall(SYS_newfstatat, AT_FDCWD, "f", &status, 0x8000));
    check("stat bad address", -EFAULT, syscall(SYS_stat, 8, &status));
    check("stat into nothing", -EFAULT, syscall(SYS_stat, "f", 8));
    check("chdir to a file", -ENOTDIR, chdir("f"));
    check("chdir to nothing", -ENOENT, chdir("missing"));
    check("fchdir to a file", -ENOTDIR, fchdir(open("f", O_RDONLY)));
    close(3);
    check("getcwd too short", -ERANGE, syscall(SYS_getcwd, name, 2));
    mkdir("gone", 0755);
    check("chdir", 0, chdir("gone"));
    check("rmdir the working directory", 0, rmdir("../gone"));
    check("getcwd there", -ENOENT, syscall(SYS_getcwd, name, sizeof name));
    check("create there", -ENOENT, open("x", O_CREAT | O_WRONLY, 0600));
    check("mkdir there", -ENOENT, mkdir("x", 0700));
    check("dot is still there", 0, stat(".", &status));
    check("without a link", 0, status.st_nlink);
    check("and leads back", 0, chdir(".."));
    static const char *const rest[] = { "f", "lf", "ld", "x", "y" };
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        unlink(rest[i]);
    rmdir("d");
}

static void become_nobody(void)
{
    if (setgroups(0, NULL) != 0 || setgid(1000) != 0 || setuid(1000) != 0)
        exit(2);
}

static void as_nobody(void)
{
    struct stat status;
    become_nobody();
    check("read others' file", 0, access("public", R_OK));
    check("write others' file", -EACCES, access("public", W_OK));
    check("open for writing", -EACCES, open("public", O_WRONLY));
    check("open secret", -EACCES, open("secret", O_RDONLY));
    check("truncate others' file", -EACCES, truncate("public", 0));
    check("open with truncation", -EACCES, open("public", O_RDONLY | O_TRUNC));
    check("execute", -EACCES, access("public", X_OK));
    check("existence is no permission", 0, access("secret", F_OK));
    check("look into a closed directory", -EACCES, stat("closed/x", &status));
    check("missing there", -EACCES, stat("closed/missing", &status));
    check("list it", -EACCES, open("closed", O_RDONLY));
    check("create in others' directory", -EACCES, open("new", O_CREAT | O_WRONLY, 0600));
    check("existing with O_CREAT", 0, open("public", O_CREAT | O_RDONLY, 0600) >= 0 ? 0 : -1);
    check("unlink in others' directory", -EACCES, unlink("public"));
    check("rename there", -EACCES, rename("public", "new"));
    check("mkdir there", -EACCES, mkdir("new", 0755));
    check("chmod others' file", -EPERM, chmod("public", 0777));
    check("chown others' file", -EPERM, chown("public", 1000, 1000));
    check("utimes now of others' file", -EACCES, utimensat(AT_FDCWD, "public", NULL, 0));
    struct timespec times[2] = { { 1, 0 }, { 2, 0 } };
    check("utimes of others' file", -EPERM, utimensat(AT_FDCWD, "public", times, 0));
    check("utimes now of a writable file", 0, utimensat(AT_FDCWD, "writable", NULL, 0));
    check("utimes of a writable file", -EPERM, utimensat(AT_FDCWD, "writable", times, 0));
    check("O_NOATIME of others' file", -EPERM, open("public", O_RDONLY | O_NOATIME));
    check("sticky: unlink others' file", -EPERM, unlink("sticky/theirs"));
    check("sticky: rename it", -EPERM, rename("sticky/theirs", "sticky/x"));
    check("sticky: own file", 0, unlink("sticky/mine"));
    check("sticky: rename over others'", -EPERM, (make("sticky/new"),
          rename("sticky/new", "sticky/theirs")));
    check("own file", 0, stat("sticky/new", &status));
    check("own user", 1000, status.st_uid);
    check("chown own file to root", -EPERM, chown("sticky/new", 0, -1));
    check("chown to own group", 0, chown("sticky/new", -1, 1000));
    check("chown to another group", -EPERM, chown("sticky/new", -1, 5));
    check("chmod set-group-ID", 0, chmod("sticky/new", 02755));
    check("write takes it away", 1, write(open("sticky/new", O_WRONLY), "x", 1));
    stat("sticky/new", &status);
    check("set-group-ID gone", 0755, status.st_mode & 07777);
    check("unlink own", 0, unlink("sticky/new"));
    check("mknod device", -EPERM, mknod("sticky/dev", S_IFCHR | 0666, 0x103));
    check("mount", -EPERM, mount("none", "closed", "tmpfs", 0, ""));
    check("umount", -EPERM, umount("closed"));
    check("chroot", -EPERM, chroot("."));
    check("group's directory", 0, mkdir("groups/own", 0755));
    stat("groups/own", &status);
    check("inherits the group", 7, status.st_gid);
    check("and the bit", 02755, status.st_mode & 07777);
    rmdir("groups/own");
}

static void by_real_ids(void)
{
    if (setgroups(0, NULL) != 0 || setresgid(1000, 0, 0) != 0 || setresuid(1000, 0, 0) != 0)
        exit(2);
    check("access by the real ids", -EACCES, access("secret", R_OK));
    check("faccessat by the effective ids", 0,
          syscall(439, AT_FDCWD, "secret", R_OK, AT_EACCESS));
    check("open by the effective ids", 1, open("secret", O_RDONLY) >= 0);
}

static void test_permissions(void)
{
    struct stat status;
    make("public");
    make("secret");
    make("writable");
    mkdir("closed", 0700);
    mkdir("sticky", 0755);
    mkdir("groups", 0755);
    make("sticky/theirs");
    make("sticky/mine");
    check("chmod", 0, chmod("secret", 0600));
    check("chmod", 0, chmod("writable", 0666));
    check("chmod sticky", 0, chmod("sticky", 01777));
    check("chown", 0, chown("sticky/mine", 1000, 1000));
    check("chown group", 0, chown("groups", 0, 7));
    check("chmod set-group-ID", 0, chmod("groups", 02777));
    check("root writes what nobody may", 0, (chmod("public", 0), access("public", W_OK)));
    check("root does not execute it", -EACCES, access("public", X_OK));
    check("root executes what somebody may", 0, (chmod("public", 0001), access("public", X_OK)));
    chmod("public", 0644);
    check("access bad mode", -EINVAL, access("public", 8));
    check_value("as user 1000", 0, in_child(as_nobody));
    check_value("real and effective ids", 0, in_child(by_real_ids));
    check("set-user-ID", 0, chmod("public", 06755));
    check("chown takes it away", 0, chown("public", 1000, -1));
    stat("public", &status);
    check("from a program", 0755, status.st_mode & 07777);
    check("umask", 022, umask(077));
    check("old umask", 077, umask(07777 & 027));
    mkdir("masked", 0777);
    stat("masked", &status);
    check("masked", 0750, status.st_mode & 07777);
    umask(022);
    rmdir("masked");
    unlink("public");
    unlink("secret");
    unlink("writable");
    unlink("sticky/theirs");
    rmdir("closed");
    rmdir("sticky");
    rmdir("groups");
}

static void test_times(void)
{
    struct timespec times[2] = { { 1000, 5 }, { 2000, 999999999 } };
    struct stat status;
    make("f");
    check("utimensat", 0, utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &status);
    check("accessed", 1000, status.st_atim.tv_sec);
    check("to the nanosecond", 999999999, status.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1] = (struct timespec){ -5, 7 };
    check("before 1970", 0, utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &status);
    check("left out", 1000, status.st_atim.tv_sec);
    check("negative", -5, status.st_mtim.tv_sec == -5 ? -5 : 0);
    times[1].tv_nsec = 1000000000;
    check("too many nanoseconds", -EINVAL, utimensat(AT_FDCWD, "f", times, 0));
    times[1].tv_nsec = UTIME_NOW;
    check("now", 0, utimensat(AT_FDCWD, "f", times, 0));
    stat("f", &status);
    check("is later", 1, status.st_mtim.tv_sec > 1000000);
    times[1].tv_nsec = UTIME_OMIT;
    check("both left out", 0, utimensat(AT_FDCWD, "f", times, 0));
    check("both left out of nothing", 0, utimensat(AT_FDCWD, "missing", times, 0));
    check("missing", -ENOENT, utimensat(AT_FDCWD, "missing", NULL, 0));
    check("bad flags", -EINVAL, utimensat(AT_FDCWD, "f", NULL, 0x8000));
    unlink("f");
}

static int count_names(DIR *directory)
{
    int count = 0;
    while (readdir(directory))
        count++;
    return count;
}

static void test_directories(void)
{
    char name[32], buffer[512];
    mkdir("many", 0755);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "many/file%d", i);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    DIR *directory = opendir("many");
    check("all there", 2002, count_names(directory));
    check("the end again", 0, count_names(directory));
    rewinddir(directory);
    int removed = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        snprintf(buffer, sizeof buffer, "many/%s", entry->d_name);
        removed += entry->d_name[0] != '.' && unlink(buffer) == 0;
    }
    check("removed while listing", 2000, removed);
    rewinddir(directory);
    check("dot and dot dot are left", 2, count_names(directory));
    closedir(directory);
    int fd = open("many", O_RDONLY);
    check("buffer too small", -EINVAL, syscall(SYS_getdents64, fd, buffer, 10));
    check("dot and dot dot", 48, syscall(SYS_getdents64, fd, buffer, sizeof buffer));
    check("the end", 0, syscall(SYS_getdents64, fd, buffer, sizeof buffer));
    check("back", 0, lseek(fd, 0, SEEK_SET));
    check("into nothing", -EFAULT, syscall(SYS_getdents64, fd, 8, 512));
    check("removed", 0, rmdir("many"));
    check("empty without dots", -ENOENT, syscall(SYS_getdents64, fd, buffer, sizeof buffer));
    close(fd);
    check("of a file", -ENOTDIR, (make("f"), syscall(SYS_getdents64, open("f", O_RDONLY), buffer,
          512)));
    check("bad descriptor", -EBADF, syscall(SYS_getdents64, 99, buffer, 512));
    close(3);
    unlink("f");
}

static void test_mounts(void)
{
    make("f");
    mkdir("d", 0755);
    check("mount on nothing", -ENOENT, mount("none", "missing", "tmpfs", 0, ""));
    check("mount on a file", -ENOTDIR, mount("none", "f", "tmpfs", 0, ""));
    check("mount of nothing known", -ENODEV, mount("none", "d", "nosuchfs", 0, ""));
    check("mount with bad options", -EINVAL, mount("none", "d", "tmpfs", 0, "nosuch=1"));
    check("umount of no mount", -EINVAL, umount("d"));
    check("umount of nothing", -ENOENT, umount("missing"));
    check("umount bad flags", -EINVAL, umount2("d", 0x1000));
    check("mount", 0, mount("none", "d", "tmpfs", 0, "size=64k,nr_inodes=5,mode=700"));
    make("d/x");
    check("busy", -EBUSY, (chdir("d"), umount("../d")));
    check("back", 0, chdir(".."));
    check("full of names", -ENOSPC, (make("d/1"), make("d/2"), make("d/3"), mkdir("d/4", 0755)));
    check("rename across", -EXDEV, rename("d/x", "x"));
    check("link across", -EXDEV, link("d/x", "x"));
    check("read-only", 0, mount("none", "d", "", MS_REMOUNT | MS_RDONLY, ""));
    check("write there", -EROFS, open("d/x", O_WRONLY));
    check("create there", -EROFS, mkdir("d/y", 0755));
    check("unlink there", -EROFS, unlink("d/x"));
    check("touch there", -EROFS, utimensat(AT_FDCWD, "d/x", NULL, 0));
    check("chmod there", -EROFS, chmod("d/x", 0600));
    check("access there", -EROFS, access("d/x", W_OK));
    check("read there", 'd', first_byte("d/x"));
    check("umount", 0, umount("d"));
    check("what was mounted is gone", -ENOENT, links_of("d/x"));
    rmdir("d");
    unlink("f");
}

int main(void)
{
    enter_scratch("names.d");
    test_rename();
    test_links();
    test_walks();
    test_permissions();
    test_times();
    test_directories();
    test_mounts();
    return finish("names.d");
}
