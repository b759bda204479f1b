"""Rows that training does without: found by their places, gone from all splits but test."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.image_files import PATH
from components.left_out import row_numbers, without
from schemas.run_record import DataFile


def file(path, span):
    return DataFile(path=str(path), span=span, bytes=1, sha256="0")


def test_places_of_tables_are_files_and_numbers():
    files = [file("/data/span-8/rows.csv", 8), file("/data/span-9/rows.csv", 9)]
    places = [
        "span-9/rows.csv row 3",
        "span-9/rows.csv row 1",
        "span-8/rows.csv row 2",
        "span-7/rows.csv row 1",
        "elsewhere",
    ]
    assert row_numbers(places, files, images=False) == {0: (2,), 1: (1, 3)}
    assert row_numbers([], files, images=False) == {}


def test_places_of_images_are_their_names(tmp_path):
    manifest = tmp_path / "manifest.parquet"
    pq.write_table(pa.table({PATH: [f"/data/span-9/{i % 2}/{i}.png" for i in range(4)]}), manifest)
    assert row_numbers(["span-9/1/3.png", "span-9/0/2.png"], [file(manifest, 9)], images=True) == {0: (3, 4)}


@pytest.mark.parametrize(("at", "expected"), [(0, [-1, 1, 2, 0]), (1, [0, 1, 2, -1]), (2, [0, 1, 2, 0])])
def test_test_rows_stay(at, expected):
    split, numbers = np.array([0, 1, 2, 0], np.int8), np.array([5, 6, 7, 9])
    got = without(split, numbers, {0: (5, 7), 1: (9,)}, at)
    assert got.tolist() == expected
    assert got.dtype == np.int8
