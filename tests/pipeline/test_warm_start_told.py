"""What people read about a warm start: on the page, in the terminal, in the card."""

from pipeline.report import render
from pipeline.show.numbers import curves
from pipeline.wording import warm_start_told
from schemas.run_record import Scale, WarmStart
from tests import factories
from tests.pipeline.printed import printed

WARM = WarmStart(
    warm=True,
    why="train.warm_start: 98.0% of the weights were taken over from the served model.",
    champion="version 3",
    share=0.98,
    fresh=["embedding/embeddings: 3 of 19 are new (company)"],
    gone=["classes: old"],
    moved={"fare": Scale(shift=0.5, ratio=1.5), "miles": Scale(shift=-0.1, ratio=0.5)},
    val_loss=0.25,
    cold_val_loss=0.75,
)
COLD = WarmStart(warm=False, why="train.warm_start: nothing is served yet; training started from fresh weights.")


def test_warm_cold_and_none():
    assert warm_start_told(None) == []
    assert warm_start_told(COLD) == [COLD.why]
    assert warm_start_told(WARM) == [
        "From version 3: 98 % of the weights; eval loss 0.25 before the first epoch, 0.75 with fresh weights.",
        "Fresh: embedding/embeddings: 3 of 19 are new (company).",
        "Gone: classes: old.",
        # The width of miles halved, which is further than half a width and half as wide again.
        "Of all scalings, that of miles moved furthest: its centre by -0.1 widths, its width by a factor of 0.5.",
    ]
    still = WARM.model_copy(update={"moved": {"fare": Scale(shift=0.009, ratio=1.009)}})
    assert not any("scaling" in told for told in warm_start_told(still))


def test_page_and_terminal_say_it():
    training = factories.training().model_copy(update={"warm_start": WARM})
    record = factories.pushed(training=training)
    page, shown = render(record), printed(curves(record))
    assert "From version 3: 98 % of the weights" in page
    assert "version 3" in shown
    plain = factories.pushed()
    assert "of the weights; eval loss" not in render(plain)
    assert "warm start" not in printed(curves(plain))
