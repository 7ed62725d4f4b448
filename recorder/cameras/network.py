"""Network cameras: time-outs that work, and a reason when the stream does not open."""

from __future__ import annotations

import base64
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPException, InvalidURL
from urllib.parse import SplitResult, unquote, urlsplit

from recorder.cameras import settings
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.feed import Capture, Feed, Wanted
from recorder.cameras.formats import stream_reading
from recorder.cameras.jpeg import JpegStream, jpeg_reading
from recorder.config.redact import redact
from recorder.errors import (
    CameraError,
    CameraLost,
    CameraNotFound,
    CameraRefused,
    CameraTimeout,
    ConfigError,
)

SCHEMES = ("http", "https", "rtsp")
TIMEOUT_S = 5.0
"""To connect, and for each frame. OpenCV's own is 30 s."""
KEY_FRAME_S = 20.0
"""For the first picture of a stream that was joined between two key frames, at most."""

_OPEN_S = 28.0
"""For everything until the first picture: after 30 s the caller knows no reason any more."""
_PROBE_S = 3.0  # with the time-out above an error is there within 10 s
_EARLY = 0.8  # of the time-out: OpenCV comes back sooner when the connection broke
_RTSP_PORT = 554
_CHECK = "check the address and the port, that the camera is on, and this computer's network"
_JPEG = ("MJPG", "MJPEG")
_SINGLE = (*_JPEG, "MPNG")  # what a URL of one picture looks like, too
_NOT_KNOWN_YET = b"\xff\xff\xff\xff"  # AV_PIX_FMT_NONE
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_MOST_PROBED = 100_000_000  # bytes: 20 s of a stream of 40 Mbit/s


def open_stream(url: str, wanted: Wanted) -> Feed:
    """Connect to a stream.

    Parameters
    ----------
    url
        ``http://``, ``https://`` or ``rtsp://``, with user and password if need be.
    wanted
        Size, rate and settings cannot be chosen from here; they are compared.

    Raises
    ------
    CameraNotFound, CameraRefused, CameraTimeout, CameraError, ConfigError
    """
    if url.split("://")[0].lower() not in SCHEMES:
        raise ConfigError(f"{redact(url)}: accepted: {', '.join(f'{s}://' for s in SCHEMES)}")
    began = time.monotonic()
    capture = _connect(url, TIMEOUT_S, TIMEOUT_S)
    try:
        if not _has_picture(capture):
            is_known = _is_known(capture)
            capture.release()
            left_s = _OPEN_S - (time.monotonic() - began)
            capture = _await_key_frame(url, min(KEY_FRAME_S, left_s - TIMEOUT_S), is_known)
        return _feed(capture, url, wanted)
    except BaseException:
        capture.release()
        raise


def _connect(url: str, open_s: float, read_s: float) -> Capture:
    """Open a stream, or raise the reason why that failed."""
    cv2 = import_cv2()
    # Only as parameters of the opening, and only for a named back-end, do they have an effect.
    params = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(open_s * 1000)]
    params += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(read_s * 1000)]
    began = time.monotonic()
    opened = cv2.VideoCapture(url.strip(), cv2.CAP_FFMPEG, params)
    if not opened.isOpened():
        raise explain_url(url, time.monotonic() - began)
    capture: Capture = opened
    return capture


def _has_picture(capture: Capture) -> bool:
    """Whether a first picture can be decoded: of JPEG each can, else it takes a key frame.

    Before that FFmpeg may know neither the pixel format nor the size.
    """
    if _codec(capture).upper() in _JPEG:
        return True
    return _is_known(capture) and capture.grab()


def _is_known(capture: Capture) -> bool:
    """Whether the pixel format is known; of some streams it is before a picture came."""
    tag = settings.read_code(capture, import_cv2().CAP_PROP_CODEC_PIXEL_FORMAT)
    return tag != _NOT_KNOWN_YET


def _await_key_frame(url: str, wait_s: float, is_known: bool) -> Capture:
    """Open a stream with time for its next key frame.

    Parameters
    ----------
    url
        The stream's.
    wait_s
        For the key frame.
    is_known
        Whether its format is known without one: then it is waited for by reading, else by opening.

    Raises
    ------
    CameraTimeout, CameraLost
        None came.
    """
    began = time.monotonic()
    with _long_look(wait_s):
        times = (TIMEOUT_S, wait_s) if is_known else (wait_s, TIMEOUT_S)
        capture = _connect(url, *times)
    if _has_picture(capture):
        return capture
    capture.release()
    shown = redact(url)
    if time.monotonic() - began < _EARLY * wait_s:
        raise CameraLost(f"{shown}: the stream ended before a key frame came")
    raise CameraTimeout(
        f"{shown}: the stream comes, but no key frame within {wait_s:.0f} s, so no picture can "
        "be decoded; set the camera's key frame interval (GOP, I-frame interval) to a few seconds"
    )


