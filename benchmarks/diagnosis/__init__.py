"""How often `retrain why` is right: faults put into data files and configurations, one at a time, and the cause it names first.

The faults (`datasets`, `injection`, `cases`) import nothing of the diagnosis, and it nothing of theirs; the two share only the names of
causes, as written in results. `trial` and `inspected` run and ask.
"""
