"""What is left out of Beam's runner: results are as ever, and it is really left out."""

import inspect

import pytest

beam = pytest.importorskip("apache_beam")

from apache_beam.runners.portability.fn_api_runner import worker_handlers  # noqa: E402
from apache_beam.runners.worker import statecache, statesampler  # noqa: E402
from apache_beam.transforms import core  # noqa: E402

from pipeline import beam_costs  # noqa: E402
from pipeline.build import beam_args  # noqa: E402
from schemas.config import PipelineConfig  # noqa: E402


@pytest.fixture(autouse=True)
def beam_as_it_was(monkeypatch):
    """Beam as it is, again after the test."""
    monkeypatch.setattr(worker_handlers, "STATE_CACHE_SIZE_MB", worker_handlers.STATE_CACHE_SIZE_MB)
    monkeypatch.setattr(core, "get_function_args_defaults", core.get_function_args_defaults)
    start = statesampler.StateSampler.__init__
    before = start.__defaults__
    yield
    start.__defaults__ = before


class Add(beam.DoFn):
    def process(self, row, side, factor=2):
        yield (row + sum(side)) * factor


def check(got):
    assert got == [32]


def run():
    config = PipelineConfig.model_validate({"name": "a", "data": {"source": {"csv": "a/*.csv"}, "label": "y"}})
    with beam.Pipeline(options=beam.options.pipeline_options.PipelineOptions(beam_args(config))) as p:
        side = p | "side" >> beam.Create([1, 2, 3])
        out = p | "main" >> beam.Create([10]) | beam.ParDo(Add(), beam.pvalue.AsList(side))
        _ = out | beam.combiners.ToList() | beam.Map(check)


def counting(monkeypatch, place, name):
    """Counts the calls of a function."""
    calls, real = [], getattr(place, name)
    monkeypatch.setattr(place, name, lambda *a, **k: calls.append(a) or real(*a, **k))
    return calls


def test_results_stay_and_side_inputs_are_not_measured(monkeypatch):
    measured = counting(monkeypatch, statecache, "get_deep_size")
    inspected = counting(monkeypatch, inspect, "signature")
    run()
    before = len(measured), len(inspected)
    beam_costs.lower()
    beam_costs.lower()
    run()
    again = len(inspected)
    run()
    assert before[0] > 0
    assert len(measured) == before[0]
    assert len(inspected) - again < before[1] / 3


def test_arguments_are_those_that_beam_finds_whatever_a_method_is_bound_to():
    plain = core.get_function_args_defaults
    beam_costs.lower()
    remembering = core.get_function_args_defaults
    for asked in (Add().process, Add().process, Add.process, lambda a, b=3: None, Add().setup, str.strip):
        assert remembering(asked) == plain(asked)
    names, defaults = remembering(Add().process)
    names.append("other")
    assert remembering(Add().process) == (["row", "side", "factor"], [2])
    assert defaults == [2]
