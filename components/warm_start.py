"""Warm start: a model begins with the weights of the served champion, as far as these mean the same.

An exported SavedModel has no names that a later model could be matched by. So beside it, in ``assets.extra/weights.npz``, are the
weights by name, and what their rows and columns stand for; the file appears whole or not at all. A champion without it, of another
family or with another backbone is no error: training starts cold, and the record says why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components import model_choice, registry
from components.input_names import InputNames, input_names
from components.interfaces import ModelInputs, WeightLayout
from components.learned import ASSET, read_learned
from components.objective import Objective
from components.served import identity
from components.training_data import Rows, rows_at_once
from components.weight_transfer import Shape, Taken, Weights, transfer
from schemas.config import Train
from schemas.features import FeatureContract
from schemas.findings import Finding, Severity
from schemas.run_record import LearnedFeature, Scale, WarmStart

FILE = os.path.join("assets.extra", "weights.npz")
#: Name of the description among the weights; no weight is named so, since theirs have a slash.
DESCRIPTION = "description"


@dataclass(frozen=True)
class Described:
    """What a model is, besides its weights.

    Attributes:
        family: name of the model in the configuration.
        layout: what its weights stand for; None when the family does not say.
        names: what is behind its inputs.
        learned: what Transform learned for it.
        files: digests of what is not code among the files that it is made from, like a backbone's weights.
    """

    family: str
    layout: WeightLayout | None
    names: InputNames
    learned: list[LearnedFeature] = field(default_factory=list)
    files: tuple[str, ...] = ()


def describe(custom_config: Mapping[str, str], inputs: ModelInputs, labels: list[str], asset: str) -> Described:
    """What the trainer is about to build.

    Args:
        custom_config: of the trainer; see `training.run_fn`.
        inputs: shape of the transformed examples.
        labels: label values in the order of the model's outputs.
        asset: path of what the graph learned.
    """
    contract = FeatureContract.model_validate_json(custom_config["contract"])
    config = Train.model_validate_json(custom_config["train"])
    spec, _ = model_choice.settle(config.model, model_choice.kinds_of(inputs))
    layout = registry.build("models", spec, "train.model").layout(inputs)
    names = input_names(contract, json.loads(custom_config["indicator"]), asset, labels)
    files = json.loads(custom_config["model_files"])
    digests = tuple(digest for name, digest in files if not name.endswith(".py"))
    return Described(spec.name, layout, names, read_learned(asset)[0], digests)


def eval_loss(model: Any, rows: Rows, aim: Objective) -> float:
    """Mean loss of a model as it is, unweighted, without dropout."""
    targets = aim.targets(rows)
    size = rows_at_once(any(n.startswith("image_") for n in rows.inputs))
    total = 0.0
    for i in range(0, len(rows), size):
        part = slice(i, i + size)
        outputs = model({name: values[part] for name, values in rows.inputs.items()}, training=False)
        total += float(tf.reduce_sum(aim.losses_in_graph(targets[part], tf.cast(outputs, tf.float32))))
    return total / max(1, len(rows))


def named_weights(model: Any) -> dict[str, Any]:
    """Variables by name; those that share one are numbered."""
    found: dict[str, Any] = {}
    for variable in model.weights:
        path, number = variable.path, 2
        while path in found:
            path, number = f"{variable.path}#{number}", number + 1
        found[path] = variable
    return found


def keep(model: Any, described: Described, saved_model: str) -> None:
    """Writes the weights beside an exported model: equal models, equal bytes."""
    arrays = {name: variable.numpy() for name, variable in named_weights(model).items()}
    layout = asdict(described.layout) if described.layout else None
    document = {
        "family": described.family,
        "files": described.files,
        "layout": layout,
        "names": asdict(described.names),
    }
    text = json.dumps(document, sort_keys=True).encode()
    target = os.path.join(saved_model, FILE)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(f"{target}.tmp", "wb") as file:
        np.savez(file, **{DESCRIPTION: np.frombuffer(text, np.uint8)}, **arrays)
    os.replace(f"{target}.tmp", target)


def read(saved_model: str) -> tuple[dict[str, npt.NDArray[Any]], Described] | None:
    """Weights and description of an exported model; None when they are not there, as beside a model from elsewhere."""
    path = os.path.join(saved_model, FILE)
    if not os.path.exists(path):
        return None
    with np.load(path, allow_pickle=False) as file:
        weights = {name: file[name] for name in file.files if name != DESCRIPTION}
        document = json.loads(file[DESCRIPTION].tobytes())
    names: dict[str, Any] = {k: v if k == "others" else tuple(v) for k, v in document["names"].items()}
    layout = WeightLayout(**document["layout"]) if document["layout"] else None
    features, _ = read_learned(os.path.join(saved_model, "assets", ASSET))
    return weights, Described(document["family"], layout, InputNames(**names), features, tuple(document["files"]))


def begin(model: Any, described: Described, champion: str | None, val: Rows, aim: Objective) -> WarmStart:
    """Gives a fresh model the champion's weights, as far as they fit.

    Args:
        model: with its fresh initial weights; changed in place.
        described: what it is.
        champion: folder of the champion's SavedModel; None when nothing is served.
        val: the eval split, on which the record compares both.
        aim: what is trained towards.
    """
    fresh = eval_loss(model, val, aim)
    if champion is None:
        why = "train.warm_start: nothing is served yet; training started from fresh weights."
        return WarmStart(warm=False, why=why, cold_val_loss=fresh, findings=[_finding(why, Severity.OK)])
    kept, digest = read(champion), identity(champion)
    reason = _why_cold(kept[1] if kept else None, described)
    if kept is None or reason:
        why = f"train.warm_start: the weights of the served model must fit; {reason}. Training started from fresh weights."
        finding = _finding(
            why, Severity.WARN, "Nothing, if this was meant; the next run can start from what this one pushes."
        )
        return WarmStart(warm=False, why=why, champion=digest, cold_val_loss=fresh, findings=[finding])
    variables = named_weights(model)
    new = {name: variable.numpy() for name, variable in variables.items()}
    taken = take(kept[0], kept[1], new, described)
    for name, values in taken.weights.items():
        variables[name].assign(values)
    why = f"train.warm_start: {taken.share:.1%} of the weights were taken over from the served model."
    return WarmStart(
        warm=True,
        why=why,
        champion=digest,
        share=taken.share,
        fresh=taken.fresh,
        gone=_gone(kept[1].names, described.names),
        moved=moved(kept[1].learned, described.learned),
        val_loss=eval_loss(model, val, aim),
        cold_val_loss=fresh,
        findings=[_finding(why, Severity.OK)],
    )


def take(old: Weights, before: Described, new: Weights, now: Described) -> Taken:
    """The new model's initial weights; a family that does not say what they stand for keeps its vocabulary apart."""
    shapes = [Shape(d.layout or _guessed(weights, d.names), d.names) for weights, d in ((old, before), (new, now))]
    return transfer(old, new, shapes[0], shapes[1])


