"""A diagnosis in the terminal: the answer first, then the causes with their evidence and what to do."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.show.tables import fields, note
from schemas.diagnosis import NAMED, Diagnosis, Outcome, Proof, RankedCause

#: Causes below this score are counted, not shown.
SHOWN = 0.02


def why(found: Diagnosis) -> RenderableType:
    """The diagnosis as something that rich can print."""
    shown = [c for c in found.causes if c.score >= SHOWN]
    about = [("run", found.run_id), ("against", found.against or "nothing: there is no earlier pushed run")]
    views: list[RenderableType] = [
        Group(note(found.headline), Text()),
        fields("Compared", [*about, ("result", found.comparison.sentence)]),
    ]
    views += [_cause(place, cause) for place, cause in enumerate(shown, 1)]
    if found.proofs:
        views.append(fields("Experiments", [(p.title, told(p)) for p in found.proofs]))
    rest = len(found.looked_for) - len(found.causes)
    ends = [
        (nothing(found), f"{found.nothing:.0%}"),
        ("looked for", f"{len(found.looked_for)} causes; {rest} show no sign"),
    ]
    ends += [("not known", text) for text in found.limits]
    views.append(fields("And else", ends))
    return Group(*views)


def nothing(found: Diagnosis) -> str:
    """What `Diagnosis.nothing` is the probability of: a run that was stopped has a reason, if none of these."""
    return "none of these" if found.comparison.outcome is Outcome.NOT_TRAINED else "nothing wrong"


def told(proof: Proof) -> str:
    """What an experiment showed, in a sentence."""
    if proof.change is None or proof.before is None:
        return f"gave no model to compare. {proof.note}".strip()
    ends = "" if proof.low is None or proof.high is None else f" (95 % {proof.low:+.3f} to {proof.high:+.3f})"
    no = "so it is not this" if proof.refutes else "so a step of this size is not enough, if it is this"
    words = {"restored": "so this undoes the loss", "unchanged": no, "unclear": "which leaves it open"}
    return (
        f"{proof.change:+.3f}{ends} against the champion, where the run had {proof.before:+.3f}: {words[proof.effect]}."
    )


def _cause(place: int, cause: RankedCause) -> RenderableType:
    pairs: list[tuple[str, str]] = [("seen", _with_place(e.text, e.where)) for e in cause.evidence]
    pairs += [("explains", f"{s.title}: {s.evidence[0].text}") for s in cause.symptoms]
    pairs.append(("do", cause.remedy.text))
    pairs += [("as", f"--override {_quoted(o)}") for o in cause.remedy.overrides]
    pairs += [("and", "--tune")] if cause.remedy.tune else []
    weak = "" if cause.score >= NAMED else ", not certain"
    title = cause.title[:1].upper() + cause.title[1:]
    return fields(f"{place}. {title} ({cause.score:.0%}{weak}; {cause.code})", pairs)


def _with_place(text: str, where: str) -> str:
    return f"{text}  [{where}]" if where else text


def _quoted(override: str) -> str:
    return f"'{override}'" if any(c in override for c in ' {}[]"&|;()$*?<>') else override
