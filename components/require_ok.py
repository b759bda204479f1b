"""The one node that blocks. What comes after it consumes its output, so on bad data there is nothing to consume.

No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import json
import os
import shutil
from typing import Any

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples

from components import inspection
from components.artifacts import ROWS, SAMPLE, AcceptedData, DataFindings, read_json, write_json
from components.inspection import apply_accepted
from schemas.findings import DataBlocked, Finding, verdict

#: Spans whose statistics are remembered: enough for means and deviations that follow a slow change.
KEPT = 52


def link_tree(source: str, target: str) -> None:
    """The files of a folder under another one: hard links where the file system has them, copies elsewhere."""
    for folder, _, names in os.walk(source):
        into = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(into, exist_ok=True)
        for name in names:
            try:
                os.link(os.path.join(folder, name), os.path.join(into, name))
            except OSError:
                shutil.copy2(os.path.join(folder, name), os.path.join(into, name))


def pass_on(examples: Any, checked_examples: Any) -> None:
    """The same examples as another artifact."""
    link_tree(examples.uri, checked_examples.uri)
    checked_examples.split_names = examples.split_names
    checked_examples.span = examples.span
    checked_examples.version = examples.version
    checked_examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")


@component
def require_ok(
    accept: Parameter[str],
    examples: InputArtifact[Examples],
    findings: InputArtifact[DataFindings],
    checked_examples: OutputArtifact[Examples],
    accepted: OutputArtifact[AcceptedData],
) -> None:
    """Passes the examples on when nothing blocks.

    Args:
        accept: JSON object, code of a finding (or ``code:subject``) -> why it is let through this once.

    Raises:
        DataBlocked: when a finding blocks.
    """
    document = read_json(findings.uri)
    judged = apply_accepted([Finding.model_validate(f) for f in document["findings"]], json.loads(accept))
    if not verdict(judged).ok:
        raise DataBlocked(judged)
    pass_on(examples, checked_examples)
    newest = document["evidence"]["spans"][-1]["span"]
    accepted.span = newest
    link_tree(os.path.join(findings.uri, SAMPLE, str(newest)), os.path.join(accepted.uri, SAMPLE))
    shutil.copyfile(os.path.join(findings.uri, ROWS), os.path.join(accepted.uri, ROWS))
    write_json(
        accepted.uri,
        {
            "evidence": document["evidence"],
            "accept": json.loads(accept),
            "judged": [f.model_dump(mode="json") for f in judged],
            "history": extend(document["history"], inspection.statistics_of(judged, newest)),
        },
    )


def extend(
    history: dict[str, dict[str, list[float]]], new: dict[str, dict[str, float]]
) -> dict[str, dict[str, list[float]]]:
    """The history with the statistics of one more accepted span; the newest `KEPT` are kept."""
    codes = {*history, *new}
    return {
        code: {
            subject: [
                *history.get(code, {}).get(subject, []),
                *([new[code][subject]] if subject in new.get(code, {}) else []),
            ][-KEPT:]
            for subject in {*history.get(code, {}), *new.get(code, {})}
        }
        for code in codes
    }
