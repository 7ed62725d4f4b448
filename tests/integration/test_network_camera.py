"""The OpenCV camera on a network camera that lies about its rate, stops, hangs or is not there."""

import base64
import contextlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import FFMPEG
from ip_camera import HEIGHT, WIDTH, free_port, ip_camera

from recorder.cameras import network
from recorder.cameras.base import BadFrame
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.libjpeg import JpegDecoder
from recorder.cameras.opencv import OpenCVCamera
from recorder.errors import (
    CameraError,
    CameraLost,
    CameraNotFound,
    CameraRefused,
    CameraTimeout,
    ConfigError,
)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/net/tcp")


def fails(url, error, words, within_s=10.0):
    """Opening must fail in time, with this error and without any password."""
    camera = OpenCVCamera(url)
    began = time.monotonic()
    with pytest.raises(CameraError, match=words) as caught:
        camera.open()
    assert time.monotonic() - began < within_s
    assert type(caught.value) is error
    for text in (str(caught.value), repr(caught.value), repr(camera.info)):
        assert "s3cret" not in text
    return str(caught.value)


def grab_until_it_fails(camera):
    for _ in range(1000):
        try:
            camera.grab()
        except CameraError as error:
            return error
    raise AssertionError("the stream never failed")


def test_claims_25_and_sends_60():
    with ip_camera(rate=60) as (url, _):
        camera = OpenCVCamera(url, fps=60.0)
        spec = camera.open()
        assert (spec.width, spec.height, spec.pixel_format) == (WIDTH, HEIGHT, "bgr8")
        assert spec.fps == camera.info.claimed_fps == 25.0
        assert (camera.can_wait, camera.timeout_s) == (False, 5.0)
        out = np.zeros(spec.shape, spec.dtype)
        stamps, pictures = [], set()
        for _ in range(120):
            stamps.append(camera.grab())
            camera.retrieve(out)
            pictures.add(out.tobytes())
        camera.close()
    measured = 119e9 / (stamps[-1].t_mono_ns - stamps[0].t_mono_ns)
    assert measured == pytest.approx(60, rel=0.1)
    assert len(pictures) == 120
    # FFmpeg would make up 40 ms per frame: no time is better than an invented one.
    assert {stamp.t_camera_ms for stamp in stamps} == {None}
    notes = " ".join(camera.info.notes)
    assert "lossy before we see it" in notes
    assert "fps: asked 60, the source says 25 (a claim" in notes
    assert camera.info.source == url


def test_gray_crop_and_rotation_of_a_stream():
    with ip_camera() as (url, _):
        camera = OpenCVCamera(url, pixel_format="gray8", crop=(10, 20, 100, 50), rotate=90)
        spec = camera.open()
        assert (spec.width, spec.height, spec.pixel_format) == (50, 100, "gray8")
        out = np.zeros(spec.shape, spec.dtype)
        camera.grab()
        camera.retrieve(out)
        camera.close()
    assert out.std() > 1
    assert any("own Y" in note for note in camera.info.notes)


def test_strict_does_not_believe_a_claim():
    with ip_camera() as (url, _):
        camera = OpenCVCamera(url, fps=60.0, strict=True)
        camera.open()  # it says 25, and whether 60 come is measured later
        camera.close()
        assert any("asked 60, the source says 25" in note for note in camera.info.notes)


def test_a_frozen_server_is_a_timeout_in_time():
    with ip_camera() as (url, server):
        camera = OpenCVCamera(url)
        camera.open()
        camera.grab()
        os.kill(server.pid, signal.SIGSTOP)
        began = time.monotonic()
        # What was under way still arrives.
        assert type(grab_until_it_fails(camera)) is CameraTimeout
        assert 4.0 < time.monotonic() - began < 6.0
        camera.close()


def test_the_end_of_a_stream_is_noticed_at_once():
    with ip_camera(seconds=0.5) as (url, _):
        camera = OpenCVCamera(url)
        camera.open()
        began = time.monotonic()
        error = grab_until_it_fails(camera)
        assert type(error) is CameraLost
        assert "ended the stream" in str(error)
        assert time.monotonic() - began < 2.0
        camera.close()


def test_a_killed_server_is_noticed_at_once():
    with ip_camera() as (url, server):
        camera = OpenCVCamera(url)
        camera.open()
        server.kill()
        began = time.monotonic()
        assert "connection broke" in str(grab_until_it_fails(camera))
        assert time.monotonic() - began < 2.0
        camera.close()


