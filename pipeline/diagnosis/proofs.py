"""Experiments that were made, taken into the scores. Pure, but for the file that keeps them beside the record."""

from __future__ import annotations

import statistics

from pydantic import ValidationError

from pipeline.diagnosis.comparison import with_noise
from pipeline.diagnosis.diagnose import NOISE_UNKNOWN, headline
from pipeline.diagnosis.ranking import NOTHING
from pipeline.record_json import to_json, write_atomic
from pipeline.workspace import Workspace
from schemas.diagnosis import Diagnosis, Outcome, Proof, Proofs
from schemas.run_record import RunRecord

FILE = "experiments.json"
#: An experiment that undoes the cause restores the metric nine times out of ten, and one that does not, one time out of ten: seeds and
#: rows differ, and a fault has sometimes a second effect that stays.
LIKELY = 9.0
#: The experiment whose results say how far a metric moves by itself, and how many of them are needed, beside the run.
SEED, SEEDS = "other_seed", 2
#: The code that stands for: no cause at work, but noise.
NOISE = "noise"
#: From this score on an answer is clear, and no further experiment is made.
CLEAR = 0.9


def kept(workspace: Workspace, found: Diagnosis) -> tuple[Proof, ...]:
    """The experiments on a run against the same reference; none where there are none that can be read."""
    try:
        text = (workspace.run_folder(found.run_id) / FILE).read_bytes()
        proofs = Proofs.model_validate_json(text)
    except (OSError, ValidationError):
        return ()
    return proofs.proofs if proofs.against == found.against else ()


def keep(workspace: Workspace, found: Diagnosis, proofs: tuple[Proof, ...]) -> None:
    """Writes them: all or nothing."""
    told = Proofs(run_id=found.run_id, against=found.against, proofs=proofs)
    write_atomic(workspace.run_folder(found.run_id) / FILE, to_json(told))


def revise(found: Diagnosis, proofs: tuple[Proof, ...], run: RunRecord) -> Diagnosis:
    """The diagnosis with its scores after the experiments, by Bayes' rule.

    One that restores the metric makes the causes that it undoes `LIKELY` times as likely against all others, and one that changes nothing
    as many times less likely, if it undoes them in full.
    """
    if not proofs:
        return found
    found = _with_noise(found, proofs, run)
    weights = [(c, c.score * _factor(c.code, proofs)) for c in found.causes]
    none = found.nothing * _factor(NOISE, proofs)
    whole = (none + sum(w for _, w in weights)) or 1.0
    causes = [c.model_copy(update={"score": round(w / whole, 4)}) for c, w in weights]
    ranked = tuple(sorted(causes, key=lambda c: (-c.score, c.code)))
    nothing = round(none / whole, 4)
    told = headline(run, found.comparison, ranked, nothing)
    return found.model_copy(update={"causes": ranked, "nothing": nothing, "proofs": proofs, "headline": told})


def _with_noise(found: Diagnosis, proofs: tuple[Proof, ...], run: RunRecord) -> Diagnosis:
    """With how far the metric moves from seed to seed, where at least two other seeds were tried; a change within it is none."""
    before = found.comparison
    changes = [p.change for p in proofs if p.experiment == SEED and p.change is not None]
    if len(changes) < SEEDS or before.change is None or run.evaluation is None:
        return found
    noise = max(statistics.stdev([before.change, *changes]), before.noise or 0.0)
    after = with_noise(before, noise, run)
    # Nothing is as likely as it would have been, had the noise been known.
    none = found.nothing * NOTHING[after.outcome] / NOTHING[before.outcome] if run.exit_code == 0 else found.nothing
    limits = tuple(limit for limit in found.limits if limit != NOISE_UNKNOWN)
    return found.model_copy(update={"comparison": after, "nothing": none, "limits": limits})


def _factor(code: str, proofs: tuple[Proof, ...]) -> float:
    out = 1.0
    for proof in proofs:
        if code in proof.supports:
            against = 1 / LIKELY if proof.refutes else 1.0
            out *= {"restored": LIKELY, "unchanged": against}.get(proof.effect, 1.0)
    return out


def clear(found: Diagnosis) -> bool:
    """Whether no further experiment is needed.

    That nothing was found is no answer to a loss: it may be noise, and other seeds say so.
    """
    unexplained = found.comparison.outcome is Outcome.WORSE and not found.causes
    return not unexplained and max([found.nothing, *(c.score for c in found.causes)]) >= CLEAR
