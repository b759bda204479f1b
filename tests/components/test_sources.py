"""Reading files: types, quoting, compression, and one clear problem for whatever is wrong."""

import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components import sources
from components.plan import common_columns, survey_types
from schemas.features import ColumnType
from schemas.findings import DataBlocked
from schemas.run_record import DataFile

INT, FLOAT, STRING = ColumnType.INT, ColumnType.FLOAT, ColumnType.STRING


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def rows(path, types, form="csv"):
    return [r for b in sources.read_raw(path, form) for r in sources.typed(b, types, path, 1).to_pylist()]


def problem(path, types=None, form="csv"):
    def read():
        sources.column_names(path, form)
        rows(path, types or {"a": INT, "b": STRING}, form)

    with pytest.raises(DataBlocked) as caught:
        read()
    (finding,) = caught.value.findings
    assert finding.remedy
    return finding


def test_quoted_newlines_a_byte_order_mark_and_missing_values(tmp_path):
    path = write(tmp_path / "s" / "x.csv", b'\xef\xbb\xbfa,b\n1,"two\nlines, ""quoted"""\n,\n 3 ,NA\n')
    assert sources.column_names(path, "csv") == ["a", "b"]
    expected = [{"a": 1, "b": b'two\nlines, "quoted"'}, {"a": None, "b": None}, {"a": 3, "b": b"NA"}]
    assert rows(path, {"a": INT, "b": STRING}) == expected


def test_gzip(tmp_path):
    path = write(tmp_path / "x.csv.gz", gzip.compress(b"a,b\n1,x\n"))
    assert sources.column_names(path, "csv") == ["a", "b"]
    assert rows(path, {"a": INT, "b": STRING}) == [{"a": 1, "b": b"x"}]


def test_numbers_spelt_as_missing(tmp_path):
    path = write(tmp_path / "x.csv", b"a,b\nnan,1\nNULL,2.5\n7,N/A\n")
    assert rows(path, {"a": FLOAT, "b": FLOAT}) == [{"a": None, "b": 1.0}, {"a": None, "b": 2.5}, {"a": 7.0, "b": None}]


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"", "empty_file", "not even a header"),
        (b"a,b\n", "empty_file", "no rows"),
        (b"a,a\n1,2\n", "duplicate_column", "'a'"),
        (b"a,b\n1,2,3\n", "unreadable_file", "Expected 2 columns, got 3"),
        (b"a,b\n1,\xff\n", "unreadable_file", "utf-8"),
        (b"a,b\n1,x\n2,y\noops,z\n", "column_type", "first is in row 3"),
    ],
)
def test_one_problem_with_file_and_rule(tmp_path, data, code, said):
    finding = problem(write(tmp_path / "span-1" / "x.csv", data))
    assert finding.code == code
    assert "span-1/x.csv" in finding.message
    assert said.lower() in finding.message.lower()


def test_values_are_kept_out_of_messages(tmp_path):
    for data in (b"a,b\n1,SECRET,3\n", b"a,b\nSECRET,x\n"):
        assert "SECRET" not in problem(write(tmp_path / "x.csv", data)).message


def test_a_truncated_gzip_file(tmp_path):
    whole = gzip.compress(b"a,b\n" + os.urandom(90_000).hex().encode() + b",x\n")
    assert problem(write(tmp_path / "x.csv.gz", whole[: len(whole) // 2])).code == "unreadable_file"


def test_parquet_keeps_zero_false_and_empty_apart_from_missing(tmp_path):
    table = pa.table(
        {"a": [0, None], "b": [False, None], "c": [0.0, float("nan")], "d": pa.array(["x", None]).dictionary_encode()}
    )
    pq.write_table(table, tmp_path / "x.parquet")
    read = rows(str(tmp_path / "x.parquet"), {"a": INT, "b": INT, "c": FLOAT, "d": STRING}, "parquet")
    assert read == [{"a": 0, "b": 0, "c": 0.0, "d": b"x"}, dict.fromkeys("abcd")]


def test_a_parquet_file_that_is_none_and_one_with_lists(tmp_path):
    assert problem(write(tmp_path / "x.parquet", b"PAR1 not"), form="parquet").code == "unreadable_file"
    pq.write_table(pa.table({"a": [[1], [2]]}), tmp_path / "y.parquet")
    assert problem(str(tmp_path / "y.parquet"), {"a": INT}, "parquet").code == "column_type"


def test_tfrecord_and_a_damaged_one(tmp_path):
    from components.examples import encode, write_records

    batch = pa.RecordBatch.from_arrays([pa.array([1, None]), pa.array([b"x", b"y"])], names=["a", "b"])
    path = str(tmp_path / "x.tfrecord")
    write_records(path, encode(batch))
    assert [r for b in sources.read_raw(path, "tfrecord") for r in b.to_pylist()] == [
        {"a": 1, "b": b"x"},
        {"a": None, "b": b"y"},
    ]
    data = (tmp_path / "x.tfrecord").read_bytes()
    assert problem(write(tmp_path / "cut.tfrecord", data[:-3]), form="tfrecord").code == "unreadable_file"


def test_types_come_from_all_rows_of_all_files(tmp_path):
    one = write(tmp_path / "1.csv", b"i,f,s,none\n1,1,1,\n2,2,2,\n")
    two = write(tmp_path / "2.csv", b"i,f,s,none\n3,2.5,x,\n")
    files = [DataFile(span=1, path=p, bytes=0, sha256="") for p in (one, two)]
    assert survey_types(files, "csv") == {"i": INT, "f": FLOAT, "s": STRING, "none": None}


def test_files_must_have_the_same_columns_in_any_order(tmp_path):
    paths = [write(tmp_path / f"{i}.csv", d) for i, d in enumerate([b"a,b\n1,2\n", b"b,a\n1,2\n", b"a,c\n1,2\n"])]
    files = [DataFile(span=1, path=p, bytes=0, sha256="") for p in paths]
    assert common_columns(files[:2], "csv") == ["a", "b"]
    with pytest.raises(DataBlocked, match=r"lacks 'b' and has in addition 'c'"):
        common_columns(files, "csv")
