"""Tests of tools/ring_check.py: one violation of each kind, in many spellings, planted in a scratch
copy of a small kernel; the check must name the rule, the file and the line, and nothing else.

All plants of one kind of place are checked in one run, each in a file of its own, because a run
costs more than a file.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CHECK = REPOSITORY / "tools/ring_check.py"
RINGS = REPOSITORY / "tools/rings.py"

MAKEFILE = """\
PHASE := 1
include ../common/rules.mk
"""

CLEAN = {
    "main.c": """\
/* The start. */
#include <stdint.h>
#include <linux/errno.h>
#include <linux/signal.h>

#include <platform/page.h>

#include <lib/list.h>

#include "process/task.h"

static struct list tasks = LIST_INITIAL(tasks);

/* What looks like an offence, but stands in a comment: asm("cli"), (void *)0x1000,
 * __attribute__((section("x"))), #include "../x.h" */
static const char text[] = "asm(\\"cli\\") __attribute__((section)) __builtin_ia32_pause";

int start(struct task *task)
{
    void *nothing = (void *)0;
    uintptr_t number = (uintptr_t)task;

    if (nothing != NULL || number == (uintptr_t)SIG_IGN || text[0] == 0)
        return -EINVAL;
    list_add(&tasks, &task->link);
    return container_of(&task->link, struct task, link) == task ? 0 : -EINVAL;
}
""",
    "process/task.h": """\
#ifndef PROCESS_TASK_H
#define PROCESS_TASK_H

#include <lib/list.h>

struct task {
    struct list link;
    char name[16];
} __attribute__((aligned(16)));

int start(struct task *task);
void complain(const char *text, ...) __attribute__((format(printf, 1, 2), cold));

