"""The audit of augmentation, as people see it: in the terminal, on the page, and what a blocked run says of it."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path
from typing import Any

import pytest

from components.augmentation_record import Audit, Histogram
from pipeline import audit as audits
from pipeline.cli import main
from pipeline.console import verdict_view
from pipeline.explain import explain
from pipeline.report import render
from pipeline.report.histograms import MOST, strips
from pipeline.show.parts import part_data, show
from pipeline.workspace import Workspace
from schemas.run_record import RunRecord, Stage, StageState, Status
from tests import factories
from tests.pipeline.printed import make_console, printed

MIDDLE = 18


def turn(**at: int) -> dict[str, Any]:
    """A histogram of turns: ``none=5`` rows in the middle, ``left_2=3`` two bins before it."""
    counts = [0] * 37
    for where, rows in at.items():
        side, _, away = where.partition("_")
        counts[MIDDLE + {"none": 0, "left": -1, "right": 1}[side] * int(away or 0)] = rows
    return {"low": -185, "step": 10, "before": [], "after": counts}


def group(rows: int = 100, changed: float = 0.0, turned: float | None = 0.0, **at: int) -> dict[str, Any]:
    """Some rows of pictures; `at` as in `turn`."""
    level = {"low": 0, "step": 16, "before": [0] * 15 + [rows], "after": [rows] + [0] * 15}
    directions = {"low": 0, "step": 10, "before": [rows] + [0] * 17, "after": [0] * 17 + [rows]}
    histograms = {"turn": turn(**(at or {"none": rows})), "orientation": directions, "moment_angle": directions}
    histograms |= {"brightness": level, "contrast": {**level, "step": 8}}
    means = {"turn": turned, "brightness": 1.25, "contrast": 2.0}
    return {"rows": rows, "examples": rows, "drawn": rows // 2, "changed": changed, "change": changed / 2, **means} | {
        "histograms": histograms
    }


TURNED = {"rows": 256, "changed": 0.5, "turned": 15.8, "left_3": 64, "none": 128, "right_3": 64}


def document(classes: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    """An audit as its file holds it, keys sorted: class 3 is turned, 2 and 10 are not."""
    of = classes or {"10": group(), "2": group(), "3": group(**TURNED)}
    spans = {"2": group(), "10": group()}
    operation = {"draws": {"2": 50, "3": 128}, "applied": {"2": 0.0, "3": 1.0}, "change": {}}
    quantiles = [-30.0, -27.0, -15.0, 0.0, 15.0, 26.0, 30.0]
    first = {**operation, "parameters": [{"mean": 0.1, "quantiles": quantiles}]}
    ops = [{"op": "rotate", "degrees": 30.0, "probability": 1.0, "classes": ["3"]}, {"op": "blur", "radius": 0.02}]
    ops += [{"op": "rotate", "degrees": 5.0}]
    audit = {
        "digest": "ab12" * 16,
        "policy": {"ops": ops, "copies": 1, "balance": False, "seed": 0},
        "operations": {"blur": {**operation, "parameters": []}, "rotate": first, "rotate_2": first},
        "inputs": {"image": {"kind": "image", "splits": {}, "classes": of, "spans": spans}},
    }
    return {"audit": audit, "findings": []}


ONE_SIDED = factories.finding(
    "block",
    code="augmentation_one_sided",
    subject="image of class '3'",
    message="image: pictures of class '3' (256) are augmented more than the others: they are turned by 15.8° on average.",
    remedy="Apply the policy to every class alike: take `classes` out.",
    stage="augment",
)


def record_of(folder: Path, **changes: Any) -> RunRecord:
    """A run that its augmentation has stopped; the audit is in `folder`."""
    ended = [Stage(name=s.name, state=s.state, seconds=s.seconds) for s in factories.stages(7)[:7]]
    stages = [
        *ended,
        Stage(name="augment", state=StageState.DONE, artifacts={"audit": str(folder)}),
        Stage(name="augmentation_ok", state=StageState.BLOCKED),
        Stage(name="trainer"),
    ]
    values = {"stages": stages, "findings": [factories.finding(), ONE_SIDED], "data": factories.data()}
    return factories.blocked(**{**values, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An artifact with an audit and two pictures."""
    place = tmp_path / "audit" / "24"
    (place / "sheets").mkdir(parents=True)
    (place / "document.json").write_text(json.dumps(document()))
    for name in ("sheet-image-3.png", "histograms-image.png"):
        (place / "sheets" / name).write_bytes(b"\x89PNG")
    return place


