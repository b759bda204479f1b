"""What the report draws of a classifier: points of curves, groups of rows and counts; part of `ModelEvidence`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Curve(BaseModel):
    """Points of a curve, at most 60, from left to right; all 0 to 1."""

    model_config = ConfigDict(extra="forbid")

    x: list[float]
    y: list[float]


class Reliability(BaseModel):
    """What a model says against what came true: groups of at least 10 rows by their probability, the lowest first.

    Attributes:
        probability: mean probability of each group: with two classes that of the second, with more that of the likeliest class.
        share: share of the rows of each group that are of that class.
        rows: rows of each group.
    """

    model_config = ConfigDict(extra="forbid")

    probability: list[float]
    share: list[float]
    rows: list[int]


class ModelPlots(BaseModel):
    """What is drawn of one model of classes.

    Attributes:
        confusion: rows by their class (down) and by the class that they are taken for (across); empty with more than 20 classes.
        roc: true over false positive rate of the second class; with more than two, the mean over the classes, each against the rest. None
            where a class has no rows, or all.
        pr: precision over recall, likewise.
        reliability: None with fewer than 20 rows.
    """

    model_config = ConfigDict(extra="forbid")

    confusion: list[list[int]]
    roc: Curve | None
    pr: Curve | None
    reliability: Reliability | None


class Plots(BaseModel):
    """What is drawn of classes on all test rows.

    Attributes:
        classes: label values in the order of `ModelPlots.confusion`.
        champion: on the same rows; None without one, and where its answers are not finite.
    """

    model_config = ConfigDict(extra="forbid")

    classes: list[str]
    candidate: ModelPlots
    champion: ModelPlots | None = None
