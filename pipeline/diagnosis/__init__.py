"""Why a retrain did what it did: run records in, ranked causes out. Imports no TensorFlow."""
