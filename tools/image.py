#!/usr/bin/env python3
"""Make an initramfs: a cpio archive in the `newc` format, from lists of what belongs in it.

    image.py --output IMAGE --programs DIRECTORY LIST...

A list has one entry a line; sources are relative to the list's directory:

    directory PATH MODE [OWNER]        owner and group, 0 unless given
    file      PATH MODE SOURCE
    link      PATH TARGET              a symbolic link
    package   PATH MODE NAME [SOURCE]  this file of an installed Debian package, byte for byte, or
                                       its file SOURCE under another name
    applets   PATH NAME                in PATH a link to NAME for each of BusyBox's applets
    program   PATH NAME                an executable from the directory of programs
    programs  PATH PREFIX              every program whose name begins so
    tree      PATH DIRECTORIES FILES   a fixed tree of small text files
    archived  PATH ARCHIVE MEMBER      a file, or a directory with what is in it, of a tar archive
    fetched   NAME [PATTERN...]        what is in a Debian package that tools/fetch.py has fetched: all
                                       files, or those whose paths match a pattern of the shell's
    leave-out PATTERN...               the lines `fetched` that follow take no path that matches

Of two entries for one path the later one counts.  The paths in packages are taken as Debian's
installer takes them: /bin, /lib and so on are links to the directories of these names in /usr.

The same lists and sources give the same bytes: entries are sorted by path and have one time stamp.
"""

import argparse
import hashlib
import io
import re
import stat
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Callable, Iterator

import fetch

# 2024-01-01 00:00:00 UTC: later than the epoch, so that listings look like listings.
TIME = 1704067200


@dataclass
class Entry:
    """One file of the archive; `mode` holds type and permissions as st_mode does."""

    path: str
    mode: int
    data: bytes = b""
    owner: int = 0


class ImageError(Exception):
    """A list or a source is wrong; the text is for the user."""


def package_file(path: str, package: str) -> bytes:
    """The bytes of `path`, checked against the sums that dpkg keeps for `package`."""
    sums = Path(f"/var/lib/dpkg/info/{package}.md5sums")
    if not sums.exists():
        raise ImageError(f"package {package} is not installed: run make setup")
    wanted = {name: digest for digest, name in (line.split() for line in sums.open())}
    data = Path(path).read_bytes()
    if wanted.get(path.lstrip("/")) != hashlib.md5(data).hexdigest():
        raise ImageError(f"{path} is not the file of Debian's package {package}")
    return data


def applets() -> list[str]:
    """The names that BusyBox answers to."""
    return subprocess.run(
        ["/bin/busybox", "--list"], check=True, capture_output=True, text=True
    ).stdout.split()


def tree(path: str, directories: int, files: int) -> Iterator[Entry]:
    """`directories` times `files` text files of some 200 bytes; one in ten holds "needle"."""
    yield Entry(path, stat.S_IFDIR | 0o755)
    for d in range(directories):
        yield Entry(f"{path}/dir{d:02}", stat.S_IFDIR | 0o755)
        for f in range(files):
            word = "needle" if (d * files + f) % 10 == 0 else "hay"
            text = "".join(f"{word} {d:02} {f:02} line {line:02}\n" for line in range(10))
            yield Entry(f"{path}/dir{d:02}/file{f:02}", stat.S_IFREG | 0o644, text.encode())


def archived(path: str, archive_name: Path, member: str) -> Iterator[Entry]:
    """`member` of a tar archive, as `path`, and everything below it; all of it root's."""
    if not archive_name.is_file():
        raise ImageError(f"{archive_name.name} is missing: run tools/fetch.py")
    types = {
        tarfile.REGTYPE: stat.S_IFREG,
        tarfile.DIRTYPE: stat.S_IFDIR,
        tarfile.SYMTYPE: stat.S_IFLNK,
    }
    found = False
    with tarfile.open(archive_name) as source:
        for item in source:
            if item.name != member and not item.name.startswith(f"{member}/"):
                continue
            if item.type not in types:
                raise ImageError(f"{archive_name.name}: {item.name} has a type that no image takes")
            found = True
            stream = source.extractfile(item) if item.isreg() else None
            data = stream.read() if stream else item.linkname.encode()
            mode = types[item.type] | item.mode & 0o7777
            yield Entry(path + item.name.removeprefix(member), mode, data)
    if not found:
        raise ImageError(f"{archive_name.name} holds no {member}")


def matches(path: str, patterns: list[str]) -> bool:
    """Does `path`, or a directory that it is in, match one of `patterns`?"""
    parts = path.split("/")
    above = ["/".join(parts[:length]) for length in range(2, len(parts) + 1)]
    return any(fnmatchcase(each, pattern) for each in above for pattern in patterns)


