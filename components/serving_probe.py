"""Asks a SavedModel as a server would: a fresh process with nothing but TensorFlow, serialized examples in, scores out.

    python serving_probe.py

Imports TensorFlow and waits for a first line on its standard input: a JSON list of the model's folder, a file of records and the file to
write. Loads the model and answers once, then waits for a second line: what else the machine does should be over when latency is measured.
Writes JSON: ``load_seconds``, ``seconds`` (one request per row) and ``scores``. It imports nothing of ours, and ends with its input.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Runs once."""
    import tensorflow as tf

    asked = sys.stdin.readline()
    if not asked:
        return
    model, records, output = json.loads(asked)
    began = time.perf_counter()
    loaded = tf.saved_model.load(model)
    serve = loaded.signatures["serving_default"]
    rows = [tf.constant([r]) for r in tf.data.TFRecordDataset(records).as_numpy_iterator()]
    serve(examples=rows[0])
    load_seconds = time.perf_counter() - began
    if not sys.stdin.readline():
        return
    seconds, scores = [], []
    for row in rows:
        began = time.perf_counter()
        (answer,) = serve(examples=row).values()
        answered = answer.numpy()
        seconds.append(time.perf_counter() - began)
        scores.append(answered[0].tolist())
    with open(output, "w", encoding="utf-8") as file:
        json.dump({"load_seconds": load_seconds, "seconds": seconds, "scores": scores}, file)


if __name__ == "__main__":
    main()
