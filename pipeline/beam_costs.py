"""Beam's local runner without what costs seconds of each run and serves nothing here. No result depends on it.

Measured on the stages of the taxi example, 24 s of processor time with Beam 2.62. Nothing is changed in a Beam that does not work that way.
"""

from __future__ import annotations

import types
import weakref
from typing import Any

#: At most so long sleeps the thread that samples what a bundle is at, in milliseconds.
SAMPLE_MS = 5


def lower() -> None:
    """For all pipelines that this process runs from now on."""
    _keep_no_state()
    _remember_signatures()
    _sample_often()


def _keep_no_state() -> None:
    """Lets no cache keep side inputs, which are in this process's memory anyway: 2 s.

    To keep one, Beam measures it with all that it refers to, and lists the globals of all modules for that. A cache without room is not
    used.
    """
    from apache_beam.runners.portability.fn_api_runner import worker_handlers

    if hasattr(worker_handlers, "STATE_CACHE_SIZE_MB"):
        worker_handlers.STATE_CACHE_SIZE_MB = 0


def _remember_signatures() -> None:
    """Lets Beam inspect each method once: 1 s.

    For each step of each pipeline, and again for each bundle, it asks for the arguments of some thirty methods. Those of a method are
    those of its function, whatever it is bound to.
    """
    from apache_beam.transforms import core

    inspect = getattr(core, "get_function_args_defaults", None)
    if inspect is not None and not isinstance(inspect, _Remembering):
        core.get_function_args_defaults = _Remembering(inspect)


def _sample_often() -> None:
    """Half a second on the clock: a thread samples what a bundle is at, the seldomer the longer that takes, up to every 200 ms. The end of
    the bundle waits for it to wake."""
    from apache_beam.runners.worker import statesampler

    start = statesampler.StateSampler.__init__
    if start.__defaults__ == (getattr(statesampler, "DEFAULT_SAMPLING_PERIOD_MS", None),):
        start.__defaults__ = (SAMPLE_MS,)


class _Remembering:
    """Beam's function, asked once for each function that methods are made of."""

    def __init__(self, inspect: Any):
        self._inspect = inspect
        self._known: weakref.WeakKeyDictionary[Any, tuple[list[str], list[Any]]] = weakref.WeakKeyDictionary()

    def __call__(self, method: Any) -> tuple[list[str], list[Any]]:
        function = method.__func__ if isinstance(method, types.MethodType) else None
        if not isinstance(function, types.FunctionType):
            found: tuple[list[str], list[Any]] = self._inspect(method)
            return found
        if function not in self._known:
            self._known[function] = self._inspect(method)
        names, defaults = self._known[function]
        return list(names), list(defaults)
