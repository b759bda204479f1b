"""What is served: TF Serving's layout, whole numbers as versions; a version appears complete or not at all. No TFX, no TensorFlow."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from typing import Any

from components.spans import digest_file

#: TF Serving leaves ``assets.extra`` alone.
MANIFEST = os.path.join("assets.extra", "push.json")
CARD = os.path.join("assets.extra", "model_card.md")
STAGING = ".staging-"


def model_digest(saved_model: str, weights: str) -> str:
    """Identity of a model: its weights, what its transform learned, its contract and labels (not the graph's file format)."""
    parts = [weights]
    for name in (os.path.join("assets", "learned"), os.path.join("assets.extra", "retrain.json")):
        path = os.path.join(saved_model, name)
        parts.append(digest_file(path, 0).sha256 if os.path.exists(path) else "")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def versions(directory: str) -> dict[int, str]:
    """Version number -> folder of all complete versions, ascending."""
    if not os.path.isdir(directory):
        return {}
    numbers = sorted(int(n) for n in os.listdir(directory) if n.isdigit())
    folders = {n: os.path.join(directory, str(n)) for n in numbers}
    return {n: f for n, f in folders.items() if os.path.exists(os.path.join(f, "saved_model.pb"))}


def manifest(folder: str) -> dict[str, Any]:
    """What was noted with a version when it was put there; empty for one that somebody put there by hand."""
    path = os.path.join(folder, MANIFEST)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        noted: dict[str, Any] = json.load(file)
    return noted


def identity(folder: str) -> str:
    """Digest of the model of a version: the noted one; of all its files for one that somebody put there by hand."""
    noted: str | None = manifest(folder).get("digest")
    if noted is not None:
        return noted
    lines = []
    for path, _, names in os.walk(folder):
        for name in names:
            file = os.path.join(path, name)
            lines.append(f"{os.path.relpath(file, folder)} {digest_file(file, 0).sha256}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def served(directory: str) -> dict[str, Any] | None:
    """Version, path and digest of what is served: TF Serving takes the highest number. None when nothing is served."""
    there = versions(directory)
    if not there:
        return None
    number = max(there)
    return {"version": number, "path": there[number], "digest": identity(there[number])}


def version_of(directory: str, digest: str) -> int | None:
    """The newest version with a model of this digest; None when there is none."""
    return max((n for n, folder in versions(directory).items() if identity(folder) == digest), default=None)


def link_or_copy(source: str, target: str) -> str:
    """A second name for a file that is never changed in place: it costs no room. A copy where the file system cannot do that."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _sync_one(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync(folder: str) -> None:
    """Flushes a folder and all its files to disk, so that a rename never outlives its content."""
    for path, _, names in os.walk(folder):
        for name in [*names, ""]:
            _sync_one(os.path.join(path, name))


def place(
    source: str, directory: str, noted: dict[str, Any], copy: Callable[[str, str], str] = shutil.copy2
) -> tuple[int, str]:
    """Puts a model behind the next version number: it appears complete, by one rename, or not at all.

    Args:
        source: the exported model, or the folder of a version. What is noted with a version is not taken over from it.
        directory: where versions are.
        noted: what to note with the new version, besides its number.
        copy: how files get there.

    Returns:
        Number and folder of the new version.
    """
    os.makedirs(directory, exist_ok=True)
    for name in os.listdir(directory):
        if name.startswith(STAGING):
            shutil.rmtree(os.path.join(directory, name))
    number = max((int(n) for n in os.listdir(directory) if n.isdigit()), default=0) + 1
    staging, target = os.path.join(directory, f"{STAGING}{number}"), os.path.join(directory, str(number))
    own = {os.path.join(source, MANIFEST), os.path.join(source, CARD)}
    shutil.copytree(
        source, staging, copy_function=copy, ignore=lambda at, names: {n for n in names if os.path.join(at, n) in own}
    )
    os.makedirs(os.path.join(staging, "assets.extra"), exist_ok=True)
    with open(os.path.join(staging, MANIFEST), "w", encoding="utf-8") as file:
        json.dump({**noted, "version": number}, file, sort_keys=True)
    _sync(staging)
    os.rename(staging, target)
    _sync_one(directory)
    return number, target


def push(saved_model: str, directory: str, digest: str, run: str, artifact: str = "") -> dict[str, Any]:
    """Puts a model behind the next version number, unless it is what is served already.

    Args:
        saved_model: the exported model.
        directory: where versions are.
        digest: identity of the model; when the newest version has it already, nothing is done.
        run: id of the run, noted with the version: its record says where the model comes from.
        artifact: name of the model's artifact, noted too.

    Returns:
        ``version``, ``path``, ``already_there``.
    """
    newest = served(directory)
    if newest and newest["digest"] == digest:
        return {"version": newest["version"], "path": newest["path"], "already_there": True}
    number, target = place(saved_model, directory, {"artifact": artifact, "digest": digest, "run": run})
    return {"version": number, "path": target, "already_there": False}
