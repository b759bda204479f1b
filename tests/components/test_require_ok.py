"""What the gates share: letting findings through, and handing folders on."""

import os

import pytest

from components.inspection import apply_accepted
from components.require_ok import KEPT, extend, link_tree
from schemas.findings import Finding, Severity


def finding(severity, code="drift", subject="fare"):
    return Finding(
        code=code, severity=severity, subject=subject, message="It drifts.", remedy="Look.", stage="inspect_data"
    )


@pytest.mark.parametrize(
    ("accept", "severity"),
    [
        ({}, "block"),
        ({"drift": "known"}, "warn"),
        ({"drift:fare": "known"}, "warn"),
        ({"drift:tips": "known"}, "block"),
        ({"other": "known"}, "block"),
    ],
)
def test_what_blocks_is_accepted_by_code_or_by_subject(accept, severity):
    (found,) = apply_accepted([finding(Severity.BLOCK)], accept)
    assert found.severity is Severity(severity)
    assert found.message == ("It drifts. Let through once: known" if severity == "warn" else "It drifts.")


def test_only_blocks_need_a_reason():
    given = [finding(Severity.WARN), finding(Severity.OK)]
    assert apply_accepted(given, {"drift": "known"}) == given


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("links", [True, False])
def test_a_folder_is_handed_on_with_or_without_hard_links(tmp_path, monkeypatch, links):
    (tmp_path / "from" / "deep" / "empty").mkdir(parents=True)
    (tmp_path / "from" / "a").write_bytes(b"1")
    (tmp_path / "from" / "deep" / "b").write_bytes(b"2")
    if not links:

        def refuse(source, target):
            raise OSError("another file system")

        monkeypatch.setattr(os, "link", refuse)
    link_tree(str(tmp_path / "from"), str(tmp_path / "to"))
    assert tree(tmp_path / "to") == {"a": b"1", "deep/b": b"2"}
    assert (tmp_path / "to" / "deep" / "empty").is_dir()
    assert os.path.samefile(tmp_path / "from" / "a", tmp_path / "to" / "a") is links


def test_the_history_keeps_the_newest():
    old = {"drift": {"fare": [float(i) for i in range(KEPT)], "tips": [1.0]}}
    new = extend(old, {"drift": {"fare": 99.0}, "shift": {"label": 0.5}})
    assert new["drift"]["fare"] == [*(float(i) for i in range(1, KEPT)), 99.0]
    assert new["drift"]["tips"] == [1.0]
    assert new["shift"] == {"label": [0.5]}
