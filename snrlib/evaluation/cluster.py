"""A cluster behind joblib: the same scoring calls, on the workers of a Dask scheduler.

Dask hands the work of a worker that dies to another one; since each score is a function of its
mixture alone, none is lost and none counted twice. Install it with `pip install distributed`
on this machine and on the workers, which need the kit, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from snrlib.support.errors import SnrlibError


@contextmanager
def joined(address: str, patience: float = 20.0) -> Iterator[None]:
    """Lets joblib's work inside the block run on a cluster; on this machine without an address.

    Args:
        address: of the Dask scheduler, such as `tcp://10.0.0.5:8786`; "" for none.
        patience: seconds to wait for it.

    Raises:
        SnrlibError: Dask is not installed, or nothing answers at that address.
    """
    if not address:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise SnrlibError(
            "A cluster needs Dask, which is not installed; run: pip install distributed"
        ) from error
    from joblib import parallel_config

    try:
        client = Client(address, timeout=patience)
    except (OSError, ValueError) as error:
        raise SnrlibError(
            f"No Dask scheduler answers at {address} ({error}); start one with `dask scheduler` "
            "and give the address that it prints."
        ) from error
    with client, parallel_config(backend="dask"):
        yield