class Page(html.parser.HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_headline_says_that_it_is_the_augmentation(folder: Path) -> None:
    told = explain(record_of(folder))
    assert told.headline == (
        "Blocked by augmentation: 1 check (image of class '3') failed; nothing was trained, version 2 stays served."
    )
    assert told.why == [ONE_SIDED.message]
    assert told.remedies == [ONE_SIDED.remedy]


def test_the_verdict_names_the_folder_of_the_sheets(folder: Path) -> None:
    import io

    console = make_console(io.StringIO())
    shown = printed(verdict_view(record_of(folder), console), 400)
    assert f"Sheets  {folder / 'sheets'}" in shown
    assert "Sheets" not in printed(verdict_view(factories.blocked(), console), 400)


def test_the_terminal_shows_class_degrees_and_histogram(folder: Path) -> None:
    shown = printed(show(record_of(folder), "augmentation"), 80)
    assert max(len(line) for line in shown.splitlines()) <= 80
    row = next(line for line in shown.splitlines() if line.startswith("class 3 !"))
    assert row.split() == ["class", "3", "!", "256", "128", "50", "%", "0.25", "15.8°", "1.2", "2.0"]
    assert "class 3 ▁▅▁▁█▁▁▅▁ 256" in " ".join(shown.split())
    assert "class 2 ▁▁▁▁█▁▁▁▁ 100" in " ".join(shown.split())
    assert "15.8° on average" in " ".join(shown.split())


def test_classes_and_spans_are_in_their_order(folder: Path) -> None:
    titles = [line.split()[:2] for line in printed(show(record_of(folder), "augmentation")).splitlines()]
    assert [" ".join(t) for t in titles if t and t[0] in ("class", "span")][:5] == [
        *("class 2", "class 3", "class 10"),
        *("span 2", "span 10"),
    ]


def test_operations_are_in_the_order_of_the_policy(folder: Path) -> None:
    found = audits.audit_of(record_of(folder))
    assert found is not None
    assert found.audit is not None
    columns, rows = audits.drawn_table(found.audit)
    assert columns == ["operation", ">draws", ">applied", "drawn (5 % to 95 %)"]
    assert [row[0] for row in rows] == ["rotate", "blur", "rotate_2"]
    assert rows[0] == ["rotate", "178", "0 % to 100 %, by class", "-27 to 26"]
    assert audits.policy_text(found.audit) == (
        "rotate (degrees 30.0, probability 1.0, classes 3), then blur (radius 0.02), then rotate (degrees 5.0); copies 1; balance no; "
        "seed 0"
    )


def test_the_page_shows_the_histogram_of_the_class_beside_the_others(folder: Path) -> None:
    text = render(record_of(folder))
    page = Page(text)
    assert page.text.index("what differs") < page.text.index("Label")
    labels = [str(a["aria-label"]) for t, a in page.tags if t == "svg" and "aria-label" in a]
    assert "class 3, turned by: after most rows (50 %) from -5° to 5°." in labels
    assert "all others, by class, turned by: after most rows (100 %) from -5° to 5°." in labels
    assert (
        "class 3, direction of edges: before most rows (100 %) from 0° to 10°; after most rows (100 %) from 170° to 180°."
        in labels
    )
    assert "histograms-image.png" in page.text
    assert not [t for t, _ in page.tags if t in ("img", "script")]
    assert "data:" not in text


def test_a_span_that_differs_is_shown_beside_the_other_spans(folder: Path) -> None:
    span = ONE_SIDED.model_copy(update={"subject": "image of span 10"})
    record = record_of(folder, findings=[span])
    found = audits.audit_of(record)
    assert found is not None
    assert found.audit is not None
    made = strips(audits.sides(record, "image", found.audit.inputs["image"]))
    assert made is not None
    assert [(s.title, s.rows) for s in made.flagged] == [("span 10", 100), ("all others, by span", 100)]


def test_many_classes_are_counted_not_drawn(folder: Path) -> None:
    many = {str(i): group() for i in range(MOST + 7)}
    (folder / "document.json").write_text(json.dumps(document(many)))
    text = Page(render(record_of(folder, findings=[]))).text
    assert "And 7 more classes" in text
    assert len(render(record_of(folder, findings=[]))) < 300_000


def test_numbers_have_no_turns_and_no_histograms(folder: Path) -> None:
    plain = {"rows": 90, "examples": 90, "drawn": 45, "changed": 0.5, "change": 0.01}
    made = document()
    of = {"kind": "numeric", "splits": {}, "classes": {"0": plain, "1": plain}, "spans": {"1": plain}}
    made["audit"]["inputs"] = {"numeric features": of}
    (folder / "document.json").write_text(json.dumps(made))
    record = record_of(folder, findings=[])
    shown = printed(show(record, "augmentation"))
    assert "numeric features: train after augmentation" in shown
    assert "turn " not in shown
    assert "span 1" not in shown
    assert "what differs" not in render(record)


@pytest.mark.parametrize("content", [None, "{", "{}", '{"audit": {"digest": 1}}', "[]"])
def test_an_audit_that_cannot_be_read_is_told_and_harms_nothing(folder: Path, content: str | None) -> None:
    path = folder / "document.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    record = record_of(folder)
    word = "cannot be read any more" if content is None else "is damaged"
    assert word in " ".join(printed(show(record, "augmentation")).split())
    assert word in Page(render(record)).text
    assert ONE_SIDED.message in Page(render(record)).text
    assert part_data(record, "augmentation")["audit"] is None


def test_without_an_audit_the_reason_is_told() -> None:
    assert "transform.augment is not configured" in printed(show(factories.pushed(), "augmentation"))
    config = {**factories.config(), "transform": {"augment": {"ops": []}}}
    assert "did not get that far" in printed(show(factories.blocked(config=config), "augmentation"))
    assert part_data(factories.pushed(), "augmentation") is None
    assert 'id="augmentation"' not in render(factories.pushed())


def test_scripts_get_the_audit_the_findings_and_the_sheets(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taxi.yaml").write_text('name: taxi\ndata: {source: {csv: "x/{SPAN}.csv"}, label: y}\n')
    Workspace.for_config(tmp_path / "taxi.yaml").save_record(record_of(folder, status=Status.BLOCKED))
    monkeypatch.chdir(tmp_path)
    assert main(["show", "latest", "augmentation", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["audit"] == Audit.model_validate(document()["audit"]).model_dump(mode="json")
    assert [f["code"] for f in data["findings"]] == ["augmentation_one_sided"]
    assert [Path(p).name for p in data["sheets"]] == ["histograms-image.png", "sheet-image-3.png"]


def histogram(**at: int) -> Histogram:
    return Histogram.model_validate(turn(**at))


@pytest.mark.parametrize(
    ("turns", "reach"),
    [
        ([histogram(none=100)], 4),
        ([histogram()], 4),
        ([histogram(none=80, left_7=10, right_9=10)], 9),
        ([histogram(none=95, left_18=5)], 4),
        ([histogram(none=94, left_18=6)], 18),
        ([histogram(none=100), histogram(right_6=3)], 6),
    ],
)
def test_so_many_bins_are_shown_that_most_rows_are_in_them(turns: list[Histogram], reach: int) -> None:
    assert audits.reach_of(turns) == reach


def test_rows_beyond_are_counted_in_the_outermost_bins() -> None:
    shown = audits.cropped(histogram(none=90, left_18=3, left_4=1, right_5=2), 4)
    assert shown.after == [4, 0, 0, 0, 90, 0, 0, 0, 2]
    assert (shown.low, shown.step) == (-45, 10)
