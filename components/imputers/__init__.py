"""Rules that choose the value standing in for a missing one: one file each."""
