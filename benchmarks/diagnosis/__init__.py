"""How often `retrain why` is right: faults put into data files and configurations, one at a time, and the cause it names first.

Nothing here is imported from the diagnosis, and nothing there from here; the two share only the names of causes, as written in results.
"""
