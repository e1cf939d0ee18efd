/* The report that a kernel writes when it can do nothing else any more.
 *
 * It trusts as little as it can: no interrupts, no heap, no locks, stack frames only within known
 * stacks.  A panic during the report shortens it; a third ends the machine without another word. */
#include "panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <lib/format.h>
#include <lib/string.h>

#include "asm.h"
#include "console.h"
#include "kernel_stack.h"
#include "multiboot.h"
#include "power.h"
#include "segments.h"
#include "thread.h"
#include "trap.h"

#define LINE_SIZE 256
#define FRAMES    32

/* Page-fault error code (Intel SDM volume 3, 4.7). */
#define FAULT_PRESENT      (1u << 0)
#define FAULT_WRITE        (1u << 1)
#define FAULT_USER         (1u << 2)
#define FAULT_RESERVED_BIT (1u << 3)
#define FAULT_FETCH        (1u << 4)

static const char *const exception_names[32] = {
    [0] = "divide error",
    [1] = "debug exception",
    [2] = "non-maskable interrupt",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range exceeded",
    [6] = "invalid opcode",
    [7] = "device not available",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack-segment fault",
    [13] = "general protection",
    [14] = "page fault",
    [16] = "x87 error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD error",
    [21] = "control protection",
};

static unsigned depth; /* panics begun */

static void print_list(const char *text, va_list arguments)
{
    char line[LINE_SIZE];
    size_t length = format_list(line, sizeof(line), text, arguments);
    console_print(line, length < sizeof(line) ? length : sizeof(line) - 1);
    console_print("\r\n", 2);
}

__attribute__((format(printf, 1, 2))) static void print(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    print_list(text, arguments);
    va_end(arguments);
}

/* `address` of an instruction. */
static void print_place(uint64_t address)
{
    uint64_t offset;
    const char *name = symbol_find(address, &offset);
    print("  0x%016lx %s+0x%lx", address, name, offset);
}

/* A return address belongs to the call before it, which may be the last instruction of its
 * function. */
static void print_caller(uint64_t address)
{
    uint64_t offset;
    const char *name = symbol_find(address - 1, &offset);
    print("  0x%016lx %s+0x%lx", address, name, offset + 1);
}

static bool readable_frame(uint64_t frame)
{
    if (frame % sizeof(uint64_t) != 0)
        return false;
    uint64_t return_address = frame + sizeof(uint64_t);
    return (thread_on_stack(frame) && thread_on_stack(return_address)) ||
           (segments_on_interrupt_stack(frame) && segments_on_interrupt_stack(return_address));
}

/* Follows saved frame pointers (System V ABI for x86-64, 3.2.2).  Each lies above the one before,
 * so a damaged chain ends. */
static void print_backtrace(uint64_t frame)
{
    for (unsigned i = 0; i < FRAMES && readable_frame(frame); i++) {
        const uint64_t *words = (const uint64_t *)frame;
        print_caller(words[1]);
        if (words[0] <= frame)
            return;
        frame = words[0];
    }
}

/* Of code that was never there (a call through a bad pointer) the stack holds only the return
 * address, at its top. */
static void print_exception_backtrace(const struct kernel_registers *registers)
{
    uint64_t offset;
    print_place(registers->rip);
    if (*symbol_find(registers->rip, &offset) == '?' && readable_frame(registers->rsp))
        print_caller(*(const uint64_t *)registers->rsp);
    print_backtrace(registers->rbp);
}

static void print_registers(const struct kernel_registers *registers)
{
    print("rax %016lx  rbx %016lx  rcx %016lx", registers->rax, registers->rbx, registers->rcx);
    print("rdx %016lx  rsi %016lx  rdi %016lx", registers->rdx, registers->rsi, registers->rdi);
    print("rbp %016lx  rsp %016lx  r8  %016lx", registers->rbp, registers->rsp, registers->r8);
    print("r9  %016lx  r10 %016lx  r11 %016lx", registers->r9, registers->r10, registers->r11);
    print("r12 %016lx  r13 %016lx  r14 %016lx", registers->r12, registers->r13, registers->r14);
    print("r15 %016lx  cs %04lx ss %04lx  rflags %08lx", registers->r15, registers->cs,
          registers->ss, registers->rflags);
    print("cr0 %016lx  cr2 %016lx  cr3 %016lx", cr0_read(), cr2_read(), cr3_read());
    print("cr4 %016lx", cr4_read());
}

static void print_page_fault(const struct exception *exception)
{
    uint64_t code = exception->error_code;
    print("%s %s page at 0x%016lx, %s mode%s",
          code & FAULT_FETCH   ? "execution of"
          : code & FAULT_WRITE ? "write to"
                               : "read of",
          code & FAULT_PRESENT ? "a protected" : "an unmapped", exception->address,
          code & FAULT_USER ? "user" : "kernel",
          code & FAULT_RESERVED_BIT ? ", reserved bit set in a page table" : "");
}

static bool is_stack_overflow(const struct exception *exception)
{
    return (exception->vector == EXCEPTION_PAGE_FAULT ||
            exception->vector == EXCEPTION_DOUBLE_FAULT) &&
           kernel_stack_is_guard(exception->address);
}

/* Turns everything else off.  False if this is a panic within a panic, which has said already
 * what there is to say. */
static bool begin(void)
{
    cli();
    if (++depth > 2)
        power_fail();
    if (depth == 1)
        console_use_polling();
    return depth == 1;
}

_Noreturn static void end(void)
{
    static const char last_line[] = "--- end of panic report ---\r\n";
    console_print(last_line, sizeof(last_line) - 1);
    console_flush();
    const char *option = boot_option("panic");
    if (option && strcmp(option, "halt") == 0)
        power_halt();
    power_fail();
}

void panic(const char *text, ...)
{
    bool first = begin();
    char message[LINE_SIZE];
    va_list arguments;

    va_start(arguments, text);
    format_list(message, sizeof(message), text, arguments);
    va_end(arguments);
    print("KERNEL PANIC: %s", message);
    if (first) {
        print("backtrace:");
        print_backtrace((uint64_t)__builtin_frame_address(0));
    }
    end();
}

void panic_exception(const struct kernel_registers *registers, const struct exception *exception)
{
    bool first = begin();
    const char *name = exception->vector < 32 ? exception_names[exception->vector] : NULL;

    print("KERNEL PANIC: %s in %s (vector %u, error code 0x%lx)",
          name ? name : "reserved exception", registers->cs & 3 ? "user mode" : "the kernel",
          exception->vector, exception->error_code);
    if (is_stack_overflow(exception))
        print("kernel stack overflow: 0x%016lx is in the guard below the stack",
              exception->address);
    if (exception->vector == EXCEPTION_PAGE_FAULT)
        print_page_fault(exception);
    if (first) {
        print_registers(registers);
        print("backtrace:");
        print_exception_backtrace(registers);
    } else {
        print_place(registers->rip);
    }
    end();
}
