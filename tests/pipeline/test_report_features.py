"""The line of each feature in the report, and what the page must not hold: values of rows, and more bytes than it needs."""

import numpy as np
import pytest

from pipeline.report import render
from pipeline.report.charts import curves_chart, rate_chart
from pipeline.report.features import FEW, WIDTH, feature_rows
from schemas.evidence import QUANTILES, SPLITS, DataEvidence, FeatureEvidence, SpanEvidence, SplitFeature
from schemas.findings import Severity
from tests import factories
from tests.pipeline.test_report_classes import drawn


def quantiles(centre, low=None, high=None):
    """Of a normal feature around `centre`; `low` and `high` are its smallest and largest value."""
    values = [float(v) for v in np.quantile(np.random.default_rng(0).normal(centre, 1.0, 1000), QUANTILES)]
    return [values[0] if low is None else low, *values[1:-1], values[-1] if high is None else high]


def span(number, features):
    labels = {s: {"0": 70, "1": 30} for s in ("train", "eval", "test")}
    return SpanEvidence(span=number, rows=300, labels=labels, features=features)


def window(**last):
    """Two spans with `fare` (numbers) and `company` (categories)."""
    before = {
        "fare": FeatureEvidence(kind="numeric", present=300, missing=0, quantiles=quantiles(10.0)),
        "company": FeatureEvidence(kind="categorical", present=280, missing=20, values={"Sun": 200, "Moon": 80}),
    }
    return DataEvidence(label="big_tipper", spans=[span(7, before), span(8, {**before, **last})])


def drift(code="numeric_drift", unit="bits", severity="ok", value=0.02, **allowed):
    limits = {f"warn_{unit}": 0.011, f"block_{unit}": 0.042, f"warn_noise_{unit}": 0.0067, **allowed}
    subject = "fare" if unit == "bits" else "company"
    return factories.finding(severity, code=code, subject=subject, observed={unit: value}, allowed=limits)


def by_name(data, findings=()):
    return {r.name: r for r in feature_rows(data, findings)}


def test_numbers_that_moved_up_are_drawn_further_right_than_in_the_span_before():
    moved = FeatureEvidence(kind="numeric", present=300, missing=0, quantiles=quantiles(12.0))
    now, before = by_name(window(fare=moved))["fare"].shape.boxes
    assert now.median > before.median
    for box in (now, before):
        assert 0 <= box.ends[0] < box.half[0] < box.median < box.half[1] < box.ends[1] <= WIDTH
    assert "in the span before: median 9.925" in by_name(window(fare=moved))["fare"].shape.told


def test_one_far_value_changes_nothing_that_is_drawn():
    far = FeatureEvidence(kind="numeric", present=300, missing=0, quantiles=quantiles(10.0, high=987654.25))
    assert by_name(window(fare=far))["fare"].shape == by_name(window())["fare"].shape


def test_a_handful_of_numbers_is_not_drawn_as_they_would_be_those_of_rows():
    few = FeatureEvidence(kind="numeric", present=FEW - 1, missing=0, quantiles=quantiles(10.0))
    enough = few.model_copy(update={"present": FEW})
    assert by_name(window(fare=few))["fare"].shape is None
    assert len(by_name(window(fare=enough))["fare"].shape.boxes) == 2
    seldom = window()
    seldom.spans[0].features["fare"] = few
    assert len(by_name(seldom)["fare"].shape.boxes) == 1


def test_categories_are_drawn_in_the_same_order_by_share():
    turned = FeatureEvidence(kind="categorical", present=100, missing=0, values={"Sun": 25, "Moon": 75})
    now, before = by_name(window(company=turned))["company"].shape.bars
    assert [h for *_, h in now] == sorted((h for *_, h in now), reverse=True)
    assert [h for *_, h in before] == sorted(h for *_, h in before)  # Moon comes first now, and was the rarer one
    assert "75 %, 25 %" in by_name(window(company=turned))["company"].shape.told


def test_drift_has_its_value_limits_noise_and_verdict():
    rows = by_name(window(), [drift(severity="warn"), drift("category_drift", "l_infinity", value=0.03)])
    of = rows["fare"].drift
    assert (of.value, of.warns, of.blocks, of.noise, of.state) == ("0.02 bits", "0.011", "0.042", "0.0067", "warn")
    of = rows["company"].drift
    assert (of.value, of.warns, of.blocks, of.noise, of.state) == ("3 points", "1.1", "4.2", "0.67", "ok")
    same = by_name(window(), [drift(value=3e-15)])["fare"].drift
    assert same.value == "0 bits"
    off = by_name(window(), [drift(warn_bits=None)])["fare"].drift
    assert (off.warns, off.blocks) == ("–", "0.042")


def in_splits(feature, **splits):
    return feature.model_copy(update={"splits": splits})


