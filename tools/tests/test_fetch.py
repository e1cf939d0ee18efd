"""Tests of tools/fetch.py, on an archive in a directory of this machine: no network."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from fetch import with_sources

FETCH = Path(__file__).resolve().parents[1] / "fetch.py"

CONTROL = """\
Package: nothing
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: a package for a test
"""
HEADING = "name\tkind\tversion\tfile\tsha256\n"
DEB = "nothing_1.0_all.deb"


class Archive:
    """A table, a store, and an archive that holds one package."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.packages = directory / "archive"
        self.store = directory / "store"
        self.sha256 = self._make_package()
        (directory / "apt").mkdir()
        source = f"deb [trusted=yes] file:{self.packages} ./\n"
        (directory / "apt" / "sources.list").write_text(source)
        self.table()

    def _make_package(self) -> str:
        tree = self.directory / "tree" / "DEBIAN"
        tree.mkdir(parents=True)
        (tree / "control").write_text(CONTROL)
        self.packages.mkdir()
        command = ["dpkg-deb", "--root-owner-group", "--build", tree.parent, self.packages / DEB]
        subprocess.run(command, check=True, capture_output=True)
        data = (self.packages / DEB).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        where = f"Filename: ./{DEB}\nSize: {len(data)}\nSHA256: {digest}\n"
        (self.packages / "Packages").write_text(CONTROL + where)
        (self.packages / "Sources").write_text("")
        return digest

    def table(self, version: str = "1.0", sha256: str | None = None) -> None:
        """Have a table that asks for this version and hash."""
        row = "\t".join(["nothing", "binary", version, DEB, sha256 or self.sha256])
        (self.directory / "table.tsv").write_text(f"# A comment.\n{HEADING}{row}\n")

    def offline(self) -> None:
        """From now on the archive cannot be reached."""
        self.packages.rename(self.directory / "elsewhere")

    def fetch(self, name: str = "nothing") -> subprocess.CompletedProcess[str]:
        places = [f"--table={self.directory / 'table.tsv'}", f"--store={self.store}"]
        places.append(f"--system={self.directory / 'apt'}")
        command = [sys.executable, FETCH, *places, name]
        return subprocess.run(command, capture_output=True, text=True)

    def refused(self, name: str = "nothing") -> str:
        """The one line that says why there is no file."""
        done = self.fetch(name)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("fetch.py: ")
        return done.stderr


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def test_fetches_and_then_needs_no_network(archive: Archive) -> None:
    for _ in range(2):
        done = archive.fetch()
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{archive.store / DEB}\n"
        assert hashlib.sha256((archive.store / DEB).read_bytes()).hexdigest() == archive.sha256
        if archive.packages.exists():
            archive.offline()


def test_a_damaged_file_is_fetched_again(archive: Archive) -> None:
    archive.store.mkdir()
    (archive.store / DEB).write_text("damaged")
    assert archive.fetch().returncode == 0
    assert hashlib.sha256((archive.store / DEB).read_bytes()).hexdigest() == archive.sha256


def test_wrong_hash(archive: Archive) -> None:
    archive.table(sha256="0" * 64)
    assert "does not have the SHA-256" in archive.refused()
    assert not (archive.store / DEB).exists()


def test_version_that_is_gone(archive: Archive) -> None:
    archive.table(version="0.9")
    assert "nothing=0.9 cannot be fetched: Version '0.9'" in archive.refused()


def test_unknown_name(archive: Archive) -> None:
    assert archive.refused("something") == "fetch.py: something is not in table.tsv\n"


def test_offline(archive: Archive) -> None:
    archive.offline()
    assert "the package archive cannot be reached: " in archive.refused()


def test_machine_without_sources(archive: Archive) -> None:
    (archive.directory / "apt" / "sources.list").unlink()
    assert "apt has no sources" in archive.refused()


def test_both_formats_of_source_lists() -> None:
    line = "# deb x\ndeb [arch=amd64] file:/a stable main\n"
    assert with_sources(line) == f"{line}deb-src [arch=amd64] file:/a stable main\n"
    assert with_sources("Types: deb\nURIs: file:/a\n") == "Types: deb deb-src\nURIs: file:/a\n"
