"""What Transform learned, as people read it: one table per kind, and no column that says nothing."""

from __future__ import annotations

import re

import pytest

from pipeline.learned import learned_note, learned_tables
from pipeline.report import render
from pipeline.show.parts import show
from schemas.run_record import LearnedFeature
from tests import factories
from tests.pipeline.printed import printed


def feature(name: str = "hba1c", **changes: object) -> LearnedFeature:
    values = {"kind": "numeric", "imputer": "median", "fill": 7.4, "present": 900, "missing": 100, **changes}
    return LearnedFeature.model_validate({"name": name, **values})


def cells(f: LearnedFeature) -> dict[str, str]:
    (table,) = learned_tables([f])
    return dict(zip((c.removeprefix(">") for c in table.columns), table.rows[0], strict=True))


def test_one_table_per_kind_and_no_empty_column() -> None:
    numbers, names = learned_tables(
        [feature(mean=7.5, deviation=1.4), feature("camera", kind="categorical", fill="tabletop", vocabulary=3)]
    )
    assert (numbers.kind, numbers.columns) == (
        "numeric",
        ["feature", "filled by", ">fill", ">filled", ">centre", ">width"],
    )
    assert numbers.rows == [["hba1c", "median", "7.4", "100 (10 %)", "7.5", "1.4"]]
    assert (names.kind, names.columns) == ("categorical", ["feature", "filled by", ">fill", ">filled", ">own index"])
    assert names.rows == [["camera", "median", "tabletop", "100 (10 %)", "3 categories"]]


def test_a_value_that_some_lack_keeps_its_column() -> None:
    (table,) = learned_tables([feature(mean=7.5), feature("empty", fill=None, present=0)])
    assert table.columns[-1] == ">centre"
    assert table.rows[1] == ["empty", "median", "–", "100 (100 %)", "–"]


@pytest.mark.parametrize(
    ("changes", "column", "told"),
    [
        ({"imputer": "group_median", "by": "camera", "groups": 3}, "filled by", "group_median of camera (3 groups)"),
        (
            {"imputer": "conditional_mean", "coefficients": 4, "strongest": {"age": 0.204, "bmi": -0.417}},
            "filled by",
            "conditional_mean from 4 others (bmi -0.42, age +0.20)",
        ),
        ({"imputer": "conditional_mean", "coefficients": 0}, "filled by", "conditional_mean from 0 others"),
        (
            {"outliers": "winsorize", "low": 4.9, "high": 13.2, "beyond": 0.002},
            "cut off",
            "winsorize: from 4.9 to 13.2, 0.2 % beyond",
        ),
        ({"outliers": "clip_to_domain", "high": 20.0, "beyond": 0.0}, "cut off", "clip_to_domain: to 20, 0 % beyond"),
        ({"outliers": "robust_scale", "centre": 7.0, "mean": 9.0}, "cut off", "robust_scale"),
        ({"outliers": "robust_scale", "centre": 7.0, "mean": 9.0}, "centre", "7"),
        ({"deviation": 1.0, "width": 2.5}, "width", "2.5"),
        ({"log": True}, "log", "yes"),
        ({"missing": 0}, "filled", "0"),
        ({"kind": "text", "imputer": "zeros", "fill": None, "tokens": 12_345}, "own index", "12,345 tokens"),
        ({"findings": [factories.finding("warn", code="misleading_fill")]}, "doubts", "misleading_fill"),
    ],
)
def test_what_was_learned_is_told(changes: dict[str, object], column: str, told: str) -> None:
    assert cells(feature(**changes))[column] == told


def test_a_fill_that_passed_is_no_doubt() -> None:
    assert "doubts" not in cells(feature(findings=[factories.finding(code="misleading_fill")]))


def test_the_note_explains_what_is_there_and_no_more() -> None:
    plain = learned_note([feature(mean=7.5, deviation=1.4)])
    assert "1,000 rows" in plain
    assert "mean and standard deviation." in plain
    assert "bounds" not in plain
    full = learned_note([feature(mean=7.5, centre=7.0, width=2.0, low=1.0, high=2.0, log=True)])
    assert all(word in full for word in ("quartile range", "bounds", "logarithm"))


def test_terminal_and_page_say_the_same() -> None:
    record = factories.pushed(learned=[feature(imputer="group_median", by="camera", groups=3, low=4.9, high=13.2)])
    page = re.sub(r"<[^>]+>", " ", render(record))
    for text in ("group_median of camera (3 groups)", "100 (10 %)"):
        assert text in page
        assert text in printed(show(record, "stats"), 120)
    assert "own index" not in page


def test_a_terminal_of_80_columns_keeps_every_number_whole() -> None:
    shown = printed(show(factories.pushed(), "stats"), 80)
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "42 categories" in shown
    assert "612 (23.4 %)" in shown
