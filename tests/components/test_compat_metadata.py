"""Texts on their way to PostgreSQL and back: every text of a message, and nothing else."""

from functools import partial

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from ml_metadata.proto import metadata_store_service_pb2 as service

from components.compat import BACKSLASH, LONGEST, convert, from_postgresql, in_order, to_postgresql


def request():
    execution = mlmd.Execution(type_id=3, name="a\\b")
    execution.properties["p\\q"].string_value = '{"a": "{\\"b\\": 1}"}'
    execution.custom_properties["n"].int_value = 4
    execution.custom_properties["s"].struct_value.update({"k": ["x\\y", 1.5]})
    made = service.PutExecutionsRequest(executions=[execution, mlmd.Execution(name="plain")])
    lookup = service.GetArtifactsByURIRequest(uris=["c:\\d", "/e"])
    return made, lookup


def test_there_and_back_again(tmp_path):
    for before, after in zip(request(), request(), strict=True):
        convert(after, partial(to_postgresql, folder=str(tmp_path)))
        assert after != before
        convert(after, partial(from_postgresql, folder=str(tmp_path)))
        assert after == before


def test_every_value_is_reached(tmp_path):
    made, lookup = request()
    for message in (made, lookup):
        convert(message, partial(to_postgresql, folder=str(tmp_path)))
    execution = made.executions[0]
    assert execution.name == f"a{BACKSLASH}b"
    assert "\\" not in execution.properties["p\\q"].string_value
    assert execution.custom_properties["s"].struct_value["k"][0] == f"x{BACKSLASH}y"
    assert lookup.uris == [f"c:{BACKSLASH}d", "/e"]
    assert made.executions[1].name == "plain"


@pytest.mark.parametrize(
    ("text", "in_file"), [("x" * LONGEST, False), ("x" * (LONGEST + 1), True), ("é\\" * LONGEST, True)]
)
def test_long_texts_are_kept_in_files_once(tmp_path, text, in_file):
    folder = str(tmp_path / "texts")
    kept = [to_postgresql(text, folder) for _ in range(2)]
    assert kept[0] == kept[1]
    assert (len(kept[0].encode()) < 100) == in_file
    assert len(list(tmp_path.rglob("texts/*"))) == in_file
    assert from_postgresql(kept[0], folder) == text


def test_a_text_of_another_workspace_stays_a_name(tmp_path):
    name = to_postgresql("x" * 5000, str(tmp_path / "theirs"))
    assert from_postgresql(name, str(tmp_path / "ours")) == name


def test_what_is_found_by_id_comes_in_the_order_of_the_request():
    """PostgreSQL gives an updated row last, and TFX pairs a cached stage's outputs with their names by position."""
    request = service.GetArtifactsByIDRequest(artifact_ids=[7, 2, 5])
    response = service.GetArtifactsByIDResponse(artifacts=[mlmd.Artifact(id=n, uri=str(n)) for n in (2, 5, 7)])
    in_order(request, response)
    assert [a.uri for a in response.artifacts] == ["7", "2", "5"]


def test_other_answers_stay_as_they_are():
    request = service.GetEventsByArtifactIDsRequest(artifact_ids=[7, 2])
    response = service.GetEventsByArtifactIDsResponse(events=[mlmd.Event(artifact_id=n) for n in (2, 7)])
    in_order(request, response)
    assert [e.artifact_id for e in response.events] == [2, 7]
