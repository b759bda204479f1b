"""A range of spans in order."""

from datetime import datetime, timezone

import pytest

from pipeline.errors import UsageError
from pipeline.schedule.backfill import backfill, exit_code, parse_span, spans_between
from pipeline.schedule.request import Request, Result
from schemas.config import parse_config
from schemas.schedule import Schedule


class Runs:
    """A launcher whose runs end as listed: span -> exit codes, one after the other."""

    def __init__(self, codes):
        self.codes, self.spans = {k: list(v) for k, v in codes.items()}, []

    def start(self, request):
        self.spans.append(request.span)
        code = self.codes[request.span].pop(0)
        self.result = Result(token=request.token, status=str(code), exit_code=code, span=request.span)
        return 1

    def poll(self):
        return self.result

    def prepare(self):
        pass


def run(tmp_path, codes):
    launcher, waits = Runs(codes), []
    request = Request(config=tmp_path, workspace=tmp_path, result=tmp_path, token="")
    now = lambda: datetime(2026, 11, 25, tzinfo=timezone.utc)  # noqa: E731
    policy = Schedule(interval="1h", retries={"times": 1, "backoff": "5s"})
    lines = backfill(sorted(codes), request, policy, launcher, now, lambda text: None, waits.append)
    return lines, launcher.spans, waits


def test_it_goes_on_after_blocked_ones(tmp_path):
    lines, spans, _ = run(tmp_path, {1: [0], 2: [3], 3: [4], 4: [0]})
    assert spans == [1, 2, 3, 4]
    assert [line.word for line in lines] == ["0", "3", "4", "0"]
    assert exit_code(lines) == 3


def test_it_stops_at_an_error_of_the_configuration(tmp_path):
    lines, spans, _ = run(tmp_path, {1: [3], 2: [2], 3: [0], 4: [0]})
    assert spans == [1, 2]
    assert [line.word for line in lines] == ["3", "2", "not run", "not run"]
    assert exit_code(lines) == 2


def test_what_can_pass_is_tried_again(tmp_path):
    lines, spans, waits = run(tmp_path, {1: [5, 0], 2: [1, 1], 3: [0]})
    assert spans == [1, 1, 2, 2, 3]
    assert waits == [5, 5]
    assert exit_code(lines) == 1


def config(pattern="span-{SPAN}/*.csv"):
    return parse_config({"name": "taxi", "data": {"source": {"csv": pattern}, "label": "y"}})


def test_the_range_and_what_is_missing_in_it(tmp_path):
    for span in (1, 2, 3, 5, 6):
        (tmp_path / f"span-{span}").mkdir()
        (tmp_path / f"span-{span}" / "a.csv").write_text("")
    assert spans_between(config(), tmp_path, 2, 5) == ([2, 3, 5], [4])
    with pytest.raises(UsageError, match="There are: 1 to 6"):
        spans_between(config(), tmp_path, 7, 9)


def test_spans_are_named_as_people_name_them():
    assert parse_span("8", "span-{SPAN}", "--from") == 8
    assert parse_span("1970-01-11", "{YYYY}-{MM}-{DD}", "--from") == 10
    with pytest.raises(UsageError, match="must be a date"):
        parse_span("now", "{YYYY}-{MM}-{DD}", "--to")
