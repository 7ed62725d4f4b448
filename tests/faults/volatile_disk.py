"""A disk that forgets: what it was not told to flush may be gone when the power goes.

Served over the protocol of network block devices (NBD), which QEMU speaks. An image file alone
would be kinder than a disk is: what the machine has written to it survives a kill of QEMU, flushed
or not, and in the order in which it was written.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

PAGE = 4096
"""So much of a disk is written as a whole or not at all."""

_OPTION = struct.Struct(">8sII")
_REQUEST = struct.Struct(">IHHQQI")
_HAS_FLAGS, _SEND_FLUSH = 1, 4
_READ, _WRITE, _LEAVE, _FLUSH = 0, 1, 2, 3
_GO, _ACK, _INFO, _UNKNOWN = 7, 1, 3, 0x80000001
_INVALID = 22


class VolatileDisk:
    """Serves an image; to be used in a with statement.

    Parameters
    ----------
    image
        What is on the disk for good.
    address
        Of the socket; nothing is there yet.
    """

    def __init__(self, image: Path, address: Path) -> None:
        self.url = f"nbd+unix:///?socket={address}"
        self._address = address
        self._size = image.stat().st_size
        self._fd = os.open(image, os.O_RDWR)
        self._cache: dict[int, bytes] = {}  # pages by number that were never flushed
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(address))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, name="disk")
        self._left: int | None = None  # how many writes it will still take
        self.died = threading.Event()

    def __enter__(self) -> VolatileDisk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # nobody may have come
        self.wait()
        self._listener.close()
        self._address.unlink()
        os.close(self._fd)

    def die_after(self, writes: int) -> None:
        """Lose power in the write after so many more, in the middle of what they are part of."""
        self._left = writes

    def lose_power(self, survives: Callable[[int], bool]) -> tuple[int, int]:
        """Forget what was not flushed, once the machine is gone.

        Parameters
        ----------
        survives
            Asked for every page by its number: a disk may have written some, in any order.

        Returns
        -------
        int, int
            How many pages were forgotten, and how many happened to be written.
        """
        self.wait()
        kept = {page: data for page, data in self._cache.items() if survives(page)}
        counts = len(self._cache) - len(kept), len(kept)
        self._cache = kept
        self._flush()
        return counts

    def wait(self) -> None:
        """Wait until the machine that uses the disk is gone."""
        self._thread.join()

    # -- the protocol ---------------------------------------------------------------------------

    def _serve(self) -> None:
        try:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as stream:
                self._negotiate(connection, stream)
                while self._answer(connection, stream):
                    pass
        except (struct.error, OSError):  # cut off in the middle of a word
            return

    def _negotiate(self, connection, stream) -> None:
        newstyle = 1
        connection.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", newstyle))
        stream.read(4)
        while True:
            _, option, length = _OPTION.unpack(stream.read(_OPTION.size))
            stream.read(length)
            if option == _GO:
                export = struct.pack(">HQH", 0, self._size, _HAS_FLAGS | _SEND_FLUSH)
                self._reply(connection, option, _INFO, export)
                self._reply(connection, option, _ACK)
                return
            self._reply(connection, option, _UNKNOWN)

    @staticmethod
    def _reply(connection, option: int, kind: int, data: bytes = b"") -> None:
        head = struct.pack(">QIII", 0x3E889045565A9, option, kind, len(data))
        connection.sendall(head + data)

    def _answer(self, connection, stream) -> bool:
        _, _, kind, cookie, start, length = _REQUEST.unpack(stream.read(_REQUEST.size))
        data, error = b"", 0
        if kind == _READ:
            data = self._read(start, length)
        elif kind == _WRITE:
            self._write(start, stream.read(length))
            if self._is_dead():
                return False
        elif kind == _FLUSH:
            self._flush()
        elif kind == _LEAVE:
            return False
        else:
            error = _INVALID
        connection.sendall(struct.pack(">IIQ", 0x67446698, error, cookie) + data)
        return True

    def _is_dead(self) -> bool:
        if self._left == 0:
            self.died.set()
        elif self._left is not None:
            self._left -= 1
        return self.died.is_set()

    # -- the disk -------------------------------------------------------------------------------

    def _read(self, start: int, length: int) -> bytes:
        first, last = start // PAGE, (start + length - 1) // PAGE
        data = bytearray(os.pread(self._fd, (last - first + 1) * PAGE, first * PAGE))
        for page in range(first, last + 1):
            if (cached := self._cache.get(page)) is not None:
                data[(page - first) * PAGE : (page - first + 1) * PAGE] = cached
        begin = start - first * PAGE
        return bytes(data[begin : begin + length])

    def _write(self, start: int, data: bytes) -> None:
        first, last = start // PAGE, (start + len(data) - 1) // PAGE
        whole = bytearray(self._read(first * PAGE, (last - first + 1) * PAGE))
        begin = start - first * PAGE
        whole[begin : begin + len(data)] = data
        for page in range(first, last + 1):
            at = (page - first) * PAGE
            self._cache[page] = bytes(whole[at : at + PAGE])

    def _flush(self) -> None:
        for page, data in self._cache.items():
            os.pwrite(self._fd, data, page * PAGE)
        self._cache.clear()
