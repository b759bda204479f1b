"""Runs and their parts in the terminal, and as plain data for scripts."""

from __future__ import annotations

from pipeline.show.history import runs_data, runs_table
from pipeline.show.parts import PARTS, part_data, show

__all__ = ["PARTS", "part_data", "runs_data", "runs_table", "show"]
