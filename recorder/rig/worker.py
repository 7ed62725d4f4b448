"""The process of one camera: a session at work, told what to do through a pipe.

Three threads beside those of the session: the main one tells the rig how it goes ten times a
second, one does what takes long (opening, preparing), one listens. When the pipe ends, the rig is
gone: the file is finished and the process ends, within five seconds whatever happens.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from recorder.errors import CameraNotFound, RecorderError
from recorder.pipeline.summary import reason_of
from recorder.rig.messages import Message, Sender, describe, receive
from recorder.system import continue_when_parent_dies, stop_signals

if TYPE_CHECKING:
    from recorder.config import CameraConfig
    from recorder.pipeline.files import OpenFile
    from recorder.pipeline.finishing import ClosedFile
    from recorder.pipeline.order import Order

REPORT_S = 0.1
HURRY_S = 3.0
"""How long an orphan waits for an encoder that takes nothing."""
ORPHAN_S = 4.5
"""How long an orphan lives."""


class Worker:
    """A session, and what it hears and tells.

    Parameters
    ----------
    setup
        The rig's first message.
    sender
        To the rig.
    """

    def __init__(self, setup: Message, sender: Sender) -> None:
        from recorder.config import make_config
        from recorder.pipeline.memory import attach
        from recorder.pipeline.session import Session

        config = make_config(setup["config"])
        self._camera = camera = _find(config.cameras[setup["camera"]], setup)
        self._setup = setup
        self._sender = sender
        self._orders: queue.Queue[Order | None] = queue.Queue()
        self._changes: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._told: set[int] = set()
        self._is_open = False
        self._begun = threading.Event()
        self._turn = threading.Lock()
        self._is_unwanted = False
        self._is_stopped = False
        self._error: RecorderError | None = None
        memory = attach(setup["memory"], writable=True)
        self._session = Session(
            camera,
            config.metadata,
            config.public(),
            memory=memory,
            on_file=self._tell_file,
            on_closed=self._tell_closed,
            alone=False,
        )

    # -- hearing, on a thread of its own ------------------------------------------------------

    def listen(self, messages: Iterable[Message]) -> None:
        """Do what is asked until the pipe ends."""
        for message in messages:
            if message["is"] == "stop":
                self._stop()
            elif message["is"] == "begin":
                self._begin(message)
            elif message["is"] == "end_take":
                self._is_unwanted = True
                if self._begun.is_set():
                    self._session.end_take()
            elif message["is"] == "prepare":
                _thread(self._prepare, "prepare")
            elif message["is"] == "configure":
                self._configure(message)
            elif message["is"] == "set":
                self._changes.put(message)
        self._be_orphan()

    def _stop(self) -> None:
        self._is_stopped = True
        self._session.stop()
        self._orders.put(None)

    def _configure(self, message: Message) -> None:
        from recorder.config import make_config

        def configure() -> None:
            config = make_config(message["config"])
            camera = config.cameras[self._camera.name]
            self._session.configure(camera, config.metadata, config.public())

        answer: Message = {"number": message["number"]}
        try:
            configure()
        except RecorderError as error:
            answer["error"] = describe(error)
        self._sender.send("configured", **answer)
        _thread(self._session.warm_up, "warm up")

    def _set_in_turn(self) -> None:
        """Change one setting after the other, on a thread of its own: each takes a grab."""
        while True:
            message = self._changes.get()
            answer: Message = {"number": message["number"]}
            try:
                answer["obtained"] = self._session.set(message["name"], message["value"])
            except RecorderError as error:
                answer["error"] = describe(error)
            self._tell_details()
            self._sender.send("was_set", **answer)

    def _be_orphan(self) -> None:
        self._stop()
        if not self._session.wait_briefly(HURRY_S):
            self._session.hurry()
            self._session.wait_briefly(ORPHAN_S - HURRY_S)
        os._exit(1)

    def _begin(self, message: Message) -> None:
        from recorder.pipeline.order import Order

        order = Order.from_dict(message["order"])
        with self._turn:
            if not self._begun.is_set():
                self._orders.put(order)
                return
        if not self._try(lambda: self._session.begin(order)):
            self._sender.send("unbegun")

    def _prepare(self) -> None:
        if self._try(self._session.prepare):
            self._sender.send("armed")

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except RecorderError as error:
            self._sender.send("failed", error=describe(error))
            return False
        return True

    # -- opening, on a thread of its own ------------------------------------------------------

    def open(self) -> None:
        """Open the camera, and begin to record when the rig says so."""
        from recorder.pipeline.order import Order

        plain = self._setup.get("order")
        try:
            self._session.start(self._setup["record"], self._await_order, measure=plain is None)
            if plain is not None and not self._setup["record"]:
                self._resume(Order.from_dict(plain))
            self._begin_late()
            if self._is_unwanted:  # it was ended while its camera was away
                self._session.end_take()
            if plain is None and not self._setup["record"]:
                self._session.warm_up()
        except RecorderError as error:
            if not self._is_stopped:  # else that it never began is no failure
                self._error = error
            self._session.stop()  # it may have been open already
        except Exception as error:
            logging.getLogger(__name__).exception("the session failed in an unforeseen way")
            self._error = RecorderError(f"{type(error).__name__}: {error}")
            self._session.stop()

    def _begin_late(self) -> None:
        """Take orders at once from now on, and one that came while the camera was opened."""
        with self._turn:
            self._begun.set()
            order = None if self._orders.empty() else self._orders.get()
        if order is not None:
            self._resume(order)

    def _resume(self, order: Order) -> None:
        """Record out of the preview, to which it returns when the recording ends."""
        self._be_sure()
        self._tell_opened()
        if not self._try(self._session.prepare):
            self._sender.send("unbegun")
            return
        self._sender.send("armed")
        self._session.begin(order)

    def _await_order(self) -> Order:
        from recorder.pipeline.order import Order

        self._be_sure()
        self._tell_opened()
        self._sender.send("armed")
        if self._setup.get("order") is not None:
            return Order.from_dict(self._setup["order"])
        order = self._orders.get()
        if order is None:
            raise self._session.error or RecorderError("stopped before the first frame")
        return order

    def _be_sure(self) -> None:
        """Refuse another camera that came under the number while ours was opened."""
        if self._setup.get("identity") is None:
            return
        if _find(self._camera, self._setup).source != self._camera.source:
            raise CameraNotFound("another camera has taken its place")

    # -- telling, on the main thread ----------------------------------------------------------

    def report(self) -> int:
        """Tell the rig how it goes until all is closed; return the exit code."""
        opening = _thread(self.open, "open")
        while not self._session.wait_briefly(REPORT_S):
            self._tell()
        self._orders.put(None)  # it may have been lost while it waited for the others
        opening.join()
        self._tell()
        reason = self._session.status().reason
        error = self._error or self._session.error
        if self._error is not None:
            reason = reason_of(self._error)
        plain = None if error is None else describe(error)
        self._sender.send("ended", reason=reason, error=plain)
        return 0

    def _tell(self) -> None:
        if self._session.spec is not None:
            self._tell_opened()
        for number, summary in self._session.closed_takes().items():
            if number not in self._told:
                self._told.add(number)
                # Its files were told one by one: of weeks they are too many for one message.
                plain = summary.as_dict() | {"files": []}
                self._sender.send("take", number=number, summary=plain)
        status = replace(self._session.status(), pid=os.getpid())
        take = self._session.take_number
        # What the rig knows already it shall not add once more.
        is_told = take in self._told
        self._sender.offer("status", status=status.as_dict(), take=take, is_told=is_told)

    def _tell_opened(self) -> None:
        from recorder.cameras.identity import identify

        if self._is_open:
            return
        self._is_open = True
        try:
            found = identify(self._camera.source)
        except (OSError, RecorderError):  # it is open all the same
            found = None
        self._sender.send("opened", identity=None if found is None else found.as_dict())
        self._tell_details()
        _thread(self._set_in_turn, "set")

    def _tell_details(self) -> None:
        self._sender.send("details", details=self._session.details().as_dict())

    def _tell_file(self, file: OpenFile) -> None:
        paths = {name: str(getattr(file, name)) for name in ("stem", "of", "path")}
        self._sender.send("file", file=file._asdict() | paths)

    def _tell_closed(self, file: ClosedFile) -> None:
        from recorder.rig.shares import describe_closed

        self._sender.send("closed", file=describe_closed(file))


class _Log(logging.Handler):
    """Sends what is logged here to the rig's log."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(logging.INFO)
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record; its traceback goes to stderr, of which the rig keeps the end."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self._sender.offer("log", level=record.levelno, name=record.name, text=text)


