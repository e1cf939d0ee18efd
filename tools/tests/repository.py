"""A small repository of three phases for the tests of the tree tools: phase 2 changes a file, phase
3 moves files and changes one of them on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]

QUEUE = "".join(f"int step_{number}(void);\n" for number in range(20))
FIRST = {
    "Makefile": "PHASE := 1\n",
    "README.md": "Step 1\n",
    "kernel/main.c": '#include "fs/file.h"\nint main(void);\n',
    "kernel/fs/file.h": "struct file;\n",
    "kernel/fs/file.c": '#include "file.h"\nint read(void);\n',
    "kernel/fs/queue.c": QUEUE,
    "kernel/services/tmpfs/tmpfs.c": QUEUE.replace("step", "tmpfs"),
    "kernel/services/tmpfs/tree.c": "int tree(void);\n",
    "kernel/services/old.c": "int old(void);\n",
}
SECOND = {
    "Makefile": "PHASE := 2\nPLATFORM += contain\n",
    "README.md": "Step 2\n",
    "kernel/fs/queue.c": QUEUE.replace("step_3", "trait_3"),
}
SECOND_LINKS = {
    "kernel/main.c": "phase1-split/kernel/main.c",
    "kernel/fs/file.h": "phase1-split/kernel/fs/file.h",
    "kernel/fs/file.c": "phase1-split/kernel/fs/file.c",
    "kernel/services": "phase1-split/kernel/services",
}
THIRD = {
    "Makefile": "PHASE := 3\nPLATFORM += contain\n",
    "README.md": "Step 3\n",
    "MOVES": "kernel/services/tmpfs services/tmpfs\nkernel/services/old.c -\n"
    "kernel/fs/queue.c libs/queue.c\n",
    "libs/queue.c": QUEUE.replace("step_3", "trait_3").replace("step_17", "module_17"),
    "services/tmpfs/tmpfs.c": QUEUE.replace("step", "tmpfs").replace("tmpfs_9", "tmpfs_nine"),
}
THIRD_LINKS = {
    "kernel/main.c": "phase1-split/kernel/main.c",
    "kernel/fs/file.h": "phase1-split/kernel/fs/file.h",
    "kernel/fs/file.c": "phase1-split/kernel/fs/file.c",
    "services/tmpfs/tree.c": "phase1-split/kernel/services/tmpfs/tree.c",
}
CONTAIN = "int contain(void);\n"


class Repository:
    """The repository in a directory of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        for name, files, links in (
            ("phase1-split", FIRST, {}),
            ("phase2-traits", SECOND, SECOND_LINKS),
            ("phase3-extract", THIRD, THIRD_LINKS),
        ):
            for path, text in files.items():
                self.write(f"{name}/{path}", text)
            for path, target in links.items():
                self.link(f"{name}/{path}", target)
        self.write("common/platform/contain/contain.c", CONTAIN)
        self.write("Makefile", "all:\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()
        for number in (2, 3):
            assert self.run("carry.py", "--record", "--phase", number).returncode == 0
        self.commit()

    def copy(self, root: Path) -> Repository:
        """Another one like this, to spoil."""
        other = object.__new__(Repository)
        other.root = Path(shutil.copytree(self.root, root, symlinks=True))
        return other

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def replace(self, path: str, old: str, new: str) -> None:
        """Changes some text of a file; it must be there."""
        assert old in self.read(path)
        self.write(path, self.read(path).replace(old, new))

    def link(self, path: str, target: str) -> None:
        """Makes a relative link; `target` is from the repository's root, or as it is if it has a
        dot or slash in front."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if not target.startswith((".", "/")):
            target = os.path.relpath(self.root / target, place.parent)
        place.symlink_to(target)

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=self.root, check=True, capture_output=True, text=True
        ).stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=a step")

    def run(self, tool: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Runs one of the tools on this repository."""
        command = [sys.executable, TOOLS / tool, "--root", self.root, *arguments]
        return subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False
        )

    def check(self) -> list[str]:
        """What tools/check_tree.py complains about; its exit status must say the same."""
        done = self.run("check_tree.py")
        rows = done.stdout.splitlines()
        assert done.returncode == (0 if rows[-1].endswith(" 0 violations") else 1), done
        return [row for row in rows[:-1] if not row.startswith("note: ")]
