"""A ledger's rows after the fact: those whose frames did not make it into the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from recorder.system import sync_file


def rewrite(path: Path, in_file: int, note: str, more: Iterable[bytes] = ()) -> None:
    """Replace a ledger by a settled one; whole or not at all.

    Parameters
    ----------
    in_file
        Frames in the file: the rows of those beyond become dropped.
    note
        Why they are lost.
    more
        Rows to follow.

    Raises
    ------
    OSError
        The ledger is as it was.
    """
    fresh = path.with_name(f".{path.name}.settling")
    try:
        with path.open("rb") as old, fresh.open("wb") as new:
            new.writelines(chain(_settled(old, in_file, note), more))
            new.flush()
            sync_file(new.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def rewrite_in_place(path: Path, in_file: int, note: str) -> None:
    """Settle a ledger where there is no room for a second one.

    Settled rows are never longer than they were, so what is on the disk already has room for them.

    Raises
    ------
    OSError
    """
    with path.open("r+b") as file:
        rows = b"".join(_settled(file, in_file, note))
        file.seek(0)
        file.write(rows)
        file.truncate()


def _settled(lines: Iterable[bytes], in_file: int, note: str) -> Iterator[bytes]:
    for line in lines:
        if line.endswith(b"\n"):  # half a row would spoil the next one
            yield _as_lost(line, note) if _index(line) >= in_file else line


def _index(line: bytes) -> int:
    first = line.partition(b",")[0]
    return int(first) if first.isdigit() else -1


def _as_lost(line: bytes, note: str) -> bytes:
    cells = line.rstrip(b"\n").split(b",")
    cells[0], cells[2], cells[6], cells[7] = b"", b"dropped", b"", note.encode()
    return b",".join(cells) + b"\n"
