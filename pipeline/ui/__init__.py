"""`retrain ui`: a web page on this machine, made from the same records and functions as the terminal."""
