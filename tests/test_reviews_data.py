"""The text example's data: reviews whose verdict needs more than single words."""

import csv
import datetime
import hashlib
import random
import sys
from collections import Counter

import numpy as np
import pytest

from data import opinions, reviews


@pytest.fixture(scope="module")
def many():
    return [reviews.review(0, span, n) for span in (1, 2, 3) for n in range(2000)]


def table(folder):
    with (folder / "reviews.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_span_is_a_month_of_reviews(tmp_path):
    assert reviews.build(tmp_path / "reviews", reviews=40, spans=13) == dict.fromkeys(range(1, 14), 40)
    for span, month in ((1, "2024-01"), (12, "2024-12"), (13, "2025-01")):
        rows = table(tmp_path / "reviews" / f"span-{span}")
        assert len(rows) == 40
        assert tuple(rows[0]) == reviews.COLUMNS
        assert {row["date"][:7] for row in rows} == {month}
    assert [p.name for p in tmp_path.iterdir()] == ["reviews"]


def test_more_reviews_and_more_spans_change_none_that_were_there(tmp_path):
    reviews.build(tmp_path / "few", reviews=20, spans=1)
    reviews.build(tmp_path / "more", reviews=30, spans=2)
    assert table(tmp_path / "more" / "span-1")[:20] == table(tmp_path / "few" / "span-1")
    assert table(tmp_path / "more" / "span-2")[:20] != table(tmp_path / "few" / "span-1")


def test_the_same_seed_gives_the_same_reviews_everywhere(many):
    text = "\n".join(",".join(row[c] for c in reviews.COLUMNS) for row in many)
    # Another value means other data: raise reviews.VERSION, and measure what docs and examples/reviews.yaml say anew.
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "37ecd01d402427cf"


def test_labels_have_their_shares(many):
    counts = Counter(row["sentiment"] for row in many)
    assert {k: n / 6000 for k, n in counts.items()} == pytest.approx(
        {"negative": 0.30, "neutral": 0.22, "positive": 0.48}, abs=0.03
    )


def test_values_are_what_the_columns_say(many):
    for row in many:
        moment = datetime.datetime.strptime(row["date"], "%Y-%m-%dT%H:%M:%SZ")
        assert (moment.year, moment.month in (1, 2, 3)) == (2024, True)
        low, high = opinions.CATEGORIES[row["category"]].price
        assert low <= float(row["price"]) <= high
        assert not {"{", "}"} & set(row["text"])
    assert {row["category"] for row in many} == set(opinions.CATEGORIES)


def test_reviews_differ_in_text_and_length(many):
    texts = [row["text"] for row in many]
    assert len(set(texts)) > 0.98 * len(texts)
    low, middle, high = np.quantile([len(t.split()) for t in texts], (0.05, 0.5, 0.95))
    assert low <= 11 < 18 < middle < 28 < 33 < high < 64


def test_there_are_typing_errors_but_few(many):
    """Words that no review without errors has."""
    plain = Counter(
        word
        for n in range(3000)
        for word in opinions.write(
            ("negative", "neutral", "positive")[n % 3], list(opinions.CATEGORIES)[n % 5], random.Random(n)
        )
        .lower()
        .split()
    )
    words = [word for row in many for word in row["text"].lower().split()]
    assert 0.002 < np.mean([word not in plain for word in words]) < 0.02


@pytest.mark.parametrize(
    ("good", "text"),
    [(True, "The battery is not exactly unreliable."), (False, "The battery is anything but long-lasting.")],
)
def test_a_denied_word_counts_for_the_other_side(good, text):
    kind = opinions.CATEGORIES["electronics"]
    said = {opinions._upper(opinions._clause(kind, "battery", good, random.Random(n))) + "." for n in range(3000)}
    assert text in said
    other = {opinions._upper(opinions._clause(kind, "battery", not good, random.Random(n))) + "." for n in range(3000)}
    assert not said & other


@pytest.mark.slow
def test_pairs_of_words_tell_more_than_words(many):
    """By logistic regression on counts: about 0.86 of single words, 0.93 of pairs."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    texts, labels = [row["text"] for row in many], [row["sentiment"] for row in many]
    accuracy = []
    for longest in (1, 2):
        counts = CountVectorizer(ngram_range=(1, longest), min_df=2)
        train, test = counts.fit_transform(texts[:4000]), counts.transform(texts[4000:])
        model = LogisticRegression(C=0.3, max_iter=1000).fit(train, labels[:4000])
        accuracy.append(model.score(test, labels[4000:]))
    assert 0.80 < accuracy[0] < 0.90
    assert 0.91 < accuracy[1] < 0.97
    assert accuracy[1] - accuracy[0] > 0.04


def test_called_again_there_is_nothing_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["reviews", "--output", str(tmp_path / "reviews"), "--reviews", "5", "--spans", "1"]
    )
    assert reviews.main() == 0
    assert "5 synthetic reviews in 1 spans" in capsys.readouterr().out
    assert reviews.main() == 0
    assert "there already" in capsys.readouterr().out
