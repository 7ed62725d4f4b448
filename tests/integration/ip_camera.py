"""A network camera on loopback, made of ffmpeg: it claims 25 fps and sends what it is told to."""

import contextlib
import socket
import subprocess
import time

import imageio_ffmpeg

WIDTH, HEIGHT = 640, 360


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def ip_camera(rate=60, seconds=None, size=(WIDTH, HEIGHT)):
    """Serve multipart JPEG to one client; gives the URL and the process, which never outlives us.

    Parameters
    ----------
    rate
        Frames per second that are really sent.
    seconds
        When the stream ends by itself; None: never.
    """
    url = f"http://127.0.0.1:{free_port()}/cam"
    picture = f"testsrc2=size={size[0]}x{size[1]}:rate={rate}"
    picture += f":duration={seconds}" if seconds else ""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    command += ["-readrate", "1", "-readrate_initial_burst", "0.001", "-f", "lavfi", "-i", picture]
    command += ["-c:v", "mjpeg", "-q:v", "3", "-f", "mpjpeg", "-listen", "1", url]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(url, server)
        yield url, server
    finally:
        server.kill()  # also when stopped by SIGSTOP
        server.wait(10)


def wait_until_listening(url, server):
    """Look into the kernel's table: connecting would use up the one client it takes."""
    port = f"{int(url.rsplit(':')[-1].split('/')[0]):04X}"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        with open("/proc/net/tcp") as table:  # noqa: PTH123 - a kernel file
            if any(
                line.split()[1].endswith(f":{port}") and line.split()[3] == "0A" for line in table
            ):
                return
        time.sleep(0.01)
    raise AssertionError("the network camera did not start")