#endif
""",
    "process/task.c": '#include "process/task.h"\n\nvoid complain(const char *text, ...)\n{\n'
    "    (void)text;\n}\n",
    "services/files.c": '#include "process/task.h"\n',
}


class Tree:
    """A scratch repository with the real rules and headers and a tiny kernel."""

    def __init__(self, directory: Path) -> None:
        self.root = directory
        self.kernel = directory / "phase1-small/kernel"
        common = directory / "common"
        for name in ("rules.mk", "builtin.mk", "uapi.mk", "fence.h", "uapi", "lib", "platform/include"):
            source, target = REPOSITORY / "common" / name, common / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("test"))
            else:
                shutil.copy(source, target)
        for name, text in CLEAN.items():
            self.write(name, text)
        (self.root / "phase1-small/Makefile").write_text(MAKEFILE)

    def write(self, name: str, text: str) -> Path:
        path = self.kernel / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, CHECK, "--phase", "1", "--root", self.root],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def found(self) -> dict[str, list[tuple[int, str]]]:
        """The violations by file: (line, rule)."""
        result = self.check()
        assert result.returncode == 1, result.stdout + result.stderr
        found: dict[str, list[tuple[int, str]]] = {}
        for line in result.stdout.splitlines():
            if match := re.match(r"(\S+?):(\d+): ([a-z-]+)(?: \(.*?\))?: (.+)", line):
                path, number, rule, reason = match.groups()
                assert len(reason) > 20, f"no reason given: {line}"
                found.setdefault(path, []).append((int(number), rule))
        return found


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@dataclass
class Plant:
    """Code that breaks one rule once, on the line that ends with `//!`."""

    name: str
    rule: str
    code: str


PLANTS = [
    # Assembly, in every spelling.
    Plant("asm", "asm", 'void f(void) { asm("cli"); } //!'),
    Plant("asm_underscores", "asm", 'void f(void)\n{\n    __asm("cli"); //!\n}'),
    Plant("asm_both_underscores", "asm", 'void f(void) { __asm__ volatile("cli"); } //!'),
    Plant("asm_goto", "asm", 'void f(void) { asm goto("jmp %l0" :::: out); out:; } //!'),
    Plant("asm_file_level", "asm", 'asm(".globl f\\nf: cli\\nret"); //!'),
    Plant("asm_macro", "asm", '#define STOP asm("cli")\nvoid f(void)\n{\n    STOP; //!\n}'),
    Plant("asm_pasted", "asm",
          '#define JOIN(a, b) a##b\nvoid f(void) { JOIN(__as, m__)("cli"); } //!'),
    Plant("asm_pasted_twice", "asm",
          '#define J(a, b) a##b\n#define K(a, b) J(a, b)\n#define A as\n'
          'void f(void) { K(A, m)("cli"); } //!'),
    Plant("asm_spliced", "asm", 'void f(void) { as\\\nm("cli"); }'),  # line 1, see expected()
    Plant("asm_register", "asm", 'void f(void) { register long r asm("rax") = 0; (void)r; } //!'),
    Plant("asm_label", "asm", 'extern int x asm("kernel_text_start"); //!'),
    Plant("asm_for_gcc_only", "asm",
          '#ifndef __clang__\nvoid f(void) { asm("cli"); } //!\n#endif'),
    Plant("asm_unused_inline", "asm", 'static inline void f(void) { asm("cli"); } //!'),
    # Numbers turned into pointers.
    Plant("cast", "cast", "char *f(unsigned long n) { return (char *)n; } //!"),
    Plant("cast_constant", "cast", "char f(void) { return *(volatile char *)0xb8000; } //!"),
    Plant("cast_by_uintptr", "cast",
          "#include <stdint.h>\nchar *f(char *p)\n{\n"
          "    return (char *)((uintptr_t)p & ~(uintptr_t)15); //!\n}"),
    Plant("cast_implicit", "cast", "char *f(unsigned long n)\n{\n    return n; //!\n}"),
    Plant("cast_argument", "cast",
          "void g(char *p);\nvoid f(long n)\n{\n    g((void *)n); //!\n}"),
    Plant("cast_function", "cast", "void f(unsigned long n) { ((void (*)(void))n)(); } //!"),
    Plant("cast_in_macro", "cast",
          "#define AT(n) (*(char *)(n))\nchar f(long n)\n{\n    return AT(n); //!\n}"),
    Plant("cast_in_initializer", "cast", "char *p = (char *)1; //!"),
    Plant("cast_for_gcc_only", "cast",
          "#ifdef __clang__\n#define P(n) 0\n#else\n#define P(n) (char *)(n)\n#endif\n"
          "char *f(long n)\n{\n    return P(n); //!\n}"),
    Plant("cast_typeof", "cast", "char *f(long n) { return (__typeof__(char *))n; } //!"),
    Plant("null_plus", "null-arithmetic", "char *f(long n) { return (char *)0 + n; } //!"),
    Plant("null_index", "null-arithmetic", "char *f(long n) { return &((char *)0)[n]; } //!"),
    Plant("union_pointer", "pointer-union",
          "union pun { //!\n    unsigned long number;\n    char *pointer;\n};"),
    Plant("union_typedef", "pointer-union",
          "#include <stdint.h>\ntypedef void (*code)(void);\nstruct s {\n"
          "    union { //!\n        uint64_t number;\n        code pointer;\n    } u;\n};"),
    Plant("cast_there_and_back", "cast",
          "char *f(long n) { return (char *)(long)(char *)n; } //!"),
    # Attributes.
    Plant("section", "attribute", 'int x __attribute__((section(".boot"))) = 1; //!'),
    Plant("section_underscores", "attribute",
          'int x __attribute((unused, __section__(".boot"))) = 1; //!'),
    Plant("section_over_lines", "attribute",
          'int x __attribute__((aligned(8),\n    section(".boot"))) = 1; //!'),
    Plant("section_brackets", "attribute", '[[gnu::section(".boot")]] int x = 1; //!'),
    Plant("section_pasted", "attribute",
          '#define J(a, b) a##b\nint x __attribute__((J(sec, tion)(".boot"))) = 1; //!'),
    Plant("section_macro", "attribute",
          '#define BOOT __attribute__((section(".boot")))\nBOOT int x = 1; //!'),
    Plant("naked", "attribute", "__attribute__((naked)) void f(void) {} //!"),
    Plant("ifunc", "attribute",
          'static void *r(void) { return 0; }\n'
          'void f(void) __attribute__((ifunc("r"))); //!'),
    Plant("constructor", "attribute", "__attribute__((constructor(101))) void f(void) {} //!"),
    Plant("destructor", "attribute", "__attribute__((destructor)) void f(void) {} //!"),
    Plant("no_sanitize", "attribute",
          '__attribute__((no_sanitize("address"))) void f(void) {} //!'),
    Plant("no_sanitize_address", "attribute",
          "__attribute__((no_sanitize_address)) void f(void) {} //!"),
    Plant("alias", "attribute", 'int x;\nextern int y __attribute__((alias("x"))); //!'),
    Plant("optimize", "attribute", '__attribute__((optimize("O0"))) void f(void) {} //!'),
    Plant("target", "attribute", '__attribute__((target("avx2"))) void f(void) {} //!'),
    Plant("interrupt", "attribute",
          "struct frame;\n__attribute__((interrupt)) void f(struct frame *p) { (void)p; } //!"),
    # Built-ins, storage, pragmas.
    Plant("ia32", "builtin", "void f(void) { __builtin_ia32_pause(); } //!"),
    Plant("ia32_pasted", "builtin",
          "#define J(a, b) a##b\nvoid f(void) { J(__builtin_, ia32_pause)(); } //!"),
    Plant("frame_address", "builtin", "void *f(void) { return __builtin_frame_address(0); } //!"),
    Plant("thread_local", "segment", "_Thread_local int x; //!"),
    Plant("thread_local_gnu", "segment", "__thread int x; //!"),
    Plant("pragma_target", "pragma", '#pragma GCC target("sse2") //!'),
    Plant("pragma_operator", "pragma", '_Pragma("redefine_extname f g") void f(void); //!'),
    Plant("pragma_system", "pragma", "#pragma GCC system_header //!"),
    # Headers.
    Plant("include_platform", "include", '#include "../../common/platform/include/../asm.h" //!'),
    Plant("include_intrinsics", "include", "#include <x86intrin.h> //!"),
    Plant("include_cpuid", "include", "#include <cpuid.h> //!"),
    Plant("include_absolute", "include", '#include "/usr/include/string.h" //!'),
    Plant("include_up", "include-up", '#include "../process/task.h" //!'),
    Plant("include_up_spliced", "include-up", '#include "..\\\n/process/task.h"'),
    Plant("include_up_computed", "include-up",
          '#define HEADER "process/../process/task.h"\n#include HEADER //!'),
    Plant("line_directive", "line", '#line 1 "/usr/include/x.h" //!'),
    Plant("line_marker", "line", '# 1 "/usr/include/x.h" //!'),
    Plant("line_digraph", "line", '%:line 7 //!'),
    # Exceptions.
    Plant("exception_unused", "exception", "/* ring exception: nothing here */ int x; //!"),
]


def marked_line(code: str) -> int:
    """The line that ends with //!; the first of a spliced plant, where the mark has no place."""
    lines = code.splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.endswith("//!")), 1)


