"""Types of plug-in parameters. They refuse what slips in by YAML: ``true`` as a number, quoted numbers, ``.nan``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.config import METRICS, did_you_mean


def _off(value: Any) -> Any:
    # `value in (False, ...)` would take 0 for False.
    return None if value is False or value in ("off", "none") else value


def _metric(name: str) -> str:
    if name not in METRICS:
        hint = did_you_mean(name, list(METRICS)).strip().rstrip("?.")
        raise ValueError(f"is not a metric ({hint[0].lower()}{hint[1:]})")
    return name


#: A finite number, not negative.
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
#: A finite number.
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
#: A share of rows, 0 to 1.
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
#: A number of rows.
Count = Annotated[int, Field(strict=True, ge=0)]
#: A bound that ``off`` turns off.
AmountLimit = Annotated[Amount | None, BeforeValidator(_off)]
ShareLimit = Annotated[Share | None, BeforeValidator(_off)]
CountLimit = Annotated[Count | None, BeforeValidator(_off)]
#: Name of a metric.
MetricName = Annotated[str, AfterValidator(_metric)]
