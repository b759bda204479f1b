"""Writes the JSON Schemas that editors and scripts use: retrain, run_record, run_diff, runs and show.schema.json in schemas/.

Run it after a change of the models: `python scripts/make_schemas.py`; a test says when that was forgotten.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "schemas"
Schema = dict[str, Any]

#: How plug-ins are written in YAML; the models only see them after they were unfolded to name and params.
PLUGIN: Schema = {
    "title": "Plug-in",
    "description": "A name, or one name with its parameters: {name: {parameter: value}}.",
    "anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "maxProperties": 1}],
}
PLUGIN_REF: Schema = {"$ref": "#/$defs/PluginSpec"}
#: A text is a plug-in already; null and false turn it off.
PLUGIN_OR_OFF: Schema = {"anyOf": [PLUGIN_REF, {"type": "null"}, {"const": False}]}


def config_schema() -> Schema:
    """What a retrain.yaml may say, as it is written."""
    from schemas.config import PipelineConfig

    schema: Schema = PipelineConfig.model_json_schema()
    parts = schema["$defs"]
    parts["PluginSpec"] = dict(PLUGIN)
    gates = parts["Evaluate"]["properties"]["gates"]
    parts["Evaluate"]["properties"]["gates"] = {"title": gates["title"], "type": "object", "minProperties": 1}
    # `name: off` and parameters of single checks; features with imputers of their own.
    parts["Checks"]["properties"].pop("params")
    parts["Checks"]["additionalProperties"] = True
    for section in ("Impute", "Outliers"):
        parts[section]["additionalProperties"] = PLUGIN_OR_OFF if section == "Outliers" else PLUGIN_REF
        parts[section]["properties"].pop("features")
    parts["Outliers"]["properties"]["numeric"] = {"title": "Numeric", **PLUGIN_OR_OFF}
    _augmentation(parts)
    images = parts["Source"]["properties"]["images"]
    by_path = {
        "type": "object",
        "properties": {"path": {"type": "string"}},
        "required": ["path"],
        "additionalProperties": False,
    }
    images["anyOf"] = [*images["anyOf"], by_path]
    weights = parts["Train"]["properties"]["class_weights"]
    weights["anyOf"] = [*weights["anyOf"], {"const": False}]
    train = parts["Train"]["properties"]
    for name in ("sampling", "warm_start", "early_stopping", "reduce_lr"):
        train[name]["anyOf"] = [*train[name]["anyOf"], {"enum": [False, "none"]}]
    train["schedule"]["anyOf"] = [*train["schedule"]["anyOf"], {"enum": ["warmup", "cosine", "none"]}]
    # `on` and `off` are true and false to our YAML 1.1, and texts to editors with YAML 1.2.
    train["mixed_precision"]["enum"] = [*train["mixed_precision"]["enum"], True, False]
    return _with_head(_without_unfolded_defaults(schema), "Configuration of Retrain (retrain.yaml)")


def _augmentation(parts: dict[str, Schema]) -> None:
    """Operations are written as plug-ins are, with `probability` and `classes` among their parameters; a list alone is `ops`."""
    common = parts["AugmentOp"]["properties"]
    own = {k: v for k, v in common.items() if k != "op"}
    own["classes"] = {
        **own["classes"],
        "anyOf": [{"type": "array", "items": {"type": ["string", "number"]}}, {"type": "null"}],
    }
    parts["AugmentOp"] = {
        "title": "Operation",
        "description": parts["AugmentOp"]["description"],
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": {
                    "anyOf": [
                        {"type": "object", "properties": own},
                        {"type": ["string", "number", "boolean", "null", "array"]},
                    ]
                },
            },
        ],
    }
    ops = parts["Augment"]["properties"]["ops"]
    alone = {"type": "array", "items": ops["items"]}
    augment = parts["Transform"]["properties"]["augment"]
    # `off` is false to our YAML 1.1, and a text to editors with YAML 1.2.
    augment["anyOf"] = [*augment["anyOf"], alone, {"enum": [False, "none", "off"]}]


def record_schema() -> Schema:
    """What a run.json holds. A number that is no number (NaN, infinity) is written as its name."""
    from schemas.run_record import RunRecord

    schema: Schema = RunRecord.model_json_schema(mode="serialization")
    return _with_head(_numbers_by_name(schema), "Run record of Retrain (run.json)")


def diff_schema() -> Schema:
    """What `retrain diff --json` prints."""
    from schemas.run_diff import RunDiff

    schema: Schema = RunDiff.model_json_schema(mode="serialization")
    return _with_head(_numbers_by_name(schema), "Two runs of Retrain side by side (retrain diff --json)")


def runs_schema() -> Schema:
    """What `retrain runs --json` prints."""
    from pydantic import TypeAdapter

    from schemas.listing import Listing

    schema = TypeAdapter(Listing).json_schema(mode="serialization")
    return _with_head(_numbers_by_name(schema), "Runs of Retrain, newest first (retrain runs --json)")


def show_schema() -> Schema:
    """What `retrain show RUN PART --json` prints, a definition for each part; null where the run did not get that far."""
    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaMode, models_json_schema

    from components.augmentation_record import Audit
    from schemas.evidence import ModelEvidence
    from schemas.features import FeatureContract
    from schemas.findings import Finding
    from schemas.listing import Lineage, Stats
    from schemas.run_record import RunRecord, Training, Tuning

    parts: dict[str, type[BaseModel]] = {
        "metrics": ModelEvidence,
        "curves": Training,
        "schema": FeatureContract,
        "stats": Stats,
        "tuning": Tuning,
        "lineage": Lineage,
    }
    shapes: list[type[BaseModel]] = [RunRecord, Finding, Audit, *parts.values()]
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(m, "serialization") for m in shapes]
    _, schema = models_json_schema(models)
    null, text = {"type": "null"}, {"type": "string"}
    findings = {"type": "array", "items": {"$ref": "#/$defs/Finding"}}
    audit = {
        "audit": {"anyOf": [{"$ref": "#/$defs/Audit"}, null]},
        "problem": text,
        "findings": findings,
        "folder": text,
        "sheets": {"type": "array", "items": text},
    }
    shown: Schema = {
        "run": {"$ref": "#/$defs/RunRecord"},
        "findings": findings,
        "augmentation": {
            "anyOf": [
                {"type": "object", "properties": audit, "required": [*audit], "additionalProperties": False},
                null,
            ]
        },
        **{name: {"anyOf": [{"$ref": f"#/$defs/{m.__name__}"}, null]} for name, m in parts.items()},
    }
    made: Schema = {"$defs": {**schema["$defs"], **{f"part_{name}": s for name, s in shown.items()}}}
    made["anyOf"] = [{"$ref": f"#/$defs/part_{name}"} for name in shown]
    return _with_head(_numbers_by_name(made), "One run of Retrain, or a part of it (retrain show RUN [PART] --json)")


def _with_head(schema: Schema, title: str) -> Schema:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def _without_unfolded_defaults(value: Any) -> Any:
    """Drops defaults that hold mappings: they show values as they are after loading, not as one writes them."""
    if isinstance(value, list):
        return [_without_unfolded_defaults(v) for v in value]
    if not isinstance(value, dict):
        return value
    return {
        k: _without_unfolded_defaults(v) for k, v in value.items() if k != "default" or not isinstance(v, (dict, list))
    }


def _numbers_by_name(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers_by_name(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "number":
        rest = {k: v for k, v in value.items() if k != "type"}
        return {**rest, "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
    return {k: _numbers_by_name(v) for k, v in value.items()}


def texts() -> dict[Path, str]:
    """File -> what it should hold."""
    made = {
        "retrain.schema.json": config_schema(),
        "run_record.schema.json": record_schema(),
        "run_diff.schema.json": diff_schema(),
        "runs.schema.json": runs_schema(),
        "show.schema.json": show_schema(),
    }
    return {FOLDER / name: json.dumps(schema, indent=1) + "\n" for name, schema in made.items()}


def main() -> int:
    """Writes the files and says which."""
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
