"""The taxi example's data: every trip once, in the quarter it started in."""

import csv
from collections import Counter

import pytest

from data import taxi


@pytest.mark.parametrize(("timestamp", "span"), [(1356998400, 1), (1364774399, 1), (1364774400, 2), (1483228799, 16)])
def test_spans_are_quarters_from_2013(timestamp, span):
    assert taxi.span_of(timestamp) == span


def test_all_trips_are_there_as_they_are_in_the_source(tmp_path):
    counts = taxi.build(tmp_path / "taxi")
    assert (sum(counts.values()), sorted(counts)) == (taxi.ROWS, list(range(1, 17)))
    assert 150 < min(counts[n] for n in range(13, 17)) <= max(counts[n] for n in range(13, 17)) < 250
    built = Counter()
    for n in counts:
        with (tmp_path / "taxi" / f"span-{n}" / "trips.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
            built.update(map(tuple, rows))
    with taxi.source_file().open(newline="") as file:
        source_header, *source = csv.reader(file)
    assert header == source_header
    assert built == Counter(map(tuple, source))
    assert [p.name for p in tmp_path.iterdir()] == ["taxi"]
