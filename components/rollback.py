"""Back to an earlier version. No TFX, no TensorFlow.

TF Serving serves the highest number, and clients remember numbers. So a rollback neither removes a version nor renames one: it puts a copy
of the old one (hard links) behind the next number, with a note of what it is a copy of and why. A copy of a copy is a copy of the first.
The model that was rolled back is withdrawn: a retrain that makes the very same model again must not undo the rollback.
"""

from __future__ import annotations

from typing import Any

from components.served import identity, link_or_copy, manifest, place, versions
from schemas.findings import Finding, Severity


class CannotRollBack(Exception):  # noqa: N818 - what it says, not what went wrong
    """There is no such version to go back to."""


def origin(number: int, folder: str) -> int:
    """The version that a version is a copy of; itself when it is none."""
    return int(manifest(folder).get("copy_of", number))


def name_of(directory: str, number: int) -> str:
    """What people call a version: ``version 3, a copy of version 1``."""
    first = origin(number, versions(directory)[number])
    return f"version {number}" + ("" if first == number else f", a copy of version {first}")


def withdrawn(directory: str) -> dict[str, dict[str, Any]]:
    """Digest -> note of the rollback, of all models that were rolled back and not put back since."""
    found: dict[str, dict[str, Any]] = {}
    for folder in versions(directory).values():
        noted = manifest(folder)
        rollback = noted.get("rollback")
        if rollback and rollback["withdraws"]:
            found[rollback["withdraws"]] = rollback
        found.pop(identity(folder), None)
    return found


def withheld(directory: str, digest: str) -> Finding | None:
    """Why a model must not be pushed: it was rolled back. None when it may be."""
    noted = withdrawn(directory).get(digest)
    if noted is None:
        return None
    number = noted["from"]
    because = f" ({noted['reason']})" if noted["reason"] else ""
    return Finding(
        code="rolled_back",
        severity=Severity.BLOCK,
        subject=f"version {number}",
        message=f"push: a model that was rolled back is not pushed again, got the model of version {number}, rolled back on "
        f"{noted['when'][:10]}{because}.",
        remedy=f"Change the data or the configuration; or, if it is good after all: retrain rollback CONFIG --to {number}.",
        stage="pusher",
    )


def target_of(directory: str, to: int | None) -> int:
    """The version to go back to: the one asked for, else the newest one before the served one that was not rolled back.

    "Before" goes by origins: after a rollback from 3 to 2, which is served as 4, the one before is 1.

    Raises:
        CannotRollBack: when there is none; says which versions there are.
    """
    there = versions(directory)
    if not there:
        raise CannotRollBack(f"{directory} has no version yet. Run `retrain run` until a model is pushed.")
    listed = ", ".join([*map(str, list(there)[:-1]), f"{max(there)} (served)"])
    if to is not None:
        if to not in there:
            raise CannotRollBack(f"--to {to}: there is no such version. Versions: {listed}.")
        return to
    now = max(there)
    at, out = origin(now, there[now]), {identity(there[now]), *withdrawn(directory)}
    earlier = [
        (origin(n, folder), n) for n, folder in there.items() if origin(n, folder) < at and identity(folder) not in out
    ]
    if not earlier:
        raise CannotRollBack(
            f"no version before the served one is left to go back to. Versions: {listed}. Name one: --to."
        )
    return max(earlier)[1]


def roll_back(directory: str, to: int, note: dict[str, Any]) -> dict[str, Any] | None:
    """Serves a version again.

    Args:
        directory: where versions are.
        to: a version that is there.
        note: ``id``, ``when``, ``who`` and ``reason`` of the rollback.

    Returns:
        The note, with ``from``, ``to`` (the version that this is a copy of), ``withdraws`` (the digest that must not be pushed
        again, or None) and ``version`` (the new one); None when this model is served already.
    """
    there = versions(directory)
    now, folder = max(there), there[to]
    digest, left = identity(folder), identity(there[now])
    if digest == left:
        return None
    first = origin(to, folder)
    # Going on to a newer one, as after a rollback by mistake, says nothing against the one that is left.
    withdraws = left if first < origin(now, there[now]) else None
    rollback = {**note, "from": now, "to": first, "withdraws": withdraws}
    old = manifest(folder)
    noted = {"artifact": old.get("artifact", ""), "run": old.get("run", ""), "digest": digest, "copy_of": first}
    number, _ = place(folder, directory, {**noted, "rollback": rollback}, link_or_copy)
    return {**rollback, "version": number}


def rollbacks(directory: str) -> list[dict[str, Any]]:
    """All rollbacks of which the versions are kept, oldest first: their notes, and the ``version`` that each made."""
    noted = {n: manifest(folder).get("rollback") for n, folder in versions(directory).items()}
    return [{**rollback, "version": n} for n, rollback in noted.items() if rollback]
