"""Cameras at this computer: V4L2 on Linux, what OpenCV prefers elsewhere."""

from __future__ import annotations

from recorder.cameras import settings, v4l2
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.feed import Capture, Feed, Wanted
from recorder.cameras.formats import DEEP_FOURCC, Reading, device_reading
from recorder.config.sources import show_source
from recorder.errors import CameraError, CameraLost, CameraNotFound, CameraTimeout

TIMEOUT_S = 2.0
"""As OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT in `cv2_setup`."""

_EARLY = 0.8  # of the time-out: the driver comes back sooner when it reports an error


def open_device(source: int | str, wanted: Wanted) -> Feed:
    """Open a camera by index or path, and set it up in the order that drivers need.

    The fourcc decides which sizes there are, the size which rates, and both may reset controls.

    Parameters
    ----------
    source
        0, 1, … or /dev/….
    wanted
        What to ask for.

    Raises
    ------
    CameraNotFound, CameraBusy, CameraRefused, CameraError
    """
    cv2 = import_cv2()
    shown = show_source(source)
    api = cv2.CAP_V4L2 if v4l2.on_linux() else cv2.CAP_ANY
    capture = cv2.VideoCapture(source, api)
    try:
        if not capture.isOpened():
            raise explain(source, shown)
        return _set_up(capture, source, shown, wanted)
    except BaseException:
        capture.release()
        raise


def explain(source: int | str, shown: str) -> CameraError:
    """Return why a camera did not open."""
    if v4l2.on_linux():
        return v4l2.explain(source, shown)
    return CameraNotFound(f"{shown}: not there, or in use; `recorder cameras` lists what is")


def _set_up(capture: Capture, source: int | str, shown: str, wanted: Wanted) -> Feed:
    """Set fourcc, size, rate, then the settings; read each of them back."""
    cv2 = import_cv2()
    fourcc, deviation = _set_fourcc(capture, wanted)
    reading = device_reading(fourcc, wanted.pixel_format, shown) if fourcc else _BGR
    if wanted.size is not None:
        settings.write(capture, cv2.CAP_PROP_FRAME_WIDTH, wanted.size[0])
        settings.write(capture, cv2.CAP_PROP_FRAME_HEIGHT, wanted.size[1])
    if wanted.fps is not None:
        settings.write(capture, cv2.CAP_PROP_FPS, wanted.fps)
    settings.write(capture, cv2.CAP_PROP_CONVERT_RGB, float(reading.convert))
    feed = Feed(
        capture,
        reading,
        lambda _, elapsed: silence(source, shown, elapsed),
        f"opencv {capture.getBackendName()}",  # type: ignore[attr-defined]
        has_clock=v4l2.on_linux(),  # the kernel's time of the buffer; elsewhere n / fps
    )
    if "fourcc" in wanted.settings:
        settings.note_result(feed, "fourcc", wanted.settings["fourcc"], fourcc, deviation)
    feed.obtained["fourcc"] = fourcc.strip()
    settings.apply_settings(feed, wanted, done=("fourcc",))
    feed.fps = settings.read_rate(capture)
    return feed


# Without a fourcc (macOS, Windows) OpenCV gives 8-bit BGR.
_BGR = Reading("bgr8", convert=True)


def _set_fourcc(capture: Capture, wanted: Wanted) -> tuple[str, str]:
    """Choose the camera's format.

    Returns
    -------
    tuple of (str, str)
        The format it has then, and a sentence if that is not the one in the settings.
    """
    asked = wanted.settings.get("fourcc")
    if asked is not None:
        code = settings.fourcc_code(asked)
        now = _try_fourcc(capture, code)
        same = now.encode("latin-1") == code.to_bytes(4, "little")
        return now, "" if same else f"fourcc: asked {asked}, the camera is at {now.strip()}."
    now = _fourcc(capture)
    raw = {"gray8": ("GREY",), "gray16": tuple(DEEP_FOURCC)}.get(wanted.pixel_format or "", ())
    for name in raw if now not in raw else ():
        now = _try_fourcc(capture, settings.fourcc_code(name))
        if now == name:
            break
    return now, ""


def _try_fourcc(capture: Capture, code: int) -> str:
    """Ask for a format; OpenCV says yes and takes another if the camera does not have it."""
    settings.write(capture, import_cv2().CAP_PROP_FOURCC, code)
    return _fourcc(capture)


def _fourcc(capture: Capture) -> str:
    """Return the camera's present format, four characters; empty if OpenCV does not know."""
    code = settings.read_code(capture, import_cv2().CAP_PROP_FOURCC)
    return "" if code in (b"\0\0\0\0", b"\xff\xff\xff\xff") else code.decode("latin-1")


def silence(source: int | str, shown: str, elapsed: float) -> CameraError:
    """Return why no frame came, from how long it took and from what Linux knows.

    Parameters
    ----------
    source
        Index or path.
    shown
        How messages call it.
    elapsed
        Seconds that the grab took.
    """
    if v4l2.on_linux():
        path = v4l2.device_path(source)
        if not v4l2.is_there(path):
            return CameraLost(f"{shown}: the camera is gone: unplugged, or without power ({path})")
        if elapsed < _EARLY * TIMEOUT_S:
            return CameraLost(f"{shown}: the driver of {path} reports an error; open it again")
    return CameraTimeout(f"{shown}: no frame for {elapsed:.1f} s; trigger, cable, exposure?")
