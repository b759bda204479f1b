"""`retrain schedule`: retrains that start by themselves.

decision.py decides (pure), triggers.py and watch.py say what there is to decide about, state.py remembers, launcher.py and standby.py run,
daemon.py ties them together. The scheduler imports neither TensorFlow nor TFX.
"""
