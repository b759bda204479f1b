"""Sentences as HTML: code and options, and nothing that a name could smuggle in."""

from pipeline.report.prose import prose


def test_what_stands_between_backticks_is_code():
    assert prose("Look at `retrain why`: the data.") == "Look at <code>retrain why</code>: the data."


def test_options_stay_whole_and_take_their_value_along():
    found = prose("accept it with --accept missing_shift --reason TEXT, or raise it")
    assert found == (
        'accept it with <code class="whole">--accept missing_shift</code> <code class="whole">--reason TEXT</code>, or raise it'
    )


def test_a_dash_between_words_is_no_option():
    assert prose("a--b, 2 -- 3, ---") == "a--b, 2 -- 3, ---"


def test_names_stay_text_wherever_they_stand():
    bad = "<img src=x onerror=alert(1)>"
    for text in (bad, f"`{bad}`", f"--accept {bad}", f"`{bad}"):
        assert "<img" not in prose(text)
    assert prose("`a\u202eb`") == "<code>a\\u202eb</code>"
