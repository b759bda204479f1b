"""From a job to a plan: kinds, pictures that a table names, columns that got lost."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.ingest import read_and_write
from components.tfmd import read_schema, schema_columns
from pipeline import held_out, kept
from pipeline.job import Job
from pipeline.planning import plan_job, refuse_misfits
from schemas.config import ConfigError, parse_config
from schemas.features import Kind
from schemas.findings import DataBlocked
from tests.components.kinds.images import picture, plain

ROWS = 40


def config(sections=None, **data):
    return parse_config(
        {"name": "x", "data": {"source": {"csv": "rows.csv"}, "label": "y", **data}, **(sections or {})}
    )


def plan(folder, sections=None, **data):
    """The plan of a run in a folder with the data in ``rows.csv``, unless `data` says otherwise."""
    parsed = config(sections, **data)
    root = folder / "workspace"
    job = Job(
        config=parsed.model_dump(mode="json"),
        base=folder,
        root=root,
        folder=root,
        serving=root,
        run_id="1",
        span=None,
    )
    return plan_job(job, parsed)


def write(path, columns):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def labels():
    return [i % 2 for i in range(ROWS)]


def write_table(folder):
    words = ["the", "trip", "was", "fine", "thanks", "again"]
    write(
        folder / "rows.csv",
        {
            "fare": [i + 0.5 for i in range(ROWS)],
            "paid": ["Yes", "no"] * (ROWS // 2),
            "when": [f"2026-01-{1 + i % 28:02d}T10:00:00Z" for i in range(ROWS)],
            "said": [f"{' '.join(words)} {i}" for i in range(ROWS)],
            "way": ["card", "cash", "app", "none"] * (ROWS // 4),
            "y": labels(),
        },
    )


KINDS = {
    "fare": Kind.NUMERIC,
    "paid": Kind.BOOLEAN,
    "said": Kind.TEXT,
    "way": Kind.CATEGORICAL,
    "when": Kind.TIMESTAMP,
}


def kinds(planned):
    return {f.name: f.kind for f in planned.contract.features}


def test_kinds_come_from_the_values_and_stay_by_the_schema(tmp_path):
    write_table(tmp_path)
    first = plan(tmp_path)
    assert kinds(first) == KINDS
    assert all(f.reason for f in first.contract.features)
    proposal = tmp_path / "proposal.pbtxt"
    types = {"fare": "FLOAT", "paid": "BYTES", "said": "BYTES", "way": "BYTES", "when": "BYTES", "y": "INT"}
    proposal.write_text("".join(f'feature {{ name: "{n}" type: {t} }}' for n, t in types.items()))
    said = kept.keep_schema(tmp_path / "workspace", config(), proposal, first.contract, base=tmp_path, run_id="1")
    assert "schemas/x.pbtxt" in said
    found = schema_columns(read_schema(tmp_path / "schemas" / "x.pbtxt"))
    assert {n: c.kind for n, c in found.items() if n != "y"} == {
        n: k if n != "fare" else None for n, k in KINDS.items()
    }
    write(tmp_path / "rows.csv", {n: [1] * ROWS if n == "fare" else ["x"] * ROWS for n in KINDS} | {"y": labels()})
    second = plan(tmp_path)
    assert kinds(second) == KINDS
    assert {f.reason for f in second.contract.features} == {
        "float values",
        *(f"{k.value} in the schema" for k in KINDS.values()),
    } - {"numeric in the schema"}


def test_kinds_that_are_set_are_held_against_the_values_also_with_a_schema(tmp_path):
    write_table(tmp_path)
    wrong = {"fare": "timestamp", "way": "boolean", "said": "numeric", "when": "categorical"}
    (tmp_path / "s.pbtxt").write_text("".join(f'feature {{ name: "{n}" type: BYTES }}' for n in (*KINDS, "y")))
    for schema in ({}, {"schema_file": "s.pbtxt"}):
        with pytest.raises(ConfigError) as caught:
            plan(tmp_path, features=wrong, **schema)
        assert [p.split(":")[0] for p in caught.value.problems] == [
            f"data.features.{n}" for n in ("fare", "said", "way")
        ]


MISFITS = {
    "transform": {
        "impute": {"fare": {"group_median": "wy"}, "way": "mean"},
        "log": ["said"],
        "augment": [{"rotate": 15}],
    },
    "train": {"model": "wide_deep"},
}


def test_a_plan_is_refused_when_plug_ins_do_not_fit_the_columns(tmp_path):
    write_table(tmp_path)
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, MISFITS)
    assert caught.value.problems == [
        "transform.impute.way: mean does not suit categorical features. Use one of: constant, most_frequent.",
        "transform.impute.fare.by: 'wy' is not a feature of the data. Did you mean 'way'?",
        "transform.augment.ops.0: rotate changes image inputs, and the data have none. "
        "Take it out, or add a picture to the inputs.",
        "transform.log: said is text, and this needs a numeric feature.",
        "train.model: wide_deep takes no texts; use cnn or linear or text.",
    ]
    fitting = {
        "transform": {"impute": {"fare": {"group_median": "way"}, "paid": {"constant": "yes"}}, "log": ["fare"]},
        "train": {"model": "text"},
    }
    assert kinds(plan(tmp_path, fitting)) == KINDS


def test_fitting_is_judged_by_the_contract_alone(tmp_path):
    write_table(tmp_path)
    contract = plan(tmp_path).contract
    refuse_misfits(config(), contract)
    for wrong in ({"transform": {"log": ["when"]}}, {"transform": {"outliers": {"numeric": "clip_to_domain"}}}):
        with pytest.raises(ConfigError):
            refuse_misfits(config(wrong), contract)


def test_a_column_that_all_files_lack(tmp_path):
    write_table(tmp_path)
    features = (
        'feature { name: "fare" type: FLOAT } feature { name: "y" type: INT } feature { name: "tip" type: FLOAT %s }'
    )
    (tmp_path / "s.pbtxt").write_text(features % "")
    with pytest.raises(DataBlocked) as caught:
        plan(tmp_path, schema_file="s.pbtxt")
    assert [(f.code, f.subject, f.stage) for f in caught.value.findings] == [("lost_column", "tip", "ingest")]
    assert kinds(plan(tmp_path, schema_file="s.pbtxt", exclude=["tip"])) == {"fare": Kind.NUMERIC}
    for harmless in ("lifecycle_stage: DEPRECATED", "presence { min_count: 1 }"):
        (tmp_path / "s.pbtxt").write_text(features % harmless)
        assert kinds(plan(tmp_path, schema_file="s.pbtxt")) == {"fare": Kind.NUMERIC}


@pytest.fixture
def eyes(tmp_path):
    """A table of pictures by path, one of them broken and one not there, with a number beside them."""
    (tmp_path / "pictures").mkdir()
    for i in range(ROWS):
        (tmp_path / "pictures" / f"{i}.png").write_bytes(plain(i, (10, 8)))
    (tmp_path / "pictures" / "3.png").write_bytes(picture()[:-99])
    (tmp_path / "pictures" / "4.png").unlink()
    paths = [f"pictures/{i}.png" for i in range(ROWS)]
    paths[5] = str(tmp_path / paths[5])
    paths[6] = ""
    write(tmp_path / "rows.csv", {"age": list(range(ROWS)), "eye": paths, "y": labels()})
    return tmp_path


def examples(planned, folder):
    """Value of `age` -> bytes of `eye`, of all examples."""
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    from components.examples import decode_flat, read_records, split_files

    report = read_and_write(
        beam.Pipeline(runner=FnApiRunner()), planned.plan, str(folder / "examples"), str(folder / "report")
    )
    found = {}
    for split in ("train", "eval", "test"):
        for path in split_files(str(folder / "examples"), split):
            for records in read_records(path):
                batch = decode_flat(records, path).to_pydict()
                found |= dict(zip(batch["age"], batch["eye"], strict=True))
    return found, report


def test_pictures_by_path_become_bytes_beside_other_columns(eyes, tmp_path_factory):
    planned = plan(eyes)
    assert kinds(planned) == {"age": Kind.NUMERIC, "eye": Kind.IMAGE}
    eye = planned.contract.features[1]
    assert eye.shape == (8, 10, 1)
    assert "8 x 10 grey: 37 of 37 pictures" in eye.reason
    found, report = examples(planned, tmp_path_factory.mktemp("out"))
    assert len(found) == ROWS
    assert found[0] == plain(0, (10, 8))
    assert found[3] == picture()[:-99]  # broken: the check `image_files` says so
    assert found[4] == b"pictures/4.png"  # not there: the path stays, and the check says so
    assert found[5] == plain(5, (10, 8))
    assert found[6] is None
    assert json.dumps(report["shards"])


def test_the_plan_changes_with_the_pictures(eyes):
    before = plan(eyes).plan
    assert plan(eyes).plan == before
    (eyes / "pictures" / "7.png").write_bytes(plain(200, (10, 8)))
    after = plan(eyes).plan
    assert after.files == before.files
    assert after.listed != before.listed


def test_a_column_of_paths_to_nowhere_blocks(eyes):
    for path in (eyes / "pictures").iterdir():
        path.unlink()
    write(eyes / "rows.csv", {"age": list(range(ROWS)), "eye": [f"p/{i}.png" for i in range(ROWS)], "y": labels()})
    with pytest.raises(
        DataBlocked, match=r"rows\.csv: column 'eye' must name pictures .* none of the 40 files"
    ) as caught:
        plan(eyes)
    assert caught.value.findings[0].code == "lost_images"


def test_parquet_holds_bytes_or_paths(eyes, tmp_path_factory):
    for number, kind in enumerate((pa.binary(), pa.string())):
        values = [plain(i, (10, 8)) if kind == pa.binary() else f"pictures/{i}.png" for i in range(ROWS)]
        table = {"age": list(range(ROWS)), "eye": pa.array(values, kind), "y": labels()}
        pq.write_table(pa.table(table), eyes / f"{number}.parquet")
        planned = plan(eyes, source={"parquet": f"{number}.parquet"})
        assert planned.contract.features[1].kind is Kind.IMAGE
        assert len(planned.plan.listed) == number  # bytes are in the file's own digest
        assert examples(planned, tmp_path_factory.mktemp("out"))[0][9] == plain(9, (10, 8))


def test_served_pictures_are_read_too(eyes, tmp_path_factory):
    write(eyes / "served.csv", {"eye": [f"pictures/{i}.png" for i in range(10, 20)], "age": list(range(10, 20))})
    planned = plan(eyes, serving={"csv": "served.csv"})
    assert len(planned.plan.listed) == 2
    out = tmp_path_factory.mktemp("out")
    examples(planned, out)
    served = pq.read_table(out / "report" / "serving" / "sample.parquet").to_pydict()
    assert dict(zip(served["f:age"], served["f:eye"], strict=True)) == {i: plain(i, (10, 8)) for i in range(10, 20)}


def test_folders_of_pictures_have_a_shape(tmp_path):
    for i in range(ROWS):
        path = tmp_path / "pictures" / str(i % 2) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture("RGB", (6, 9), seed=i))
    planned = plan(tmp_path, source={"images": "pictures/{label}/*.png"})
    (image,) = planned.contract.features
    assert (image.name, image.kind, image.shape) == ("image", Kind.IMAGE, (9, 6, 3))
    assert planned.plan.pictures == ("image",)
    assert not planned.plan.listed  # the manifest in `files` has their digests


def weighed(folder, weights, answers=None):
    """The report of `ingest` on rows with these weights."""
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    write(folder / "rows.csv", {"a": [i + 0.5 for i in range(ROWS)], "w": weights, "y": answers or labels()})
    planned = plan(folder, {"train": {"sample_weight": "w"}})
    assert kinds(planned) == {"a": Kind.NUMERIC}
    out = folder / "out"
    return read_and_write(beam.Pipeline(runner=FnApiRunner()), planned.plan, str(out / "examples"), str(out / "report"))


@pytest.mark.parametrize(
    ("weight", "says"), [("", "has none"), (-0.5, "has a negative one"), ("inf", "has an infinite one")]
)
def test_a_row_without_a_proper_weight_blocks(tmp_path, weight, says):
    weights = [1.5, 0.0] * (ROWS // 2)
    weights[16] = weights[30] = weight
    with pytest.raises(DataBlocked) as caught:
        weighed(tmp_path, weights)
    (finding,) = caught.value.findings
    assert (finding.code, finding.stage) == ("sample_weight", "ingest")
    assert f"column 'w' must have a weight of at least 0 in every row with a label; row 17 {says} " in finding.message
    assert "(rows like it among the 40 looked at: 2)" in finding.message


def test_rows_without_a_label_need_no_weight(tmp_path):
    report = weighed(tmp_path, ["", *[2] * (ROWS - 1)], ["", *labels()[1:]])
    assert sum(s["rows"] for s in report["shards"]) == ROWS - 1
    assert not report["problems"]


def test_rows_that_a_run_held_out_stay_in_test_whatever_the_split_says(tmp_path):
    import apache_beam as beam
    import pyarrow.compute as pc
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    write(
        tmp_path / "rows.csv",
        {"a": [i + 0.5 for i in range(200)], "who": [i // 4 for i in range(200)], "y": labels() * 5},
    )

    def ingest(number, **split):
        planned, out = plan(tmp_path, split=split), tmp_path / f"out-{number}"
        pipeline = beam.Pipeline(runner=FnApiRunner())
        report = read_and_write(pipeline, planned.plan, str(out / "examples"), str(out / "report"))
        held_out.add(tmp_path / "workspace", "x", f"run-{number}", planned.plan, out / "report")
        tables = {s["split"]: pq.read_table(out / "report" / s["keys"]) for s in report["shards"]}
        return tables, report, planned

    first, report, planned = ingest(1)
    assert (report["held"], planned.plan.held, planned.frozen) == ({}, (), ())
    rows = set(first["test"]["row"].to_pylist())
    assert len(rows) == 30
    with pytest.raises(
        DataBlocked, match=r"none of the 200 rows of the window is left for eval: .* of these stay in test"
    ):
        ingest(0, train=0.9, eval=0.05, test=0.05)
    smaller, report, planned = ingest(2, train=0.7, eval=0.25, test=0.05)
    assert rows <= set(smaller["test"]["row"].to_pylist())
    assert sum(report["held"].values()) > 10
    assert [f.rows for f in planned.frozen] == [30]
    # Split by group from now on: groups with a held row are in test as a whole.
    grouped, _, planned = ingest(3, group_by="who")
    assert {f.way for f in planned.plan.held} == {"row", "group"}
    assert set(smaller["test"]["row"].to_pylist()) <= set(grouped["test"]["row"].to_pylist())
    elsewhere = pa.concat_tables([grouped["train"], grouped["eval"]])["entity"]
    assert not pc.any(pc.is_in(elsewhere, pc.unique(grouped["test"]["entity"]))).as_py()
