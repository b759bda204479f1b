"""Data that are not the taxi example: Parquet, text labels with three classes, no curated schema, entities in groups."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import retrain

pytestmark = pytest.mark.e2e

CONFIG = """
name: plants
data:
  source: {{parquet: "plants/{{YYYY}}-{{MM}}-{{DD}}.parquet"}}
  label: species
  split: {{group_by: garden}}
train: {{epochs: 30, batch_size: 64}}
evaluate:
  metrics: [auc, balanced_accuracy]
  gates: {{metric_floor: {{auc: {floor}}}}}
"""


def write_day(folder, day, seed):
    rng = np.random.default_rng(seed)
    species = rng.integers(0, 3, 900)
    length = species + rng.normal(0, 0.4, 900)
    table = pa.table(
        {
            "garden": [f"garden-{g}" for g in rng.integers(0, 120, 900)],
            "length": pa.array(length, mask=rng.random(900) < 0.1),
            "wet": rng.random(900) < 0.5,
            "soil": pa.array([["clay", "sand"][i] for i in rng.integers(0, 2, 900)]).dictionary_encode(),
            "empty": pa.nulls(900, pa.float64()),
            "species": [["aster", "birch", "clover"][s] for s in species],
        }
    )
    folder.mkdir(exist_ok=True)
    pq.write_table(table, folder / f"{day}.parquet")


@pytest.fixture(scope="module")
def plants(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plants")
    write_day(folder / "plants", "2026-01-01", 1)
    write_day(folder / "plants", "2026-01-02", 2)
    (folder / "retrain.yaml").write_text(CONFIG.format(floor=0.8))
    first = retrain("run", "retrain.yaml", "--json", cwd=folder)
    return folder, first


def test_three_text_classes_without_a_schema_are_pushed(plants):
    folder, first = plants
    assert first.code == 0, first.err
    assert first.json["training"]["labels"] == ["aster", "birch", "clover"]
    assert (folder / "schemas" / "plants.pbtxt").exists()
    excluded = first.json["contract"]["excluded"]
    assert excluded == ["empty", "garden"]
    assert any(f["subject"] == "empty" and f["severity"] == "warn" for f in first.json["findings"])


def test_no_group_is_in_two_splits(plants):
    _, first = plants
    groups = {split: set(first.values(split, "garden")) for split in ("train", "eval", "test")}
    assert all(groups.values())
    assert not groups["train"] & groups["eval"]
    assert not groups["train"] & groups["test"]
    assert not groups["eval"] & groups["test"]


def test_the_next_day_is_held_against_the_kept_schema(plants):
    folder, _ = plants
    write_day(folder / "plants", "2026-01-03", 3)
    table = pq.read_table(folder / "plants" / "2026-01-03.parquet")
    texts = pa.array(["long" if v is None else str(v) + " cm" for v in table["length"].to_pylist()])
    pq.write_table(table.set_column(1, "length", texts), folder / "plants" / "2026-01-03.parquet")
    second = retrain("run", "retrain.yaml", "--json", cwd=folder)
    assert second.code == 3, second.err
    assert [f["code"] for f in second.json["findings"] if f["severity"] == "block"] == ["column_type"]
    assert "'length'" in second.err


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_a_table_with_features_of_one_kind_only(tmp_path, kind):
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 600)
    x = label[:, None] + rng.normal(0, 1, (600, 6))
    words = np.array(["low", "middle", "high"])[np.digitize(x, [0, 1])]
    cells = np.vectorize("{:.3f}".format)(x) if kind == "numeric" else words
    lines = ["a,b,c,d,e,f,y", *(",".join([*row, str(y)]) for row, y in zip(cells, label, strict=True))]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    text = "name: one\ndata: {source: {csv: rows.csv}, label: y}\ntransform: {impute: {indicator: false}}\n"
    (tmp_path / "retrain.yaml").write_text(
        text + "train: {epochs: 30, batch_size: 32}\nevaluate: {gates: {metric_floor: {auc: 0.7}}}\n"
    )
    result = retrain("run", "retrain.yaml", "--json", cwd=tmp_path)
    assert result.code == 0, result.err


def test_rows_that_hardly_differ_cannot_be_split(tmp_path):
    lines = ["x,y", *(f"{['low', 'high'][i % 2]},{i // 2 % 2}" for i in range(600))]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "retrain.yaml").write_text("name: few\ndata: {source: {csv: rows.csv}, label: y}\n")
    result = retrain("run", "retrain.yaml", "--json", cwd=tmp_path)
    assert result.code == 3, result.err
    (found,) = [f for f in result.json["findings"] if f["severity"] == "block"]
    assert found["code"] == "empty_split"
    assert "group_by" in found["remedy"]
