"""One experiment a file: what to swap in a retrain, and which causes that undoes. The file's name is its code."""
