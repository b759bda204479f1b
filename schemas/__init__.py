"""Shapes of everything in Retrain: configuration, findings, evidence, run records. No TensorFlow, no TFX."""

__version__ = "0.1.0"
