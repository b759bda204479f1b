"""What the curves of a training say about it: one finding for each way in which it can go wrong, passes included.

They judge the training; gates judge the model. So they block only where the training was clearly bad, and warn otherwise.
"""

from __future__ import annotations

from components import fit_findings, pace_findings
from components.course import Course, report
from schemas.config import Train
from schemas.findings import Finding, Severity
from schemas.run_record import Training

#: The cause before the consequence: most remedies help the findings below as well.
RULES = (
    fit_findings.exploding_gradients,
    pace_findings.learning_rate_high,
    pace_findings.learning_rate_low,
    pace_findings.too_few_epochs,
    pace_findings.stopped_early,
    fit_findings.dead_units,
    fit_findings.too_wide,
    fit_findings.overfitting_early,
    fit_findings.underfit,
    fit_findings.never_learned,
)


def training_findings(training: Training, config: Train) -> list[Finding]:
    """All findings. When a loss was not finite, there is no course to judge: only that, and whether gradients exploded."""
    course = Course(training, config)
    finite = _finite(course)
    if not course.finite:
        explosion = [fit_findings.exploding_gradients(course)] if course.epochs else []
        return [finite, *explosion]
    return [finite, *(rule(course) for rule in RULES)]


def _finite(course: Course) -> Finding:
    if course.finite:
        return report("training_finite", Severity.OK, "every loss was finite.", "")
    return report(
        "training_finite",
        Severity.BLOCK,
        f"the loss became NaN or infinite in epoch {len(course.epochs)}.",
        "Lower train.learning_rate (try a tenth), and look for extreme values in the inputs.",
    )
