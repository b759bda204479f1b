"""What a candidate is compared with: the model that is served, whatever was blessed since.

TFX's LatestBlessedModelStrategy takes the newest blessed model, which need not be served: it was rolled back, or the run ended between
blessing and push, or before the push (`--until`). It also takes artifacts where ML Metadata last saw them, which fails in a copy or
after a clean-up. So the champion is the version itself, under a second name in an artifact of its own (hard links: no room, and the
version may go). Its digest, not its number, is the parameter: a model that is served again under another number is still in the cache.

No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import os
import shutil

from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model
from tfx.utils import path_utils

from components.served import link_or_copy, version_of, versions

#: Property of the artifact: by which the model is known.
DIGEST = "digest"


def bring(directory: str, digest: str, target: str) -> None:
    """Links a served model to another folder.

    Raises:
        ValueError: when no version has it, or it cannot be scored.
    """
    number = version_of(directory, digest)
    if number is None:
        raise ValueError(f"{directory}: no version has the model {digest[:12]} any more. Run again.")
    folder = versions(directory)[number]
    if not os.path.exists(os.path.join(folder, "assets.extra", "retrain.json")):
        raise ValueError(
            f"{folder}: is served, but was not pushed by Retrain (no assets.extra/retrain.json), so nothing can be compared "
            "with it. Move it away, or roll back to a version that was."
        )
    shutil.copytree(folder, target, copy_function=link_or_copy)


@component
def champion(
    directory: Parameter[str], digest: Parameter[str], code: Parameter[str], model: OutputArtifact[Model]
) -> None:
    """Gives the served model as an artifact.

    Args:
        directory: where versions are.
        digest: of the model that is served (`served.identity`).
        code: digest of our code and of the framework versions.
    """
    del code
    bring(directory, digest, path_utils.serving_model_dir(model.uri))
    model.set_string_custom_property(DIGEST, digest)
