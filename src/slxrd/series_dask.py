"""The one door to dask.distributed: the workers of a running scheduler as an executor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from slxrd.errors import SlxrdError

#: Seconds to wait for a scheduler to answer.
_PATIENCE = 10


@contextmanager
def dask_workers(address: str) -> Iterator[Executor]:
    """Connect to a scheduler, and give its workers as an executor.

    Parameters
    ----------
    address : str
        ``tcp://host:8786``.

    Raises
    ------
    SlxrdError
        If dask is not installed, nothing answers, there is no worker, or a worker has another slxrd.
    """
    try:
        import distributed
    except ImportError:
        raise SlxrdError("--scheduler needs dask: python -m pip install 'slxrd[dask]'") from None
    try:
        client_of: Any = distributed.Client
        client = client_of(address, timeout=_PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        text = " ".join(str(error).split())
        raise SlxrdError(
            f"--scheduler {address}: no scheduler answers ({text}); write its address as tcp://host:8786"
        ) from None
    with client:
        own = version("slxrd")
        try:
            found = client.run(version, "slxrd", on_error="return")
        except ValueError:
            found = {}
        if not found:
            raise SlxrdError(f"--scheduler {address}: has no worker; start some (dask worker {address})")
        for worker, theirs in found.items():
            if theirs != own:
                said = f"slxrd {theirs}" if isinstance(theirs, str) else "no slxrd"
                raise SlxrdError(
                    f"--scheduler {address}: worker {worker} has {said}, here is {own}; install the same"
                )
        yield client.get_executor()
