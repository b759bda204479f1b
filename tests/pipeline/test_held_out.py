"""A row that was once in test is in test for ever: whatever changes in shares, seeds, ids, groups, rows and their order."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components import frozen, plan, splits
from pipeline import held_out as registry
from schemas.evidence import SPLITS
from schemas.features import ColumnType
from schemas.run_record import DataFile

COLUMNS = {"a": ColumnType.INT, "who": ColumnType.INT, "nr": ColumnType.INT, "y": ColumnType.INT}


def make_plan(spans, train=0.7, evaluation=0.15, seed=0, group_by=None, row_id=None, by_time=None):
    files = [DataFile(span=n, path=f"{n}.csv", bytes=1, sha256=str(n)) for n in spans]
    return plan.IngestPlan(
        form="csv",
        files=tuple(files),
        types=COLUMNS,
        label="y",
        group_by=group_by,
        by_time=by_time,
        seed=seed,
        bounds=splits.SplitBounds(default=(train, train + evaluation)),
        rows_per_shard=1000,
        id=row_id,
        entity=group_by,
    )


def batch(rows):
    columns = {n: pa.array([r[i] for r in rows], pa.int64()) for i, n in enumerate(COLUMNS)}
    return pa.RecordBatch.from_pydict(columns)


def split_of(made, rows):
    """What `ingest` does with rows: the split of each."""
    high, _, position = plan.positions(batch(rows), made)
    chosen = splits.assign(made.bounds, position, plan.row_labels(batch(rows), made))
    held = frozen.Held(made.held)
    return frozen.hold(chosen, held.holds(batch(rows), high))[0] if held else chosen


def run(root, number, made, data):
    """One run that trained: plans with the registry, splits, registers. Gives span -> splits of its rows."""
    holdouts = registry.read(root, "x")
    made = made.model_copy(update={"held": registry.holding(made, holdouts)})
    report, shards, found = root / f"report-{number}", [], {}
    (report / "keys").mkdir(parents=True, exist_ok=True)
    for span in made.window:
        split = found[span] = split_of(made, data[span])
        table = pa.table({"row": plan.positions(batch(data[span]), made)[0], **plan.row_keys(batch(data[span]), made)})
        for i, name in enumerate(SPLITS):
            shards.append({"split": name, "span": span, "keys": f"keys/{name}-{span}.parquet"})
            pq.write_table(table.filter(pa.array(split == i)), report / shards[-1]["keys"])
    (report / "document.json").write_text(json.dumps({"shards": shards}))
    registry.add(root, "x", f"run-{number:03d}", made, report)
    return made, found


def rows_in_test(rows, split):
    return {r for r, s in zip(rows, split, strict=True) if s == frozen.TEST}


def some_rows(span, n=80):
    """Ids are given in order, groups have about three rows."""
    return [(i * 7919 % 1000, (span * n + i) // 3, span * n + i, i % 2) for i in range(n)]


SHARES = st.tuples(st.integers(20, 80), st.integers(10, 90)).map(lambda t: (t[0] / 100, (100 - t[0]) * t[1] / 10_000))
CONFIGS = st.fixed_dictionaries({"train": SHARES, "seed": st.integers(0, 2), "id": st.sampled_from([None, "nr"])})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(configs=st.lists(CONFIGS, min_size=2, max_size=4), window=st.integers(1, 4))
def test_a_test_row_stays_in_test_whatever_the_configurations(tmp_path_factory, configs, window):
    root, ever = tmp_path_factory.mktemp("registry"), set()
    data = {n: some_rows(n) for n in range(len(configs))}
    for newest, config in enumerate(configs):
        (train, evaluation), seed, by = config["train"], config["seed"], config["id"]
        spans = range(max(0, newest - window + 1), newest + 1)
        made, found = run(root, newest, make_plan(spans, train, evaluation, seed, row_id=by), data)
        for span in made.window:
            now = rows_in_test(data[span], found[span])
            assert {r for r in ever if r in data[span]} <= now
            ever |= now


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(60)), seed=st.integers(0, 3), extra=st.integers(0, 40))
def test_a_split_depends_on_the_row_alone(tmp_path_factory, order, seed, extra):
    made, rows = make_plan([0], seed=seed), some_rows(0)
    alone = dict(zip(rows[:60], split_of(made, rows[:60]), strict=True))
    others = [rows[i] for i in order] + rows[60 : 60 + extra]
    assert dict(list(zip(others, split_of(made, others), strict=True))[:60]) == alone


def test_the_same_run_again_has_the_same_plan_and_adds_nothing(tmp_path):
    data = {n: some_rows(n) for n in range(3)}
    for by in (None, "nr"):
        root = tmp_path / str(by)
        first, _ = run(root, 1, make_plan([0, 1], row_id=by), data)
        digest = registry.digest(registry.read(root, "x"))
        again, _ = run(root, 2, make_plan([0, 1], row_id=by), data)
        assert again == first
        assert not registry.to_prove(again, registry.read(root, "x"))
        assert registry.digest(registry.read(root, "x")) == digest
        assert [p.name for p in registry.folder(root, "x").glob("*.json")] == ["run-001.json"]
        later, _ = run(root, 3, make_plan([1, 2], row_id=by), data)
        assert {f.way for f in later.held} == ({"id"} if by else set())
        assert {f.span for f in registry.to_prove(later, registry.read(root, "x")[:1])} == {1}


def test_a_corrected_row_stays_in_test_where_rows_have_ids(tmp_path):
    data = {0: some_rows(0), 1: []}
    _, found = run(tmp_path, 1, make_plan([0], row_id="nr"), data)
    data[1] = [(a + 5000, who, nr, y) for a, who, nr, y in data[0]]
    corrected = {nr for _, _, nr, _ in rows_in_test(data[0], found[0])}
    plain = {nr for _, _, nr, _ in rows_in_test(data[1], split_of(make_plan([1]), data[1]))}
    _, again = run(tmp_path, 2, make_plan([1], row_id="nr"), data)
    assert not corrected <= plain
    assert corrected <= {nr for _, _, nr, _ in rows_in_test(data[1], again[1])}


def test_groups_are_held_as_a_whole_once_rows_are_split_by_group(tmp_path, monkeypatch):
    data = {0: some_rows(0)}
    _, found = run(tmp_path, 1, make_plan([0]), data)
    wanted = {who for _, who, _, _ in rows_in_test(data[0], found[0])}
    monkeypatch.setattr(registry.plans, "read_rows", lambda file, made: [(1, batch(data[file.span]))])
    made = make_plan([0], group_by="who")
    made = made.model_copy(update={"held": registry.holding(made, registry.read(tmp_path, "x"))})
    whole = registry.with_whole_groups(tmp_path, "x", made)
    assert [f.way for f in whole.held] == ["row", "group"]
    held = {}
    for (_, who, _, _), split in zip(data[0], split_of(whole, data[0]), strict=True):
        held.setdefault(who, set()).add(split)
    assert all(held[who] == {frozen.TEST} for who in wanted)
    assert all(len(kinds) == 1 for kinds in held.values())
    # Without anything to close over, the files are not read.
    monkeypatch.setattr(registry.plans, "read_rows", None)
    assert registry.with_whole_groups(tmp_path, "x", make_plan([0])) == make_plan([0])


def test_new_rows_of_a_registered_group_are_held_after_the_shares_changed(tmp_path):
    data = {n: some_rows(n) for n in range(2)}
    _, found = run(tmp_path, 1, make_plan([0], group_by="who"), data)
    held = {who for _, who, _, _ in rows_in_test(data[0], found[0])}
    data[1] = [(a + 1, who, nr + 9000, y) for a, who, nr, y in data[0]]
    _, again = run(tmp_path, 2, make_plan([1], train=0.9, evaluation=0.05, group_by="who"), data)
    assert {who for _, who, _, _ in rows_in_test(data[1], again[1])} >= held


def test_by_time_nothing_is_held_and_what_was_test_is_noted(tmp_path):
    data = {n: some_rows(n) for n in range(2)}
    run(tmp_path, 1, make_plan([0]), data)
    by_time = make_plan([0, 1], by_time="nr").model_copy(
        update={"bounds": splits.SplitBounds(default=(0, 0), times=(90, 120))}
    )
    assert registry.holding(by_time, registry.read(tmp_path, "x")) == ()
    run(tmp_path, 2, by_time, data)
    noted = registry.read(tmp_path, "x")[1]
    assert (noted.by_time, {f.way for f in noted.files}) == ("nr", {"row"})
    later = by_time.model_copy(update={"bounds": splits.SplitBounds(default=(0, 0), times=(120, 150))})
    proved = registry.to_prove(later, registry.read(tmp_path, "x"))
    assert [f.span for f in proved] == [1]
    assert registry.summary(later, registry.read(tmp_path, "x")).by_time
    # Back to shares: only what was frozen is held.
    back = registry.holding(make_plan([0, 1], train=0.5), registry.read(tmp_path, "x"))
    assert {f.path.split("/")[-2] for f in back} == {"run-001"}


def test_an_id_that_is_also_in_train_is_not_registered(tmp_path):
    data = {0: [(a, who, 1, y) for a, who, _, y in some_rows(0)]}
    run(tmp_path, 1, make_plan([0], row_id="nr"), data)
    (holdout,) = registry.read(tmp_path, "x")
    assert {f.way for f in holdout.files} == {"row"}


def test_files_are_sorted_and_named_by_their_digest(tmp_path):
    run(tmp_path, 1, make_plan([0, 1]), {n: some_rows(n) for n in range(2)})
    for file in registry.read(tmp_path, "x")[0].files:
        keys = np.load(file.path)
        assert (np.diff(keys.astype(object)) > 0).all()
        assert len(keys) == file.rows
        with open(file.path, "rb") as opened:
            assert hashlib.sha256(opened.read()).hexdigest() == file.sha256


def test_a_way_of_splitting_that_comes_back(tmp_path):
    data = {0: some_rows(0)}
    for number, train in enumerate((0.7, 0.5)):
        assert not registry.came_back(make_plan([0], train=train), registry.read(tmp_path, "x"))
        run(tmp_path, number, make_plan([0], train=train), data)
    assert registry.came_back(make_plan([0], train=0.7), registry.read(tmp_path, "x"))
    assert not registry.came_back(make_plan([0], train=0.5), registry.read(tmp_path, "x"))


def test_nothing_is_registered_before_the_last_file_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "write_atomic", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError, match="killed"):
        run(tmp_path, 1, make_plan([0]), {0: some_rows(0)})
    assert registry.read(tmp_path, "x") == []
