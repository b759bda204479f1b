import pytest

from components.class_weights.sqrt import Sqrt


def test_literal():
    # 1 : sqrt(4) = 1 : 2, and 80 * 5/6 + 20 * 10/6 = 100.
    assert Sqrt().weights({"0": 80, "1": 20}) == pytest.approx({"0": 5 / 6, "1": 10 / 6})


def test_equal_classes_weigh_one():
    assert Sqrt().weights({"a": 7, "b": 7, "c": 7}) == pytest.approx({"a": 1, "b": 1, "c": 1})


def test_a_hundredth_of_the_rows_weighs_ten_times_as_much():
    weights = Sqrt().weights({"a": 10_000, "b": 100, "c": 2500})
    assert weights["b"] / weights["a"] == pytest.approx(10)
    assert weights["c"] / weights["a"] == pytest.approx(2)
    assert 10_000 * weights["a"] + 100 * weights["b"] + 2500 * weights["c"] == pytest.approx(12_600)


@pytest.mark.parametrize(("counts", "says"), [({"0": 5, "1": 0}, "sqrt: .*'1'"), ({}, "no classes")])
def test_refuses_classes_without_rows(counts, says):
    with pytest.raises(ValueError, match=says):
        Sqrt().weights(counts)
