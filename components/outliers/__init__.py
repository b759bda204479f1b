"""Rules for values far out: where they are cut off, and what numbers are scaled by. One file each."""
