"""Rules that weight the rows of a class in training: one file each."""
