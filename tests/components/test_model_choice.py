import pytest

from components import model_choice
from schemas.config import PluginSpec


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        ([], "wide_deep"),
        (["numeric", "boolean"], "wide_deep"),
        (["text", "numeric"], "text"),
        (["text", "image"], "cnn"),
    ],
)
def test_the_most_demanding_kind_chooses(kinds, name):
    spec, reason = model_choice.choose(kinds)
    assert spec == PluginSpec(name=name)
    assert reason.endswith(".")
    assert not model_choice.unsuited(name, kinds)


@pytest.mark.parametrize(
    ("family", "kinds", "problems"),
    [
        ("wide_deep", ["numeric", "timestamp", "categorical", "boolean"], []),
        ("wide_deep", ["image"], ["train.model: wide_deep takes no pictures; use cnn."]),
        ("mlp", ["text"], ["train.model: mlp takes no texts; use cnn or linear or text."]),
        ("text", ["text", "image"], ["train.model: text takes no pictures; use cnn."]),
        (
            "mlp",
            ["text", "image"],
            ["train.model: mlp takes no pictures; use cnn.", "train.model: mlp takes no texts; use cnn."],
        ),
        ("cnn", ["text", "image", "numeric"], []),
        ("user", ["text", "image", "numeric"], []),
        ("pretrained", ["image"], []),
        ("pretrained", ["text"], ["train.model: pretrained is for pictures, and the data have none; use text."]),
    ],
)
def test_unsuited_models_are_refused_with_what_would_do(family, kinds, problems):
    assert model_choice.unsuited(family, kinds) == problems
