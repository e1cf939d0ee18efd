/* The boot loader's information: a list of tags, each copied or turned into ranges of memory.
 *
 * Nothing points into the loader's memory afterwards but the initramfs, whose pages are held until
 * boot_release_initramfs().  Reference: Multiboot2 Specification version 2.0, 3.6. */
#include "multiboot.h"

#include <stdbool.h>

#include <lib/string.h>
#include <platform/page.h>
#include <platform/panic.h>

#include "frame.h"
#include "image.h"
#include "memory_map.h"
#include "paging.h"

enum tag_type { TAG_END = 0, TAG_COMMAND_LINE = 1, TAG_LOADER = 2, TAG_MODULE = 3, TAG_MEMORY = 6 };

struct information {
    uint32_t total_size, reserved;
};

struct tag {
    uint32_t type, size; /* size without the padding to 8 bytes */
};

struct module_tag {
    struct tag tag;
    uint32_t start, end; /* physical */
    char name[];
};

struct memory_entry {
    uint64_t start, size;
    uint32_t type, reserved;
};
#define MEMORY_AVAILABLE 1

struct memory_tag {
    struct tag tag;
    uint32_t entry_size, entry_version;
    char entries[];
};

static char command_line[2048];
static char command_words[sizeof(command_line)]; /* the same with NUL for blanks */
static size_t command_words_size;
static char loader[64] = "unknown";
static bool memory_known;

static struct boot_information information = {
    .command_line = command_line,
    .loader = loader,
};

const struct boot_information *boot_information(void)
{
    return &information;
}

static const struct memory_entry *memory_entry(const struct memory_tag *tag, size_t index)
{
    size_t offset = sizeof(*tag) + index * tag->entry_size;
    if (offset + sizeof(struct memory_entry) > tag->tag.size)
        return NULL;
    return (const struct memory_entry *)((const char *)tag + offset);
}

static void take_memory(const struct memory_tag *tag)
{
    const struct memory_entry *entry;
    panic_unless(tag->entry_size >= sizeof(*entry));
    for (size_t i = 0; (entry = memory_entry(tag, i)) != NULL; i++) {
        if (entry->type == MEMORY_AVAILABLE)
            memory_map_add(entry->start, entry->start + entry->size);
    }
    for (size_t i = 0; (entry = memory_entry(tag, i)) != NULL; i++) {
        if (entry->type != MEMORY_AVAILABLE)
            memory_map_exclude(entry->start, entry->start + entry->size);
    }
    memory_known = true;
}

/* The first module is the initramfs; others are not asked for, and their memory is free. */
static void take_module(const struct module_tag *module)
{
    if (information.initramfs != NULL || module->end <= module->start)
        return;
    information.initramfs = physical_to_direct(module->start);
    information.initramfs_size = module->end - module->start;
}

static void take_command_line(const char *text)
{
    string_copy(command_line, text, sizeof(command_line));
    command_words_size = strlen(command_line) + 1;
    for (size_t i = 0; i < command_words_size; i++)
        command_words[i] = command_line[i] == ' ' ? '\0' : command_line[i];
}

static void take_tag(const struct tag *tag)
{
    switch (tag->type) {
    case TAG_COMMAND_LINE:
        take_command_line((const char *)(tag + 1));
        break;
    case TAG_LOADER:
        string_copy(loader, (const char *)(tag + 1), sizeof(loader));
        break;
    case TAG_MODULE:
        take_module((const struct module_tag *)tag);
        break;
    case TAG_MEMORY:
        take_memory((const struct memory_tag *)tag);
        break;
    default: /* the loader tells more than we want to know */
        break;
    }
}

void multiboot_parse(uint64_t physical)
{
    const struct information *head = physical_to_direct(physical);
    uint32_t offset = sizeof(*head);
    while (offset + sizeof(struct tag) <= head->total_size) {
        const struct tag *tag = (const struct tag *)((const char *)head + offset);
        if (tag->type == TAG_END || tag->size < sizeof(*tag))
            break;
        take_tag(tag);
        offset += (tag->size + 7) & ~7u;
    }
    if (!memory_known)
        panic("the boot loader gave no memory map");

    memory_map_reserve(0, LOW_MEMORY_END);
    memory_map_reserve(KERNEL_PHYSICAL_START, (uint64_t)kernel_end - KERNEL_OFFSET);
    if (information.initramfs != NULL) {
        uint64_t start = direct_to_physical(information.initramfs);
        memory_map_reserve(start, start + information.initramfs_size);
    }
}

void boot_release_initramfs(void)
{
    if (information.initramfs == NULL)
        return;
    frames_release(information.initramfs, information.initramfs_size);
    information.initramfs = NULL;
    information.initramfs_size = 0;
}

const char *boot_option(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < command_words_size; i += strlen(&command_words[i]) + 1) {
        const char *word = &command_words[i];
        if (strncmp(word, name, length) != 0)
            continue;
        if (word[length] == '=')
            return &word[length + 1];
        if (word[length] == '\0' && length > 0)
            return &word[length];
    }
    return NULL;
}
