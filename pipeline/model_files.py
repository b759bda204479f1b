"""Files of the user's that a model is made from: found and digested when a run is planned, kept for a replay.

Code runs from a copy named by its content, in the workspace: what ran is what was digested, whatever is edited meanwhile, and the same
code has the same path, as caches need it. The run's folder has a copy of its own. Weights are large, and stay where they are.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from components.interfaces import ModelFamily
from components.registry import build
from components.spans import digest_file
from schemas.config import ConfigError, PluginSpec
from schemas.run_record import ModelFile

#: Folder of the code in the folder of a run.
FOLDER = "model"


@dataclass(frozen=True)
class PlacedModel:
    """The model as the trainer gets it.

    Attributes:
        spec: with full paths; None when the inputs choose it.
        files: what it is made from.
        code: folder of the copies of its code; None without code.
    """

    spec: PluginSpec | None = None
    files: tuple[ModelFile, ...] = ()
    code: Path | None = None


def check_model(spec: PluginSpec | None, base: Path) -> None:
    """Whether the files of a model are there and can be what they should be.

    Raises:
        ConfigError: with everything that is wrong.
    """
    if spec:
        _family(spec).files(base)


def place_model(spec: PluginSpec | None, base: Path, root: Path) -> PlacedModel:
    """Finds the files of a model and copies its code into the workspace.

    Args:
        base: folder that its paths are relative to.
        root: the workspace.

    Raises:
        ConfigError: when a file is missing or cannot be used.
    """
    if spec is None:
        return PlacedModel()
    family = _family(spec)
    found = family.files(base)
    if not found:
        return PlacedModel(spec)
    files = tuple(_digested(name, path) for name, path in found.items())
    code = _copied({n: p for n, p in found.items() if _is_code(n)}, root / FOLDER / "pinned")
    params = {f.name: getattr(family, f.name) for f in dataclasses.fields(family)}  # type: ignore[arg-type]
    return PlacedModel(PluginSpec(name=spec.name, params=params | family.placed(code or base)), files, code)


def placed_again(
    spec: PluginSpec | None, base: Path, root: Path, folder: Path, recorded: list[ModelFile]
) -> PlacedModel:
    """The model of a recorded run: its code from the copy in the run's folder, everything else from where it was.

    Raises:
        ConfigError: naming every file that is gone or has changed.
    """
    again = place_model(spec, folder / FOLDER if any(_is_code(f.name) for f in recorded) else base, root)
    now = {f.name: f.sha256 for f in again.files}
    changed = [f for f in recorded if now.get(f.name) != f.sha256]
    if changed:
        raise ConfigError(
            [f"train.model: {f.path} has changed since the run. A replay needs the files of the run." for f in changed]
        )
    return again


def keep_code(placed: PlacedModel, folder: Path) -> None:
    """Copies the code into the folder of a run."""
    if placed.code:
        shutil.copytree(placed.code, folder / FOLDER, ignore=shutil.ignore_patterns("__pycache__"))


def _family(spec: PluginSpec) -> ModelFamily:
    built: ModelFamily = build("models", spec, "train.model")
    return built


def _is_code(name: str) -> bool:
    return name.endswith(".py")


def _digested(name: str, path: Path) -> ModelFile:
    try:
        seen = digest_file(str(path), 0)
    except OSError as error:
        raise ConfigError([f"train.model: {path}: cannot be read ({error.strerror})."]) from None
    return ModelFile(name=name, path=str(path), bytes=seen.bytes, sha256=seen.sha256)


def _copied(code: dict[str, Path], pinned: Path) -> Path | None:
    """A copy of the code named by its content, complete or not at all; None without code."""
    if not code:
        return None
    texts = {name: path.read_bytes() for name, path in sorted(code.items())}
    digest = hashlib.sha256(b"".join(b"%s\0%d\0%s" % (n.encode(), len(t), t) for n, t in texts.items())).hexdigest()
    target, staging = pinned / digest[:16], pinned / f"{digest[:16]}.tmp"
    if not target.exists():
        shutil.rmtree(staging, ignore_errors=True)
        for name, text in texts.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(text)
        staging.rename(target)
    return target