def fetched(name: str, wanted: list[str], unwanted: list[str]) -> Iterator[Entry]:
    """The files and links of the Debian package `name`; all of it root's."""
    found = [file for file in fetch.read_table(fetch.TABLE) if file.package == name]
    if not found or not fetch.is_there(fetch.STORE / found[0].name, found[0]):
        raise ImageError(f"the package {name} is missing: run tools/fetch.py {name}")
    command = ["dpkg-deb", "--fsys-tarfile", str(fetch.STORE / found[0].name)]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as source:
        for item in source:
            path = re.sub(r"^/(bin|sbin|lib|lib64)(?=/)", r"/usr/\1", item.name.lstrip("."))
            if item.isdir() or matches(path, unwanted) or not matches(path, wanted or ["/*"]):
                continue
            if item.issym():
                yield Entry(path, stat.S_IFLNK | 0o777, item.linkname.encode())
            elif stream := source.extractfile(item):  # a hard link gives the file's bytes
                yield Entry(path, stat.S_IFREG | item.mode & 0o7777, stream.read())


def with_directories(entries: list[Entry]) -> list[Entry]:
    """`entries`, and before them each directory that one is in and no entry is for."""
    known = {entry.path for entry in entries}
    above = {str(parent) for path in known for parent in Path(path).parents} - {"/"}
    missing = sorted(above - known)
    return [*(Entry(path, stat.S_IFDIR | 0o755) for path in missing), *entries]


def parse(name: Path, programs: Path) -> Iterator[Entry]:
    """The entries that the list `name` asks for."""
    unwanted: list[str] = []

    def directory(path: str, mode: str, owner: str = "0") -> Iterator[Entry]:
        yield Entry(path, stat.S_IFDIR | int(mode, 8), owner=int(owner))

    def file(path: str, mode: str, source: str) -> Iterator[Entry]:
        yield Entry(path, stat.S_IFREG | int(mode, 8), (name.parent / source).read_bytes())

    def link(path: str, target: str) -> Iterator[Entry]:
        yield Entry(path, stat.S_IFLNK | 0o777, target.encode())

    def package(path: str, mode: str, package_name: str, source: str = "") -> Iterator[Entry]:
        data = package_file(source or path, package_name)
        yield Entry(path, stat.S_IFREG | int(mode, 8), data)

    def links(path: str, target: str) -> Iterator[Entry]:
        for applet in applets():
            if applet != target:
                yield from link(f"{path}/{applet}", target)

    def program(path: str, program_name: str) -> Iterator[Entry]:
        yield Entry(path, stat.S_IFREG | 0o755, (programs / program_name).read_bytes())

    def all_programs(path: str, prefix: str) -> Iterator[Entry]:
        for found in sorted(programs.glob(f"{prefix}*")):
            yield from program(f"{path}/{found.name}", found.name)

    def text_tree(path: str, directories: str, files: str) -> Iterator[Entry]:
        yield from tree(path, int(directories), int(files))

    def from_archive(path: str, source: str, member: str) -> Iterator[Entry]:
        yield from archived(path, name.parent / source, member)

    def from_package(package_name: str, *patterns: str) -> Iterator[Entry]:
        yield from fetched(package_name, list(patterns), unwanted)

    def leave_out(*patterns: str) -> Iterator[Entry]:
        unwanted.extend(patterns)
        yield from ()

    kinds: dict[str, Callable[..., Iterator[Entry]]] = {
        "directory": directory,
        "file": file,
        "link": link,
        "package": package,
        "applets": links,
        "program": program,
        "programs": all_programs,
        "tree": text_tree,
        "archived": from_archive,
        "fetched": from_package,
        "leave-out": leave_out,
    }
    for number, line in enumerate(name.read_text().splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        try:
            yield from kinds[words[0]](*words[1:])
        except (KeyError, TypeError, ValueError) as error:
            raise ImageError(f"{name}:{number}: cannot read this line: {line}") from error
        except OSError as error:
            raise ImageError(f"{name}:{number}: {error}") from error


def archive(entries: list[Entry]) -> bytes:
    """`entries` as a cpio archive: Linux, Documentation/driver-api/early-userspace/buffer-format."""

    def aligned(data: bytes) -> bytes:
        return data + bytes(-len(data) % 4)

    def record(inode: int, entry: Entry, name: str) -> bytes:
        links = 2 if stat.S_ISDIR(entry.mode) else 1
        encoded = name.encode() + b"\0"
        fields = (
            [inode, entry.mode, entry.owner, entry.owner, links, TIME, len(entry.data)]
            + [0, 0, 0, 0]  # numbers of the device it is on, and of the one it is
            + [len(encoded), 0]
        )
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        return aligned(header + encoded) + aligned(entry.data)

    by_path = {entry.path: entry for entry in entries}
    ordered = [by_path[path] for path in sorted(by_path)]
    body = b"".join(record(i, e, e.path.lstrip("/")) for i, e in enumerate(ordered, 1))
    trailer = Entry("", 0)
    return body + record(0, trailer, "TRAILER!!!")


def main() -> int:
    parser = argparse.ArgumentParser(description="make an initramfs")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("lists", type=Path, nargs="+")
    options = parser.parse_args()
    try:
        entries = [e for name in options.lists for e in parse(name, options.programs)]
    except ImageError as error:
        print(f"image.py: {error}", file=sys.stderr)
        return 1
    options.output.write_bytes(archive(with_directories(entries)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
