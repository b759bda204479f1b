"""What is left out of Beam's runner: side inputs arrive as ever, and none is measured."""

import pytest

beam = pytest.importorskip("apache_beam")

from apache_beam.runners.portability.fn_api_runner import worker_handlers  # noqa: E402
from apache_beam.runners.worker import statecache  # noqa: E402

from pipeline.beam_costs import keep_no_state  # noqa: E402
from pipeline.build import beam_args  # noqa: E402
from schemas.config import PipelineConfig  # noqa: E402


def test_side_inputs_arrive_and_none_is_measured(monkeypatch):
    monkeypatch.setattr(worker_handlers, "STATE_CACHE_SIZE_MB", worker_handlers.STATE_CACHE_SIZE_MB)
    measured, measure = [], statecache.get_deep_size
    monkeypatch.setattr(statecache, "get_deep_size", lambda *o: measured.append(o) or measure(*o))
    config = PipelineConfig.model_validate({"name": "a", "data": {"source": {"csv": "a/*.csv"}, "label": "y"}})

    def run():
        measured.clear()
        with beam.Pipeline(options=beam.options.pipeline_options.PipelineOptions(beam_args(config))) as p:
            side = p | "side" >> beam.Create([1, 2, 3])
            out = p | "main" >> beam.Create([10]) | beam.Map(lambda a, b: a + sum(b), beam.pvalue.AsList(side))
            _ = out | beam.combiners.ToList() | beam.Map(_check)
        return len(measured)

    assert run() > 0
    keep_no_state()
    assert run() == 0


def _check(got):
    assert got == [16]
