"""Classes that are too rare to learn or to judge: in the whole window, since that is what training sees."""

from __future__ import annotations

from components import statistics_rules as rules
from components.checks._common import Numbers, above, bounds, percent, report
from components.interfaces import Check, DataContext, plugin
from components.parameters import AmountLimit, CountLimit, ShareLimit
from schemas.evidence import SPLITS
from schemas.findings import Finding, Severity

REMEDY_LABEL = "Look at data.label and at the rows that were selected; widen data.window if the spans are right."
REMEDY_SPLIT = "Widen data.window, set data.split.stratify: true, enlarge that split, or drop the class from the data."
REMEDY_RARE = "Set train.class_weights: balanced, collect more rows of it, or raise checks.class_balance."
REMEDY_WEIGHTED = (
    "Collect more rows of it, and hold its recall with evaluate.gates.recall_floor; or raise checks.class_balance."
)
REMEDY_AMOUNT = "set data.task: regression, if it is an amount (how much) and not a class (which one)."
#: More different numbers than this look like an amount: ratings, grades and digits have at most as many.
AMOUNT_CLASSES = 20


@plugin
class Warn:
    """20 % and 4:1: Google's imbalance guide. Five test rows: below, one row moves the class's recall by over 20 %."""

    minority_share: ShareLimit = 0.2
    ratio: AmountLimit = 4.0
    test_rows: CountLimit = 5


@plugin
class Block:
    """1 %: Google's "extreme" imbalance. 10:1: SageMaker's bound."""

    minority_share: ShareLimit = 0.01
    ratio: AmountLimit = 10.0


@plugin
class ClassBalance(Check):
    """Share of the rarest class, and most to least frequent, over the train split of the window.

    Class weights even an imbalance out, so with them `warn` passes and `block` warns. The shares hold for two classes;
    for k classes they are taken times 2/k, since 10 equal classes have 10 % each. A share must be below its limit beyond
    chance: 15 % of 200 rows may well be a class of 20 %. One class only, or a class without rows in a split, always blocks.

    Attributes:
        warn: `minority_share` (0.2), `ratio` (4), and `test_rows` (5), the fewest test rows per class.
        block: `minority_share` (0.01), `ratio` (10).
    """

    for_amounts = False

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """Findings about the balance, and about classes that a split has none or too few of."""
        splits = {name: context.window.labels.get(name, {}) for name in SPLITS}
        classes = sorted({c for counts in splits.values() for c, n in counts.items() if n})
        if len(classes) < 2:
            return [self._one_class(context, classes)]
        train = {c: splits["train"].get(c, 0) for c in classes}
        found = [self._balance(context, train)] if all(train.values()) else []
        for name in classes:
            found += self._per_split(context, name, {s: splits[s].get(name, 0) for s in SPLITS})
        return [_hinted(f, classes) for f in found] if _like_amounts(classes) else found

    def _balance(self, context: DataContext, train: dict[str, int]) -> Finding:
        rarest = min(train, key=lambda c: (train[c], c))
        share, ratio = train[rarest] / sum(train.values()), max(train.values()) / train[rarest]
        worst = 2 if _beyond(train, self.block, rules.BLOCK_ALPHA) else int(_beyond(train, self.warn, rules.ALPHA))
        level = (Severity.OK, Severity.WARN, Severity.BLOCK)[max(0, worst - context.class_weights)]
        bound = self.block if worst == 2 else self.warn
        label, total = context.window.label, sum(train.values())
        text = f"{label}: the rarest class {rarest!r} has {percent(share)} ({train[rarest]} of {total} train rows), "
        text += f"the most frequent one {ratio:.1f} times as many"
        if worst:
            text += (
                f"; the limits are {percent((bound.minority_share or 0) * 2 / len(train))} and {bound.ratio or 0:g}:1"
            )
            text += " (class weights or sampling even this out)" if context.class_weights else ""
        values = {"share": share, "ratio": ratio, "rows": train[rarest], "classes": len(train)}
        observed: Numbers = {"class": rarest, **values}
        allowed = bounds(self, class_weights=int(context.class_weights))
        remedy = REMEDY_WEIGHTED if context.class_weights else REMEDY_RARE
        return report(context, "class_balance", label, level, observed, allowed, f"{text}.", remedy)

    def _one_class(self, context: DataContext, classes: list[str]) -> Finding:
        label, got = context.window.label, f"only the class {classes[0]!r}" if classes else "no labelled rows at all"
        text = f"{label}: a model needs at least two classes, the window has {got}."
        observed, allowed = {"classes": len(classes)}, {"classes": 2}
        return report(context, "class_balance", label, Severity.BLOCK, observed, allowed, text, REMEDY_LABEL)

    def _per_split(self, context: DataContext, name: str, rows: dict[str, int]) -> list[Finding]:
        """What is wrong with one class: no rows in some split, or too few in test. Empty when all is well."""
        label, empty, least = context.window.label, [s for s in SPLITS if not rows[s]], self.warn.test_rows
        if empty:
            counts = ", ".join(f"{s} {n}" for s, n in rows.items())
            text = (
                f"{label}: the class {name!r} has no rows in {' and '.join(empty)} ({counts}); every split needs some."
            )
            level = Severity.BLOCK
        elif least is not None and rows["test"] < least:
            text = f"{label}: the class {name!r} has {rows['test']} test rows; at least {least} are needed to judge it."
            level = Severity.WARN
        else:
            return []
        allowed = {"test_rows": least}
        return [report(context, "class_balance", f"{label}={name}", level, rows, allowed, text, REMEDY_SPLIT)]


def _like_amounts(classes: list[str]) -> bool:
    """Whether the classes are numbers, and either not all whole or many."""
    try:
        numbers = [float(c) for c in classes]
    except ValueError:
        return False
    return len(numbers) > AMOUNT_CLASSES or not all(n.is_integer() for n in numbers)


def _hinted(finding: Finding, classes: list[str]) -> Finding:
    """A finding that something is wrong says first that the label may be no class at all."""
    if finding.severity is Severity.OK:
        return finding
    hint = f"The label has {len(classes)} different numbers: {REMEDY_AMOUNT} Else: "
    return finding.model_copy(update={"remedy": hint + finding.remedy})


def _beyond(train: dict[str, int], bound: Warn | Block, alpha: float) -> bool:
    """Whether the rarest class is rarer than a limit allows and than chance explains (over all classes)."""
    rows, least, most = sum(train.values()), min(train.values()), max(train.values())
    cases = []
    if bound.minority_share is not None:
        cases.append((rows, bound.minority_share * 2 / len(train)))
    if bound.ratio is not None:
        cases.append((least + most, 1 / (1 + bound.ratio)))
    return any(
        above(share, least / of) and rules.at_least_p(of - least, of, 1 - share) < alpha / len(train)
        for of, share in cases
    )
