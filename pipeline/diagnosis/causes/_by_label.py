"""Drifts and the labels: whether the inputs moved, or what the labels say of them."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes._spans import before_and_now, moved
from schemas.findings import Finding, Severity

#: Rows of one class, up to a few; no class that most rows have anyway.
ONE_CLASS, MOSTLY = 0.95, 0.8
#: Between what a finding about pictures is about, and its class.
OF_CLASS = " of class "
SINGLE = ("numeric_drift", "category_drift")


def about_labels(case: Case) -> list[Finding]:
    """Drifts that say that the labels follow another rule, and not that the inputs moved."""
    return within_classes(case) + with_the_amount(case) + pictures_of_classes(case)


def pictures_of_classes(case: Case) -> list[Finding]:
    """Properties of pictures that moved in two classes or more, while those of all pictures are as they were: pictures changed classes."""
    found = case.findings("image_drift")
    whole = {f.subject for f in found if OF_CLASS not in f.subject}
    parts = [f for f in found if OF_CLASS in f.subject and f.subject.partition(OF_CLASS)[0] not in whole]
    return parts if len({class_of(f) for f in parts}) > 1 else []


def class_of(finding: Finding) -> str:
    """The class that a finding about pictures is about; empty for all of them."""
    return finding.subject.partition(OF_CLASS)[2]


def within_classes(case: Case) -> list[Finding]:
    """Drifts of features that moved among the rows of a class, while all rows together are as they were."""
    return [f for f in case.findings(*SINGLE) if _by_label(f) and not moved(case, f.subject)]


def with_the_amount(case: Case) -> list[Finding]:
    """The classifier's finding where the label is an amount that it names, though neither that nor the other features it names moved.

    So what changed is how they go together.
    """
    label = case.run.data.label if case.run.data is not None else ""
    alone = {f.subject for f in case.findings(*SINGLE, "unseen_category", "constant_fill", "missing_shift", "outliers")}
    found = [(f, str(f.observed.get("features") or "").split(", ")) for f in case.findings("domain_drift")]
    return [f for f, names in found if label in names and not alone & {label, *names}]


def apart_from_labels(case: Case) -> list[Finding]:
    """Drifts that block of features that moved both among the rows of a class and among all of them.

    Other shares of the labels leave the rows of a class as they were: it is a choice of rows by a feature that changed the shares.
    """
    found = [f for f in case.findings(*SINGLE) if f.severity is Severity.BLOCK and _by_label(f)]
    return [f for f in found if moved(case, f.subject)]


def with_one_class(case: Case, finding: Finding) -> str | None:
    """The class that nearly all rows with a new category have, which it had to a lesser part before; None where that is not so.

    A stand-in for missing values takes rows of every class: this is a source, or a word, of one.
    """
    both, seen = before_and_now(case, finding.subject), finding.observed
    share, of_all = seen.get("label_share"), seen.get("label_share_of_all")
    if both is None or both[1].values is None or not isinstance(share, float) or not isinstance(of_all, float):
        return None
    return str(seen.get("label")) if share >= ONE_CLASS and share - of_all >= ONE_CLASS - MOSTLY else None


def _by_label(finding: Finding) -> bool:
    """Whether a drift is one among the rows of a class, or of classes whose shares were made equal."""
    return finding.observed.get("label") is not None or finding.observed.get("label_shares") is not None
