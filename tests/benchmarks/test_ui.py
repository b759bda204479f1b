"""The history that the benchmark of the UI makes is one that the UI can read."""

from benchmarks.ui import multiply
from pipeline.record_json import to_json
from pipeline.ui.index import CachingWorkspace, Index
from tests import factories


def test_every_run_that_is_made_is_read_and_differs(tmp_path):
    models = (factories.pushed(), factories.blocked(run_id="20261124-000000-s8-bbbb"))
    for record in models:
        place = tmp_path / "runs" / record.run_id
        place.mkdir(parents=True)
        (place / "run.json").write_text(to_json(record), encoding="utf-8")
    multiply(tmp_path, 10)
    lines = Index(CachingWorkspace(tmp_path), models[0].name).lines()
    assert [line.span for line in lines] == list(range(10, 0, -1))
    assert {line.outcome for line in lines} == {"pushed", "blocked by data"}
    assert len({line.value.value for line in lines if line.value}) == 5
