"""The grammar of the generated reviews: things, what one can say of them, and how a verdict is put together.

The verdict does not follow from the words alone: "good" may be negated ("far from good"), a fault denied ("no trace of noise"), and of
"the screen is great, but the battery is poor" the second half is what counts.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """A kind of product: what it is called, its parts with the words for them, and what it costs (euros)."""

    things: tuple[str, ...]
    parts: dict[str, str]
    price: tuple[float, float]


#: The word kinds of parts: "thing" for anything, "power", "cloth", "taste", "story" for what is special to some.
CATEGORIES = {
    "electronics": Category(
        ("headset", "tablet", "speaker", "camera", "keyboard"),
        {"battery": "power", "screen": "thing", "sound": "thing", "setup": "thing", "app": "thing", "charger": "power"},
        (15, 600),
    ),
    "kitchen": Category(
        ("kettle", "blender", "pan", "coffee maker", "toaster"),
        {"handle": "thing", "lid": "thing", "motor": "power", "coating": "thing", "coffee": "taste", "timer": "thing"},
        (8, 250),
    ),
    "clothing": Category(
        ("jacket", "pair of boots", "sweater", "raincoat", "dress"),
        {"fabric": "cloth", "fit": "thing", "zip": "thing", "colour": "cloth", "lining": "cloth", "sole": "thing"},
        (12, 220),
    ),
    "outdoor": Category(
        ("tent", "backpack", "sleeping bag", "lamp", "bike lock"),
        {
            "material": "cloth",
            "straps": "thing",
            "light": "power",
            "poles": "thing",
            "weight": "thing",
            "manual": "thing",
        },
        (10, 400),
    ),
    "books": Category(
        ("novel", "cookbook", "travel guide", "biography", "textbook"),
        {"plot": "story", "ending": "story", "print": "thing", "style": "story", "index": "thing", "pictures": "thing"},
        (5, 60),
    ),
}
GOOD = {
    "thing": ("good", "great", "excellent", "solid", "reliable", "useful", "pleasant", "well made"),
    "power": ("strong", "reliable", "long-lasting", "good", "impressive"),
    "cloth": ("soft", "warm", "beautiful", "good", "sturdy"),
    "taste": ("delicious", "rich", "good", "excellent"),
    "story": ("gripping", "clever", "moving", "good", "convincing"),
}
BAD = {
    "thing": ("bad", "poor", "terrible", "flimsy", "disappointing", "useless", "annoying", "badly made"),
    "power": ("weak", "unreliable", "short-lived", "bad", "disappointing"),
    "cloth": ("scratchy", "thin", "ugly", "bad", "faded"),
    "taste": ("bitter", "stale", "bad", "terrible"),
    "story": ("boring", "predictable", "confusing", "bad", "shallow"),
}
VERY = ("", "", "", "very ", "really ", "quite ", "extremely ", "surprisingly ")
#: Words that are not made stronger: nobody writes "very terrible".
STRONG = ("great", "excellent", "impressive", "delicious", "terrible", "useless")
#: Share of clauses that deny the opposite, of statements that name a virtue or fault, there or not, and of verdicts with a "but".
NEGATED, NAMED, MIXED = 0.15, 0.12, 0.20
#: Turn a word into its opposite.
NOT = (
    "not {}",
    "not {} at all",
    "never {}",
    "far from {}",
    "anything but {}",
    "not exactly {}",
    "hardly {}",
    "no longer {}",
)
FAULTS = ("problem", "complaint", "scratch", "fault", "defect", "regret", "smell", "noise")
VIRTUES = ("pleasure", "bargain", "delight", "benefit", "merit", "strength", "reward", "gem")
NO = (
    "without a single {}",
    "there is no {} to speak of",
    "I found no {}",
    "there was never any {}",
    "not a trace of any {}",
)
SOME = (
    "I found more than one {}",
    "there is always some {}",
    "again and again a {}",
    "there was a {} from the first day",
)
FACTS = (
    "I bought it for my sister.", "It arrived on a Tuesday.", "I ordered the {thing} two weeks ago.", "It is my second {thing}.",
    "My brother has one, too.", "I use it at weekends.", "The parcel was left with a neighbour.", "I compared three of them before.",
    "I have had it since spring.", "We took it along on a trip.", "The shop sent it in a plain box.", "I paid the full price.",
)  # fmt: skip
AVERAGE = (
    "It is okay.", "It does what it says, no more.", "Average, I would say.", "The {part} is neither good nor bad.",
    "It is fine for the price.",
    "The {part} is as expected.", "Nothing special about the {part}.", "I have no strong feelings about the {thing}.",
)  # fmt: skip
ENDINGS = {
    "positive": (
        "I would buy it again.", "Recommended.", "I will not send it back.", "My friends will not regret it.",
        "No reason to look elsewhere.",
    ),
    "negative": (
        "I would not buy it again.", "Not recommended.", "I will send it back.", "My friends would regret it.",
        "A reason to look elsewhere.",
    ),
    "neutral": ("Maybe it suits others.", "I would think about it.", "You may look elsewhere.", "We will see.", "Try it yourself."),
}  # fmt: skip


def write(sentiment: str, category: str, rng: random.Random) -> str:
    """A review of one to about seven sentences.

    Args:
        sentiment: "negative", "neutral" or "positive"; what a reader understands.
        category: one of `CATEGORIES`.
    """
    kind = CATEGORIES[category]
    words = {"thing": rng.choice(kind.things), "part": rng.choice(list(kind.parts))}
    good = sentiment == "positive"
    sentences = _neutral(kind, words, rng) if sentiment == "neutral" else _decided(kind, words["thing"], good, rng)
    for fact in rng.sample(FACTS, rng.choice((0, 1, 1, 2, 2, 3))):
        sentences.insert(rng.randrange(len(sentences) + 1), fact.format(**words))
    if rng.random() < 0.25:
        sentences.append(rng.choice(ENDINGS[sentiment]))
    return " ".join(sentences)


def _decided(kind: Category, thing: str, good: bool, rng: random.Random) -> list[str]:
    """Statements that agree, or one half that does not but counts less."""
    parts = rng.sample(list(kind.parts), 4)
    out = [_statement(kind, part, good, rng) for part in parts[: rng.choice((1, 2, 2, 3, 3))]]
    if rng.random() < MIXED:
        out[0] = _but(kind, (parts[0], parts[3], thing), good, rng)
    return out


def _neutral(kind: Category, words: dict[str, str], rng: random.Random) -> list[str]:
    """Nothing in particular, or as much for as against."""
    if rng.random() < 0.65:
        return [s.format(**words) for s in rng.sample(AVERAGE, rng.choice((1, 2, 2)))]
    parts, first = rng.sample(list(kind.parts), 2), rng.random() < 0.5
    turn = rng.choice(("", "On the other hand, ", "At the same time, "))
    return [
        _upper(_clause(kind, parts[0], first, rng)) + ".",
        _upper(turn + _clause(kind, parts[1], not first, rng)) + ".",
    ]


def _but(kind: Category, about: tuple[str, str, str], good: bool, rng: random.Random) -> str:
    """Both sides in one sentence; `good` is the side that wins, in the second and third of what it is about."""
    a, b, wins = (_clause(kind, what, side, rng) for what, side in zip(about, (not good, good, good), strict=True))
    return rng.choice(
        (
            f"{_upper(a)}, but {b} and {wins}.",
            f"{_upper(b)} and {wins}, although {a}.",
            f"Although {a}, {b} and {wins}.",
        )
    )


def _statement(kind: Category, part: str, good: bool, rng: random.Random) -> str:
    if rng.random() < NAMED:
        # Naming a virtue that is not there, or a fault that is.
        if rng.random() < 0.5:
            return _upper(rng.choice(NO).format(rng.choice(FAULTS if good else VIRTUES))) + "."
        return _upper(rng.choice(SOME).format(rng.choice(VIRTUES if good else FAULTS))) + "."
    return _upper(_clause(kind, part, good, rng)) + "."


def _clause(kind: Category, part: str, good: bool, rng: random.Random) -> str:
    """ "the battery is very good", or "the battery is far from weak": the same side, with or without a negation."""
    about = kind.parts.get(part, "thing")
    negated = rng.random() < NEGATED
    word = rng.choice((GOOD if good != negated else BAD)[about])
    verb = "are" if part in ("straps", "poles", "pictures") else "is"
    strengths = ("", "really ") if word in STRONG else VERY
    said = rng.choice(NOT).format(word) if negated else f"{rng.choice(strengths)}{word}"
    return f"the {part} {verb} {said}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
