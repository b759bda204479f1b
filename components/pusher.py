"""The push: what is blessed goes behind the next version number, the same model never twice (`components.served`), and one that was
rolled back not again (`components.rollback`).

No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import Model, ModelBlessing, ModelRun, PushedModel
from tfx.utils import path_utils

from components.artifacts import artifact_name, write_json
from components.judge_model import read_training
from components.rollback import withheld
from components.served import model_digest, push


@component
def pusher(
    directory: Parameter[str],
    run: Parameter[str],
    model: InputArtifact[Model],
    model_run: InputArtifact[ModelRun],
    blessing: InputArtifact[ModelBlessing],
    pushed_model: OutputArtifact[PushedModel],
) -> None:
    """Pushes a blessed model; does nothing for one that is not, or that was rolled back.

    Args:
        directory: where versions are.
        run: id of this run. It makes the node run every time: what is served is looked up, not remembered.
    """
    if blessing.get_int_custom_property("blessed") != 1:
        pushed_model.set_int_custom_property("pushed", 0)
        write_json(pushed_model.uri, {"pushed": None, "findings": []})
        return
    saved_model = path_utils.serving_model_path(model.uri)
    digest = model_digest(saved_model, read_training(model_run.uri)["weights"])
    if finding := withheld(directory, digest):
        pushed_model.set_int_custom_property("pushed", 0)
        write_json(pushed_model.uri, {"pushed": None, "findings": [finding.model_dump(mode="json")]})
        return
    result = push(saved_model, directory, digest, run, artifact_name(model.uri))
    pushed_model.set_int_custom_property("pushed", 1)
    pushed_model.set_string_custom_property("pushed_destination", result["path"])
    pushed_model.set_string_custom_property("pushed_version", str(result["version"]))
    write_json(pushed_model.uri, {"pushed": result, "findings": []})
