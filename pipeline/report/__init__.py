"""A run as one self-contained HTML page: works offline and from file://, without scripts or requests."""

from __future__ import annotations

from pipeline.report.page import render

__all__ = ["render"]
