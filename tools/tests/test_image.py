"""Tests of tools/image.py: parts of tar archives in an initramfs."""

from __future__ import annotations

import io
import stat
import tarfile
from pathlib import Path

import pytest

from image import Entry, ImageError, parse


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A directory with the archive things.tar."""
    with tarfile.open(tmp_path / "things.tar", "w") as archive:
        for name, kind, mode in [
            ("top", tarfile.DIRTYPE, 0o755),
            ("top/run", tarfile.REGTYPE, 0o755),
            ("top/link", tarfile.SYMTYPE, 0o777),
            ("topmost", tarfile.REGTYPE, 0o644),
            ("pipe", tarfile.FIFOTYPE, 0o644),
        ]:
            item = tarfile.TarInfo(name)
            item.type, item.mode, item.uid = kind, mode, 1000
            item.size = 5 if kind == tarfile.REGTYPE else 0
            item.linkname = "run" if kind == tarfile.SYMTYPE else ""
            archive.addfile(item, io.BytesIO(b"text\n"))
    return tmp_path


def entries(source: Path, line: str) -> list[Entry]:
    (source / "a.list").write_text(line)
    return list(parse(source / "a.list", source))


def test_directory_of_an_archive(source: Path) -> None:
    """All that is in it and nothing beside it, as root's."""
    assert entries(source, "archived /there things.tar top") == [
        Entry("/there", stat.S_IFDIR | 0o755),
        Entry("/there/run", stat.S_IFREG | 0o755, b"text\n"),
        Entry("/there/link", stat.S_IFLNK | 0o777, b"run"),
    ]


def test_file_of_an_archive(source: Path) -> None:
    assert entries(source, "archived /a things.tar topmost") == [
        Entry("/a", stat.S_IFREG | 0o644, b"text\n")
    ]


@pytest.mark.parametrize(
    "line, complaint",
    [
        ("archived /a things.tar nothing", "things.tar holds no nothing"),
        ("archived /a missing.tar top", "missing.tar is missing: run tools/fetch.py"),
        ("archived /a things.tar pipe", "things.tar: pipe has a type that no image takes"),
        ("archived /a things.tar", "cannot read this line"),
    ],
)
def test_complaints(source: Path, line: str, complaint: str) -> None:
    with pytest.raises(ImageError, match=complaint):
        entries(source, line)
