"""Model families, one a file. Keras is imported inside `build`, so that reading a configuration stays fast."""
