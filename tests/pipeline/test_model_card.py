"""Model cards: what they say, that nothing in them is Markdown by accident, and that a killed run's card is made up for."""

import json
import os
import shutil
from pathlib import Path

import pytest

from components import rollback, served
from pipeline.job import Event
from pipeline.model_card import model_card
from pipeline.versions_kept import complete
from pipeline.workspace import Workspace
from schemas.run_record import Status
from tests import factories

RUN = "20261124-043140-s8-3fa2"


def sections(card):
    parts = card.split("\n## ")
    return {p.split("\n", 1)[0]: p for p in parts[1:]}


def test_it_says_what_data_what_was_learned_how_good_and_what_limits():
    record = factories.pushed()
    card = model_card(record, 3, RUN)
    assert card.startswith("# Model card: taxi, version 3\n")
    assert f"trained on spans 5 to 8 and pushed by run {RUN}, 2026-11-24 04:31 UTC." in card
    found = sections(card)
    assert list(found) == [
        "Data",
        "Inputs",
        "Training",
        "Metrics",
        "Slices of the test split",
        "Gates",
        "Limits",
        "Where it comes from",
    ]
    assert f"| 8 | span-8/trips.csv | 91,212 | {'ab12' * 16} |" in found["Data"]
    # 915 + 930 + 945 + 960 rows, of each 77 % of 70 % (rounded per span).
    assert "| train | 2,624 | 2,020 (77 %) | 604 (23 %) |" in found["Data"]
    assert "span 5: 3; span 6: 3; span 7: 3; span 8: 3" in found["Data"]
    assert "| fare | median | 7.85 | 12 (0.5 %) | 11.42 | 9.8 |" in found["Inputs"]
    assert "| AUC | 0.941 | 0.92 to 0.96 | 0.939 | +0.002 | -0.004 to +0.008 |" in found["Metrics"]
    assert "| payment_type=Cash | 270 | 0.931 (0.91 to 0.95) |" in found["Slices of the test split"]
    assert "- ✓ metric_floor: " in found["Gates"]
    assert factories.HOUR_WARN.message.split(" (")[0] in found["Limits"]
    origin = found["Where it comes from"]
    assert record.config_digest in origin
    assert "| tensorflow | 2.16.2 |" in origin
    assert "/home/ada" not in card


def test_a_first_run_has_no_champion_to_tell_of():
    card = model_card(factories.first_run(), 1, RUN)
    assert "There was no champion." in card
    assert "| metric | value | 95 % |\n" in card


def test_names_are_not_markdown():
    evidence = factories.evaluation()
    slices = [*evidence.slices[:-1], evidence.slices[-1].model_copy(update={"slice": "a|b=<i>\n# *x* _y_ [z](u) `q`"})]
    card = model_card(
        factories.pushed(evaluation=evidence.model_copy(update={"slices": slices})),
        3,
        RUN,
    )
    assert r"| a\|b=\<i\> \# \*x\* \_y\_ \[z\](u) \`q\` | 3 |" in card


@pytest.fixture
def place(tmp_path):
    """Two versions of two runs; no card yet."""
    workspace = Workspace(tmp_path)
    for number in (1, 2):
        model = tmp_path / f"model-{number}"
        model.mkdir()
        (model / "saved_model.pb").write_text(f"model {number}")
        served.push(str(model), str(workspace.serving("taxi")), f"digest-{number}", f"run-{number}")
        workspace.save_record(factories.pushed(run_id=f"run-{number}"))
    return workspace


def cards(place):
    paths = {n: Path(f, served.CARD) for n, f in served.versions(str(place.serving("taxi"))).items()}
    return {n: p.read_text() for n, p in paths.items() if p.exists()}


def finish(place, record=None):
    complete(place, "taxi", place.serving("taxi"), record)
    return cards(place)


def test_every_version_gets_the_card_of_the_run_that_pushed_it_once(place):
    made = finish(place)
    assert "version 1\n" in made[1]
    assert "pushed by run run-2" in made[2]
    Path(place.serving("taxi"), "2", served.CARD).write_text("my own words")
    assert finish(place)[2] == "my own words"
    assert not list(Path(place.serving("taxi")).rglob(".*tmp"))


def test_a_copy_has_the_card_of_its_original_after_a_remark(place):
    before = finish(place)
    note = {"id": "x", "when": "2026-11-25T01:50:00+00:00", "who": "ada", "reason": "too *slow*"}
    rollback.roll_back(str(place.serving("taxi")), 1, note)
    after = finish(place)
    assert after[3] == (
        "> Version 3 is a copy of version 1, put in the place of version 2 by `retrain rollback` on 2026-11-25 01:50 UTC. "
        "Reason: too \\*slow\\*\n\n" + before[1]
    )
    assert {n: after[n] for n in (1, 2)} == before


def test_the_original_may_be_gone(place):
    rollback.roll_back(
        str(place.serving("taxi")), 1, {"id": "x", "when": "2026-11-25T01:50:00+00:00", "who": "ada", "reason": None}
    )
    shutil.rmtree(place.serving("taxi") / "1")
    assert "# Model card: taxi, version 1\n" in finish(place)[3]


def test_the_card_of_a_killed_run_is_made_of_its_events(place):
    gates = place.root / "gates"
    gates.mkdir()
    evidence = factories.evaluation(champion=None).model_dump(mode="json")
    (gates / "document.json").write_text(json.dumps({"evidence": evidence, "findings": []}))
    place.save_record(
        factories.record(run_id="run-2", status=Status.RUNNING, evaluation=None, stages=[], findings=[], pushed=None)
    )
    event = Event(kind="stage", stage="judge_model", state="done", artifacts={"gates": str(gates)})
    place.events_path("run-2").write_text(event.model_dump_json() + '\n{"kind": "sta')
    made = finish(place)
    assert "| AUC | 0.941 | 0.92 to 0.96 |" in made[2]


def test_or_of_the_next_run_that_finds_its_model_pushed(place):
    os.remove(place.record_path("run-2"))
    assert list(finish(place)) == [1]
    again = {"version": 2, "path": str(place.serving("taxi") / "2"), "already_there": True}
    made = finish(place, factories.nothing_new(run_id="run-3", pushed=again, evaluation=factories.evaluation()))
    assert "pushed by run run-2, described by run run-3" in made[2]


def test_without_evidence_there_is_no_card(place):
    place.record_path("run-2").write_text("{")
    assert list(finish(place)) == [1]
