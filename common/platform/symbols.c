/* Names for addresses, from the table that tools/symbols.py makes after the first link; that
 * link itself gets an empty one (no_symbols.S). */
#include <platform/panic.h>

#include "image.h"

/* Sorted by address; `name` is an offset in symbol_names.  tools/symbols.py writes this layout. */
struct symbol {
    uint64_t address;
    uint32_t name;
    uint32_t padding;
};
extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
    uint32_t low = 0, high = symbol_count; /* the answer is the last entry before `high` */

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (symbol_table[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address >= (uint64_t)kernel_text_end) {
        *offset = 0;
        return "?";
    }
    *offset = address - symbol_table[low - 1].address;
    return symbol_names + symbol_table[low - 1].name;
}
