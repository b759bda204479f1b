"""A run in plain sentences: what happened, why, what to do. Pure: reads a record, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipeline import time_limit
from pipeline.wording import (
    by_augmentation,
    by_tuning,
    clean,
    duration,
    interval,
    metric_name,
    metric_value,
    of_severity,
)
from schemas.evidence import SliceEvidence
from schemas.findings import Finding, Severity
from schemas.run_record import Explanation, RunRecord, StageState, Status, TimeLimit

#: More sentences than this are not read; the rest is counted and shown in the report.
MOST = 5


def explain(record: RunRecord) -> Explanation:
    """What happened in a run, why, and what to do about it."""
    return _BY_STATUS[record.status](record)


def explanation_of(record: RunRecord) -> Explanation:
    """The explanation that the record holds, or, where it holds none, a fresh one."""
    return record.explanation if record.explanation.headline else explain(record)


def main_metric(record: RunRecord) -> str | None:
    """The metric that stands for the model: the one guarded against regression, else the first configured one."""
    if record.evaluation is None:
        return None
    known = record.evaluation.overall.candidate
    evaluate = record.config.get("evaluate") or {}
    gates = evaluate.get("gates") or []
    guarded = [
        g["params"].get("metric")
        for g in gates
        if isinstance(g, dict) and g.get("name") == "no_regression" and isinstance(g.get("params"), dict)
    ]
    for metric in [*guarded, *(evaluate.get("metrics") or []), *known]:
        if metric in known:
            return str(metric)
    return None


def _pushed(record: RunRecord) -> Explanation:
    version = f"version {record.pushed.version}" if record.pushed else "the model"
    again = " It was there already: the same model had been pushed before." if _already_there(record) else ""
    metric, overall = main_metric(record), record.evaluation.overall if record.evaluation else None
    if metric is None or overall is None:
        return Explanation(headline=f"Pushed {version}.{again}", why=_warnings(record))
    score = f"{metric_name(metric)} on test {metric_value(overall.candidate[metric])}{_detail(overall, metric)}"
    comparison = _comparison(record, overall, metric)
    return Explanation(
        headline=f"Pushed {version}: {score}; {comparison}.{again}",
        why=[*_harder(record), *_warnings(record)],
        remedies=_remedies(record, Severity.WARN),
    )


def _harder(record: RunRecord) -> list[str]:
    """What the champion says of the new rows, when it is clear that they are harder: then it is not the model alone."""
    cross = record.evaluation.cross if record.evaluation else None
    return [clean(cross.data)] if cross and cross.verdict == "harder" else []


def _already_there(record: RunRecord) -> bool:
    return record.pushed is not None and record.pushed.already_there


def _detail(overall: SliceEvidence, metric: str) -> str:
    ends = interval(overall.candidate[metric])
    rows = f"{overall.rows:,} rows"
    return f" ({rows})" if ends == "–" else f" (95 % {ends}, {rows})"


def _comparison(record: RunRecord, overall: SliceEvidence, metric: str) -> str:
    champion = (record.evaluation.champion if record.evaluation else None) or record.champion
    old = (overall.champion or {}).get(metric)
    if champion is None or old is None:
        return "there was no champion to compare with"
    name = f"the champion, {clean(champion)} ({metric_value(old)})"
    change = (overall.difference or {}).get(metric)
    if change is None or change.value is None:
        return f"compare {name}"
    if change.low is not None and change.high is not None and change.low <= 0 <= change.high:
        return f"no clear difference from {name}"
    higher = record.evaluation.higher_is_better.get(metric, True) if record.evaluation else True
    word = "better" if (change.value > 0) == higher else "worse"
    return f"{abs(change.value):.3f} {word} than {name}"


def _nothing_new(record: RunRecord) -> Explanation:
    about = "this data" if record.span is None else f"span {record.span}"
    return Explanation(
        headline=f"Nothing to do: {about} was trained on before with this configuration; {_served(record)}.",
        why=["Neither the data nor the configuration has changed since."],
    )


def _checked(record: RunRecord) -> Explanation:
    about = "The data" if record.span is None else f"Span {record.span}"
    warnings = len(of_severity(record, Severity.WARN))
    told = f"{warnings} warning{'s' * (warnings != 1)}" if warnings else "no warning"
    return Explanation(
        headline=f"{about} passed as far as asked for (until {clean(record.until)}), with {told}; {_served(record)}.",
        why=_warnings(record),
        remedies=_remedies(record, Severity.WARN),
    )


def _blocked(record: RunRecord) -> Explanation:
    blocks = of_severity(record, Severity.BLOCK)
    if by_tuning(record):
        headline = f"Blocked by tuning: no trial could be trained; no model was made, {_served(record)}."
        return Explanation(
            headline=headline, why=_first(f.message for f in blocks), remedies=_remedies(record, Severity.BLOCK)
        )
    about = "" if record.span is None else f" in span {record.span}"
    what = "augmentation" if by_augmentation(record) else f"data{about}"
    return Explanation(
        headline=f"Blocked by {what}: {_count(blocks, 'check')} failed; nothing was trained, {_served(record)}.",
        why=_first(f.message for f in blocks) or [_no_reason(record)],
        remedies=_remedies(record, Severity.BLOCK),
    )


def _not_blessed(record: RunRecord) -> Explanation:
    blocks = of_severity(record, Severity.BLOCK)
    withheld = bool(blocks) and all(f.code == "rolled_back" for f in blocks)
    why = "this model was rolled back before" if withheld else f"the new model failed {_count(blocks, 'gate')}"
    return Explanation(
        headline=f"Not pushed: {why}{'' if withheld else _if_worse(record)}; {_served(record)}.",
        why=[*(_first(f.message for f in blocks) or [_no_reason(record)]), *([] if withheld else _harder(record))],
        remedies=_remedies(record, Severity.BLOCK),
    )


def _if_worse(record: RunRecord) -> str:
    """``: AUC on test 0.823, 0.115 worse than the champion, version 2 (0.938)`` when that is clear; else nothing."""
    metric = main_metric(record)
    if record.evaluation is None or metric is None:
        return ""
    overall = record.evaluation.overall
    comparison = _comparison(record, overall, metric)
    if " worse than " not in comparison:
        return ""
    return f": {metric_name(metric)} on test {metric_value(overall.candidate[metric])}, {comparison}"


def _failed(record: RunRecord) -> Explanation:
    where = f" in stage {clean(record.failed_stage)}" if record.failed_stage else ""
    if record.time_limit is not None:
        return _too_slow(record, record.time_limit, where)
    return Explanation(
        headline=f"Failed{where}; {_served(record)}.",
        why=[clean(record.error) if record.error else "The cause was not recorded.", *_log(record)],
        remedies=["Mend the cause and run again; stages that were done are not repeated. Details: --debug."],
    )


def _too_slow(record: RunRecord, limit: TimeLimit, where: str) -> Explanation:
    what = "the run" if limit.whole else "it"
    return Explanation(
        headline=f"Failed{where}: {what} took longer than {duration(limit.seconds)} ({clean(limit.setting)}); {_served(record)}.",
        why=[*time_limit.evidence(limit), *_log(record)],
        remedies=[time_limit.remedy(limit), "Stages that were done are not repeated by the next run."],
    )


def _interrupted(record: RunRecord) -> Explanation:
    began = [s for s in record.stages if s.state is StageState.RUNNING]
    where = f" in stage {clean(began[0].name)}" if began else ""
    after = f" after {duration(record.seconds)}" if record.seconds is not None else ""
    return Explanation(
        headline=f"Interrupted{where}{after}; {_served(record)}.",
        why=[
            clean(record.error) if record.error else "The process was stopped before the run had ended.",
            *_log(record),
        ],
        remedies=["Run again: stages that were done are not repeated."],
    )


def _invalid(record: RunRecord) -> Explanation:
    late = record.failed_stage not in (None, "plan")
    return Explanation(
        headline=f"Stopped in stage {clean(record.failed_stage)}: the configuration cannot be used; {_served(record)}."
        if late
        else "Not started: the configuration, the data path or the environment cannot be used.",
        why=clean(record.error).splitlines() if record.error else ["The cause was not recorded.", *_log(record)],
        remedies=["Correct it; `retrain check CONFIG` says in two seconds whether all is well."],
    )


def _running(record: RunRecord) -> Explanation:
    now = [s.name for s in record.stages if s.state is StageState.RUNNING]
    return Explanation(headline=f"Running: {clean(now[0]) if now else 'starting'}; {_served(record)}.")


_BY_STATUS: dict[Status, Callable[[RunRecord], Explanation]] = {
    Status.RUNNING: _running,
    Status.PUSHED: _pushed,
    Status.CHECKED: _checked,
    Status.NOTHING_NEW: _nothing_new,
    Status.BLOCKED: _blocked,
    Status.NOT_BLESSED: _not_blessed,
    Status.INVALID: _invalid,
    Status.FAILED: _failed,
    Status.INTERRUPTED: _interrupted,
}


def _count(findings: list[Finding], word: str) -> str:
    """``1 check (fare)``, ``2 checks (fare, rows)``; not more than three names."""
    subjects = list(dict.fromkeys(clean(f.subject) for f in findings))
    if not subjects:
        return f"a {word}"
    names = ", ".join(subjects[:3]) + (", ..." if len(subjects) > 3 else "")
    return f"{len(findings)} {word}{'s' if len(findings) > 1 else ''} ({names})"


def _served(record: RunRecord) -> str:
    """What is served after this run, as the end of a sentence."""
    if record.pushed is not None:
        return f"version {record.pushed.version} had been pushed before that"
    if record.served is not None:
        return f"version {record.served.version} stays served"
    return "nothing is served yet"


def _warnings(record: RunRecord) -> list[str]:
    return _first(f.message for f in of_severity(record, Severity.WARN))


def _remedies(record: RunRecord, severity: Severity) -> list[str]:
    return _first(f.remedy for f in of_severity(record, severity) if f.remedy)


def _first(sentences: Iterable[str]) -> list[str]:
    """The first few different sentences, and how many more there are."""
    unique = list(dict.fromkeys(clean(s) for s in sentences))
    rest = len(unique) - MOST
    return unique[:MOST] + ([f"And {rest} more; see the findings."] if rest > 0 else [])


def _no_reason(record: RunRecord) -> str:
    return " ".join(["The record holds no finding that says why; this is a fault of Retrain.", *_log(record)])


def _log(record: RunRecord) -> list[str]:
    return [f"Log: {record.log}"] if record.log else []
