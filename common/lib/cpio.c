/* The cpio reader: a header of hexadecimal digits, a name, data; each padded to 4 bytes.
 *
 *     offset  0  magic "070701" (or "070702": with a checksum)
 *             6  13 numbers of 8 hexadecimal digits: inode, mode, uid, gid, nlink, mtime, size,
 *                device major and minor, rdev major and minor, name size with NUL, checksum
 *           110  the name, its NUL, padding; the data, padding
 *
 * Every length is compared with what is left of the archive, never added to an offset first:
 * so nothing can overflow. */
#include <lib/cpio.h>

#include <linux/errno.h>
#include <linux/stat.h>
#include <stdbool.h>

#include <platform/memory.h>

#include <lib/string.h>

enum field {
    FIELD_INODE,
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_NLINK,
    FIELD_MTIME,
    FIELD_SIZE,
    FIELD_DEVICE_MAJOR,
    FIELD_DEVICE_MINOR,
    FIELD_RDEV_MAJOR,
    FIELD_RDEV_MINOR,
    FIELD_NAME_SIZE,
    FIELD_CHECKSUM,
    FIELD_COUNT
};

#define MAGIC_SIZE  6
#define DIGITS      8
#define HEADER_SIZE (MAGIC_SIZE + FIELD_COUNT * DIGITS)

static const char trailer[] = "TRAILER!!!";

void cpio_init(struct cpio_reader *reader, const void *archive, size_t size)
{
    *reader = (struct cpio_reader){ .archive = archive, .size = size };
}

/* Eight hexadecimal digits; -EINVAL if there is another character among them. */
static int parse_field(const uint8_t *digits, uint32_t *out)
{
    char text[DIGITS + 1];
    uint64_t value;

    memcpy(text, digits, DIGITS);
    text[DIGITS] = '\0';
    if (strlen(text) != DIGITS || string_to_u64(text, 16, &value) != 0)
        return -EINVAL;
    *out = (uint32_t)value;
    return 0;
}

static int parse_header(const uint8_t *header, uint32_t fields[FIELD_COUNT], bool *summed)
{
    *summed = memcmp(header, "070702", MAGIC_SIZE) == 0;
    if (!*summed && memcmp(header, "070701", MAGIC_SIZE) != 0)
        return -EINVAL;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        int error = parse_field(header + MAGIC_SIZE + i * DIGITS, &fields[i]);

        if (error != 0)
            return error;
    }
    return 0;
}

/* The bytes to a multiple of 4, as far as the archive goes: the padding after the very last
 * entry may be missing. */
static size_t padded(const struct cpio_reader *reader, size_t offset)
{
    size_t padding = -offset & 3;

    return offset + (padding < reader->size - offset ? padding : reader->size - offset);
}

/* The name begins at `offset`: `size` bytes, of which the last and no other is NUL. */
static int check_name(const struct cpio_reader *reader, size_t offset, uint32_t size)
{
    const char *name = (const char *)reader->archive + offset;

    if (size < 2 || size > reader->size - offset)
        return -EINVAL;
    return strnlen(name, size) == size - 1 ? 0 : -EINVAL;
}

/* The checksum of a "070702" entry is the sum of its data bytes; only regular files have one. */
static uint32_t checksum(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += data[i];
    return sum;
}

static void fill_entry(struct cpio_entry *out, const uint32_t fields[FIELD_COUNT])
{
    *out = (struct cpio_entry){
        .name_length = fields[FIELD_NAME_SIZE] - 1,
        .mode = fields[FIELD_MODE],
        .uid = fields[FIELD_UID],
        .gid = fields[FIELD_GID],
        .nlink = fields[FIELD_NLINK],
        .mtime = fields[FIELD_MTIME],
        .inode = fields[FIELD_INODE],
        .device_major = fields[FIELD_DEVICE_MAJOR],
        .device_minor = fields[FIELD_DEVICE_MINOR],
        .rdev_major = fields[FIELD_RDEV_MAJOR],
        .rdev_minor = fields[FIELD_RDEV_MINOR],
        .size = fields[FIELD_SIZE],
    };
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *out)
{
    uint32_t fields[FIELD_COUNT];
    size_t offset = reader->offset;
    bool summed;

    if (reader->size - offset < HEADER_SIZE ||
        parse_header(reader->archive + offset, fields, &summed) != 0)
        return -EINVAL;
    offset += HEADER_SIZE;
    if (check_name(reader, offset, fields[FIELD_NAME_SIZE]) != 0)
        return -EINVAL;
    fill_entry(out, fields);
    out->name = (const char *)reader->archive + offset;
    if (strcmp(out->name, trailer) == 0)
        return 0;
    offset = padded(reader, offset + fields[FIELD_NAME_SIZE]);
    if (out->size > reader->size - offset)
        return -EINVAL;
    out->data = reader->archive + offset;
    if (summed && S_ISREG(out->mode) && checksum(out->data, out->size) != fields[FIELD_CHECKSUM])
        return -EINVAL;
    reader->offset = padded(reader, offset + out->size);
    return 1;
}
