"""A fresh process asks a SavedModel: right answers, wrong ones, a model that it cannot load, one that hangs."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from components import serving_check  # noqa: E402

RECORDS = [b"a", b"bb", b"cccc"]
WANTED = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]], np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model that says a tenth of the length of a record."""

    class Lengths(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def serve(self, examples):
            share = tf.cast(tf.strings.length(examples), tf.float32) / 10
            return {"probabilities": tf.stack([1 - share, share], axis=1)}

    path, module = str(tmp_path_factory.mktemp("model")), Lengths()
    tf.saved_model.save(module, path, signatures={"serving_default": module.serve})
    return path


def test_it_says_how_far_answers_are_off_how_long_they_take_and_how_large_the_model_is(saved):
    with serving_check.Probe(saved, RECORDS) as probe:
        got = probe.evidence(WANTED + np.float32([[0, 0], [0, 0.25], [0, 0]]))
    assert got.error is None
    assert got.rows == 3
    assert got.difference == pytest.approx(0.25)
    assert 0 < got.latency_ms <= got.latency_ms_p95 < 1000 * got.load_seconds
    assert got.size_mb * 1e6 == serving_check.folder_size(saved) > 1000


def test_what_cannot_be_loaded_is_an_error_with_its_last_line(tmp_path):
    with serving_check.Probe(str(tmp_path), RECORDS) as probe:
        got = probe.evidence(WANTED)
    assert "SavedModel file does not exist" in got.error
    assert got.difference is None


def test_rows_outside_of_the_evaluation_are_not_compared_and_what_cannot_be_compared_is_an_error():
    answers = {"load_seconds": 1.0, "seconds": [0.002, 0.001, 0.004], "scores": WANTED.tolist()}
    some = np.where([[True], [False], [True]], WANTED, np.nan).astype(np.float32)
    got = serving_check.compared(answers, some, 2_500_000)
    assert (got.difference, got.rows, got.latency_ms, got.size_mb) == (0.0, 3, 2.0, 2.5)
    assert got.latency_ms_p95 == pytest.approx(3.8)
    assert "shape (3, 2)" in serving_check.compared(answers, WANTED[:, :1], 0).error
    for nothing in (np.full_like(WANTED, np.nan), WANTED):
        odd = answers if np.isnan(nothing).all() else {**answers, "scores": [[np.nan, 0.1]] * 3}
        assert "not finite" in serving_check.compared(odd, nothing, 0).error


def test_a_process_that_hangs_or_dies_is_an_error_and_never_outlives_the_context(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(serving_check, "PATIENCE", 0.5)
    script = tmp_path / "script.py"
    monkeypatch.setattr(serving_check.serving_probe, "__file__", str(script))
    script.write_text("import time; time.sleep(60)")
    with serving_check.Probe(saved, RECORDS) as probe:
        assert probe.evidence(WANTED).error == "no answer within 0.5 s"
    assert probe._process.popen.returncode is not None
    monkeypatch.setattr(serving_check, "PATIENCE", 60)
    for text, code in (("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9), ("pass", 0)):
        script.write_text(text)
        with serving_check.Probe(saved, RECORDS) as probe:
            assert probe.evidence(WANTED).error == f"the process ended with code {code} and no answers"


def test_a_process_that_was_started_ahead_is_taken_once(saved):
    serving_check.start_ahead()
    serving_check.start_ahead()
    (ahead,) = serving_check._ahead
    with serving_check.Probe(saved, RECORDS) as probe:
        got = probe.evidence(WANTED)
        assert probe._process is ahead
    assert (got.error, got.rows) == (None, 3)
    assert not serving_check._ahead
    with serving_check.Probe(saved, RECORDS) as probe:
        assert probe._process is not ahead


def test_a_process_that_was_started_ahead_and_has_died_is_named_with_its_end(saved):
    serving_check.start_ahead()
    serving_check._ahead[0].popen.kill()
    serving_check._ahead[0].popen.wait()
    with serving_check.Probe(saved, RECORDS) as probe:
        assert probe.evidence(WANTED).error is None


def test_a_process_that_nobody_asks_ends_with_its_input(saved):
    process = serving_check.Process()
    process.popen.communicate(timeout=60)
    assert process.popen.returncode == 0
    process.end()
