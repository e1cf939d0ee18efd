/* A verifier and an interpreter for classic BPF: what the first lets pass cannot hurt the second.
 *
 * The machine has an accumulator A, an index register X and sixteen words of scratch memory. */
#include "packet_filter.h"

#include <linux/errno.h>
#include <linux/if_ether.h>
#include <stdbool.h>

#include <lib/bits.h>
#include <platform/memory.h>
#include <platform/heap.h>

/* ---- the verifier ---- */

static bool is_known(uint16_t code)
{
    static const uint16_t known[] = {
        BPF_ALU | BPF_ADD | BPF_K,
        BPF_ALU | BPF_ADD | BPF_X,
        BPF_ALU | BPF_SUB | BPF_K,
        BPF_ALU | BPF_SUB | BPF_X,
        BPF_ALU | BPF_MUL | BPF_K,
        BPF_ALU | BPF_MUL | BPF_X,
        BPF_ALU | BPF_DIV | BPF_K,
        BPF_ALU | BPF_DIV | BPF_X,
        BPF_ALU | BPF_MOD | BPF_K,
        BPF_ALU | BPF_MOD | BPF_X,
        BPF_ALU | BPF_AND | BPF_K,
        BPF_ALU | BPF_AND | BPF_X,
        BPF_ALU | BPF_OR | BPF_K,
        BPF_ALU | BPF_OR | BPF_X,
        BPF_ALU | BPF_XOR | BPF_K,
        BPF_ALU | BPF_XOR | BPF_X,
        BPF_ALU | BPF_LSH | BPF_K,
        BPF_ALU | BPF_LSH | BPF_X,
        BPF_ALU | BPF_RSH | BPF_K,
        BPF_ALU | BPF_RSH | BPF_X,
        BPF_ALU | BPF_NEG,
        BPF_LD | BPF_W | BPF_ABS,
        BPF_LD | BPF_H | BPF_ABS,
        BPF_LD | BPF_B | BPF_ABS,
        BPF_LD | BPF_W | BPF_IND,
        BPF_LD | BPF_H | BPF_IND,
        BPF_LD | BPF_B | BPF_IND,
        BPF_LD | BPF_W | BPF_LEN,
        BPF_LD | BPF_IMM,
        BPF_LD | BPF_MEM,
        BPF_LDX | BPF_W | BPF_LEN,
        BPF_LDX | BPF_B | BPF_MSH,
        BPF_LDX | BPF_IMM,
        BPF_LDX | BPF_MEM,
        BPF_ST,
        BPF_STX,
        BPF_MISC | BPF_TAX,
        BPF_MISC | BPF_TXA,
        BPF_RET | BPF_K,
        BPF_RET | BPF_A,
        BPF_JMP | BPF_JA,
        BPF_JMP | BPF_JEQ | BPF_K,
        BPF_JMP | BPF_JEQ | BPF_X,
        BPF_JMP | BPF_JGE | BPF_K,
        BPF_JMP | BPF_JGE | BPF_X,
        BPF_JMP | BPF_JGT | BPF_K,
        BPF_JMP | BPF_JGT | BPF_X,
        BPF_JMP | BPF_JSET | BPF_K,
        BPF_JMP | BPF_JSET | BPF_X,
    };

    for (size_t i = 0; i < array_count(known); i++)
        if (known[i] == code)
            return true;
    return false;
}

/* The constant of an instruction, and where it jumps to, `left` instructions before the end. */
static bool operand_is_valid(const struct sock_filter *instruction, size_t left)
{
    switch (instruction->code) {
    case BPF_ALU | BPF_DIV | BPF_K:
    case BPF_ALU | BPF_MOD | BPF_K:
        return instruction->k != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
        return instruction->k < 32;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
        return instruction->k < BPF_MEMWORDS;
    case BPF_JMP | BPF_JA:
        return instruction->k < left;
    default:
        if (BPF_CLASS(instruction->code) == BPF_JMP)
            return instruction->jt < left && instruction->jf < left;
        return true;
    }
}

/* No word of scratch memory is read before it was written, on any way through the program.  `valid`
 * holds, for each instruction, the words that all ways known so far have written. */
static bool memory_is_written(const struct sock_filter *program, size_t count, uint16_t *valid)
{
    uint16_t written = 0;

    memset(valid, 0xff, count * sizeof(*valid));
    for (size_t i = 0; i < count; i++) {
        const struct sock_filter *now = &program[i];

        written &= valid[i];
        switch (now->code) {
        case BPF_ST:
        case BPF_STX:
            written |= (uint16_t)(1u << now->k);
            break;
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM:
            if (!(written >> now->k & 1))
                return false;
            break;
        case BPF_JMP | BPF_JA:
            valid[i + 1 + now->k] &= written;
            written = 0xffff;
            break;
        default:
            if (BPF_CLASS(now->code) == BPF_JMP) {
                valid[i + 1 + now->jt] &= written;
                valid[i + 1 + now->jf] &= written;
                written = 0xffff;
            }
        }
    }
    return true;
}

int packet_filter_check(const struct sock_filter *program, size_t count)
{
    if (count == 0 || count > BPF_MAXINSNS || BPF_CLASS(program[count - 1].code) != BPF_RET)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        if (!is_known(program[i].code) || !operand_is_valid(&program[i], count - i - 1))
            return -EINVAL;
    uint16_t *valid = kmalloc(count * sizeof(*valid));

    if (!valid)
        return -ENOMEM;
    bool fine = memory_is_written(program, count, valid);

    kfree(valid);
    return fine ? 0 : -EINVAL;
}

/* ---- the interpreter ---- */

struct machine {
    uint32_t a, x;
    uint32_t memory[BPF_MEMWORDS];
};

