"""What a span is compared with: the newest accepted one before it whose evidence is whole."""

import pytest

from components.artifacts import AcceptedData
from components.resolvers import PreviousAcceptedSpan
from components.whole import note


@pytest.fixture
def accepted(tmp_path):
    """Evidence of spans 5, 6, 7 (twice) and 9, in no order."""
    found = []
    for number, span in enumerate((7, 5, 9, 7, 6), start=1):
        artifact = AcceptedData()
        artifact.uri, artifact.id, artifact.span = str(tmp_path / str(number)), number, span
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "document.json").write_text(str(span))
        note(artifact.mlmd_artifact)
        found.append(artifact)
    return found


def chosen(accepted, span):
    found = PreviousAcceptedSpan(span).resolve_artifacts(None, {"accepted": accepted})["accepted"]
    return [(a.span, a.id) for a in found]


@pytest.mark.parametrize(("span", "expected"), [(5, []), (6, [(5, 2)]), (8, [(7, 4)]), (9, [(7, 4)]), (10, [(9, 3)])])
def test_the_newest_earlier_one(accepted, span, expected):
    assert chosen(accepted, span) == expected


def test_damaged_evidence_is_passed_over(accepted, tmp_path):
    (tmp_path / "4" / "document.json").write_text("")
    assert chosen(accepted, 8) == [(7, 1)]
    (tmp_path / "1" / "document.json").unlink()
    assert chosen(accepted, 8) == [(6, 5)]
