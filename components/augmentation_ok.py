"""The gate after augmentation: training consumes its output, so nothing is trained on what the audit blocks.

No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import json

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples

from components.artifacts import AcceptedAudit, AugmentationAudit, read_json, write_json
from components.inspection import apply_accepted
from components.require_ok import pass_on
from schemas.findings import DataBlocked, Finding, verdict


@component
def augmentation_ok(
    accept: Parameter[str],
    examples: InputArtifact[Examples],
    audit: InputArtifact[AugmentationAudit],
    checked_examples: OutputArtifact[Examples],
    accepted: OutputArtifact[AcceptedAudit],
) -> None:
    """Passes the examples on when no finding of the audit blocks.

    Args:
        accept: JSON object, code of a finding (or ``code:subject``) -> why it is let through this once.

    Raises:
        DataBlocked: when a finding blocks.
    """
    document = read_json(audit.uri)
    judged = apply_accepted([Finding.model_validate(f) for f in document["findings"]], json.loads(accept))
    if not verdict(judged).ok:
        raise DataBlocked(judged)
    pass_on(examples, checked_examples)
    accepted.span = audit.span
    write_json(accepted.uri, {"audit": document["audit"], "judged": [f.model_dump(mode="json") for f in judged]})