/* What lies at offsets that no packet has: linux/filter.h, SKF_AD_*. */
static bool load_ancillary(const struct packet_view *packet, uint32_t which,
                           struct machine *machine)
{
    switch (which) {
    case SKF_AD_PROTOCOL:
        if (packet->length < ETH_HLEN)
            return false;
        machine->a = (uint32_t)packet->frame[12] << 8 | packet->frame[13];
        return true;
    case SKF_AD_PKTTYPE:
        machine->a = packet->kind;
        return true;
    case SKF_AD_IFINDEX:
        machine->a = packet->interface;
        return true;
    case SKF_AD_ALU_XOR_X:
        machine->a ^= machine->x;
        return true;
    case SKF_AD_HATYPE:
        machine->a = packet->interface == 1 ? 772 : 1; /* ARPHRD_LOOPBACK, ARPHRD_ETHER */
        return true;
    case SKF_AD_MARK:
    case SKF_AD_QUEUE:
    case SKF_AD_RXHASH:
    case SKF_AD_CPU:
    case SKF_AD_VLAN_TAG:
    case SKF_AD_VLAN_TAG_PRESENT:
        machine->a = 0;
        return true;
    default:
        return false;
    }
}

/* `size` bytes in network order at an offset of the program's; false where there are none. */
static bool load(const struct packet_view *packet, uint32_t offset, unsigned size, uint32_t *out)
{
    uint64_t at = packet->start + (uint64_t)offset;
    uint32_t value = 0;

    if (offset >= (uint32_t)SKF_NET_OFF)
        at = ETH_HLEN + (uint64_t)(offset - (uint32_t)SKF_NET_OFF);
    else if (offset >= (uint32_t)SKF_LL_OFF)
        at = offset - (uint32_t)SKF_LL_OFF;
    if (at + size > packet->length)
        return false;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | packet->frame[at + i];
    *out = value;
    return true;
}

static unsigned width(uint16_t code)
{
    return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

static bool load_accumulator(const struct sock_filter *now, const struct packet_view *packet,
                             struct machine *machine)
{
    switch (BPF_MODE(now->code)) {
    case BPF_IMM:
        machine->a = now->k;
        return true;
    case BPF_MEM:
        machine->a = machine->memory[now->k];
        return true;
    case BPF_LEN:
        machine->a = (uint32_t)(packet->length - packet->start);
        return true;
    case BPF_IND:
        return load(packet, machine->x + now->k, width(now->code), &machine->a);
    default:
        if (now->k >= (uint32_t)SKF_AD_OFF)
            return load_ancillary(packet, now->k - (uint32_t)SKF_AD_OFF, machine);
        return load(packet, now->k, width(now->code), &machine->a);
    }
}

static bool load_index(const struct sock_filter *now, const struct packet_view *packet,
                       struct machine *machine)
{
    switch (BPF_MODE(now->code)) {
    case BPF_IMM:
        machine->x = now->k;
        return true;
    case BPF_MEM:
        machine->x = machine->memory[now->k];
        return true;
    case BPF_LEN:
        machine->x = (uint32_t)(packet->length - packet->start);
        return true;
    default: /* BPF_MSH: the length of an IP header */
        if (!load(packet, now->k, 1, &machine->x))
            return false;
        machine->x = (machine->x & 0xf) * 4;
        return true;
    }
}

/* False for a division by zero, which ends the program. */
static bool calculate(uint16_t code, uint32_t operand, uint32_t *a)
{
    switch (BPF_OP(code)) {
    case BPF_ADD:
        *a += operand;
        return true;
    case BPF_SUB:
        *a -= operand;
        return true;
    case BPF_MUL:
        *a *= operand;
        return true;
    case BPF_DIV:
        *a = operand ? *a / operand : 0;
        return operand != 0;
    case BPF_MOD:
        *a = operand ? *a % operand : 0;
        return operand != 0;
    case BPF_AND:
        *a &= operand;
        return true;
    case BPF_OR:
        *a |= operand;
        return true;
    case BPF_XOR:
        *a ^= operand;
        return true;
    case BPF_LSH:
        *a = operand < 32 ? *a << operand : 0;
        return true;
    case BPF_RSH:
        *a = operand < 32 ? *a >> operand : 0;
        return true;
    default:
        *a = -*a;
        return true;
    }
}

static bool compare(uint16_t code, uint32_t a, uint32_t operand)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == operand;
    case BPF_JGT:
        return a > operand;
    case BPF_JGE:
        return a >= operand;
    default:
        return (a & operand) != 0;
    }
}

uint32_t packet_filter_run(const struct sock_filter *program, const struct packet_view *packet)
{
    struct machine machine = { .a = 0 };

    for (const struct sock_filter *now = program;; now++) {
        uint32_t operand = BPF_SRC(now->code) == BPF_X ? machine.x : now->k;
        bool fine = true;

        switch (BPF_CLASS(now->code)) {
        case BPF_LD:
            fine = load_accumulator(now, packet, &machine);
            break;
        case BPF_LDX:
            fine = load_index(now, packet, &machine);
            break;
        case BPF_ST:
            machine.memory[now->k] = machine.a;
            break;
        case BPF_STX:
            machine.memory[now->k] = machine.x;
            break;
        case BPF_ALU:
            fine = calculate(now->code, operand, &machine.a);
            break;
        case BPF_JMP:
            if (BPF_OP(now->code) == BPF_JA)
                now += now->k;
            else
                now += compare(now->code, machine.a, operand) ? now->jt : now->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(now->code) == BPF_A ? machine.a : now->k;
        default: /* BPF_MISC */
            if (BPF_MISCOP(now->code) == BPF_TAX)
                machine.x = machine.a;
            else
                machine.a = machine.x;
        }
        if (!fine)
            return 0;
    }
}
