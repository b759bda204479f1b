"""Which set of TFX versions a machine can run. Pure: no file is read, no program started."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Tuple

from problems import SetupError

Version = Tuple[int, int]


@dataclass(frozen=True)
class Stack:
    name: str
    pythons: tuple[Version, ...]  # The first is the preferred one.
    glibc: Version  # The oldest that has wheels for everything but small packages.

    def lock_name(self, python: Version) -> str:
        return f"{self.name.lower().replace(' ', '-')}-py{python[0]}{python[1]}.txt"


# ML Metadata and TFDV are published as manylinux_2_39 wheels only.
TFX_1_21 = Stack("TFX 1.21", pythons=((3, 13), (3, 12), (3, 11)), glibc=(2, 39))
# TFX itself would run from glibc 2.17 on; the locked h5py, optree, pillow and pyzmq have wheels from 2.28 on.
TFX_1_16 = Stack("TFX 1.16", pythons=((3, 10),), glibc=(2, 28))
STACKS = (TFX_1_21, TFX_1_16)  # The newest first.


def dotted(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def parse_glibc(text: str | None) -> Version | None:
    """(2, 36) from "glibc 2.36"; None from anything else, as on musl."""
    found = re.fullmatch(r"glibc (\d+)\.(\d+).*", text or "")
    return (int(found.group(1)), int(found.group(2))) if found else None


def stacks_for(system: str, machine: str, glibc: Version | None) -> list[Stack]:
    """The stacks that can run here, the best first. Never empty: raises SetupError instead."""
    if system != "Linux" or machine not in ("x86_64", "AMD64"):
        raise SetupError(
            f"TFX is published for Linux on x86_64 only, this is {system} on {machine}: use another machine."
        )
    if glibc is None:
        raise SetupError(
            "TFX needs the GNU C library, this system has another one (musl, as on Alpine?): "
            "use Debian, Ubuntu, Fedora or the like."
        )
    usable = [stack for stack in STACKS if glibc >= stack.glibc]
    if not usable:
        needed = dotted(STACKS[-1].glibc)
        raise SetupError(f"TFX needs glibc {needed} or newer, this system has {dotted(glibc)}: use a newer release.")
    return usable


def reason(stack: Stack, glibc: Version) -> str:
    """Why this stack and no other, for the line that announces it."""
    newest = STACKS[0]
    if glibc < newest.glibc:
        return f"glibc {dotted(glibc)} < {dotted(newest.glibc)}"
    if stack is newest:
        return f"glibc {dotted(glibc)} >= {dotted(newest.glibc)}"
    return f"glibc {dotted(glibc)} would do for {newest.name}, but this Python is {dotted(stack.pythons[0])}"
