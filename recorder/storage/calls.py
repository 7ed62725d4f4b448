"""`save` and `load`: any dict in one call."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from os import strerror
from pathlib import Path
from typing import Any

import tables

from recorder.errors import NoSpace, RecorderError, WriterError
from recorder.storage.check import require_saved
from recorder.storage.hooks import flammkuchen_io
from recorder.storage.tree import Preparer, plain
from recorder.writers.hdf5 import library
from recorder.writers.ledger import as_recorder_error
from recorder.writers.replace import Replacement

_COMPRESSION = ("blosc:zstd", 1)
"""Of what flammkuchen compresses itself: texts, small arrays, sparse matrices."""


def save(path: str | Path, data: Any) -> None:
    """Save a dict of anything in an HDF5 file, in flammkuchen's layout.

    `load` gives it back as it was, every bit and every type, except that numpy's own bool_, int64,
    float64, str_ and bytes_ scalars come back as Python's, byte orders as the machine's, a dict's
    keys in another order, and what extends dict, list or tuple as these.

    flammkuchen.load, PyTables and h5py with hdf5plugin read the file too. Stacks of pictures
    (uint8 or uint16, from 1 MiB on) are compressed as the recorder compresses frames. A key that
    cannot be a name, as a number, a tuple, a text with a slash, is kept beside its value in a
    group that flammkuchen knows. What HDF5 has no form for is pickled: long lists (unless there
    are arrays in them), texts above 60 KB, dates, masked and 0-d arrays, objects.

    Parameters
    ----------
    path
        A file of that name is replaced when the new one is complete.
    data
        Dicts, lists, tuples, arrays, numbers, texts, bytes, None, in each other.

    Raises
    ------
    RecorderError
        There is something in it that cannot be kept, or only as a pickle of 4 GiB or more.
    WriterError, NoSpace
        The file cannot be written; what was there before still is.

    Examples
    --------
    >>> save("trial.h5", {"subject": "M12", "weights": [21.5, 22.0], "frames": np.zeros((9, 4, 4))})
    """
    file = Replacement(Path(path))
    try:
        # Before the library is taken: objects are pickled here, by code of their own that may wait
        # for a thread which reads another file.
        with _translated(file.target, WriterError):
            tree = Preparer()(data)
        with library.LOCK, _translated(file.target, WriterError), warnings.catch_warnings():
            # Of names that are no identifiers, and of many values: both are fine here.
            warnings.simplefilter("ignore", tables.NaturalNameWarning)
            warnings.simplefilter("ignore", tables.PerformanceWarning)
            _write(file.fresh, tree)
            require_saved(file.fresh, tree)
    except BaseException:
        file.discard()
        raise
    file.commit()


def load(path: str | Path, group: str | Sequence[str] | None = None, sel: Any = None) -> Any:
    """Load what `save` has saved, or any HDF5 file.

    Pickles in it are loaded too, and may run code: load only files that you trust.

    Parameters
    ----------
    path
        The file.
    group
        A name in it, as in ``"trial/frames"``, to load only that; several give a tuple. Numbers
        and tuples as they are printed: ``"trials/3"``, ``"trials/(2, 3)"``.
    sel
        Part of the array that `group` names: an index, a slice or a tuple of them
        (``flammkuchen.aslice``). Only that is read.

    Returns
    -------
    dict
        Or whatever was saved, or `group` names.

    Raises
    ------
    RecorderError
        There is no such file or group, or something in it cannot be read as it is.

    Examples
    --------
    >>> save("trial.h5", {"subject": "M12", "frames": np.zeros((9, 4, 4))})
    >>> load("trial.h5")["subject"]
    'M12'
    >>> load("trial.h5", "frames", sel=slice(2, 5)).shape
    (3, 4, 4)
    """
    source = Path(path)
    if not source.is_file():
        raise RecorderError(f"{source}: there is no such file")
    with library.LOCK, _translated(source, RecorderError), _nothing_left_out(source):
        read = partial(flammkuchen_io().load, source, group=_rooted(group), sel=sel)
        return plain(library.with_or_without_locks(read))


def _write(path: Path, tree: Any) -> None:
    write = partial(flammkuchen_io().save, path, tree, compression=_COMPRESSION)
    library.with_or_without_locks(write)


def _rooted(group: str | Sequence[str] | None) -> str | list[str] | None:
    if group is None:
        return None
    if isinstance(group, str):
        return "/" + group.strip("/")
    return ["/" + name.strip("/") for name in group]


@contextmanager
def _translated(path: Path, kind: type[RecorderError]) -> Iterator[None]:
    """Say in our terms what goes wrong with a file."""
    try:
        yield
    except RecorderError:
        raise
    except RecursionError as error:
        raise kind(f"{path}: values are nested too deeply") from error
    except tables.HDF5ExtError as error:
        text = str(error).strip()
        if strerror(28) in text:
            raise NoSpace(f"no space left for {path}") from error
        raise kind(f"{path}: {text.splitlines()[-1] if text else 'HDF5 says nothing'}") from error
    except OSError as error:
        if kind is WriterError:
            raise as_recorder_error(error, path) from error
        raise kind(f"{path}: {error}") from error
    except (ImportError, AttributeError) as error:  # of a pickle whose classes are not here
        raise kind(f"{path}: something in it cannot be loaded here: {error}") from error
    except (ValueError, TypeError, IndexError, LookupError, tables.NodeError) as error:
        raise kind(f"{path}: {error}") from error


@contextmanager
def _nothing_left_out(path: Path) -> Iterator[None]:
    """Refuse what PyTables only warns of, and loads as None."""
    with warnings.catch_warnings(record=True) as heard:
        # Not "error": raised in the middle of PyTables' opening, it would leave the file open.
        warnings.simplefilter("always", tables.DataTypeWarning)
        yield
    for warning in heard:
        if issubclass(warning.category, tables.DataTypeWarning):
            raise RecorderError(f"{path}: something in it cannot be read: {warning.message}")
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