def test_nobody_there():
    fails(f"http://user:s3cret@127.0.0.1:{free_port()}/cam", CameraNotFound, "connection refused")
    fails(f"rtsp://user:s3cret@127.0.0.1:{free_port()}/cam", CameraNotFound, "connection refused")


def test_other_schemes_and_bad_urls():
    for url in ("ftp://127.0.0.1/x", "file:///tmp/x.mkv"):
        with pytest.raises(ConfigError, match=r"accepted: http://, https://, rtsp://"):
            OpenCVCamera(url).open()
    fails("http://127.0.0.1:x/cam", CameraError, "not a URL")
    # Not escaped, a slash ends what a URL's reader takes for host and port.
    fails("http://user:s3cret/x@127.0.0.1/cam", CameraError, "not a URL")


def jpeg(width, height):
    picture = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return import_cv2().imencode(".jpg", picture)[1].tobytes()


class _Pictures(http.server.BaseHTTPRequestHandler):
    """Sends the parts in the order of `parts`, then ends."""

    parts = ()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=cut")
        self.end_headers()
        for data in self.parts:
            head = f"--cut\r\nContent-type: image/jpeg\r\nContent-length: {len(data)}\r\n\r\n"
            self.wfile.write(head.encode() + data + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"--cut--\r\n")

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("pixel_format", [None, "gray8"], ids=str)
@pytest.mark.parametrize("crop", [None, (2, 3, 8, 9)], ids=["whole", "cropped"])
def test_another_picture_size_is_never_rescaled(serve, pixel_format, crop):
    """OpenCV's own decoder would stretch the fourth picture to the first one's size."""
    small, large = jpeg(64, 48), jpeg(96, 80)
    address = serve(type("Pictures", (_Pictures,), {"parts": [small] * 4 + [large] * 40}))
    camera = OpenCVCamera(f"http://{address}/", pixel_format=pixel_format, crop=crop)
    spec = camera.open()
    out = np.zeros(spec.shape, spec.dtype)
    kept = 0
    with contextlib.suppress(CameraLost):
        while kept < 40:
            camera.grab()
            out[...] = 0
            camera.retrieve(out)
            kept += 1
    camera.close()
    assert kept == 3  # the first was looked at by open
    assert not out.any()


