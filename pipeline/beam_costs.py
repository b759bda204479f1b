"""Beam's local runner without what costs seconds of each run and serves nothing here. No result depends on it."""

from __future__ import annotations


def keep_no_state() -> None:
    """Lets no cache keep side inputs, for all pipelines that this process runs from now on.

    They are in this process's memory anyway. To keep one in a cache too, Beam measures it with all that it refers to, and lists the globals
    of all modules for that: 2 s of the 24 s of processor time that the stages of the taxi example take (Beam 2.62). A cache without
    room is not used. Nothing is changed in a Beam that has no such cache.
    """
    from apache_beam.runners.portability.fn_api_runner import worker_handlers

    if hasattr(worker_handlers, "STATE_CACHE_SIZE_MB"):
        worker_handlers.STATE_CACHE_SIZE_MB = 0
