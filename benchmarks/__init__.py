"""Comparisons of speed and results; see docs/performance.md."""
