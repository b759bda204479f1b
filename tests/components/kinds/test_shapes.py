"""The size that pictures are brought to."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from components.kinds import shapes
from schemas.config import Picture
from schemas.features import ColumnType, Feature, FeatureContract, Kind
from schemas.run_record import DataFile
from tests.components.kinds.images import encoded, picture, plain

CONTRACT = FeatureContract(
    label="y",
    label_type=ColumnType.STRING,
    features=(
        Feature(name="n", type=ColumnType.INT, kind=Kind.NUMERIC, reason="int values"),
        Feature(name="p", type=ColumnType.STRING, kind=Kind.IMAGE, reason="all are"),
    ),
)


@pytest.mark.parametrize(
    ("pictures", "shape", "reason"),
    [
        ([plain(1, (9, 8))] * 2 + [plain(2, (5, 5))], (8, 9, 1), "2 of 3 pictures looked at are 8 x 9"),
        ([plain(1, (9, 9)), plain(2, (5, 5))], (5, 5, 1), "1 of 2 pictures looked at are 5 x 5"),
        ([picture("RGB"), plain(1, (20, 16))], (16, 20, 3), "2 of 2"),
        ([plain((7, 7, 7), mode="RGB")], (8, 8, 1), "1 of 1"),
        ([picture("L", (192, 100))], (50, 96, 1), "1 of 1 pictures looked at are 100 x 192, reduced to 96 pixels"),
        ([picture("L", (1000, 10))], (4, 96, 1), "reduced"),
        ([b"none", plain(1), picture()[:-99]], (8, 8, 1), "1 of 1"),
        ([b"none"], (96, 96, 3), "none of 1 pictures can be decoded"),
    ],
)
def test_usual_shape(pictures, shape, reason):
    found, said = shapes.usual_shape(pictures)
    assert found == shape
    assert reason in said


def test_grey_jpeg_in_colour_is_grey():
    levels = np.repeat(np.random.default_rng(0).integers(0, 256, (32, 32, 1), np.uint8), 3, axis=2)
    assert shapes.usual_shape([encoded(Image.fromarray(levels), "JPEG")])[0] == (32, 32, 1)


def write(path, pictures):
    pq.write_table(pa.table({"p": pa.array(pictures, pa.binary())}), path)
    return str(path)


@pytest.mark.parametrize(
    ("wanted", "shape", "reason"),
    [
        (Picture(), (8, 12, 1), "all are; 8 x 12 grey: 1 of 1 pictures looked at are 8 x 12"),
        (Picture(height=32, width=20, channels=3), (32, 20, 3), "all are; 32 x 20 colour: set in transform.image"),
        (Picture(height=16), (16, 24, 1), "16 x 24 grey: set in transform.image and 1 of 1 pictures looked at"),
        (Picture(width=24, channels=3), (16, 24, 3), "16 x 24 colour: set in transform.image and"),
    ],
)
def test_the_newest_span_counts_and_the_configuration_wins(tmp_path, wanted, shape, reason):
    old, new = write(tmp_path / "1.parquet", [picture("RGB")] * 3), write(tmp_path / "2.parquet", [plain(3, (12, 8))])
    files = [DataFile(span=s, path=p, bytes=0, sha256="") for s, p in ((1, old), (2, new))]
    number, found = shapes.with_shapes(CONTRACT, files, "parquet", wanted).features
    assert number == CONTRACT.features[0]
    assert found.shape == shape
    assert reason in found.reason


def test_the_pictures_looked_at_do_not_depend_on_the_order_of_rows(tmp_path):
    pictures = [plain(i % 256, (4 + i // 256, 4)) for i in range(900)]
    one, other = write(tmp_path / "1.parquet", pictures), write(tmp_path / "2.parquet", pictures[::-1])
    found = [shapes.some_pictures([DataFile(span=1, path=p, bytes=0, sha256="")], "parquet", "p") for p in (one, other)]
    assert found[0] == found[1]
    assert len(set(found[0])) == shapes.LOOKED_AT