def part(present, centre=None, values=None, missing=0):
    box = None if centre is None else [centre + d for d in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    return SplitFeature(present=present, missing=missing, quantiles=box, values=values)


def test_each_split_is_drawn_by_itself_and_one_with_few_rows_is_not():
    fare = window().newest.features["fare"]
    uneven = in_splits(fare, train=part(200, 10.0), eval=part(50, 14.0, missing=50), test=part(FEW - 1, 9.0))
    shape = by_name(window(fare=uneven))["fare"].splits
    train, evaluated = shape.boxes
    assert train.median < evaluated.median
    assert shape.told.startswith("train (0 % missing): median 10, 90 % from 8 to 12; eval (50 % missing): median 14")
    assert "test" not in shape.told
    assert by_name(window())["fare"].splits is None


def test_categories_of_each_split_are_shares_of_its_rows():
    company = window().newest.features["company"]
    parts = {s: part(100, values={"Sun": n, "Moon": 100 - n}) for s, n in (("train", 70), ("eval", 70), ("test", 20))}
    shape = by_name(window(company=in_splits(company, **parts)))["company"].splits
    assert [bars[0][2] for bars in shape.bars] == [bars[0][2] for bars in shape.bars[:2]] + [shape.bars[2][0][2]]
    assert shape.bars[0][0][2] == shape.bars[1][0][2] > shape.bars[2][0][2]
    assert "test (0 % missing): the largest shares of them 20 %, 80 %" in shape.told
    assert "Sun" not in shape.told


def test_what_is_typical_is_followed_over_the_window():
    moved = FeatureEvidence(kind="numeric", present=300, missing=0, quantiles=quantiles(12.0))
    rows = by_name(window(fare=moved))
    assert rows["fare"].typical.told.startswith("median: span 7: 9.9")
    ((_, first), (_, last)) = (p.split(",") for p in rows["fare"].typical.line.parts[0].split())
    assert float(first) > float(last)  # y grows downwards
    assert rows["company"].typical.told == "share of the most frequent value: span 7: 71.4 %, span 8: 71.4 %"
    few = moved.model_copy(update={"present": FEW - 1})
    assert "span 8: –" in by_name(window(fare=few))["fare"].typical.told


def test_where_nothing_is_known_nothing_is_drawn():
    plain = feature_rows(factories.data(spans=1), [])
    assert all(r.shape is None for r in plain if r.kind == "numeric")
    assert all(r.drift is None for r in plain)
    assert "in the span before" not in " ".join(r.shape.told for r in plain if r.shape)
    empty = FeatureEvidence(kind="numeric", present=0, missing=300)
    assert by_name(window(fare=empty))["fare"].missing == "100 % (300)"


def test_the_page_has_the_line_of_each_feature():
    found = [drift(severity="warn"), *factories.passes()]
    page = render(factories.pushed(data=window(), findings=found))
    assert page.count('class="shape"') == 2
    assert "0.02 bits" in page
    assert 'data-label="drift" class="n warn"' in page


def test_early_stopping_is_marked_where_the_curves_end():
    chart = curves_chart(factories.training(14, 9))
    assert chart.mark < chart.stop == chart.x_ticks[-1][0]
    assert "Best epoch: 9. Stopped early after epoch 14." in chart.told
    assert rate_chart(factories.training(14, 9)).stop == chart.stop
    ran_out = factories.training(14, 14).model_copy(update={"stopped": "epochs"})
    assert curves_chart(ran_out).stop is None
    assert "stopped early" in render(factories.pushed())
    assert "stopped early" not in render(factories.pushed(training=ran_out))


def test_the_lineage_has_the_folder_of_every_artifact():
    record = factories.pushed()
    page = render(record)
    assert all(folder in page for stage in record.stages for folder in stage.artifacts.values())
    assert page.count("(of an earlier run)") == 3


@pytest.mark.parametrize("severity", list(Severity))
def test_no_value_of_a_row_is_in_the_page(severity):
    """Category names, the smallest and the largest value, and the places of rows are in the record, and not in the page."""
    secret = {"Ada Lovelace": 3, "ada@example.org": 2}
    last = {
        "fare": FeatureEvidence(
            kind="numeric", present=300, missing=0, quantiles=quantiles(10.0, low=-7777.25, high=987654.25)
        ),
        "company": FeatureEvidence(kind="categorical", present=5, missing=295, values=secret),
    }
    found = drift(severity=severity.value).model_copy(update={"rows": ("span-8/trips.csv row 4711",)})
    record = factories.pushed(data=window(**last), findings=[found], evaluation=_with_plots())
    told = record.model_dump_json()
    page = render(record)
    for text in ("Lovelace", "ada@example.org", "987654.25", "-7777.25", "row 4711"):
        assert text in told
        assert text not in page
    assert "987,654" not in page


def test_fifty_features_make_less_than_two_megabytes():
    """50 features over 12 spans, 12 slices of 10 classes, 200 epochs, and every feature with findings of ten checks."""
    names = [f"feature_{i:02d}" for i in range(50)]
    values = {f"category {v}": 1000 - v for v in range(500)}
    frequent = {s: part(300, values={f"category {v}": 40 - v for v in range(6)}) for s in SPLITS}
    features = {
        n: FeatureEvidence(kind="categorical", present=900, missing=100, values=values, splits=frequent)
        if i % 2
        else FeatureEvidence(
            kind="numeric",
            present=900,
            missing=100,
            quantiles=quantiles(float(i)),
            splits={s: part(300, float(i)) for s in SPLITS},
        )
        for i, n in enumerate(names)
    }
    data = DataEvidence(label="y", spans=[span(n, features) for n in range(12)])
    drifts = [drift().model_copy(update={"subject": n}) for n in names]
    others = [
        factories.finding("warn", code=f"rule_{i}", subject=n, remedy="Look. " * 20) for i in range(9) for n in names
    ]
    evaluation = _with_plots(10)
    slices = [evaluation.slices[0].model_copy(update={"slice": f"place={i}"}) for i in range(12)]
    record = factories.pushed(
        data=data,
        findings=[*drifts, *others],
        evaluation=evaluation.model_copy(update={"slices": [*evaluation.slices, *slices]}),
        training=factories.training(200, 150),
    )
    page = render(record)
    assert page.count('class="shape"') == 100
    assert len(page.encode()) < 2_000_000


def _with_plots(classes=2):
    return factories.evaluation().model_copy(update={"plots": drawn(classes)})
