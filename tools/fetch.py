#!/usr/bin/env python3
"""Fetch files of Debian's archive that third_party.tsv names, and print their paths.

    fetch.py NAME...

The files go to build/third-party.  One that is there already and has the right SHA-256 is not
fetched again: then no network is needed.  apt does the fetching, from the sources this machine is
configured for; its lists and caches are private ones under build/, so the system's stay untouched.
What goes wrong is said in one line on standard error, with exit status 1.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tools" / "third_party.tsv"
STORE = ROOT / "build" / "third-party"
SYSTEM = Path("/etc/apt")


@dataclass(frozen=True)
class File:
    """One line of the table."""

    package: str
    kind: str  # "source" or "binary"
    version: str
    name: str
    sha256: str


class FetchError(Exception):
    """A file cannot be had; the text is for the user."""


def read_table(path: Path) -> list[File]:
    """The lines of the table, without comments and heading."""
    rows = [row for row in path.read_text().splitlines() if row and not row.startswith("#")]
    return [File(*row.split("\t")) for row in rows[1:]]


def is_there(path: Path, wanted: File) -> bool:
    """Is `path` the file that is wanted, byte for byte?"""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == wanted.sha256


def with_sources(text: str) -> str:
    """A list of apt's sources, in either format of sources.list(5), that asks for source packages
    too."""
    text = re.sub(r"(?m)^deb(\s.*)$", r"deb\1\ndeb-src\1", text)
    return re.sub(r"(?m)^Types:.*$", "Types: deb deb-src", text)


class Apt:
    """apt with lists and caches of its own in `directory`; apt.conf(5) has the options."""

    def __init__(self, directory: Path, system: Path) -> None:
        self.directory, self.system = directory, system
        self.updated = False

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run apt-get with `arguments`."""
        options = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.directory / "sources.list.d",
            "Dir::State::lists": self.directory / "lists",
            "Dir::Cache": self.directory / "cache",
            "APT::Update::Error-Mode": "any",
            "APT::Sandbox::User": "root",  # the other user may not write here
            "Acquire::Retries": 2,
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        try:
            return subprocess.run(
                ["apt-get", "--quiet", *words, *arguments],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        except FileNotFoundError:
            raise FetchError("apt-get is not installed: this is not Debian") from None

    def update(self) -> None:
        """Read the lists of packages anew."""
        private = self.directory / "sources.list.d"
        shutil.rmtree(private, ignore_errors=True)
        private.mkdir(parents=True)
        for needed in ("lists/partial", "cache/archives/partial"):
            (self.directory / needed).mkdir(parents=True, exist_ok=True)
        parts = self.system / "sources.list.d"
        for path in [self.system / "sources.list", *parts.glob("*.list"), *parts.glob("*.sources")]:
            if path.is_file():
                (private / path.name).write_text(with_sources(path.read_text()))
        if not any(private.iterdir()):
            raise FetchError(f"apt has no sources: {self.system}/sources.list is missing")
        if (done := self.run("update", cwd=self.directory)).returncode:
            raise FetchError(f"the package archive cannot be reached: {first_error(done.stderr)}")
        self.updated = True

    def fetch(self, wanted: File, directory: Path) -> None:
        """Put the files of the package of `wanted` into `directory`."""
        name = f"{wanted.package}={wanted.version}"
        command = ["download", name]
        if wanted.kind == "source":
            command = ["source", "--download-only", "--only-source", name]
        done = self.run(*command, cwd=directory)
        if done.returncode and not self.updated:
            self.update()
            done = self.run(*command, cwd=directory)
        if done.returncode:
            raise FetchError(f"{name} cannot be fetched: {first_error(done.stderr)}")


def first_error(text: str) -> str:
    """The first complaint of apt's standard error."""
    errors = re.findall(r"(?m)^[EW]: (.*)$", text)
    return errors[0] if errors else text.strip().partition("\n")[0] or "apt-get gives no reason"


def fetch(names: list[str], table: Path, store: Path, system: Path) -> list[Path]:
    """Have the files of the packages `names` in `store`; returns their paths."""
    files = read_table(table)
    if unknown := [name for name in names if name not in {file.package for file in files}]:
        raise FetchError(f"{unknown[0]} is not in {table.name}")
    wanted = [file for name in names for file in files if file.package == name]
    apt = Apt(store / "apt", system)
    for file in wanted:
        path = store / file.name
        if is_there(path, file):
            continue
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store) as scratch:
            apt.fetch(file, Path(scratch))
            for other in wanted:  # a source package comes as several files at once
                if is_there(got := Path(scratch, other.name), other):
                    got.replace(store / other.name)
            if Path(scratch, file.name).exists():
                raise FetchError(f"{file.name} does not have the SHA-256 of {table.name}")
            if not path.exists():
                raise FetchError(f"{file.package}={file.version} has no file {file.name}")
    return [store / file.name for file in wanted]


def main() -> int:
    parser = argparse.ArgumentParser(description="fetch files of Debian's archive")
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--store", type=Path, default=STORE)
    parser.add_argument("--system", type=Path, default=SYSTEM, help="apt's configuration")
    options = parser.parse_args()
    try:
        paths = fetch(options.names, options.table, options.store, options.system)
    except (FetchError, OSError) as error:
        print(f"fetch.py: {error}", file=sys.stderr)
        return 1
    print("\n".join(map(str, paths)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
