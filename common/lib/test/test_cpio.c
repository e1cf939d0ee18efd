/* lib/cpio.h: a whole archive, then the same cut at every byte and with every byte changed. */
#include <lib/cpio.h>

#include <linux/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

struct archive {
    uint8_t bytes[4096];
    size_t size;
};

static void pad(struct archive *archive)
{
    while (archive->size % 4 != 0)
        archive->bytes[archive->size++] = 0;
}

static void add(struct archive *archive, const char *magic, const char *name, unsigned mode,
                unsigned inode, unsigned nlink, const char *data)
{
    unsigned size = (unsigned)strlen(data), sum = 0;

    for (unsigned i = 0; i < size; i++)
        sum += (uint8_t)data[i];
    archive->size +=
        (size_t)sprintf(
            (char *)archive->bytes + archive->size,
            "%s%08X%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", magic, inode, mode, 1000,
            100, nlink, 0x5eadbeef, size, 8, 1, 4, 64, (unsigned)strlen(name) + 1,
            strcmp(magic, "070702") == 0 && (mode & 0170000) == 0100000 ? sum : 0, name) +
        1;
    pad(archive);
    memcpy(archive->bytes + archive->size, data, size);
    archive->size += size;
    pad(archive);
}

static void end(struct archive *archive)
{
    add(archive, "070701", "TRAILER!!!", 0, 0, 1, "");
}

static void sample(struct archive *archive)
{
    *archive = (struct archive){ 0 };
    add(archive, "070701", ".", 040755, 1, 2, "");
    add(archive, "070701", "bin/a", 0100755, 2, 2, "");
    add(archive, "070701", "bin/bc", 0100755, 2, 2, "shared data");
    add(archive, "070702", "sum", 0100600, 3, 1, "checked");
    add(archive, "070702", "link", 0120777, 4, 1, "bin/a");
    add(archive, "070701", "dev/tty", 0020666, 5, 1, "");
    end(archive);
}

/* Reads all entries and touches every byte of them; the result of the last call. */
static int read_all(const void *bytes, size_t size, unsigned *entries)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    volatile uint8_t sum = 0;
    int result;

    *entries = 0;
    cpio_init(&reader, bytes, size);
    while ((result = cpio_next(&reader, &entry)) == 1) {
        check(strlen(entry.name) == entry.name_length && entry.name_length > 0, "name length");
        for (size_t i = 0; i < entry.size; i++)
            sum += entry.data[i];
        ++*entries;
    }
    check(cpio_next(&reader, &entry) == result, "the last answer stays");
    return result;
}

static void whole(void)
{
    struct archive archive;
    struct cpio_reader reader;
    struct cpio_entry entry;

    sample(&archive);
    cpio_init(&reader, archive.bytes, archive.size);
    check(cpio_next(&reader, &entry) == 1, "first entry");
    check(strcmp(entry.name, ".") == 0 && entry.name_length == 1, "%s", entry.name);
    check(entry.mode == 040755 && entry.uid == 1000 && entry.gid == 100 && entry.nlink == 2 &&
              entry.mtime == 0x5eadbeef && entry.inode == 1 && entry.size == 0 &&
              entry.device_major == 8 && entry.device_minor == 1 && entry.rdev_major == 4 &&
              entry.rdev_minor == 64,
          "numbers");
    check(cpio_next(&reader, &entry) == 1 && entry.inode == 2 && entry.size == 0, "first link");
    check(cpio_next(&reader, &entry) == 1 && entry.inode == 2 && entry.nlink == 2, "second link");
    check(entry.size == 11 && memcmp(entry.data, "shared data", 11) == 0, "data of the links");
    check(cpio_next(&reader, &entry) == 1 && memcmp(entry.data, "checked", 7) == 0, "checksum");
    check(cpio_next(&reader, &entry) == 1 && entry.size == 5, "symbolic link");
    check(cpio_next(&reader, &entry) == 1 && strcmp(entry.name, "dev/tty") == 0, "device");
    check(cpio_next(&reader, &entry) == 0, "trailer");
    check(cpio_next(&reader, &entry) == 0, "trailer again");
}

/* Only the padding after the trailer's name may be missing. */
static void truncated(void)
{
    struct archive archive;
    unsigned entries;

    sample(&archive);
    size_t needed = archive.size;

    while (archive.bytes[needed - 2] == 0)
        needed--;
    for (size_t size = 0; size <= archive.size; size++) {
        uint8_t *exact = exact_copy(archive.bytes, size);
        int result = read_all(exact, size, &entries);

        check(result == (size < needed ? -EINVAL : 0), "%zu of %zu bytes: %d", size, archive.size,
              result);
        free(exact);
    }
}

/* Whatever the bytes are, nothing outside them is read; the sanitizer watches. */
static void mutated(void)
{
    struct archive archive;
    unsigned entries;

    sample(&archive);
    uint8_t *exact = exact_copy(archive.bytes, archive.size);

    for (size_t at = 0; at < archive.size; at++) {
        static const uint8_t values[] = { 0, '0', '7', 'f', 'F', 'g', '/', ':', '@', 0x80, 0xff };

        for (size_t v = 0; v < sizeof(values); v++) {
            exact[at] = values[v];
            read_all(exact, archive.size, &entries);
        }
        exact[at] = archive.bytes[at];
    }
    for (unsigned round = 0; round < 20000; round++) {
        for (unsigned i = 0; i < 6; i++)
            exact[test_random() % archive.size] = "0123456789abcdefF\0"[test_random() % 18];
        read_all(exact, archive.size, &entries);
        memcpy(exact, archive.bytes, archive.size);
    }
    free(exact);
}

static void check_bad(size_t at, const char *text, const char *what)
{
    struct archive archive = { 0 };
    unsigned entries;

    add(&archive, "070701", "name", 0100644, 1, 1, "data");
    end(&archive);
    check(read_all(archive.bytes, archive.size, &entries) == 0 && entries == 1, "good before");
    memcpy(archive.bytes + at, text, strlen(text));
    check(read_all(archive.bytes, archive.size, &entries) == -EINVAL && entries == 0, "%s", what);
}

static void malformed(void)
{
    struct archive archive = { 0 };
    unsigned entries;

    check_bad(0, "070707", "portable ASCII format");
    check_bad(0, "07070x", "bad magic");
    check_bad(6, "0000000g", "not hexadecimal");
    check_bad(6, "      +1", "blanks and sign");
    check_bad(54, "ffffffff", "data size beyond the archive");
    check_bad(54, "00001000", "data size beyond the archive");
    check_bad(94, "ffffffff", "name size beyond the archive");
    check_bad(94, "00000000", "no name");
    check_bad(94, "00000001", "empty name");
    check_bad(94, "00000004", "name not terminated");
    check_bad(94, "00000006", "name with a NUL inside");
    check_bad(0, "070702", "wrong checksum");
    end(&archive);
    check(read_all(archive.bytes, archive.size, &entries) == 0 && entries == 0, "no entries");
    check(read_all("", 0, &entries) == -EINVAL, "nothing at all");
}

const struct test cpio_tests[] = {
    { "whole archive", whole },
    { "truncated at every byte", truncated },
    { "mutated", mutated },
    { "malformed", malformed },
    { NULL, NULL },
};
