"""The commands of `retrain`, one module each, imported by `pipeline.cli` when they are called."""
