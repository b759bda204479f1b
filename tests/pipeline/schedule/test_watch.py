"""What is new in the folders: complete, arriving, late, missing, re-delivered."""

import os

import pytest

from pipeline.schedule.watch import Watcher, gaps
from schemas.config import parse_config
from schemas.run_record import DataFile
from schemas.schedule import OnNewData


class Place:
    def __init__(self, folder, window=None, pattern="span-{SPAN}/*.csv", **rules):
        self.folder, self.time = folder, 0.0
        data = {"source": {"csv": pattern}, "label": "y", **({"window": window} if window else {})}
        config = parse_config({"name": "taxi", "data": data})
        self.watcher = Watcher(config, folder, OnNewData(**rules), lambda: self.time)
        self.known = {}

    def write(self, name, text="a,y\n1,0\n"):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, ns=(10**18, 10**18 + len(text)))

    def settled(self):
        self.watcher.look(self.known)
        self.time += 60
        return self.watcher.look(self.known)

    def take_up(self, upto=None):
        self.known = self.watcher.taken_up(self.known, upto)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    for span in (1, 2, 3):
        made.write(f"span-{span}/a.csv")
    made.settled()
    made.take_up()
    return made


def test_a_span_is_complete_when_size_and_time_have_settled(place):
    place.write("span-4/a.csv", "a,y\n1")
    assert place.watcher.look(place.known).arriving == (4,)
    place.time += 50
    place.write("span-4/a.csv", "a,y\n1,0\n2,1\n")
    assert place.watcher.look(place.known).arriving == (4,)
    place.time += 59
    assert place.watcher.look(place.known).fresh == ()
    place.time += 1
    news = place.watcher.look(place.known)
    assert (news.fresh, news.arriving) == ((4,), ())


def test_one_file_that_still_grows_holds_its_span_back(place):
    place.write("span-4/a.csv")
    place.settled()
    place.write("span-4/b.csv")
    assert place.watcher.look(place.known).fresh == ()


def test_with_a_marker_nothing_else_counts(tmp_path):
    place = Place(tmp_path, marker="_SUCCESS")
    place.write("span-1/a.csv")
    assert place.settled().arriving == (1,)
    place.write("span-1/_SUCCESS", "")
    assert place.watcher.look(place.known).fresh == (1,)


def test_what_was_taken_up_is_not_new_again(place):
    assert place.settled().fresh == ()
    place.write("span-4/a.csv")
    place.write("span-5/a.csv")
    place.settled()
    place.take_up(4)
    assert place.settled().fresh == (5,)


def test_late_and_missing_spans_are_named(tmp_path):
    place = Place(tmp_path, window={"last_spans": 3})
    for span in (1, 2, 4, 5, 7):
        place.write(f"span-{span}/a.csv")
    assert place.settled().missing == (6,)
    place.take_up()
    place.write("span-6/a.csv")
    place.write("span-3/a.csv")
    news = place.settled()
    assert (news.fresh, news.late, news.outside, news.missing) == ((6,), (3, 6), (3,), ())
    assert news.sentences("{SPAN}") == (
        "Late: span 6, so the window has changed.",
        "Late: span 3, older than the window; no run uses it.",
    )


def test_gaps_follow_the_usual_step():
    assert gaps([0, 7, 14, 28, 35]) == (21,)
    assert gaps([1, 2, 5]) == (3, 4)
    assert gaps([4]) == ()


def test_a_span_that_is_delivered_again_is_named_and_not_new(place):
    place.write("span-2/a.csv", "a,y\n1,1\n2,2\n")
    news = place.settled()
    assert news.fresh == ()
    (again,) = news.redelivered
    assert again.span == 2
    assert again.before != again.after
    assert "--accept redelivered" in again.sentence("{SPAN}")
    # Only touched: the same content.
    place.write("span-2/a.csv")
    os.utime(place.folder / "span-2" / "a.csv")
    assert place.settled().redelivered == ()
    # A run does not make the new content known by itself.
    place.write("span-2/a.csv", "a,y\n1,1\n2,2\n")
    place.take_up()
    assert len(place.settled().redelivered) == 1


def test_without_spans_in_the_path_new_content_is_new_data(tmp_path):
    place = Place(tmp_path, pattern="all.csv")
    place.write("all.csv")
    assert place.settled().fresh == (1,)
    place.take_up()
    assert place.settled().fresh == ()
    os.utime(place.folder / "all.csv")
    assert place.settled().fresh == ()
    place.write("all.csv", "a,y\n1,0\n2,1\n")
    news = place.settled()
    assert (news.fresh, news.redelivered) == ((1,), ())


def test_what_runs_read_before_the_first_look_is_known(place):
    files = [
        DataFile(span=n, path=str(place.folder / f"span-{n}" / "a.csv"), bytes=8, sha256=sha)
        for n, sha in ((1, "0" * 64), (2, place.known[str(place.folder / "span-2" / "a.csv")].sha256))
    ]
    place.known = place.watcher.known_from(files)
    news = place.settled()
    assert news.fresh == (3,)
    assert [r.span for r in news.redelivered] == [1]