def _find(camera: CameraConfig, setup: Message) -> CameraConfig:
    """Return the camera as it is to be opened now: where it is, if it was open before."""
    from recorder.cameras.connected import Identity
    from recorder.cameras.identity import find_again

    if setup.get("life", 1) > 1:
        order = setup.get("order")
        grabs = None if order is None else order["resumption"]["grabbed"]
        camera = camera.model_copy(update={"options": camera.options.after(grabs)})
    if setup.get("identity") is None:
        return camera
    identity = Identity.from_dict(setup["identity"])
    others = [Identity.from_dict(other) for other in setup.get("others", ())]
    return camera.model_copy(update={"source": find_again(camera.source, identity, others)})


def _thread(target: Callable[..., None], name: str, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, args=arguments, daemon=True)
    thread.start()
    return thread


def _pipes() -> tuple[IO[bytes], Sender]:
    """Take the pipes for ourselves: what a library prints is no message."""
    commands, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    return commands, Sender(answers)


def _load() -> None:
    """Import what every camera needs; a process that is ahead of its order has time for it."""
    from recorder.config import make_config  # noqa: F401
    from recorder.pipeline.session import Session  # noqa: F401


def main() -> int:
    """Serve a rig until its session has ended or the rig is gone; return the exit code."""
    continue_when_parent_dies()
    for number in stop_signals():  # the rig decides, also when the system ends all of us at once
        signal.signal(number, signal.SIG_IGN)
    commands, sender = _pipes()
    logging.basicConfig(level=logging.INFO, handlers=[_Log(sender)])
    _load()
    messages = receive(commands)
    setup = next(messages, None)
    if setup is None:
        return 0
    try:
        worker = Worker(setup, sender)
    except RecorderError as error:
        sender.send("ended", reason=reason_of(error), error=describe(error))
        return 0
    _thread(worker.listen, "listen", messages)
    return worker.report()


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # A driver may keep a thread for ever, and interpreters wait for such a one, or crash.
    os._exit(code)