def plant_all(tree: Tree, directory: str) -> dict[str, list[tuple[int, str]]]:
    """Every plant in a file of its own in kernel/`directory`; what the check finds."""
    (tree.root / "common/platform/asm.h").write_text("int platform_secret;\n")
    for plant in PLANTS:
        tree.write(f"{directory}/{plant.name}.c", plant.code.replace(" //!", "") + "\n")
    return tree.found()


@pytest.fixture(scope="module")
def found_in_core(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, str]]]:
    return plant_all(Tree(tmp_path_factory.mktemp("core")), "plants")


@pytest.fixture(scope="module")
def found_in_services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, str]]]:
    return plant_all(Tree(tmp_path_factory.mktemp("services")), "services")


def expected(plant: Plant) -> set[tuple[int, str]]:
    rules = {plant.rule}
    if plant.name == "include_platform":  # it breaks two rules on the one line
        rules.add("include-up")
    return {(marked_line(plant.code), rule) for rule in rules}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_core(found_in_core: dict[str, list[tuple[int, str]]], plant: Plant) -> None:
    found = found_in_core.get(f"phase1-small/kernel/plants/{plant.name}.c", [])
    assert set(found) == expected(plant)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_services(found_in_services: dict[str, list[tuple[int, str]]], plant: Plant) -> None:
    found = found_in_services.get(f"phase1-small/kernel/services/{plant.name}.c", [])
    assert set(found) == expected(plant)


