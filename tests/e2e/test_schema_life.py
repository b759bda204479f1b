"""The life of a schema: proposed by the first accepted run, held against later data, widened only by a person who says why."""

import csv
import json
import random

import pytest

from tests.e2e.conftest import Result, retrain

pytestmark = pytest.mark.e2e

CONFIG = """
name: rides
data: {source: {csv: "day-{SPAN}.csv"}, window: {last_spans: 1}, label: tip}
"""


def write_day(folder, day, change=lambda row: row):
    rng = random.Random(day)
    rows = []
    for _ in range(600):
        fare = rng.uniform(3, 40)
        row = {"fare": f"{fare:.2f}", "miles": f"{rng.uniform(0.5, 9):.2f}", "pay": rng.choice(["cash", "card"])}
        rows.append(change({**row, "tip": int(fare + rng.gauss(0, 5) > 20)}))
    with open(folder / f"day-{day}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def check_data(folder, *words) -> Result:
    return retrain("run", "retrain.yaml", "--until", "require_ok", "--json", *words, cwd=folder)


@pytest.fixture(scope="module")
def rides(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rides")
    (folder / "retrain.yaml").write_text(CONFIG)
    write_day(folder, 1)
    first = check_data(folder)
    assert first.code == 0, first.err
    return folder, first


def sentences(folder, *words):
    told = retrain("schema", "diff", "retrain.yaml", "--json", *words, cwd=folder)
    assert told.code == 0, told.err
    return [c["sentence"] for c in told.json["changes"]]


def test_the_life_of_a_schema(rides):
    folder, first = rides
    kept = folder / "schemas" / "rides.pbtxt"
    proposed = kept.read_text()
    assert proposed.startswith(f"# Schema of rides, proposed by run {first.json['run_id']} on 20")
    assert 'not_in_environment: "SERVING"' in proposed
    assert not (folder / ".retrain" / "schema" / "rides.pbtxt").exists()
    assert sentences(folder) == []

    def other(row):
        return {
            "fare": row["fare"],
            "pay": "app" if float(row["fare"]) > 38 else row["pay"],
            "tip": row["tip"],
            "wait": f"{float(row['miles']) * 2:.2f}",
        }

    write_day(folder, 2, other)
    second = check_data(folder)
    assert second.code == 3, second.err
    found = {f["code"]: f for f in second.json["findings"] if f["code"].startswith("schema_")}
    assert found["schema_schema_missing_column"]["severity"] == "block"
    assert found["schema_schema_new_column"]["severity"] == "warn"
    assert "wait" in second.json["contract"]["excluded"]
    told = sentences(folder)
    assert set(told) == {
        "miles: lost; required -> deprecated (no input any more)",
        "pay: 1 new value (app)",
        "new column wait: float",
    }
    assert kept.read_text() == proposed

    done = retrain("schema", "accept", "retrain.yaml", "--reason", "a new meter", cwd=folder)
    assert done.code == 0, done.err
    assert "3 changes accepted" in done.out
    assert kept.read_text().startswith(proposed.splitlines()[0])
    assert sentences(folder) == []
    (entry,) = [json.loads(line) for line in (folder / "schemas" / "rides.changes.jsonl").read_text().splitlines()]
    assert (entry["run"], entry["reason"], entry["changes"]) == (second.json["run_id"], "a new meter", told)

    third = check_data(folder)
    inputs = {f["name"]: f["kind"] for f in third.json["contract"]["features"]}
    assert inputs == {"fare": "numeric", "pay": "categorical", "wait": "numeric"}
    assert not [f for f in third.json["findings"] if f["code"].startswith("schema_")]

    # What blocks before there are statistics is known from the files.
    write_day(folder, 3, lambda row: {**other(row), "wait": "long"})
    blocked = check_data(folder)
    assert [f["code"] for f in blocked.json["findings"]] == ["column_type"]
    assert sentences(folder) == ["wait: float -> string"]
    lost = "wait: lost; required -> deprecated (no input any more)"
    assert sentences(folder, "--run", first.json["run_id"]) == [lost]
