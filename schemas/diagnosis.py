"""What `retrain why` answers: `Diagnosis`, with the comparison of two runs and the ranked causes."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict

from schemas.findings import Number

DIAGNOSIS_VERSION = 1


class Document(BaseModel):
    """Base of the models here: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Outcome(str, enum.Enum):
    """How a run did against its reference."""

    WORSE = "worse"
    SAME = "same"
    BETTER = "better"
    CANNOT_TELL = "cannot tell"
    NOT_TRAINED = "not trained"


class Family(str, enum.Enum):
    """Where a cause lies."""

    DATA = "data"
    TRANSFORM = "transform"
    TRAINING = "training"
    EVALUATION = "evaluation"
    SETTING = "setting"


class Comparison(Document):
    """A run against its reference.

    Attributes:
        outcome: what can be said about it.
        sentence: the same in words, with the numbers.
        metric: the metric that is compared; None without one.
        before: its value of the reference.
        after: its value of the run.
        change: after minus before; `low` and `high` bound it with 95 % where they are known.
        paired: whether both were measured on the same test rows.
        noise: how far the metric moves from run to run when nothing is wrong, as a standard deviation; None where it is not known.
    """

    outcome: Outcome
    sentence: str
    metric: str | None = None
    before: float | None = None
    after: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    paired: bool = False
    noise: float | None = None


class Evidence(Document):
    """A reason to suspect a cause.

    Attributes:
        text: what was seen, with the numbers, as one sentence.
        where: where to look it up: words for ``retrain show RUN``, or a path of the configuration.
        numbers: the same for programs.
    """

    text: str
    where: str = ""
    numbers: dict[str, Number | str | None] = {}


class Remedy(Document):
    """What to do about a cause.

    Attributes:
        text: as a sentence.
        overrides: changes of the configuration, ``path=value`` each, as ``retrain run --override`` takes them; empty when the data or
            something else must be mended.
        tune: whether settings must be looked for again (``retrain run --tune``), as tuning has set what the overrides would.
    """

    text: str
    overrides: tuple[str, ...] = ()
    tune: bool = False


class Symptom(Document):
    """Something else that was seen and that a cause explains: the code of the cause that it would have been, and the evidence."""

    code: str
    title: str
    evidence: tuple[Evidence, ...]


class RankedCause(Document):
    """A cause, with how sure we are.

    Attributes:
        code: stable name, that of a file in ``pipeline/diagnosis/causes``.
        title: in words, with the features or settings it is about.
        score: probability that this is what made the run what it is, if exactly one of the causes looked for is, or nothing, 0 to 1.
        subjects: features, classes or settings it is about.
        symptoms: what it explains, beside itself.
    """

    code: str
    title: str
    family: Family
    score: float
    subjects: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...]
    remedy: Remedy
    symptoms: tuple[Symptom, ...] = ()


class Proof(Document):
    """A retrain with one ingredient swapped, and what it says of the causes.

    Attributes:
        experiment: its code, that of a file in ``pipeline/diagnosis/experiments``.
        title: what was swapped, in words.
        change: the main metric of its model minus the champion's, on the same rows; `low` and `high` bound it with 95 %. None where no
            model was evaluated.
        before: the same of the run that is explained.
        supports: codes of the causes that it undoes, where they are at work; ``noise`` for none.
        refutes: whether it undoes them in full; a step in their direction that restores nothing may have been too small.
        effect: whether the loss is gone: ``restored``, ``unchanged``, or ``unclear`` where intervals leave both open.
        seconds: how long it took.
        note: why there is no result; empty when there is one.
    """

    experiment: str
    title: str
    change: float | None = None
    low: float | None = None
    high: float | None = None
    before: float | None = None
    supports: tuple[str, ...] = ()
    refutes: bool = True
    effect: str = "unclear"
    seconds: float = 0.0
    note: str = ""


class Proofs(Document):
    """The experiments on a run, as they are kept beside its record."""

    run_id: str
    against: str | None
    proofs: tuple[Proof, ...] = ()


class Diagnosis(Document):
    """The answer to: why did this retrain do what it did?

    Attributes:
        run_id: the run that is diagnosed.
        against: the run it is compared with; None when there is none.
        headline: the answer in one or two sentences.
        causes: most likely first; those that are named in the headline have a score of at least `NAMED`.
        nothing: probability that none of the causes looked for is at work, 0 to 1.
        looked_for: codes of all causes that were looked for.
        limits: what could not be looked at, and why, a sentence each.
        proofs: experiments that were made; the scores have taken them in.
    """

    version: int = DIAGNOSIS_VERSION
    run_id: str
    against: str | None
    comparison: Comparison
    headline: str
    causes: tuple[RankedCause, ...]
    nothing: float
    looked_for: tuple[str, ...]
    limits: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()


#: From this score on a cause is named; below it is only listed.
NAMED = 0.5
