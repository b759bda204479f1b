"""Trends over spans, and the history that they and the lists are made from."""

import pytest

from pipeline.record_json import to_json
from pipeline.ui import index, trends
from pipeline.ui.index import CachingWorkspace, Index, Measured, RunLine
from pipeline.ui.views import MOST_SPANS, Views
from schemas.findings import Severity
from schemas.run_record import Status
from tests import factories


def line(span, value, severity=Severity.OK, again="", subject="fare", about=None):
    measured = Measured("numeric_drift", subject, value, severity, about)
    return RunLine(f"2026-s{span}{again}", status=Status.PUSHED, span=span, measured=(measured,))


def test_of_each_span_the_newest_run_counts_and_the_highest_value_is_named():
    lines = [line(3, 0.2, Severity.WARN), line(2, 0.1, again="b"), line(2, 0.9, again="a"), line(1, 0.5)]
    (table,) = trends.statistic_tables(lines, 50)
    (row,) = table.rows
    assert row.spark == (0.5, 0.1, 0.2)
    assert (row.newest.span, row.newest.style, row.newest.text, row.newest.run_id) == (3, "held", "0.2", "2026-s3")
    assert (row.highest.span, row.highest.value) == (1, 0.5)
    assert row.told == "fare over 3 spans: 0.5 in span 1, 0.2 in span 3; lowest 0.1, highest 0.5."


def test_only_the_newest_spans_and_what_was_asked_for():
    lines = [line(3, 0.3), line(2, 0.2), line(1, 0.1), line(3, 0.4, subject="tips")]
    assert [r.subject for t in trends.statistic_tables(lines, 2, "FAR") for r in t.rows] == ["fare"]
    assert [p.span for p in trends.statistic_courses(lines, 2, "fare")[0].points] == [2, 3]
    assert trends.statistic_tables(lines, 2, "nothing of that name") == []


def test_a_statistic_of_another_span_counts_for_that_one_and_no_number_counts_for_none():
    lines = [line(3, 0.3, about=2), line(2, 0.2), line(1, float("nan"))]
    assert [(p.span, p.value) for p in trends.statistic_courses(lines, 50, "fare")[0].points] == [(2, 0.3)]


@pytest.fixture
def workspace(tmp_path):
    """Three runs."""
    for number in range(3):
        record = factories.pushed(run_id=f"2026110{number + 1}-000000-s8-aaaa")
        place = tmp_path / "runs" / record.run_id
        place.mkdir(parents=True)
        (place / "run.json").write_text(to_json(record), encoding="utf-8")
    return CachingWorkspace(tmp_path)


def test_reading_the_history_leaves_the_newest_records_and_no_more(workspace, monkeypatch):
    monkeypatch.setattr(index, "KEPT", 2)
    name = workspace.load_record(workspace.run_ids()[0]).name
    workspace.kept.clear()
    assert len(Index(workspace, name).lines()) == 3
    newest, second, oldest = workspace.run_ids()
    # The newest is the last to go.
    assert list(workspace.kept) == [second, newest]
    kept = workspace.kept[newest][1]
    assert workspace._read(newest) is kept
    assert oldest not in workspace.kept


def test_a_record_that_was_written_again_is_read_again(workspace):
    name = workspace.load_record(workspace.run_ids()[0]).name
    history = Index(workspace, name)
    assert {x.outcome for x in history.lines()} == {"pushed"}
    run_id = workspace.run_ids()[0]
    workspace.record_path(run_id).write_text(to_json(factories.not_blessed(run_id=run_id)), encoding="utf-8")
    assert [x.outcome for x in history.lines()] == ["not blessed", "pushed", "pushed"]


def test_no_page_has_more_spans_than_can_be_drawn_in_time(workspace, tmp_path):
    found = Views(tmp_path / "taxi.yaml", workspace, None, "taxi").trends({"spans": "999999"})
    assert found["spans"] == found["most"] == MOST_SPANS
