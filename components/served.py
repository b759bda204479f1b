"""What is served: TF Serving's layout, whole numbers as versions; a version appears complete or not at all. No TFX, no TensorFlow."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import Any

from components.spans import digest_file

MANIFEST = os.path.join("assets.extra", "push.json")


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


def _manifest(folder: str) -> dict[str, Any]:
    path = os.path.join(folder, MANIFEST)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        manifest: dict[str, Any] = json.load(file)
    return manifest


def served(directory: str) -> dict[str, Any] | None:
    """Version, path and digest of the newest version; None when nothing is served."""
    there = versions(directory)
    if not there:
        return None
    number = max(there)
    return {"version": number, "path": there[number], "digest": _manifest(there[number]).get("digest")}


def version_of(directory: str, artifact: str) -> int | None:
    """The newest version that was made from a model artifact; None when there is none."""
    made = [n for n, folder in versions(directory).items() if _manifest(folder).get("artifact") == artifact]
    return max(made, default=None)


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


def push(saved_model: str, directory: str, digest: str, run: str, artifact: str = "") -> dict[str, Any]:
    """Puts a model behind the next version number.

    Args:
        saved_model: the exported model.
        directory: where versions are.
        digest: identity of the model; when the newest version has it already, nothing is done.
        run: id of the run, kept in the version's manifest.
        artifact: name of the model's artifact, kept there too, so that a champion can be called by its version.

    Returns:
        ``version``, ``path``, ``already_there``.
    """
    os.makedirs(directory, exist_ok=True)
    for name in os.listdir(directory):
        if name.startswith(".staging-"):
            shutil.rmtree(os.path.join(directory, name))
    newest = served(directory)
    if newest and newest["digest"] == digest:
        return {"version": newest["version"], "path": newest["path"], "already_there": True}
    taken = [int(n) for n in os.listdir(directory) if n.isdigit()]
    number = max(taken, default=0) + 1
    staging, target = os.path.join(directory, f".staging-{run}"), os.path.join(directory, str(number))
    shutil.copytree(saved_model, staging)
    os.makedirs(os.path.join(staging, "assets.extra"), exist_ok=True)
    with open(os.path.join(staging, MANIFEST), "w", encoding="utf-8") as file:
        json.dump({"artifact": artifact, "digest": digest, "run": run, "version": number}, file, sort_keys=True)
    _sync(staging)
    os.rename(staging, target)
    _sync_one(directory)
    return {"version": number, "path": target, "already_there": False}
