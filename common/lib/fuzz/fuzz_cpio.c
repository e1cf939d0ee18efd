/* The cpio reader: whatever the archive is, an entry lies inside it, and the reader comes to an
 * end and stays there. */
#include "fuzz.h"

#include <lib/cpio.h>

static void check_entry(const uint8_t *data, size_t size, const struct cpio_entry *entry)
{
    const uint8_t *name = (const uint8_t *)entry->name, *end = data + size;
    promise(name >= data && entry->name_length > 0);
    promise(entry->name_length < (size_t)(end - name) && name[entry->name_length] == '\0');
    for (size_t i = 0; i < entry->name_length; i++)
        promise(name[i] != '\0');
    promise(entry->data >= data && entry->data <= end);
    promise(entry->size <= (size_t)(end - entry->data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    size_t before = 0;
    int result;
    cpio_init(&reader, data, size);
    while ((result = cpio_next(&reader, &entry)) == 1) {
        check_entry(data, size, &entry);
        promise(reader.offset > before && reader.offset <= size);
        before = reader.offset;
    }
    promise(result <= 0);
    promise(cpio_next(&reader, &entry) == result);
    return 0;
}
