"""Where a pipeline runs; the file's name is the target's name in the configuration. Each has `run(pipeline)`."""
