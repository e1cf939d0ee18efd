#!/usr/bin/env python3
"""Make a bootable ISO: GRUB, a kernel or a menu of several, an initramfs, a kernel command line.

    iso.py --output ISO --kernel KERNEL [--initramfs CPIO] [--append "WORDS"]
    iso.py --output ISO --entry NAME KERNEL [--entry NAME KERNEL ...] [...]

A single kernel is booted at once.  The menu is shown on the screen and on the serial port; the keys
1, 2, ... choose its first, second, ... entry, and if no key comes the last one is booted.

The same ISO boots in QEMU and in Bochs.  It is made again only when what goes into it has changed:
ISO.key holds a digest of that.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# GRUB without what it does not need here: every MB costs 0.17 s in Bochs.
GRUB = ["grub-mkrescue", "--directory=/usr/lib/grub/i386-pc", "--fonts=", "--themes=", "--locales="]
MODULES = "biosdisk iso9660 multiboot2 normal part_msdos"
MENU_MODULES = "serial terminal"
# Seconds that the menu waits for a key.
TIMEOUT = 5
# So that equal contents make equal ISOs.
DATE = "1704067200"


class IsoError(Exception):
    """The ISO cannot be made; the text is for the user."""


def quoted(text: str) -> str:
    """One word of GRUB's script."""
    if set(text) & set("'\"\\\n"):
        raise IsoError(f"GRUB takes no quotes, backslashes or line ends: {text}")
    return f"'{text}'"


def commands(kernel: str, initramfs: bool, append: str) -> list[str]:
    """How GRUB loads a kernel.  Each word of `append` is quoted by itself, or GRUB would pass on
    quotes."""
    load = " ".join([f"multiboot2 /boot/{kernel}", *map(quoted, append.split())])
    return [load, "module2 /boot/initramfs.cpio"] if initramfs else [load]


def menu(names: list[str], initramfs: bool, append: str) -> list[str]:
    """GRUB's script for a menu: the kernels are kernel1, kernel2, ..."""
    lines = ["serial --unit=0 --speed=115200"]
    lines += ["terminal_input console serial", "terminal_output console serial"]
    lines += [f"set timeout={TIMEOUT}", f"set default={len(names) - 1}"]
    for number, name in enumerate(names, 1):
        lines.append(f"menuentry {quoted(name)} --hotkey={number} {{")
        lines += [f"    {line}" for line in commands(f"kernel{number}", initramfs, append)]
        lines.append("}")
    return lines


def make_iso(output: Path, kernel: Path, initramfs: Path | None, append: str = "") -> None:
    """Make `output` unless it is there already with the same contents."""
    lines = ["set timeout=0", *commands("kernel", initramfs is not None, append), "boot"]
    write_iso(output, lines, {"kernel": kernel}, initramfs, MODULES)


def make_menu(
    output: Path, kernels: dict[str, Path], initramfs: Path | None, append: str = ""
) -> None:
    """The same with a menu of kernels by name; the last is the one that boots without a key."""
    lines = menu(list(kernels), initramfs is not None, append)
    files = {f"kernel{number}": kernel for number, kernel in enumerate(kernels.values(), 1)}
    write_iso(output, lines, files, initramfs, f"{MODULES} {MENU_MODULES}")


def write_iso(
    output: Path, lines: list[str], files: dict[str, Path], initramfs: Path | None, modules: str
) -> None:
    """An ISO with GRUB's script and modules, and in /boot these files and the initramfs."""
    script = "\n".join([*lines, ""])
    files = {**files, "initramfs.cpio": initramfs} if initramfs else files
    command = [*GRUB, f"--install-modules={modules}"]
    parts = [" ".join(command).encode(), script.encode()]
    parts += [file.read_bytes() for file in files.values()]
    key = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    key_file = output.with_name(output.name + ".key")
    if output.exists() and key_file.exists() and key_file.read_text() == key:
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="iso.", dir=output.parent) as scratch:
        boot = Path(scratch, "tree", "boot")
        (boot / "grub").mkdir(parents=True)
        (boot / "grub" / "grub.cfg").write_text(script)
        for name, file in files.items():
            shutil.copyfile(file, boot / name)
        image = Path(scratch, "image.iso")
        made = subprocess.run(
            [*command, "-o", image, boot.parent, "--", "-volid", "ARAMID"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": DATE, "TMPDIR": scratch},
        )
        if made.returncode:
            raise IsoError(f"grub-mkrescue failed:\n{made.stderr.strip()}")
        key_file.unlink(missing_ok=True)
        image.replace(output)
        key_file.write_text(key)


def main() -> int:
    parser = argparse.ArgumentParser(description="make a bootable ISO")
    parser.add_argument("--output", type=Path, required=True)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--kernel", type=Path)
    what.add_argument("--entry", nargs=2, action="append", metavar=("NAME", "KERNEL"))
    parser.add_argument("--initramfs", type=Path)
    parser.add_argument("--append", default="")
    options = parser.parse_args()
    try:
        if options.kernel:
            make_iso(options.output, options.kernel, options.initramfs, options.append)
        else:
            kernels = {name: Path(kernel) for name, kernel in options.entry}
            make_menu(options.output, kernels, options.initramfs, options.append)
    except FileNotFoundError as error:
        hint = ": run make setup" if error.filename == GRUB[0] else ""
        print(f"iso.py: {error.filename} is missing{hint}", file=sys.stderr)
        return 1
    except (IsoError, OSError) as error:
        print(f"iso.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
