"""Spans that come again with other content."""

from pipeline.redelivered import findings, keep_digests, read_digests
from schemas.run_record import DataFile

PATTERN = "span-{SPAN}/*.csv"


def file(base, span, digest, name="a.csv"):
    return DataFile(span=span, path=str(base / f"span-{span}" / name), bytes=1, sha256=digest * 64)


def test_other_content_is_named_with_both_digests(tmp_path):
    keep_digests(tmp_path, "taxi", PATTERN, [file(tmp_path, 7, "a"), file(tmp_path, 8, "b")], tmp_path)
    kept = read_digests(tmp_path, "taxi")
    now = [file(tmp_path, 7, "a"), file(tmp_path, 8, "c"), file(tmp_path, 9, "d"), file(tmp_path, 8, "e", "more.csv")]
    (found,) = findings(kept, PATTERN, now, tmp_path)
    assert (found.code, found.severity.value, found.subject, found.span) == ("redelivered", "block", "span-8/a.csv", 8)
    assert found.observed == {"sha256": "c" * 64}
    assert found.allowed == {"sha256": "b" * 64}
    assert "--accept redelivered" in found.remedy


def test_the_accepted_one_is_the_one_to_compare_with(tmp_path):
    keep_digests(tmp_path, "taxi", PATTERN, [file(tmp_path, 7, "a"), file(tmp_path, 8, "b")], tmp_path)
    keep_digests(tmp_path, "taxi", PATTERN, [file(tmp_path, 8, "c")], tmp_path)
    now = [file(tmp_path, 7, "a"), file(tmp_path, 8, "c")]
    assert findings(read_digests(tmp_path, "taxi"), PATTERN, now, tmp_path) == []


def test_a_moved_project_is_the_same_data(tmp_path):
    keep_digests(tmp_path, "taxi", PATTERN, [file(tmp_path / "one", 7, "a")], tmp_path / "one")
    assert findings(read_digests(tmp_path, "taxi"), PATTERN, [file(tmp_path / "two", 7, "a")], tmp_path / "two") == []


def test_a_path_without_spans_is_delivered_again_by_nature(tmp_path):
    keep_digests(tmp_path, "taxi", "all.csv", [file(tmp_path, 1, "a")], tmp_path)
    assert read_digests(tmp_path, "taxi") == {}
    assert findings({"1": {"span-1/a.csv": "0" * 64}}, "all.csv", [file(tmp_path, 1, "a")], tmp_path) == []
