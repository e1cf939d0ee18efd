"""What the modules of a built phase need of each other and offer to each other, from their objects.

Up to step 2 a service's objects are those made of its sources, and of the libraries that it needs:
those of Ring 2, and what others wrote.  From step 3 on a service is one object, in which the linker
has brought these together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ring_source import Phase, run


@dataclass
class Linkage:
    """Global symbols by name: those `defined` here, those `needed` of others, and those that are
    `offered`, which means that others need them."""

    defined: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)


def together(parts: Iterable[Linkage]) -> Linkage:
    """Several objects as one; what of it is offered, others have to tell."""
    total = Linkage()
    for part in parts:
        total.defined |= part.defined
        total.needed |= part.needed
    total.needed -= total.defined
    return total


def read_symbols(objects: list[Path]) -> dict[Path, Linkage]:
    """The global symbols that each object defines and needs."""
    found = {path: Linkage() for path in objects}
    listing = run(["nm", "-A", "-g", *map(str, objects)], Path("/")).stdout if objects else ""
    for line in listing.splitlines():
        match = re.match(r"(.+?):[0-9a-f ]{16} (\S) (\S+)$", line)
        if match:
            symbols = found[Path(match[1])]
            (symbols.needed if match[2] == "U" else symbols.defined).add(match[3])
    return found


class Program:
    """The objects of a phase.

    `modules` says which module each source is in, `services` which modules are services, and
    `libraries` which may become parts of these."""

    def __init__(self, phase: Phase, modules: dict[Path, str], services: set[str],
                 libraries: set[str]) -> None:  # fmt: skip
        self.build = phase.root / f"build/phase{phase.number}"
        self.services, self.libraries = services, libraries
        made = {self.object_of(phase, path): name for path, name in modules.items()}
        self.module = {path: name for path, name in made.items() if path.exists()}
        self.objects = read_symbols(sorted(self.module))
        self.definer = {name: path for path, own in self.objects.items() for name in own.defined}

    def object_of(self, phase: Phase, path: Path) -> Path:
        """Where the build puts the object of a source."""
        for above, below in ((phase.directory, ""), (phase.root / "build/lwip/src", "lwip")):
            if path.is_relative_to(above):
                return self.build / below / f"{path.relative_to(above)}.o"
        return self.build / f"{path.relative_to(phase.root)}.o"

    def linkage(self, name: str) -> Linkage | None:
        """What a module needs and offers; None: it has not been built."""
        if name in self.services and (linked := self.build / f"{name}.o").exists():
            own = read_symbols([linked])[linked]
            return Linkage(own.defined, own.needed, own.defined)
        own = {path for path, module in self.module.items() if module == name}
        if not own:
            return None
        inside = self.with_libraries(own) if name in self.services else own
        outside = [object for path, object in self.objects.items() if path not in inside]
        asked = {symbol for object in outside for symbol in object.needed}
        defined = together(self.objects[path] for path in own).defined
        needed = together(self.objects[path] for path in inside).needed
        return Linkage(defined, needed & together(outside).defined, defined & asked)

    def with_libraries(self, own: set[Path]) -> set[Path]:
        """Objects, and those of libraries that they need."""
        found, waiting = set(own), list(own)
        while waiting:
            needed = self.objects[waiting.pop()].needed & self.definer.keys()
            for path in {self.definer[symbol] for symbol in needed} - found:
                if self.module[path] in self.libraries:
                    found.add(path)
                    waiting.append(path)
        return found
