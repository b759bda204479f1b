"""Backslashes on their way to PostgreSQL and back: every text of a message, and nothing else."""

from ml_metadata.proto import metadata_store_pb2 as mlmd
from ml_metadata.proto import metadata_store_service_pb2 as service

from components.compat import BACKSLASH, replace_in


def request():
    execution = mlmd.Execution(type_id=3, name="a\\b")
    execution.properties["p\\q"].string_value = '{"a": "{\\"b\\": 1}"}'
    execution.custom_properties["n"].int_value = 4
    execution.custom_properties["s"].struct_value.update({"k": ["x\\y", 1.5]})
    made = service.PutExecutionsRequest(executions=[execution, mlmd.Execution(name="plain")])
    lookup = service.GetArtifactsByURIRequest(uris=["c:\\d", "/e"])
    return made, lookup


def test_there_and_back_again():
    for before, after in zip(request(), request(), strict=True):
        replace_in(after, "\\", BACKSLASH)
        assert after != before
        replace_in(after, BACKSLASH, "\\")
        assert after == before


def test_every_value_is_reached():
    made, lookup = request()
    for message in (made, lookup):
        replace_in(message, "\\", BACKSLASH)
    execution = made.executions[0]
    assert execution.name == f"a{BACKSLASH}b"
    assert "\\" not in execution.properties["p\\q"].string_value
    assert execution.custom_properties["s"].struct_value["k"][0] == f"x{BACKSLASH}y"
    assert lookup.uris == [f"c:{BACKSLASH}d", "/e"]
    assert made.executions[1].name == "plain"
