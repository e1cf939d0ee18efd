"""Writes what the fuzz targets start from: the beginnings of real files.

    seeds.py DIRECTORY      makes DIRECTORY/cpio, DIRECTORY/elf and DIRECTORY/text
"""

import stat
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))
import image  # noqa: E402

HEAD = 4096  # bytes: headers are all that the checks look at
PROGRAMS = ["/bin/busybox", "/bin/sh", "/usr/bin/python3", "/lib64/ld-linux-x86-64.so.2"]


def archives() -> list[bytes]:
    entries = [
        image.Entry("/d", stat.S_IFDIR | 0o755),
        image.Entry("/d/f", stat.S_IFREG | 0o644, b"text\n"),
        image.Entry("/l", stat.S_IFLNK | 0o777, b"d/f"),
    ]
    good = image.archive(entries)
    return [good, image.archive([]), image.archive(entries[:1]), good.replace(b"070701", b"070702")]


def programs() -> list[bytes]:
    heads = [Path(name).read_bytes()[:HEAD] for name in PROGRAMS if Path(name).exists()]
    return [head + size.to_bytes(2, "little") for head in heads for size in (0, 1, 4096)]


def texts() -> list[bytes]:
    return [b"/", b"//a/./../b//", b"a/b", b"", b"0x7f", b"18446744073709551616", b"0777", b"-1"]


def main() -> None:
    seeds = {"cpio": archives(), "elf": programs(), "text": texts()}
    for target, inputs in seeds.items():
        directory = Path(sys.argv[1]) / target
        directory.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(inputs):
            (directory / f"seed{number}").write_bytes(data)


main()