def test_a_damaged_picture_is_one_bad_frame(serve):
    good = jpeg(64, 48)
    parts = [good, good, good[: len(good) // 2], *[good] * 40]
    camera = OpenCVCamera(f"http://{serve(type('Pictures', (_Pictures,), {'parts': parts}))}/")
    spec = camera.open()
    out = np.zeros(spec.shape, spec.dtype)
    results = []
    for _ in range(6):
        camera.grab()
        try:
            camera.retrieve(out)
            results.append("good")
        except BadFrame:
            results.append("bad")
    camera.close()
    assert results == ["good", "bad", *["good"] * 4]


class _Web(http.server.BaseHTTPRequestHandler):
    """Answers with the number in the path, or asks for user and s3cret."""

    def do_GET(self):
        right = "Basic " + base64.b64encode(b"user:s3cret").decode()
        if self.path == "/locked" and self.headers.get("Authorization") != right:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
        else:
            self.send_response(int(self.path[1:]) if self.path[1:].isdigit() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    """Give a function that starts a web server and returns its address."""
    with contextlib.ExitStack() as stack:

        def start(handler):
            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(server.shutdown)
            return f"127.0.0.1:{server.server_address[1]}"

        yield start


def test_what_a_web_server_answers(serve):
    web = serve(_Web)
    fails(f"http://{web}/404", CameraNotFound, "404 Not Found")
    fails(f"http://{web}/503", CameraError, "503 Service Unavailable")
    fails(f"http://{web}/200", CameraError, "no video that OpenCV can read")
    fails(f"http://{web}/locked", CameraRefused, "wants a user and a password .401")
    fails(f"http://user:wrongs3cret@{web}/locked", CameraRefused, "refuses this user or password")
    # The right one gets in, and then there is no video.
    text = fails(f"http://user:s3cret@{web}/locked", CameraError, "no video that OpenCV can read")
    assert "user:***@" in text


@pytest.fixture
def rtsp():
    """Answer every RTSP request with 401 until it carries a password, then with 404."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed: the test is over
                return
            with connection:
                connection.settimeout(5)
                while request := connection.recv(4096):
                    sequence = next(x for x in request.split(b"\r\n") if x.startswith(b"CSeq"))
                    locked = b"Authorization" not in request
                    status = b"401 Unauthorized" if locked else b"404 Not Found"
                    ask = b'WWW-Authenticate: Basic realm="x"\r\n' if locked else b""
                    connection.sendall(
                        b"RTSP/1.0 " + status + b"\r\n" + sequence + b"\r\n" + ask + b"\r\n"
                    )

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(10)
    assert not thread.is_alive()


def test_what_an_rtsp_server_answers(rtsp):
    fails(f"rtsp://{rtsp}/cam", CameraRefused, "wants a user and a password")
    fails(f"rtsp://user:s3cret@{rtsp}/cam", CameraNotFound, "404 Not Found")


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_silent_server_is_a_timeout(scheme, monkeypatch):
    monkeypatch.setattr(network, "TIMEOUT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        fails(
            f"{scheme}://user:s3cret@127.0.0.1:{port}/cam",
            CameraTimeout,
            rf"127.0.0.1:{port} accepts the connection, but sends no picture within 1 s; check the",
            2.0,
        )


def test_a_computer_that_never_answers_is_named_with_its_port(monkeypatch):
    """A full queue of connections: the system lets further ones go unanswered."""
    monkeypatch.setattr(network, "TIMEOUT_S", 1.0)
    monkeypatch.setattr(network, "_PROBE_S", 0.5)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        said = rf"127.0.0.1:{port} never answered within 1 s; check the address and the port"
        fails(f"http://user:s3cret@127.0.0.1:{port}/cam", CameraTimeout, said)


# -- joined between key frames --------------------------------------------------------------------


def transport_stream(folder, frames):
    """Return an MPEG-TS of 4 s of H.264 at 25 fps with a key frame every so many frames."""
    path = folder / "whole.ts"
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:d=4"]
    command += [
        "-c:v",
        "libx264",
        "-x264-params",
        f"keyint={frames}:min-keyint={frames}:scenecut=0",
    ]
    command += ["-bf", "0", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True, timeout=30)
    return path.read_bytes()


@contextlib.contextmanager
def server_of(send, kind="video/mp2t"):
    """Serve what `send` writes to each client, given a function that writes; gives the URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            with contextlib.suppress(OSError):
                send(self.wfile.write)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/x"
        finally:
            server.shutdown()
            thread.join(10)


def cut(stream, share):
    """Return an MPEG-TS without its first packets."""
    return stream[int(len(stream) / 188 * share) * 188 :]


def slowly(stream, seconds, over):
    """Return what sends a stream in so many seconds, until it is over."""

    def send(write):
        for place in range(0, len(stream), 188):
            write(stream[place : place + 188])
            over.wait(seconds * 188 / len(stream))

    return send


def test_a_stream_joined_between_key_frames_waits_for_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "TIMEOUT_S", 0.5)
    held = cut(transport_stream(tmp_path, 50), 0.1)
    over = threading.Event()

    with server_of(slowly(held, 3.6, over)) as url:
        camera = OpenCVCamera(url)
        began = time.monotonic()
        spec = camera.open()
        assert time.monotonic() - began > 0.5  # longer than a camera at this computer may take
        assert (spec.width, spec.height) == (96, 64)
        out = np.empty(spec.shape, spec.dtype)
        camera.grab()
        camera.retrieve(out)
        camera.close()
        over.set()
    assert out.std() > 20  # a picture, not the gray of what has no key frame
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ


@pytest.mark.parametrize("ends", [True, False], ids=["ends", "goes on"])
def test_a_stream_without_a_key_frame_says_so(tmp_path, monkeypatch, ends):
    monkeypatch.setattr(network, "TIMEOUT_S", 1.5)
    monkeypatch.setattr(network, "KEY_FRAME_S", 2.0)
    held = cut(transport_stream(tmp_path, 1000), 0.3)
    over = threading.Event()
    send = (lambda write: write(held)) if ends else slowly(held, 5, over)
    words = r"no key frame within 2 s, so no picture can be decoded; set the camera's key"
    with server_of(send) as url:
        if ends:
            fails(url, CameraLost, "the stream ended before a key frame came")
        else:
            fails(url, CameraTimeout, words)
        over.set()


def grab_two(camera):
    camera.open()
    camera.grab()


@pytest.mark.parametrize(("suffix", "kind"), [(".jpg", "image/jpeg"), (".png", "image/png")])
def test_a_url_of_a_single_picture_is_refused_with_what_to_give_instead(suffix, kind):
    picture = import_cv2().imencode(suffix, np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    with server_of(lambda write: write(picture), kind) as url:
        camera = OpenCVCamera(url)
        with contextlib.closing(camera), pytest.raises(CameraRefused) as caught:
            grab_two(camera)
    assert "a single picture and ends: a snapshot, not a stream; give the URL" in str(caught.value)


# -- torn pictures --------------------------------------------------------------------------------


def smooth_jpeg(seed):
    cv2 = import_cv2()
    picture = np.random.default_rng(seed).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", cv2.GaussianBlur(picture, (5, 5), 0))[1].tobytes()


def torn(data, how):
    """Return a picture that breaks in its middle and is decoded all the same."""
    half, lost = len(data) // 2, 300
    garbage = np.random.default_rng(7).integers(0, 255, lost, dtype=np.uint8).tobytes()
    return {
        "ends early": data[:half] + data[-2:],
        "hole": data[:half] + data[half + lost :],
        "zeros": data[:half] + bytes(lost) + data[half + lost :],
        "garbage": data[:half] + garbage + data[half + lost :],
    }[how]


def multipart(pictures):
    """Return what sends pictures as a network camera does."""

    def send(write):
        for picture in pictures:
            head = f"--b\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            write(head.encode() + picture + b"\r\n")

    return send


MULTIPART = "multipart/x-mixed-replace; boundary=b"


@pytest.mark.parametrize("pixel_format", ["bgr8", "gray8"])
@pytest.mark.parametrize("how", ["ends early", "hole", "zeros", "garbage"])
def test_a_picture_that_breaks_on_its_way_is_torn_and_the_next_is_not(how, pixel_format, capfd):
    whole = [smooth_jpeg(number) for number in range(6)]
    sent = [*whole[:3], torn(whole[3], how), *whole[4:], whole[0]]
    with server_of(multipart(sent), MULTIPART) as url:
        camera = OpenCVCamera(url, pixel_format=pixel_format)
        spec = camera.open()  # looks at the first picture
        out = np.empty(spec.shape, spec.dtype)
        said = []
        for _ in range(5):
            camera.grab()
            said.append(camera.retrieve(out))
            os.write(2, b"said by others\n")
        camera.close()
    assert said == [None, None, "torn", None, None]
    assert capfd.readouterr().err == "said by others\n" * 5


def test_bytes_that_only_fill_up_a_picture_do_not_make_it_torn():
    whole = smooth_jpeg(1)
    sent = [whole, whole, whole[:-2] + bytes(3) + whole[-2:], whole + bytes(9), whole, whole]
    with server_of(multipart(sent), MULTIPART) as url:
        camera = OpenCVCamera(url)
        spec = camera.open()
        out = np.empty(spec.shape, spec.dtype)
        for _ in range(3):
            camera.grab()
            assert camera.retrieve(out) is None
        camera.close()


def test_what_others_say_while_a_picture_is_decoded_is_passed_on(monkeypatch, capfd):
    def imdecode(data, flags):
        os.write(2, b"a log line\nCorrupt JPEG data: bad Huffman code\nanother\n")
        return data

    decoder = JpegDecoder(0)
    monkeypatch.setattr(import_cv2(), "imdecode", imdecode)
    decoder.decode(np.zeros(1, np.uint8))
    assert decoder.is_torn
    assert capfd.readouterr().err == "a log line\nanother\n"
    decoder.close()


def test_words_about_a_picture_that_cannot_be_decoded_are_not_the_next_ones(monkeypatch):
    def imdecode(data, flags):
        if data[0]:
            os.write(2, b"Corrupt JPEG data: bad Huffman code\n")
            raise ZeroDivisionError
        return data

    decoder = JpegDecoder(0)
    monkeypatch.setattr(import_cv2(), "imdecode", imdecode)
    with pytest.raises(ZeroDivisionError):
        decoder.decode(np.ones(1, np.uint8))
    assert decoder.is_torn
    decoder.decode(np.zeros(1, np.uint8))
    assert not decoder.is_torn
    decoder.close()


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("slow_s", [0.5, 5.0])
def test_to_wait_for_a_key_frame_ends_while_the_reason_is_still_heard(
    monkeypatch, is_known, slow_s
):
    """Each step takes as long as it may; a caller waits for 30 s."""
    now, allowed = [0.0], []

    def connect(url, open_s, read_s):
        allowed.append(read_s)
        now[0] += open_s if allowed[1:] and not is_known else min(slow_s, open_s)
        return SimpleNamespace(release=lambda: None)

    def has_picture(capture):
        now[0] += allowed[-1]
        return False

    monkeypatch.setattr(network, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(network, "_connect", connect)
    monkeypatch.setattr(network, "_has_picture", has_picture)
    monkeypatch.setattr(network, "_is_known", lambda capture: is_known)
    with pytest.raises(CameraTimeout, match=r"no key frame within \d+ s"):
        network.open_stream("rtsp://127.0.0.1/x", None)
    assert 22 < now[0] <= 28
