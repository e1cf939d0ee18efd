#!/usr/bin/env python3
"""Make a bootable ISO: GRUB, a kernel, an initramfs and a kernel command line.

    iso.py --output ISO --kernel KERNEL [--initramfs CPIO] [--append "WORDS"]

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
GRUB = [
    "grub-mkrescue",
    "--directory=/usr/lib/grub/i386-pc",
    "--install-modules=biosdisk iso9660 multiboot2 normal part_msdos",
    "--fonts=",
    "--themes=",
    "--locales=",
]
# So that equal contents make equal ISOs.
DATE = "1704067200"


class IsoError(Exception):
    """The ISO cannot be made; the text is for the user."""


def configuration(initramfs: bool, append: str) -> str:
    """GRUB's script.  Each word of `append` is quoted by itself, or GRUB would pass on quotes."""
    if set(append) & set("'\"\\\n"):
        raise IsoError("the kernel command line cannot hold quotes, backslashes or line ends")
    words = "".join(f" '{word}'" for word in append.split())
    lines = ["set timeout=0", f"multiboot2 /boot/kernel{words}"]
    if initramfs:
        lines.append("module2 /boot/initramfs.cpio")
    return "\n".join(lines + ["boot", ""])


def make_iso(output: Path, kernel: Path, initramfs: Path | None, append: str = "") -> None:
    """Make `output` unless it is there already with the same contents."""
    script = configuration(initramfs is not None, append)
    parts = [" ".join(GRUB).encode(), script.encode(), kernel.read_bytes()]
    parts.append(initramfs.read_bytes() if initramfs else b"")
    key = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    key_file = output.with_name(output.name + ".key")
    if output.exists() and key_file.exists() and key_file.read_text() == key:
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="iso.", dir=output.parent) as scratch:
        boot = Path(scratch, "tree", "boot")
        (boot / "grub").mkdir(parents=True)
        (boot / "grub" / "grub.cfg").write_text(script)
        shutil.copyfile(kernel, boot / "kernel")
        if initramfs:
            shutil.copyfile(initramfs, boot / "initramfs.cpio")
        image = Path(scratch, "image.iso")
        made = subprocess.run(
            [*GRUB, "-o", image, boot.parent, "--", "-volid", "ARAMID"],
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
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--initramfs", type=Path)
    parser.add_argument("--append", default="")
    options = parser.parse_args()
    try:
        make_iso(options.output, options.kernel, options.initramfs, options.append)
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
