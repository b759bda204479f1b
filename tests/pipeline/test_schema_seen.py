"""Which schema a run was held against, and what changed in it since the run before."""

import pytest

from pipeline import kept
from pipeline.commands.show import show_command
from pipeline.job import SCHEMA
from pipeline.report import render
from pipeline.schema_log import change
from pipeline.schema_seen import schema_seen
from pipeline.workspace import Workspace
from schemas.features import ColumnType, Feature, FeatureContract, Kind
from schemas.run_record import SchemaEntry, SchemaSeen
from tests import factories

FARE = 'feature { name: "fare" type: FLOAT presence { min_count: 1 } }\n'
PAY = 'feature { name: "pay" type: BYTES presence { min_count: 1 } domain: "ways" }\n'
WAYS = 'string_domain { name: "ways" value: "cash" value: "card" }\n'
RIDER = 'feature { name: "rider" type: BYTES domain: "riders" }\nstring_domain { name: "riders" value: "Ada" value: "Bea" }\n'
OLD = FARE + PAY + WAYS
NEW = FARE + PAY + WAYS.replace("}", 'value: "app" }')
CONFIG = {"name": "taxi", "data": {"source": {"csv": "s-{SPAN}/*.csv"}, "label": "tip", "split": {"group_by": "rider"}}}


@pytest.fixture
def project(tmp_path):
    """Makes a run: its record, with its schema in its folder; pinned, as a run does it that is given one."""

    def run(number, text, given=True):
        features = (
            Feature(name="fare", type=ColumnType.FLOAT, kind=Kind.NUMERIC, reason=""),
            Feature(name="pay", type=ColumnType.STRING, kind=Kind.CATEGORICAL, reason=""),
        )
        record = factories.pushed(
            run_id=f"2026112{number}-000000-s{number}-0000",
            config=CONFIG,
            config_path=str(tmp_path / "taxi.yaml"),
            workspace=str(tmp_path / ".retrain"),
            contract=FeatureContract(label="tip", label_type=ColumnType.INT, features=features, excluded=("rider",)),
        )
        place = Workspace(tmp_path / ".retrain")
        if text is not None:
            place.run_folder(record.run_id).mkdir(parents=True)
            (place.run_folder(record.run_id) / SCHEMA).write_text(text, encoding="utf-8")
            current = tmp_path / "schemas" / "taxi.pbtxt"
            current.parent.mkdir(exist_ok=True)
            if given:
                current.write_text(text, encoding="utf-8")
                kept.pinned_schema(place.root, current)
        record = record.model_copy(update={"schema_seen": schema_seen(place, record)})
        place.save_record(record)
        return record

    return run


def test_a_first_run_proposes_its_own(project):
    seen = project(1, OLD, given=False).schema_seen
    assert (seen.inferred, seen.before, seen.changes) == (True, None, [])
    assert [(c.name, c.kind, c.domain) for c in seen.columns] == [
        ("fare", "numeric", "any value"),
        ("pay", "categorical", "2 values (cash, card)"),
    ]


def test_the_second_run_has_what_the_first_one_proposed(project):
    """What is added when a proposal is kept (environments, kinds) is no change."""
    first = project(1, OLD, given=False)
    text = kept_text(first, OLD)
    seen = project(2, text).schema_seen
    assert (seen.inferred, seen.before, seen.changes) == (False, first.run_id, [])


def kept_text(record, text):
    from components.tfmd import parse_schema
    from pipeline.schema_text import as_text
    from schemas.config import PipelineConfig

    config = PipelineConfig.model_validate(record.config)
    return "# A comment.\n" + as_text(kept.as_kept(parse_schema(text, ""), config, record.contract))


def test_what_somebody_edited_is_told_as_such(project):
    first = project(1, OLD)
    seen = project(2, NEW).schema_seen
    assert (seen.before, seen.changes, seen.accepted) == (first.run_id, ["pay: 1 new value (app)"], [])


def test_what_was_accepted_has_its_reason(project, tmp_path):
    project(1, OLD)
    change(tmp_path / "schemas" / "taxi.pbtxt", OLD, NEW, "run-7", "The app has come.", ["pay: 1 new value (app)"])
    seen = project(2, NEW).schema_seen
    assert [(e.run, e.reason) for e in seen.accepted] == [("run-7", "The app has come.")]
    assert project(3, NEW).schema_seen.changes == []


def test_values_of_an_entity_are_counted_and_not_named(project):
    first = project(1, OLD + RIDER)
    seen = project(2, OLD + RIDER.replace('"Bea" }', '"Bea" value: "Cid" }')).schema_seen
    assert seen.changes == ["rider: 1 new value"]
    told = seen.model_dump_json() + first.schema_seen.model_dump_json()
    assert not [name for name in ("Ada", "Bea", "Cid") if name in told]
    assert first.schema_seen.columns[-1].domain == "2 values"


def test_a_proposal_is_kept_without_values_of_an_entity(project):
    first = project(1, OLD + RIDER, given=False)
    text = kept_text(first, OLD + RIDER)
    assert "Ada" not in text
    assert '"cash"' in text


def test_no_schema_and_one_that_cannot_be_read_are_none(project):
    assert project(1, None).schema_seen is None
    assert project(2, "feature { nonsense").schema_seen is None
    assert project(3, OLD).schema_seen.before is None
    assert project(4, NEW).schema_seen.changes == ["pay: 1 new value (app)"]


SEEN = SchemaSeen(inferred=False, columns=[], before="run-6", changes=["<b>pay</b>: 1 new value (app)"])
ENTRY = SchemaEntry(when="2026-11-24T05:00:00+00:00", who="ada", run="run-7", reason="The app has come.")


def test_the_page_and_the_terminal_tell_what_changed(project, tmp_path, capsys):
    page = render(factories.pushed(schema_seen=SEEN))
    assert "Changed since run <code>run-6</code>, by hand:" in page
    assert "<li>&lt;b&gt;pay&lt;/b&gt;: 1 new value (app)</li>" in page
    page = render(factories.pushed(schema_seen=SEEN.model_copy(update={"accepted": [ENTRY]})))
    assert "by hand" not in page
    assert "by ada, for the data of run <code>run-7</code>: The app has come." in page
    assert "nothing changed" in render(factories.pushed(schema_seen=SEEN.model_copy(update={"changes": []})))
    project(1, OLD)
    record = project(2, NEW)
    show_command(run=record.run_id, part="schema", config=None, workspace=tmp_path / ".retrain", as_json=False)
    assert "1 new value (app)" in capsys.readouterr().out


def test_findings_against_the_schema_are_beside_it():
    found = factories.finding("block", code="schema_unexpected_data_type", subject="pay", message="pay: got a number.")
    page = render(factories.pushed(schema_seen=SEEN, findings=[found]))
    assert "<p>What the data of this run do not fit:</p><ul><li>pay: got a number.</li></ul>" in page
    assert "The data of this run fit it." in render(factories.pushed(schema_seen=SEEN))
