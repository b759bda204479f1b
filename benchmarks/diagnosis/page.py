"""The answers as tables in Markdown."""

from __future__ import annotations

import collections
import math
import statistics
from collections.abc import Iterable

from benchmarks.diagnosis.cases import Answer

#: A metric this near to the mean of clean retrains is restored, where their own spread is smaller.
NEAR = 0.005


def page(answers: list[Answer], of: int) -> str:
    """Rates, the confusion matrix, remedies, and every case where the first cause was not the right one.

    Args:
        of: how many cases the whole suite has.
    """
    ran = [a for a in answers if a.exit_code != 2]
    head = f"{len(ran)} of the {of} cases of the suite were run."
    return "\n".join(
        [head, "", *_rates(ran), "", *_proved(ran), *_remedies(ran), "", *_confusion(ran), "", *_missed(ran)]
    )


def blocked_page(answers: list[Answer]) -> str:
    """The same of faults of data that went through the data stages alone."""
    stopped = [a for a in answers if a.exit_code]
    head = f"{len(answers)} faults of the data; {len(stopped)} are stopped before training. The others would be trained on: "
    head += (", ".join(a.name for a in answers if not a.exit_code) or "none") + "."
    return "\n".join([head, "", *_rates(stopped), "", *_confusion(stopped), "", *_missed(stopped)])


def _rates(answers: list[Answer]) -> Iterable[str]:
    yield "| severity | cases | right first | among the first three | another one named |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    idle = without_effect(answers)
    for severity in ("severe", "mild"):
        these = [a for a in answers if a.severity == severity]
        telling = [a for a in these if a.name not in idle]
        if these:
            yield _rate(severity, these)
        if telling and len(telling) < len(these):
            yield _rate(f"{severity}, with an effect", telling)
            yield _rate(f"{severity}, without", [a for a in these if a.name in idle])
    clean = [a for a in answers if a.clean]
    if clean:
        yield f"| clean | {len(clean)} | | | {sum(a.named for a in clean)} |"


def _rate(name: str, answers: list[Answer]) -> str:
    first, three = sum(a.place == 1 for a in answers), sum((a.place or 9) <= 3 for a in answers)
    wrong = sum(a.named and a.place != 1 for a in answers)
    shares = f"{first} ({first / len(answers):.0%}) | {three} ({three / len(answers):.0%})"
    return f"| {name} | {len(answers)} | {shares} | {wrong} |"


def _floors(answers: list[Answer]) -> dict[str, float]:
    """Data set -> the metric from which on a model is as good as those of clean retrains."""
    out = {}
    for name in dict.fromkeys(a.dataset for a in answers):
        calm = [a.metric for a in answers if a.dataset == name and a.clean and a.metric is not None]
        if calm:
            spread = statistics.stdev(calm) if len(calm) > 1 else 0.0
            out[name] = statistics.mean(calm) - max(2 * spread, NEAR)
    return out


def without_effect(answers: list[Answer]) -> set[str]:
    """Names of the cases whose fault did nothing: the model was pushed, and its metric is that of clean retrains."""
    floors = _floors(answers)
    return {
        a.name
        for a in answers
        if not a.clean and a.exit_code == 0 and a.metric is not None and a.metric >= floors.get(a.dataset, math.inf)
    }


def _proved(answers: list[Answer]) -> Iterable[str]:
    """What experiments changed."""
    made = [a for a in answers if a.proved is not None]
    if not made:
        return
    yield "| severity | cases with experiments | experiments each | right first before | right first after |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for severity in dict.fromkeys(a.severity for a in made):
        these = [a for a in made if a.severity == severity]
        each = statistics.mean(len(a.experiments) for a in these)
        before, after = sum(a.place == 1 for a in these), sum(a.proved_place == 1 for a in these)
        yield f"| {severity} | {len(these)} | {each:.1f} | {before} | {after} |"
    yield ""


def _remedies(answers: list[Answer]) -> Iterable[str]:
    """How often a run with the proposed settings is as good as clean ones."""
    floors = _floors(answers)
    yield "| data set | clean retrains | their metric | remedies run | as good as clean ones | had lost something | of those, restored |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name in dict.fromkeys(a.dataset for a in answers):
        calm = [a.metric for a in answers if a.dataset == name and a.clean and a.metric is not None]
        mended = [(a.metric, a.repaired) for a in answers if a.dataset == name and a.repaired is not None]
        if calm:
            spread = statistics.stdev(calm) if len(calm) > 1 else 0.0
            good = sum(after >= floors[name] for _, after in mended)
            lost = [after for before, after in mended if before is not None and before < floors[name]]
            told = f"{statistics.mean(calm):.3f} ± {spread:.3f} | {len(mended)} | {good}"
            yield f"| {name} | {len(calm)} | {told} | {len(lost)} | {sum(v >= floors[name] for v in lost)} |"


def _confusion(answers: list[Answer]) -> Iterable[str]:
    yield "| injected | right answers | first cause, cases |"
    yield "| --- | --- | --- |"
    right = {a.fault: a.right for a in answers if not a.clean}
    for name, codes in right.items():
        said = collections.Counter((a.causes[0][0] if a.causes else "nothing") for a in answers if a.fault == name)
        told = ", ".join(f"{code} {n}" for code, n in said.most_common())
        yield f"| {name} | {', '.join(codes)} | {told} |"


def _missed(answers: list[Answer]) -> Iterable[str]:
    yield "| not right | exit code | against the champion | said |"
    yield "| --- | ---: | --- | --- |"
    for a in answers:
        if a.named if a.clean else a.place != 1:
            said = ", ".join(f"{code} {score:.2f}" for code, score in a.causes[:3]) or "nothing"
            yield f"| {a.name} | {a.exit_code} | {a.outcome} | {said} |"