def test_nothing_else_is_reported(found_in_core: dict[str, list[tuple[int, str]]]) -> None:
    assert len(found_in_core) == len(PLANTS)


def test_clean_tree_passes(tree: Tree) -> None:
    result = tree.check()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("\n") == 1 and "0 violations, 0 exceptions" in result.stdout


def test_library_is_checked(tree: Tree) -> None:
    """common/lib is callable from every ring and held to the same rules."""
    path = tree.root / "common/lib/path.c"
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + 'void f(long n) { asm("cli" :: "r"((char *)n)); }\n')
    assert sorted(tree.found()["common/lib/path.c"]) == [(lines + 1, "asm"), (lines + 1, "cast")]


def test_library_sees_no_kernel_header(tree: Tree) -> None:
    path = tree.root / "common/lib/path.c"
    path.write_text('#include "../../phase1-small/kernel/process/task.h"\n' + path.read_text())
    assert set(tree.found()["common/lib/path.c"]) == {(1, "include"), (1, "include-up")}


def test_included_header(tree: Tree) -> None:
    text = CLEAN["process/task.h"].replace(
        "int start", "static inline char *forge(long n)\n{\n    return (char *)n;\n}\nint start"
    )
    tree.write("process/task.h", text)
    assert tree.found() == {"phase1-small/kernel/process/task.h": [(13, "cast")]}


def test_header_that_nobody_includes(tree: Tree) -> None:
    tree.write("process/lonely.h", "static inline char *forge(long n) { return (char *)n; }\n")
    assert tree.found() == {"phase1-small/kernel/process/lonely.h": [(1, "cast")]}


def test_assembly_source(tree: Tree) -> None:
    tree.write("fast.S", "cli\n")
    assert tree.found() == {"phase1-small/kernel/fast.S": [(1, "asm")]}


def test_fence_must_stand(tree: Tree) -> None:
    (tree.root / "common/fence.h").write_text("#pragma GCC poison asm __asm__\n")
    assert set(tree.found()["common/rules.mk"]) == {(1, "fence")}


@pytest.mark.parametrize("annotated", [
    "    return (char *)n; /* ring exception: the firmware's table is there */",
    "    /* ring exception: the firmware's table is there */\n    return (char *)n;",
])  # fmt: skip
def test_exception_is_counted(tree: Tree, annotated: str) -> None:
    tree.write("main.c", CLEAN["main.c"] + "char *f(long n)\n{\n" + annotated + "\n}\n")
    result = tree.check()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "exception (cast): the firmware's table is there" in result.stdout
    assert "0 violations, 1 exception" in result.stdout


def test_exception_needs_a_reason(tree: Tree) -> None:
    tree.write("x.c", "char *f(long n) { return (char *)n; } /* ring exception: */\n")
    assert set(tree.found()["phase1-small/kernel/x.c"]) == {(1, "cast"), (1, "exception")}


