"""From transformed rows to an audit with its findings and contact sheets; and the stage that lets it through or not."""

import json
import os

import numpy as np
import pytest

from components import augmentation_report
from components.augmentation import Policy
from components.augmentation_audit import Audit
from components.interfaces import ModelInputs
from schemas.config import Augment
from schemas.features import FeatureContract
from schemas.findings import DataBlocked, Severity
from tests.components.models.rows import make_rows

pytest.importorskip("tensorflow")

#: Two numbers, an indicator of one of them, and a picture.
INPUTS = ModelInputs(numeric=3, categorical=0, vocabulary=1, classes=3, images={"image_0": (8, 8, 1)})
EVERYTHING = [{"rotate": 15}, {"jitter": {}}]


def contract(*kinds):
    types = {"numeric": "float", "image": "string"}
    features = [{"name": f"{k}_{i}", "type": types[k], "kind": k, "reason": "told"} for i, k in enumerate(kinds)]
    return FeatureContract.model_validate({"label": "y", "label_type": "int", "features": features})


MIXED = contract("image", "numeric", "numeric")


def policy(*ops, **rest):
    return Policy.of(Augment.model_validate({"ops": list(ops), **rest}))


def rows(n, seed=0):
    made = make_rows(INPUTS, n, seed)
    made.inputs["numeric"][:, 2] = np.arange(n) % 2
    made.spans[n // 2 :] = 2
    return made


SAMPLE = {"train": rows(200), "eval": rows(90, 1), "test": rows(90, 2)}


def reported(folder, *ops, sample=SAMPLE, features=MIXED, previous=None, **rest):
    return augmentation_report.report(policy(*ops, **rest), sample, features, previous, str(folder))


def at_level(findings, severity):
    return {(f.code, f.subject) for f in findings if f.severity is severity}


def test_pictures_and_numbers_are_audited_and_there_is_a_sheet_for_each_class(tmp_path):
    document, findings = reported(tmp_path, *EVERYTHING)
    audit = Audit.model_validate(json.loads(json.dumps(document, allow_nan=False)))
    assert {n: i.kind for n, i in audit.inputs.items()} == {"image_0": "image", "numeric features": "numeric"}
    assert {*audit.operations} == {"rotate", "jitter"}
    assert {s: g.drawn for s, g in audit.inputs["image_0"].splits.items()} == {"train": 200, "eval": 0, "test": 0}
    assert audit.inputs["image_0"].splits["train"].rows == 400, "each example once as it is, and once changed"
    assert {*audit.inputs["image_0"].classes} == {"0", "1", "2"}
    assert {*audit.inputs["image_0"].spans} == {"1", "2"}
    assert not at_level(findings, Severity.BLOCK)
    assert "augmentation_one_sided" in {f.code for f in findings}
    sheets = {*os.listdir(tmp_path / "sheets")}
    assert sheets == {"histograms-image_0.png", *(f"sheet-image_0-{label}.png" for label in "012")}
    assert all((tmp_path / "sheets" / s).read_bytes().startswith(b"\x89PNG") for s in sheets)


def test_one_class_alone_is_found_by_its_name(tmp_path):
    _, findings = reported(tmp_path, {"rotate": {"degrees": 30, "classes": ["1"]}})
    blocked = at_level(findings, Severity.BLOCK)
    assert blocked == {("augmentation_one_sided", "image_0 of class '1'")}
    assert os.listdir(tmp_path / "sheets") != []


def test_numbers_alone_have_no_sheets_and_indicators_are_not_changed(tmp_path):
    chosen = policy({"jitter": {}})
    names = augmentation_report.shown_names(chosen, MIXED)
    assert names == {"numeric": "numeric features"}
    train = SAMPLE["train"]
    seen = augmentation_report.augmented(chosen, train, np.ones(len(train), np.int64), names, 2)
    assert seen.after["numeric features"].shape == (200, 2)
    assert (seen.after["numeric features"] != seen.before["numeric features"]).any()
    document, _ = reported(tmp_path, {"jitter": {}})
    assert {*document["inputs"]} == {"numeric features"}
    assert os.listdir(tmp_path / "sheets") == []


def test_batches_do_not_matter(tmp_path, monkeypatch):
    whole = reported(tmp_path / "whole", *EVERYTHING)
    monkeypatch.setattr(augmentation_report, "_AT_ONCE", 7)
    assert reported(tmp_path / "parts", *EVERYTHING) == whole
    for sheet in os.listdir(tmp_path / "whole" / "sheets"):
        assert (tmp_path / "whole/sheets" / sheet).read_bytes() == (tmp_path / "parts/sheets" / sheet).read_bytes()


def measured(chosen, sample, names):
    """Fingerprint and number of the draw of each row that is measured."""
    index, number = augmentation_report.chosen(chosen, sample, names)
    assert np.all(np.diff(index) >= 0)
    return {*zip(sample.keys[index].tolist(), number.tolist(), strict=True)}


@pytest.mark.parametrize("rest", [{"copies": 2}, {"per_epoch": True}, {"balance": True}])
def test_which_rows_are_measured_depends_on_their_content_alone(rest, monkeypatch):
    chosen, names = policy(*EVERYTHING, **rest), {"image_0": "eye"}
    train = SAMPLE["train"]
    everything = measured(chosen, train, names)
    assert len(everything) == len(chosen.rows(train.labels)[0])
    monkeypatch.setattr(augmentation_report, "MEASURED", 50)
    some = measured(chosen, train, names)
    assert len(some) == 50
    assert some < everything
    assert measured(chosen, train.take(np.random.default_rng(0).permutation(200)), names) == some


def test_wide_rows_are_fewer_but_never_none(monkeypatch):
    chosen, names = policy("flip"), {"image_0": "eye"}
    monkeypatch.setattr(augmentation_report, "NUMBERS", 64 * 10 + 63)
    assert len(measured(chosen, SAMPLE["train"], names)) == 10
    monkeypatch.setattr(augmentation_report, "NUMBERS", 1)
    assert len(measured(chosen, SAMPLE["train"], names)) == 1


def test_the_last_accepted_audit_is_compared_with(tmp_path):
    before, _ = reported(tmp_path / "1", {"rotate": 10})
    _, same = reported(tmp_path / "2", {"rotate": 10}, previous=json.loads(json.dumps(before)))
    _, other = reported(tmp_path / "3", {"rotate": 12}, previous=json.loads(json.dumps(before)))
    severity = {"same": Severity.OK, "other": Severity.WARN}
    for found, name in ((same, "same"), (other, "other")):
        (changed,) = [f for f in found if f.code == "augmentation_changed"]
        assert changed.severity is severity[name]


def test_a_small_train_is_audited_too(tmp_path):
    few = {split: some.take(np.arange(3)) for split, some in SAMPLE.items()}
    document, findings = reported(tmp_path, *EVERYTHING, sample=few)
    assert document["inputs"]["image_0"]["splits"]["train"]["rows"] == 6
    assert not at_level(findings, Severity.BLOCK)


class Artifact:
    """What a node is handed."""

    def __init__(self, folder):
        self.uri, self.custom = str(folder), {}
        self.span, self.version, self.split_names = 0, 0, ""

    def set_string_custom_property(self, name, value):
        self.custom[name] = value


@pytest.fixture
def gate(tmp_path):
    """The function of `augmentation_ok` on the audit of a policy that changes one class alone; and the artifacts."""
    from components.artifacts import write_json
    from components.augmentation_ok import augmentation_ok

    artifacts = {n: Artifact(tmp_path / n) for n in ("examples", "audit", "checked_examples", "accepted")}
    split = tmp_path / "examples" / "Split-train"
    split.mkdir(parents=True)
    (split / "data").write_bytes(b"rows")
    artifacts["examples"].split_names, artifacts["examples"].span = '["train"]', 4
    artifacts["audit"].span = 4
    document, findings = reported(tmp_path / "audit", {"rotate": {"degrees": 30, "classes": ["1"]}})
    write_json(artifacts["audit"].uri, {"audit": document, "findings": [f.model_dump(mode="json") for f in findings]})

    def run(accept):
        augmentation_ok.EXECUTOR_SPEC.executor_class._FUNCTION(accept=json.dumps(accept), **artifacts)

    return run, artifacts


@pytest.mark.parametrize("accept", [{}, {"augmentation_destroys": "fine"}, {"augmentation_one_sided:other": "fine"}])
def test_what_blocks_leaves_nothing_to_train_on(gate, accept):
    run, artifacts = gate
    with pytest.raises(DataBlocked) as caught:
        run(accept)
    assert at_level(caught.value.findings, Severity.BLOCK) == {("augmentation_one_sided", "image_0 of class '1'")}
    assert not os.path.exists(artifacts["checked_examples"].uri)
    assert not os.path.exists(artifacts["accepted"].uri)


def test_what_is_accepted_passes_and_is_remembered_with_its_reason(gate):
    from components.artifacts import read_json

    run, artifacts = gate
    run({"augmentation_one_sided": "only ones are written slanted"})
    passed = artifacts["checked_examples"]
    with open(os.path.join(passed.uri, "Split-train", "data"), "rb") as file:
        assert file.read() == b"rows"
    assert (passed.span, passed.split_names, artifacts["accepted"].span) == (4, '["train"]', 4)
    assert passed.custom == {"payload_format": "FORMAT_TF_EXAMPLE"}
    document = read_json(artifacts["accepted"].uri)
    assert document["audit"] == read_json(artifacts["audit"].uri)["audit"]
    (told,) = [f for f in document["judged"] if f["subject"] == "image_0 of class '1'"]
    assert told["severity"] == "warn"
    assert told["message"].endswith("Let through once: only ones are written slanted")
