"""Tests of the walls around a service: one violation of each kind, planted in a scratch copy of
tmpfs; the build must fail and name the rule, the file and the line, and so must the ring check.

Only tmpfs is built there, once, and then its changed file alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PHASE = next(REPOSITORY.glob("phase3-*"), None)
pytestmark = pytest.mark.skipif(PHASE is None, reason="another phase's handout has no modules")
USED = "static __attribute__((used))"


class Tree:
    """A repository with the real rules and tools, and tmpfs as the only service."""

    def __init__(self, root: Path) -> None:
        self.root, self.phase = root, root / "phase3-small"
        self.source = self.phase / "services/tmpfs/tmpfs.c"
        unneeded = shutil.ignore_patterns("test", "tests", "fuzz", "user", "__pycache__")
        for name in ("common", "tools"):
            shutil.copytree(REPOSITORY / name, root / name, ignore=unneeded)
        for name in ("libs", "services/tmpfs"):
            shutil.copytree(PHASE / name, self.phase / name)
        makefile = (PHASE / "Makefile").read_text()
        self.write("Makefile", re.sub(r"^THIRD_PARTY.*\n", "", makefile, flags=re.M))
        self.write("kernel/process/process.h", "extern struct task *current;\n")

    def write(self, name: str, text: str) -> None:
        path = self.phase / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def build(self) -> subprocess.CompletedProcess[str]:
        """Builds the module, all the way from its sources, whichever phase a make around us is told."""
        outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PHASE")
        return subprocess.run(
            ["make", "-s", "../build/phase3/services/tmpfs.o"],
            cwd=self.phase, capture_output=True, text=True, check=False,
            env={name: value for name, value in os.environ.items() if name not in outer},
        )  # fmt: skip

    def build_with(self, file: str, code: str) -> str:
        """What the failing build says with `code` at the end of a file of tmpfs."""
        path = self.phase / "services/tmpfs" / file
        text = path.read_text()
        try:
            path.write_text(text + code + "\n")
            result = self.build()
        finally:
            path.write_text(text)
        assert result.returncode != 0, "the build has not noticed"
        return result.stderr

    def walls(self, *words: str | Path) -> tuple[int, list[str]]:
        """Exit status and lines of tools/walls.py, run in the phase's directory."""
        result = subprocess.run(
            [sys.executable, self.root / "tools/walls.py", *words],
            cwd=self.phase, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return result.returncode, result.stderr.splitlines()

    def module(self, name: str, flags: str = "-g") -> tuple[int, list[str]]:
        """The walls of a service that is one file, services/NAME/NAME.{c,S}."""
        whole = self.phase / f"services/{name}/{name}.o"
        source = next(self.phase.glob(f"services/{name}/{name}.[cS]"))
        subprocess.run(
            ["gcc", "-ffreestanding", "-fno-pic", "-mcmodel=kernel", "-O2", "-c",
             "-fno-asynchronous-unwind-tables", *flags.split(), "-o", whole, source],
            check=True,
        )  # fmt: skip
        return self.walls("module", f"services/{name}", whole, whole)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    made = Tree(tmp_path_factory.mktemp("walls"))
    result = made.build()
    assert result.returncode == 0, result.stderr
    return made


@dataclass(frozen=True)
class Plant:
    """`code` at the end of tmpfs.c, and what the build then says of its last line."""

    name: str
    code: str
    says: str


BUILD_PLANTS = [
    Plant("core_header", "#include <process/process.h>",
          r"include \(phase3-small/kernel/process/process.h\): .*may see"),
    Plant("other_service", "#include <local/local.h>",
          r"include \(phase3-small/services/local/local.h\)"),
    Plant("core_function", f"int secret(void);\n{USED} int spy(void) {{ return secret(); }}",
          r"import \(secret\): .*nothing else"),
    Plant("core_function_address", f"int secret(void);\n{USED} int (*spy)(void) = secret;",
          r"import \(secret\)"),
    Plant("core_variable",
          f"extern struct task *current;\n{USED} void *spy(void) {{ return current; }}",
          r"import \(current\)"),
    Plant("core_variable_address",
          f"extern struct task *current;\n{USED} struct task **spy = &current;",
          r"import \(current\)"),
    Plant("asm", f'{USED} void stop(void) {{ __asm__("cli"); }}',
          r"asm: only common/platform may use assembly"),
    Plant("asm_at_file_level", '__asm__("cli");', r"asm: "),
    Plant("cast", "int *tmpfs_forge(long n);\nint *tmpfs_forge(long n) { return (int *)n; }",
          r"cast: only common/platform may turn a number into a pointer"),
    Plant("cast_unused", "static inline int *forge(long n) { return (int *)n; }", r"cast: "),
    Plant("exported_variable", "int tmpfs_count = 1;", r"export \(tmpfs_count\): .*static"),
    Plant("exported_function", "int tmpfs_spy(void);\nint tmpfs_spy(void) { return 1; }",
          r"export \(tmpfs_spy\)"),
    Plant("exported_weak", "__attribute__((weak)) int tmpfs_weak;", r"export \(tmpfs_weak\)"),
    Plant("second_descriptor",
          '#include <service.h>\nconst struct service other_service = { .name = "other" };',
          r"export \(other_service\)"),
    Plant("privileged", '__attribute__((section(".text"), used)) '
          "static const unsigned char code[] = { 0xfa, 0xf4, 0xc3 };",
          r"instruction \(cli\): only common/platform"),
    Plant("section", '__attribute__((section(".fault_table"), used)) static const long entry = 1;',
          r"section \(\.fault_table\)"),
]  # fmt: skip


@pytest.mark.parametrize("plant", BUILD_PLANTS, ids=lambda plant: plant.name)
def test_build_fails(tree: Tree, plant: Plant) -> None:
    tree.write("services/local/local.h", "struct local;\n")
    line = len(tree.source.read_text().splitlines()) + len(plant.code.splitlines())
    said = tree.build_with("tmpfs.c", plant.code)
    row = rf"^phase3-small/services/tmpfs/tmpfs\.c:{line}: {plant.says}"
    assert re.search(row, said, re.M), said


def test_table(tree: Tree) -> None:
    """tools/rings.py counts what the module's object calls and offers."""
    result = subprocess.run(
        [sys.executable, tree.root / "tools/rings.py", "--phase", "3", "--markdown"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rows = [[cell.strip() for cell in row.split("|")] for row in result.stdout.splitlines()]
    row = next(row for row in rows if row[2] == "services/tmpfs")
    imports = (tree.phase / "services/tmpfs/imports").read_text().splitlines()
    allowed = [line for line in imports if line and not line.startswith("#")]
    assert row[-3:] == [str(len(allowed)), "1", ""], result.stderr
    assert row[1] == "2 Services"


def test_unused_import(tree: Tree) -> None:
    line = len((tree.phase / "services/tmpfs/imports").read_text().splitlines()) + 1
    said = tree.build_with("imports", "printk")
    assert f"phase3-small/services/tmpfs/imports:{line}: import-unused (printk): " in said


def test_missing_imports(tree: Tree) -> None:
    """Of a module that is up to date, too."""
    assert tree.build().returncode == 0
    file = tree.phase / "services/tmpfs/imports"
    text = file.read_text()
    file.unlink()
    result = tree.build()
    file.write_text(text)
    assert result.returncode != 0
    assert "phase3-small/services/tmpfs/imports is missing" in result.stderr


def test_library_removed(tree: Tree) -> None:
    """A module that is up to date is linked again without it, and misses it."""
    assert tree.build().returncode == 0
    makefile = (tree.phase / "Makefile").read_text()
    tree.write("Makefile", re.sub(r"^LIBRARIES_tmpfs.*\n", "", makefile, flags=re.M))
    result = tree.build()
    tree.write("Makefile", makefile)
    assert result.returncode != 0
    assert re.search(r": import \(tree_\w+\): ", result.stderr), result.stderr


def test_what_cannot_be_read_is_not_passed(tree: Tree) -> None:
    """Neither code that only gcc understands, nor code that is not there; of what the compiler
    has refused, its own message is enough."""
    tree.write("services/odd/odd.c", "int f(int n) { int g(void) { return n; } return g(); }\n")
    tree.write("services/odd/lost.c", '#include "nowhere.h"\n')
    for name, says in (("odd", "cannot read the code"), ("lost", "gcc cannot read")):
        file = f"services/odd/{name}.c"
        status, said = tree.walls("source", file, "--", "-ffreestanding")
        assert status == 2 and said[0].startswith("walls: ") and says in said[0]
        assert tree.walls("refused", file, "--", "-ffreestanding") == (0, [])


# What only the ring check sees, and its name for what stops the compiler.
CHECK_PLANTS = [
    Plant("core_header", "#include <process/process.h>", "include"),
    Plant("other_service", "#include <unix/unix.h>", "include"),
    Plant("platform_header", "#include <platform/user.h>", "include"),
    Plant("cast", "void *f(long n) { return (void *)n; }", "cast"),
    Plant("asm", 'void f(void) { __asm__("cli"); }', "asm"),
    Plant("section", '__attribute__((section(".text"))) const char code[] = "\\xfa";', "attribute"),
]


def test_check(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    tree.write("services/unix/unix.h", "struct local;\n")
    for plant in CHECK_PLANTS:
        tree.write(f"services/tmpfs/{plant.name}.c", f"\n{plant.code}\n")
    tree.write("services/tmpfs/code.S", "cli\n")
    result = subprocess.run(
        [sys.executable, tree.root / "tools/ring_check.py", "--phase", "3"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    row = r"^phase3-small/services/tmpfs/(\w+)\.[cS]:(\d+): ([a-z-]+)"
    found = re.findall(row, result.stdout, re.M)
    expected = [(plant.name, "2", plant.says) for plant in CHECK_PLANTS]
    assert sorted(found) == sorted([*expected, ("code", "1", "asm")]), result.stdout + result.stderr


PRIVILEGED = """\
cli; sti; hlt; in $0x60, %al; in (%dx), %eax; out %al, (%dx); rep outsb; insl
lgdt (%rax); lidt (%rax); lldt %ax; ltr %ax; sgdt (%rax); str %eax; lmsw %ax; smsw %eax; clts
invlpg (%rax); invd; wbinvd; rdmsr; wrmsr; rdpmc; swapgs; xsetbv; wrfsbase %rax; clac; stac
syscall; sysretq; sysenter; sysexit; iretq; lretq; ljmp *(%rax); int $0x80; int3; popfq; rsm
vmcall; vmxoff; vmrun; monitor; mwait; mov %cr3, %rax; mov %rax, %cr0; mov %db7, %rax
mov %eax, %ds; mov %fs, %eax; mov %gs:0, %rax; lock orl $1, %gs:(%rax)
"""
HARMLESS = """\
inc %eax; rep stosb; movsb; cs nop; ud2; rdtsc; cpuid; mfence; pushfq; lea (%rax), %rbx
lock incl (%rax); endbr64; pause; cld; std; leave; ret; xgetbv; bt $1, %eax
movaps %xmm0, %xmm1; vmovaps %ymm0, %ymm1
"""


def assembled(tree: Tree, name: str, text: str) -> tuple[list[str], list[str]]:
    """A service in the assembler's language, one instruction a line; they, and the violations."""
    lines = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    head = f".section .rodata; .globl {name}_service; {name}_service: .quad 0; .text; "
    tree.write(f"services/{name}/{name}.S", head + "\n".join(["", *lines, ""]))
    tree.write(f"services/{name}/imports", "")
    return lines, tree.module(name)[1]


def test_every_privileged_instruction(tree: Tree) -> None:
    lines, said = assembled(tree, "privileged", PRIVILEGED)
    found = [re.match(r"phase3-small/\S+\.S:(\d+): instruction \(", row) for row in said]
    assert all(found), said
    assert {int(match[1]) for match in found} == set(range(2, len(lines) + 2))


def test_harmless_instructions(tree: Tree) -> None:
    assert not assembled(tree, "harmless", HARMLESS)[1]


def test_what_has_no_debugging_information_is_still_named(tree: Tree) -> None:
    tree.write("services/blind/blind.c", 'const int blind_service = 1; void *f(void);\n'
               'extern int count; static __attribute__((used)) int spy(void)\n'
               '{ __asm__("hlt"); return count; }')  # fmt: skip
    tree.write("services/blind/imports", "")
    status, said = tree.module("blind", flags="")
    assert status == 1
    assert {row.split(":")[2].strip() for row in said} == {"instruction (hlt)", "import (count)"}
    assert all(row.startswith("phase3-small/services/blind/blind.o:0: ") for row in said)


def test_descriptor(tree: Tree) -> None:
    for code, says in (("int open_service = 1;", "open.c:1: descriptor (not constant)"),
                       ("static int open_service = 1;", "descriptor (no open_service)")):
        tree.write("services/open/open.c", code)
        tree.write("services/open/imports", "")
        status, said = tree.module("open")
        assert status == 1 and len(said) == 1 and says in said[0]


def compiled(tree: Tree, name: str, code: str) -> Path:
    file = tree.phase / f"{name}.o"
    subprocess.run(["gcc", "-O2", "-c", "-x", "c", "-o", file, "-"], check=True, text=True,
                   input=code)  # fmt: skip
    return file


def test_only_functions_are_imported(tree: Tree) -> None:
    """A variable stays forbidden when somebody writes it into the list, and when a static function
    of another file has its name."""
    tree.write("services/greedy/imports", "# what it calls\n\nask\ncount # how many\nnowhere\ntwin")
    core = compiled(tree, "core", "int count, twin; int ask(void) { return count; }\n")
    other = compiled(tree, "other", f"{USED} int twin(void) {{ return 1; }}\n")
    kernel = tree.phase / "kernel.o"
    subprocess.run(["ld", "-r", "-o", kernel, core, other], check=True)
    main = compiled(tree, "main", "extern int greedy_service; int *all = &greedy_service;\n")
    status, said = tree.walls("kernel", kernel, main, "services/greedy")
    assert status == 1
    assert [row.split(": ")[:2] for row in said] == [
        ["phase3-small/services/greedy/imports:4", "import-data (count)"],
        ["phase3-small/services/greedy/imports:5", "import-data (nowhere)"],
        ["phase3-small/services/greedy/imports:6", "import-data (twin)"],
    ]


def test_unnamed_service(tree: Tree) -> None:
    """A service that is linked and that main.c forgets."""
    tree.write("services/known/imports", "")
    tree.write("services/forgotten/imports", "")
    main = compiled(tree, "main", "extern int known_service; int *all = &known_service;\n")
    status, said = tree.walls("kernel", main, main, "services/known", "services/forgotten")
    assert status == 1 and len(said) == 1
    assert said[0].startswith(
        "phase3-small/services/forgotten/service.c:1: unnamed (forgotten_service): "
    )
