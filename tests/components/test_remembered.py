"""Results about files: kept, found again, and computed again when anything that they depend on is another."""

import contextlib
import hashlib

import pytest

from components import remembered
from components.remembered import File, Memory, files_of, results


class Counting:
    """Counts what it computes."""

    def __init__(self):
        self.asked = []

    def __call__(self, file):
        self.asked.append(file.path)
        with open(file.path, "rb") as there:
            return {"bytes": len(there.read()), "first": file.first}


def made(folder, split, span, content, first=0):
    path = folder / f"Split-{split}" / f"data_tfrecord-span-{span:08d}-00000-of-00001"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return File(str(path), span, hashlib.sha256(content).hexdigest(), first)


@pytest.fixture
def files(tmp_path):
    return [made(tmp_path, split, span, f"{split} {span}".encode()) for span in (1, 2) for split in ("eval", "train")]


@pytest.fixture
def memory(tmp_path):
    return Memory(str(tmp_path / "kept"), "counts")


def ask(memory, files):
    compute = Counting()
    found, reused = results(memory, files, compute, None)
    return found, reused, len(compute.asked)


def test_a_span_that_was_seen_is_not_computed_again(memory, files, tmp_path):
    found, reused, asked = ask(memory, files)
    assert ([f["bytes"] for f in found], reused, asked) == ([6, 7, 6, 7], [], 4)
    assert ask(memory, files) == (found, [1, 2], 0)
    later = [*files, made(tmp_path, "train", 3, b"three")]
    assert ask(memory, later) == ([*found, {"bytes": 5, "first": 0}], [1, 2], 1)


def test_a_span_of_which_one_file_is_new_is_not_reused(memory, files, tmp_path):
    ask(memory, files)
    changed = [made(tmp_path, "eval", 1, b"other rows"), *files[1:]]
    found, reused, asked = ask(memory, changed)
    assert (found[0]["bytes"], reused, asked) == (10, [2], 1)


@pytest.mark.parametrize(
    "other",
    [
        lambda memory, file: (Memory(memory.folder, "counts of other code"), file),
        lambda memory, file: (memory, File(file.path, file.span, file.sha256, first=5)),
        lambda memory, file: (memory, File(file.path.replace("Split-eval", "Split-train"), file.span, file.sha256)),
    ],
    ids=["code", "sample", "split"],
)
def test_what_else_a_result_depends_on_is_part_of_its_name(memory, files, other):
    ask(memory, files[:1])
    assert memory.recall(files[0])
    there, file = other(memory, files[0])
    assert there.recall(file) is None


@pytest.mark.parametrize("damage", [lambda b: b[:-3], lambda b: b"", lambda b: b"no digest", lambda b: b[:-1] + b"?"])
def test_a_damaged_result_is_computed_again(memory, files, damage):
    found, _, _ = ask(memory, files)
    place = memory.place(files[0])
    place.write_bytes(damage(place.read_bytes()))
    assert memory.recall(files[0]) is None
    assert ask(memory, files) == (found, [2], 1)
    assert ask(memory, files)[2] == 0


def test_a_result_that_cannot_be_written_fails_and_leaves_nothing(memory, files, monkeypatch):
    monkeypatch.setattr(remembered.os, "replace", lambda a, b: (_ for _ in ()).throw(OSError(28, "no space")))
    with pytest.raises(OSError, match="no space"):
        ask(memory, files)
    monkeypatch.undo()
    assert ask(memory, files)[2] == 4


def test_much_is_computed_by_beam_with_the_same_results(memory, files, tmp_path, monkeypatch):
    here, _, _ = ask(memory, files)
    monkeypatch.setattr(remembered, "FEW", 10)
    begun = []

    @contextlib.contextmanager
    def pipeline():
        import apache_beam as beam
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner

        begun.append(True)
        with beam.Pipeline(runner=FnApiRunner()) as p:
            yield p

    by_beam = Memory(str(tmp_path / "by beam"), "counts")
    assert results(by_beam, files, Counting(), pipeline()) == (here, [])
    assert results(by_beam, files, Counting(), pipeline()) == (here, [1, 2])
    assert begun == [True]


def test_files_of_a_report_come_in_canonical_order(tmp_path):
    shards = [{"file": f"Split-{s}/x", "span": n, "sha256": f"{s}{n}"} for n in (2, 1) for s in ("train", "eval")]
    found = files_of({"shards": shards}, str(tmp_path))
    assert [(f.span, f.split, f.sha256) for f in found] == [
        (1, "eval", "eval1"),
        (1, "train", "train1"),
        (2, "eval", "eval2"),
        (2, "train", "train2"),
    ]