def test_header_of_an_earlier_phase(tree: Tree) -> None:
    """A linked source must find this phase's headers, not those beside the link's target."""
    second = tree.root / "phase2-next"
    shutil.copytree(tree.root / "phase1-small", second)
    (second / "Makefile").write_text(MAKEFILE.replace("1", "2"))
    shutil.rmtree(second / "kernel/process")
    (second / "kernel/process").symlink_to("../../phase1-small/kernel/process")
    arguments = [sys.executable, CHECK, "--phase", "2", "--root", tree.root]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (second / "kernel/main.c").write_text(
        '#include "../../phase1-small/kernel/process/task.h"\n'
    )
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "phase2-next/kernel/main.c:1: include (phase1-small/" in result.stdout


def test_core_names_no_service(tree: Tree) -> None:
    """From phase 2 on; main.c has the list of them."""
    second = tree.root / "phase2-next"
    tree.write("services/services.h", "extern int files;\n")
    tree.write("services/files/service.h", "extern int files;\n")
    tree.write("main.c", "#include <services/services.h>\n")
    tree.write("other.c", "\n#include <services/services.h>\n#include <services/files/service.h>\n")
    assert tree.check().returncode == 0
    shutil.copytree(tree.root / "phase1-small", second)
    (second / "Makefile").write_text(MAKEFILE.replace("1", "2"))
    arguments = [sys.executable, CHECK, "--phase", "2", "--root", tree.root]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert re.findall(r"^(\S+:\d+: \S+)", result.stdout, re.M) == [
        "phase2-next/kernel/other.c:2: names-service",
        "phase2-next/kernel/other.c:3: names-service",
    ]


@pytest.mark.parametrize("text", ["#include <nowhere.h>\n", "int f(void) { return }\n"])
def test_unreadable_code_is_trouble(tree: Tree, text: str) -> None:
    tree.write("main.c", text)
    result = tree.check()
    assert result.returncode == 2
    assert "main.c" in result.stderr and len(result.stderr) < 1000


def test_unknown_phase_is_trouble(tree: Tree) -> None:
    result = subprocess.run([sys.executable, CHECK, "--phase", "9", "--root", tree.root],
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert result.returncode == 2 and "phase9" in result.stderr


def table(tree: Tree, *options: str) -> dict[str, list[str]]:
    """The rows of rings.py by module, totals by their first cell."""
    result = subprocess.run(
        [sys.executable, RINGS, "--phase", "1", "--root", tree.root, "--markdown", *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in result.stdout.splitlines()]
    return {row[1] or row[0]: row for row in rows[2:]}


def test_table_of_modules(tree: Tree) -> None:
    platform = tree.root / "common/platform"
    (platform / "io.h").write_text('static inline void stop(void) { __asm__("cli"); }\n')
    (platform / "a.c").write_text(
        '#include "io.h"\nchar *a(long n) { stop(); return (char *)n; }\n'
        'void b(void) { asm("nop"); asm("nop"); }\n'
    )
    (platform / "b.c").write_text('#include "io.h"\nvoid c(void) { stop(); }\n')
    (platform / "c.S").write_text(
        "/* one\n   two */\n#define X \\\n  nop\n.globl f\nf: cli; hlt # stop\n  jmp f // again\n"
        "1:\n.align 8\n"
    )
    tree.write("main.c", CLEAN["main.c"] + "/* ring exception: x */ char *z = (char *)1;\n")
    rows = table(tree)
    lines = str(CLEAN["main.c"].count("\n") + 1)
    assert rows["common/platform"][2:9] == ["halt", "4", "15", "3", "3", "1", "0"]
    assert rows["kernel"][:5] == ["1 Core", "kernel", "panic", "1", lines]
    assert rows["kernel"][5:9] == ["0", "0", "1", "1"]
    assert rows["kernel"][9:] == ["-", "-"]  # nothing has been built
    assert rows["kernel/services"][0] == "2 Services"
    assert rows["kernel/process"][3] == "2"
    assert rows["outside Ring 0"][5:9] == ["0", "0", "1", "1"]
    assert rows["all"][5:9] == ["3", "3", "2", "1"]
