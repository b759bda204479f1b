"""Spans in paths, and the window of a run."""

import pytest

from components.spans import find_spans, pick_window, span_label
from schemas.config import ConfigError, LastSpans


@pytest.fixture
def folder(tmp_path):
    for name in (
        "span-1/a.csv",
        "span-2/a.csv",
        "span-2/b.csv",
        "span-10/a.csv",
        "span-10/.hidden.csv",
        "span-x/a.csv",
        "span-3/a.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_spans_in_numeric_order_with_all_their_files(folder):
    spans = find_spans("span-{SPAN}/*.csv", folder)
    assert {n: [p.rsplit("/", 1)[1] for p in paths] for n, paths in spans.items()} == {
        1: ["a.csv"],
        2: ["a.csv", "b.csv"],
        10: ["a.csv"],
    }
    assert list(spans) == [1, 2, 10]


def test_dates_are_days_since_1970_and_impossible_ones_are_left_out(tmp_path):
    for name in ("2026-01-02.csv", "2026-13-02.csv", "1970-01-02.csv"):
        (tmp_path / name).write_text("x")
    spans = find_spans("{YYYY}-{MM}-{DD}.csv", tmp_path)
    assert list(spans) == [1, 20455]
    assert span_label(20455, "{YYYY}-{MM}-{DD}.csv") == "2026-01-02"


def test_a_span_that_comes_twice_in_a_path_must_agree(tmp_path):
    for name in ("1/x-1.csv", "1/x-2.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert list(find_spans("{SPAN}/x-{SPAN}.csv", tmp_path)) == [1]
    assert len(find_spans("{SPAN}/x-{SPAN}.csv", tmp_path)[1]) == 1


def test_the_window(folder):
    spans = find_spans("span-{SPAN}/*.csv", folder)
    assert list(pick_window(spans, "all", None, "")) == [1, 2, 10]
    assert list(pick_window(spans, LastSpans(last_spans=2), None, "")) == [2, 10]
    assert list(pick_window(spans, LastSpans(last_spans=5), 2, "")) == [1, 2]


def test_a_span_that_is_not_there_is_an_error_and_not_an_older_one(folder):
    with pytest.raises(ConfigError, match=r"--span 7: no file .* Spans that are there: 1, 2, 10"):
        pick_window(find_spans("span-{SPAN}/*.csv", folder), "all", 7, "p")
    with pytest.raises(ConfigError, match="no file matches"):
        pick_window({}, "all", None, "p")
