"""One file in the making: what was given to it is kept, whatever comes between."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recorder import signals
from recorder.errors import RecorderError, Stopped, WriterError
from recorder.writers.replace import Unfinished

if TYPE_CHECKING:
    from recorder.frame import Frame

PATIENCE_S = 5.0
"""How long a signal waits for another thread that is in the middle of a frame."""


class Output(ABC):
    """Takes frames of one kind, and puts the finished file in its place.

    If it cannot, the file stays under its unfinished name, unless there is no frame in it. In a
    forked process it is the parent's, and ending it does nothing.

    Parameters
    ----------
    file
        What the frames go to.
    all_or_none
        Whether the target is for all frames: ended by a signal, the file stays unfinished.

    Attributes
    ----------
    frames
        How many were handed over.
    """

    def __init__(self, file: Unfinished, all_or_none: bool) -> None:
        self._file = file
        self._all_or_none = all_or_none
        self._is_whole = True
        self._is_open = self._is_over = self._is_complete = False
        self._lock = threading.RLock()  # a signal's handler may come in between, in its thread
        self.frames = 0

    @abstractmethod
    def _put(self, frame: Frame) -> None:
        """Write a frame."""

    @abstractmethod
    def _close(self) -> None:
        """Complete the file; raise if it is not what was given."""

    @abstractmethod
    def _kill(self) -> None:
        """End at once what is still at work, or open, after `_close` was interrupted."""

    @abstractmethod
    def _count(self) -> int | None:
        """Return how many frames are in the file; None if it cannot be told."""

    def write(self, frame: Frame) -> None:
        """Hand a frame over; it is the caller's again on return.

        Raises
        ------
        EncoderDied, FileTooLarge, NoSpace
            ffmpeg has gone, or the disk takes no more.
        WriterError
            The frame before was cut off, by Ctrl-C for instance: no other can follow it; or the
            file is closed, by a signal that did not end the program for instance.
        """
        with self._lock:
            if self._is_over:
                raise WriterError(f"{self._file.target} is closed: open it again to write to it")
            if not self._is_whole:
                raise WriterError(
                    f"{self._file.target}: an earlier frame was interrupted; close it"
                )
            self._is_whole = False
            self._put(frame)
            self._is_whole = True
            self.frames += 1

    def finish(self) -> None:
        """Complete the file and put it in its place.

        Raises
        ------
        EncoderDied, FileTooLarge, NoSpace, WriterError
            It is incomplete, or not what was written; the error says where it is.
        """
        if not self.frames:  # cut off in its first one: there is nothing to put in place
            self.give_up(Stopped())
            return
        with self._ending() as is_first:
            if is_first:
                try:
                    self._complete()
                    self._file.commit()
                except BaseException as error:
                    self._leave(error)
                    raise

    def give_up(self, error: BaseException) -> None:
        """Complete the file, leave it unfinished, and let an error say where it is."""
        with self._ending() as is_first:
            if is_first:
                try:
                    with contextlib.suppress(RecorderError):
                        self._complete()
                except BaseException as interrupt:  # Ctrl-C, again: it is what the caller sees
                    self._leave(interrupt)
                    raise
                self._leave(error)

    def finish_quietly(self) -> None:
        """Save what a program has written that never closes its writer."""
        with contextlib.suppress(RecorderError):
            self.finish()

    def finish_now(self) -> None:
        """Save what was written before a signal ends the program."""
        if not self._lock.acquire(timeout=PATIENCE_S):
            return  # stuck in another thread; ffmpeg finishes the file when we are gone
        try:
            if self._all_or_none:
                self.give_up(Stopped())
            else:
                self.finish_quietly()
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _beginning(self) -> Iterator[None]:
        """Begin in one piece, before a signal is heard; what fails leaves nothing behind."""
        try:
            with signals.all_held():
                signals.watch(self)
                yield
                self._is_open = True
        except BaseException:
            if self._is_open:  # Ctrl-C has waited until here
                self._kill()
            self._file.discard()
            signals.release(self)
            raise

    @contextlib.contextmanager
    def _ending(self) -> Iterator[bool]:
        """End once, in one piece; give whether this is the first end."""
        if not self._file.is_ours:
            yield False
            return
        with signals.held(), self._lock:
            is_first, self._is_over = not self._is_over, True
            try:
                yield is_first
            finally:
                signals.release(self)

    def _complete(self) -> None:
        self._close()
        self._is_complete = True

    def _leave(self, error: BaseException) -> None:
        """Keep a file with frames in it, and let the error say where."""
        if not self._is_complete:
            self._kill()
        # A frame that was cut off may be in the file all the same.
        is_known = self._is_complete and self._is_whole
        count = self.frames if is_known else self._count()
        if not (self.frames if count is None else count) or self._file.is_empty:
            self._file.discard()
            return
        frames = "what was written of it" if count is None else f"{count} of its frames"
        text = f"{self._file.target.name} is unfinished: {frames} can be read in {self._file.fresh}"
        if isinstance(error, RecorderError):
            error.args = (f"{error}; {text}",)
        else:
            error.add_note(text)
