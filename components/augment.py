"""The second half of Transform: what augmentation will do to train, measured on the transformed examples themselves.

Training draws and applies by the same pure functions (`components.augmentation`), so what is measured here is what is trained on.
Neither eval nor test nor the serving graph passes through an operation.
No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

from typing import Any

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Examples, TransformGraph

from components.artifacts import AcceptedAudit, AugmentationAudit, read_json, write_json
from schemas.config import Augment
from schemas.evidence import SPLITS
from schemas.features import FeatureContract


def load_sample(examples: str, transform_graph: str, contract: FeatureContract, rows: int) -> dict[str, Any]:
    """Split -> up to so many transformed rows of it."""
    import tensorflow_transform as tft

    from components import examples as example_files
    from components import training_data
    from components.transform_graph import AppliedGraph

    layer = AppliedGraph(tft.TFTransformOutput(transform_graph))
    return {
        split: training_data.load_rows(example_files.split_files(examples, split), contract, layer, limit=rows)
        for split in SPLITS
    }


@component
def augment(
    config: Parameter[str],
    contract: Parameter[str],
    span: Parameter[int],
    code: Parameter[str],
    examples: InputArtifact[Examples],
    transform_graph: InputArtifact[TransformGraph],
    audit: OutputArtifact[AugmentationAudit],
    previous: InputArtifact[AcceptedAudit] = None,
) -> None:
    """Applies the policy to a sample of train and audits it; never fails because a policy is bad.

    Args:
        config: the `Augment` section as JSON.
        contract: the `FeatureContract` as JSON.
        span: the newest span.
        code: digest of our code and of the framework versions.
        previous: the audit of the newest earlier span that was accepted; None on a first run.
    """
    del code
    from components import augmentation_report
    from components.augmentation import Policy

    features = FeatureContract.model_validate_json(contract)
    policy = Policy.of(Augment.model_validate_json(config))
    sample = load_sample(examples.uri, transform_graph.uri, features, augmentation_report.ROWS)
    before = read_json(previous.uri)["audit"] if previous else None
    document, findings = augmentation_report.report(policy, sample, features, before, audit.uri)
    audit.span = span
    write_json(audit.uri, {"audit": document, "findings": [f.model_dump(mode="json") for f in findings]})
