"""Rollbacks: what is served again, what the next one goes back to, and what is not pushed again."""

import os
from pathlib import Path

import pytest

from components import rollback, served


class Serving:
    """A serving folder; a model is known by one letter."""

    def __init__(self, folder):
        self.folder, self.directory = folder, str(folder / "serving")

    def push(self, model):
        exported = self.folder / f"model-{model}"
        (exported / "assets.extra").mkdir(parents=True, exist_ok=True)
        (exported / "variables").mkdir(exist_ok=True)
        (exported / "saved_model.pb").write_text(model)
        (exported / "variables" / "data").write_text(f"weights of {model}")
        (exported / "assets.extra" / "retrain.json").write_text("{}")
        return served.push(str(exported), self.directory, model, f"run-{model}", f"model/{model}")["version"]

    def back(self, to=None, reason=None):
        note = {"id": f"back-{len(os.listdir(self.directory))}", "when": "2026-11-24T04:31:40+00:00", "who": "ada"}
        return rollback.roll_back(self.directory, rollback.target_of(self.directory, to), {**note, "reason": reason})

    @property
    def model(self):
        return served.served(self.directory)["digest"]

    def content(self, version):
        return Path(self.directory, str(version), "saved_model.pb").read_text()

    def remove(self, version):
        os.rename(f"{self.directory}/{version}", self.folder / f"removed-{version}")


@pytest.fixture
def serving(tmp_path):
    made = Serving(tmp_path)
    for model in "abc":
        made.push(model)
    return made


def test_the_one_before_is_served_as_a_copy_with_the_highest_number(serving):
    assert serving.back(reason="too slow") == {
        "id": "back-3",
        "when": "2026-11-24T04:31:40+00:00",
        "who": "ada",
        "reason": "too slow",
        "from": 3,
        "to": 2,
        "withdraws": "c",
        "version": 4,
    }
    folder = os.path.join(serving.directory, "4")
    with open(os.path.join(folder, "variables", "data")) as file:
        assert file.read() == "weights of b"
    noted = served.manifest(folder)
    assert (noted["version"], noted["copy_of"], noted["run"], noted["artifact"]) == (4, 2, "run-b", "model/b")
    assert sorted(os.listdir(serving.directory)) == ["1", "2", "3", "4"]
    assert rollback.name_of(serving.directory, 4) == "version 4, a copy of version 2"
    assert rollback.name_of(serving.directory, 2) == "version 2"


def test_a_copy_costs_no_room_and_leaves_the_note_of_the_old_one(serving):
    before = served.manifest(f"{serving.directory}/2")
    serving.back()
    assert os.path.samefile(f"{serving.directory}/2/saved_model.pb", f"{serving.directory}/4/saved_model.pb")
    assert served.manifest(f"{serving.directory}/2") == before


def test_where_there_are_no_hard_links_it_copies(serving, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("not supported")))
    serving.back()
    assert serving.content(4) == "b"
    assert not os.path.samefile(f"{serving.directory}/2/saved_model.pb", f"{serving.directory}/4/saved_model.pb")


def test_again_and_again_goes_further_back_and_then_there_is_none(serving):
    assert [serving.back()["to"], serving.back()["to"]] == [2, 1]
    assert serving.model == "a"
    with pytest.raises(rollback.CannotRollBack, match=r"no version before .* 1, 2, 3, 4, 5 \(served\)"):
        serving.back()


def test_after_a_rollback_and_a_push_it_leaves_out_what_was_rolled_back(serving):
    serving.back()
    serving.push("d")
    # 5 is d; before it come 4, which is 2, and 3, which was rolled back.
    assert serving.back()["to"] == 2
    assert serving.model == "b"


def test_a_copy_stands_for_its_original_when_that_was_removed(serving):
    serving.back()
    serving.push("d")
    serving.remove(2)
    made = serving.back()
    assert (made["to"], serving.model) == (2, "b")


def test_any_version_by_number_also_a_copy_of_it(serving):
    assert serving.back(1)["to"] == 1
    assert serving.model == "a"
    assert serving.back(3)["to"] == 3
    assert serving.back(4)["to"] == 1


def test_what_is_served_already_is_left(serving):
    assert serving.back(3) is None
    serving.back(1)
    assert serving.back(1) is None
    assert serving.back(4) is None
    assert sorted(served.versions(serving.directory)) == [1, 2, 3, 4]


def test_an_unknown_version_is_told_with_all_there_are(serving, tmp_path):
    with pytest.raises(rollback.CannotRollBack, match=r"--to 9: .* 1, 2, 3 \(served\)"):
        serving.back(9)
    with pytest.raises(rollback.CannotRollBack, match="has no version yet"):
        rollback.target_of(str(tmp_path / "nothing"), None)


def test_the_rolled_back_model_is_withheld_until_it_is_put_back(serving):
    assert rollback.withheld(serving.directory, "c") is None
    serving.back(reason="complaints")
    found = rollback.withheld(serving.directory, "c")
    assert (found.code, found.severity.value, found.subject) == ("rolled_back", "block", "version 3")
    assert found.message.endswith("rolled back on 2026-11-24 (complaints).")
    assert "--to 3" in found.remedy
    assert rollback.withheld(serving.directory, "b") is None
    serving.push("d")
    assert rollback.withheld(serving.directory, "c")
    serving.back(3)
    assert rollback.withheld(serving.directory, "c") is None
    # Going on from d (5) to c (3) is going back: d is withdrawn.
    assert rollback.withheld(serving.directory, "d").subject == "version 5"


def test_going_on_again_withdraws_nothing(serving):
    serving.back(2)
    assert serving.back(3)["withdraws"] is None
    assert rollback.withdrawn(serving.directory) == {}
    assert serving.back()["to"] == 2


def test_a_version_that_was_put_there_by_hand_has_an_identity(serving, tmp_path):
    folder = tmp_path / "serving" / "7"
    folder.mkdir()
    (folder / "saved_model.pb").write_text("mine")
    one = served.identity(str(folder))
    assert served.served(serving.directory) == {"version": 7, "path": str(folder), "digest": one}
    assert serving.back() is not None
    assert serving.model == "c"
    assert serving.back(7)["to"] == 7
    assert serving.model == one
    (folder / "saved_model.pb").write_text("changed")
    assert served.identity(str(folder)) != one


def test_a_rollback_that_fails_leaves_what_is_served(serving, monkeypatch):
    monkeypatch.setattr(served, "_sync", lambda folder: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        serving.back()
    assert serving.model == "c"
    monkeypatch.undo()
    assert serving.back()["version"] == 4
    assert sorted(os.listdir(serving.directory)) == ["1", "2", "3", "4"]


def test_the_champion_is_what_is_served(serving, tmp_path):
    from components.champion import bring

    serving.back()
    bring(serving.directory, serving.model, str(tmp_path / "champion"))
    assert (tmp_path / "champion" / "saved_model.pb").read_text() == "b"
    with pytest.raises(ValueError, match="no version has the model"):
        bring(serving.directory, "z", str(tmp_path / "other"))
    os.remove(f"{serving.directory}/4/assets.extra/retrain.json")
    with pytest.raises(ValueError, match="was not pushed by Retrain"):
        bring(serving.directory, serving.model, str(tmp_path / "third"))