def _guessed(weights: Weights, names: InputNames) -> WeightLayout:
    """Vectors of the joint vocabulary are those of which there are as many as it has entries."""
    tables = [n for n, v in weights.items() if n.endswith("/embeddings") and v.shape[0] == len(names.entries)]
    return WeightLayout(entries=[n.rpartition("/")[0] for n in tables])


def _why_cold(before: Described | None, now: Described) -> str:
    """Why nothing can be taken over, as the end of a sentence; empty when something can."""
    if before is None:
        return "it was not exported by this version of Retrain, and lies there without its weights by name"
    if before.family != now.family:
        return f"it is a {before.family}, and this one a {now.family}"
    if before.files != now.files:
        return "its backbone has other weights than train.model names now"
    same = [(n.numeric, n.categorical, n.others, n.labels) for n in (before.names, now.names)]
    if now.layout is None and same[0] != same[1]:
        return f"inputs or classes have changed, and nobody knows which weights of a {now.family} model belong to which"
    return ""


def _gone(before: InputNames, now: InputNames) -> list[str]:
    """What the champion knew and the new model does not, one sentence for each kind of thing."""
    lost = [
        ("columns", set(before.numeric) - set(now.numeric)),
        ("categorical features", set(before.categorical) - set(now.categorical)),
        ("texts and pictures", set(before.others.values()) - set(now.others.values())),
        ("classes", set(before.labels) - set(now.labels)),
    ]
    told = [f"{what}: {', '.join(sorted(names))}" for what, names in lost if names]
    entries = len(set(before.entries) - set(now.entries))
    return told + ([f"vocabulary: {entries} entries"] if entries else [])


def moved(before: list[LearnedFeature], now: list[LearnedFeature]) -> dict[str, Scale]:
    """How far the scaling of each numeric feature moved: the champion's weights were learned on the old one.

    Returns:
        Feature -> move of its centre in old widths, and new over old width; features without a width on both sides are left out.
    """
    old = {f.name: _scale(f) for f in before if f.kind == "numeric"}
    new = {f.name: _scale(f) for f in now if f.kind == "numeric"}
    both = {n: (old[n], new[n]) for n in new if old.get(n, (0.0, 0.0))[1] > 0 and new[n][1] > 0}
    return {n: Scale(shift=(b[0] - a[0]) / a[1], ratio=b[1] / a[1]) for n, (a, b) in both.items()}


def _scale(f: LearnedFeature) -> tuple[float, float]:
    """Centre and width."""
    centre, width = (f.mean, f.deviation) if f.centre is None or f.width is None else (f.centre, f.width)
    return centre or 0.0, width or 0.0


def _finding(message: str, severity: Severity, remedy: str = "") -> Finding:
    return Finding(
        code="warm_start", severity=severity, subject="training", message=message, remedy=remedy, stage="trainer"
    )
