"""What is known of the champion's run: from its version, its record and the registry; little where somebody served a model by hand."""

import json

import pytest

from pipeline import held_out
from pipeline.previous import previous_of
from pipeline.workspace import Workspace
from schemas.run_record import Stage, StageState
from tests import factories
from tests.pipeline.test_held_out import make_plan, run, some_rows

RUN = "run-001"


@pytest.fixture
def served(tmp_path):
    """A workspace with two runs, the first of which is served; its examples are of spans 0 and 1."""
    data = {n: some_rows(n) for n in range(3)}
    for number, spans in ((1, [0, 1]), (2, [1, 2])):
        run(tmp_path, number, make_plan(spans, row_id="nr"), data)
    examples = tmp_path / "examples"
    (examples / "Split-test").mkdir(parents=True)
    for span in (0, 1):
        (examples / "Split-test" / f"data_tfrecord-span-{span:08d}-00000-of-00001.gz").touch()
    stage = Stage(name="require_ok", state=StageState.DONE, artifacts={"checked_examples": str(examples)})
    Workspace(tmp_path).save_record(factories.record(run_id=RUN, window=[0, 1], stages=[stage]))
    version = tmp_path / "serving" / "3"
    (version / "assets.extra").mkdir(parents=True)
    (version / "saved_model.pb").touch()
    (version / "assets.extra" / "push.json").write_text(json.dumps({"digest": "d", "run": RUN}))
    return tmp_path


def previous(root, spans=(1, 2), row_id="nr"):
    return previous_of(root, "x", root / "serving", make_plan(spans, row_id=row_id))


def test_the_registry_up_to_the_champions_run_and_rows_that_the_window_lost(served):
    found = previous(served)
    assert (found.run, found.spans) == (RUN, [0, 1])
    assert {f.path.split("/")[-2] for f in found.held} == {RUN}
    assert {(f.way, f.span) for f in found.held} == {("row", 1), ("id", 1)}
    assert [f.rsplit("/", 1)[1] for f in found.files] == ["data_tfrecord-span-00000000-00000-of-00001.gz"]
    assert (found.gone, found.rows_gone) == ([], 0)
    assert {f.way for f in previous(served, row_id=None).held} == {"row"}
    assert previous(served, spans=(0, 1, 2)).files == []


def test_examples_that_were_cleared_away(served):
    for path in (served / "examples" / "Split-test").iterdir():
        path.unlink()
    found = previous(served)
    rows = sum(f.rows for h in held_out.read(served, "x") for f in h.files if (f.way, f.span) == ("row", 0))
    assert rows > 0
    assert (found.files, found.gone, found.rows_gone) == ([], [0], rows)


@pytest.mark.parametrize("lost", ["push.json", "run.json", "damaged", "everything"])
def test_a_champion_without_a_record(served, lost):
    record = served / "runs" / RUN / "run.json"
    if lost == "push.json":
        (served / "serving" / "3" / "assets.extra" / "push.json").unlink()
    elif lost == "run.json":
        record.unlink()
    elif lost == "damaged":
        record.write_text("{")
    else:
        (served / "serving" / "3" / "saved_model.pb").unlink()
    assert previous(served) == previous_of(served, "x", served / "nowhere", make_plan([1, 2]))
    assert (previous(served).run, previous(served).held, previous(served).files) == ("", [], [])