@contextmanager
def _long_look(seconds: float) -> Iterator[None]:
    """Have FFmpeg look at a stream for so long before it gives up to learn its format.

    OpenCV passes FFmpeg's options on from the environment alone, at each opening.
    """
    before = os.environ.get(_OPTIONS)
    look = f"analyzeduration;{seconds * 1e6:.0f}|probesize;{_MOST_PROBED}"
    # What OpenCV says when the environment says nothing.
    os.environ[_OPTIONS] = f"{before or 'rtsp_flags;prefer_tcp'}|{look}"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_OPTIONS]
        else:
            os.environ[_OPTIONS] = before


def _feed(capture: Capture, url: str, wanted: Wanted) -> Feed:
    """Choose how to read the stream, and say what is known of it."""
    cv2 = import_cv2()
    shown = redact(url)
    settings.write(capture, cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    codec = _codec(capture)
    motion_jpeg = codec.upper() in _JPEG
    notes = [f"A network stream ({codec or 'unknown codec'}): lossy before we see it."]
    jpeg: JpegStream | None = None
    if motion_jpeg:
        reading = jpeg_reading(wanted.pixel_format, shown)
        jpeg = JpegStream(capture, gray=reading.pixel_format == "gray8")
    else:
        tag = settings.read_code(capture, cv2.CAP_PROP_CODEC_PIXEL_FORMAT)
        reading = stream_reading(tag, wanted.pixel_format, shown)
        settings.write(capture, cv2.CAP_PROP_CONVERT_RGB, float(reading.convert))
        notes.append("If the camera changes its picture size, OpenCV rescales it unnoticed.")
    feed = Feed(
        jpeg or capture,
        reading,
        lambda feed, elapsed: _why_silent(feed, url, elapsed),
        "opencv FFMPEG",
        # Multipart JPEG carries no times: FFmpeg makes them up, from 25 frames per second.
        has_clock=not (motion_jpeg and url.lower().startswith("http")),
        notes=notes,
        fps=settings.read_rate(capture),
        is_torn=lambda: jpeg is not None and jpeg.is_torn,
    )
    feed.obtained["fourcc"] = codec
    settings.apply_settings(feed, wanted)
    return feed


def _why_silent(feed: Feed, url: str, elapsed: float) -> CameraError:
    """Return why no frame came; a URL that ends after its first picture may never be a stream."""
    shown = redact(url)
    reason = silence(shown, elapsed)
    count = settings.read(feed.capture, import_cv2().CAP_PROP_POS_FRAMES)
    is_first = count == 1 and feed.obtained["fourcc"].upper() in _SINGLE
    if isinstance(reason, CameraTimeout) or not is_first or not _is_picture(url):
        return reason
    return CameraRefused(
        f"{shown}: gives a single picture and ends: a snapshot, not a stream; give the URL of the "
        "camera's stream, often …/video, …/mjpg/video.mjpg or rtsp://…: its manual says which"
    )


def _is_picture(url: str) -> bool:
    """Whether the server says that there is a picture at this URL, and no stream of them."""
    parts = urlsplit(url.strip())
    try:
        return parts.scheme.lower() != "rtsp" and _http_answer(parts)[1].startswith("image/")
    except (OSError, ValueError, HTTPException):
        return False


def _codec(capture: Capture) -> str:
    """Return the four letters of the stream's codec, as it writes them; empty if unknown."""
    code = settings.read_code(capture, import_cv2().CAP_PROP_FOURCC)
    return code.decode("ascii", "replace").strip("\0 ")


def silence(shown: str, elapsed: float) -> CameraError:
    """Return why no frame came, from how long OpenCV took to say so."""
    if elapsed < _EARLY * TIMEOUT_S:
        return CameraLost(f"{shown}: the server ended the stream, or the connection broke")
    return CameraTimeout(f"{shown}: no frame for {elapsed:.1f} s")


def explain_url(url: str, elapsed: float) -> CameraError:
    """Return why a stream did not open: OpenCV does not say, so the server is asked once.

    Parameters
    ----------
    url
        What did not open.
    elapsed
        Seconds that OpenCV tried.
    """
    shown = redact(url)
    try:
        parts = urlsplit(url.strip())
        address = f"{parts.hostname}:{_port(parts)}"
        if elapsed >= _EARLY * TIMEOUT_S:
            return _explain_silence(shown, parts, address)
        is_rtsp = parts.scheme.lower() == "rtsp"
        status = _rtsp_status(parts) if is_rtsp else _http_answer(parts)[0]
    except TimeoutError:
        return CameraTimeout(f"{shown}: {address} has not answered within {_PROBE_S:g} s; {_CHECK}")
    except ConnectionRefusedError:
        return CameraNotFound(
            f"{shown}: connection refused: no server listens on {address}; is that the camera's "
            "port, and has it started?"
        )
    except socket.gaierror:
        return CameraNotFound(f"{shown}: no computer of that name is known: {parts.hostname}")
    except (ValueError, InvalidURL):  # their texts hold parts of the URL, perhaps a password
        return CameraError(f"{shown}: not a URL; accepted: scheme://user:password@host:port/path")
    except HTTPException:
        return CameraError(f"{shown}: the answer of {address} is not HTTP")
    except OSError as error:
        reason = error.strerror or "the answer makes no sense"
        return CameraError(f"{shown}: no connection to {address}: {reason}; {_CHECK}")
    return _explain_status(shown, status, with_password="@" in parts.netloc)


def _explain_silence(shown: str, parts: SplitResult, address: str) -> CameraError:
    """Tell a computer that does not answer at all from one that only gives no picture."""
    try:
        with socket.create_connection((parts.hostname or "", _port(parts)), _PROBE_S):
            what = "accepts the connection, but sends no picture"
            remedy = "check the URL's path, and whether the camera allows another viewer"
    except OSError:
        what, remedy = "never answered", _CHECK
    return CameraTimeout(f"{shown}: {address} {what} within {TIMEOUT_S:g} s; {remedy}")


def _port(parts: SplitResult) -> int:
    """Return the port of a URL, also where it is left out."""
    return parts.port or {"rtsp": _RTSP_PORT, "https": 443}.get(parts.scheme.lower(), 80)


def _explain_status(shown: str, status: int, with_password: bool) -> CameraError:
    """Return the error that a server's answer means."""
    phrase = f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        what = "refuses this user or password" if with_password else "wants a user and a password"
        return CameraRefused(f"{shown}: the server {what} ({phrase}); http://user:password@host/…")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return CameraNotFound(f"{shown}: the server has nothing under that path ({phrase})")
    if status >= HTTPStatus.BAD_REQUEST:
        return CameraError(f"{shown}: the server answers {phrase}")
    return CameraError(f"{shown}: the server answers, but with no video that OpenCV can read")


def _http_answer(parts: SplitResult) -> tuple[int, str]:
    """Ask once by GET, with the URL's user and password; return the status and what there is."""
    host = parts.netloc.rpartition("@")[2]
    bare = parts._replace(netloc=host).geturl()
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    if parts.username is not None:
        user, password = unquote(parts.username), unquote(parts.password or "")
        passwords.add_password(None, bare, user, password)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),  # cameras are near
        urllib.request.HTTPBasicAuthHandler(passwords),
        urllib.request.HTTPDigestAuthHandler(passwords),
    )
    try:
        with opener.open(bare, timeout=_PROBE_S) as answer:
            return int(answer.status), answer.headers.get_content_type()
    except urllib.error.HTTPError as error:
        with closing(error):
            return error.code, ""
    except urllib.error.URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else error from None


def _rtsp_status(parts: SplitResult) -> int:
    """Ask what the stream is, and return the number in the first line of the answer."""
    host = parts.netloc.rpartition("@")[2]
    lines = [f"DESCRIBE {parts._replace(netloc=host).geturl()} RTSP/1.0", "CSeq: 1"]
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    with socket.create_connection((parts.hostname or "", _port(parts)), _PROBE_S) as connection:
        connection.settimeout(_PROBE_S)
        connection.sendall(("\r\n".join([*lines, "", ""])).encode())
        words = connection.recv(4096).split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith(b"RTSP/") or not words[1].isdigit():
        raise OSError("the answer is not RTSP")
    return int(words[1])
