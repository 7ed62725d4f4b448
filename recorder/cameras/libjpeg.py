"""What libjpeg says of a damaged picture, which it decodes all the same.

A JPEG that lost bytes on its way is decoded to the end, wrong from there on, and OpenCV returns it
as a good one. Only libjpeg's own words on standard error tell, and OpenCV has no other way to them.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from contextlib import suppress
from typing import Any

from recorder.cameras.cv2_setup import import_cv2

_STDERR = 2
# Standard error is the whole process's: two decoders at once would take each other's words.
_turn = threading.Lock()
_WORDS = re.compile(rb"^(Corrupt JPEG data|Premature end of JPEG|Warning: )[^\n]*\n", re.MULTILINE)
_DAMAGE = re.compile(rb"^(Corrupt JPEG data|Premature end of JPEG)")
# Some cameras fill up the last bytes before the end marker: nothing is missing from the picture.
_PADDING = re.compile(rb"Corrupt JPEG data: [1-8] extraneous bytes before marker 0xd9")


class JpegDecoder:
    """Decodes JPEG pictures, and knows whether the last one was damaged.

    While it decodes, the process's standard error leads to a file. What others say there meanwhile
    is passed on right after.

    Parameters
    ----------
    flags
        Of ``cv2.imdecode``.
    """

    def __init__(self, flags: int) -> None:
        self._flags = flags
        self._said = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as we are
        self.is_torn = False

    def decode(self, data: Any) -> Any:
        """Return the picture, or None if there is none in these bytes.

        Parameters
        ----------
        data
            (n,) of uint8.
        """
        with _turn:
            before = os.dup(_STDERR)
            os.dup2(self._said.fileno(), _STDERR)
            try:
                frame = import_cv2().imdecode(data, self._flags)
            finally:
                os.dup2(before, _STDERR)
                os.close(before)
                self.is_torn = self._was_damage()  # also if it raised: the words are of this one
        return frame

    def close(self) -> None:
        """Let go of the file."""
        self._said.close()

    def _was_damage(self) -> bool:
        """Read what was said, pass on what was not libjpeg's, and forget it."""
        if not self._said.tell():  # shared with what was written through standard error
            return False
        self._said.seek(0)
        said = self._said.read()
        self._said.seek(0)
        self._said.truncate()
        if others := _WORDS.sub(b"", said):
            with suppress(OSError):  # its reader is gone
                os.write(_STDERR, others)
        words = [found[0] for found in _WORDS.finditer(said)]
        return any(_DAMAGE.match(each) and not _PADDING.match(each) for each in words)
