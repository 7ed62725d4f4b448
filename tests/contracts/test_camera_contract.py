"""Every camera back-end against the one contract. A new one adds a line to `FACTORIES`."""

import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from camera_contract import COUNT, CameraContract, Case

from recorder.cameras import make_camera
from recorder.cameras.cv2_setup import import_cv2
from recorder.config import CameraConfig
from recorder.frame import FrameSpec

RAW = {"gray8": "gray", "gray16": "gray16le", "bgr8": "bgr24"}


def noise(spec, count=COUNT + 2):
    random = np.random.default_rng(7)
    top = np.iinfo(spec.dtype).max
    return [random.integers(0, top, spec.shape, spec.dtype, endpoint=True) for _ in range(count)]


def maker(**config):
    return lambda: make_camera(CameraConfig(name="top", **config))


def synthetic(spec, **config):
    """Return the case of a synthetic camera in some configuration."""
    config = {"source": "synthetic", "fps": "max", "size": (32, 24)} | config
    outside = config | {"size": None, "crop": (1280, 0, 1, 1)}

    def case(folder):
        return Case(maker(**config), FrameSpec(*spec), maker(**outside))

    return case


def video(pixel_format, size=(36, 26), **config):
    """Return the case of a lossless video file."""
    spec = FrameSpec(*size, pixel_format)

    def case(folder):
        frames, path = noise(spec), folder / "noise.mkv"
        raw = RAW[pixel_format]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "rawvideo"]
        command += ["-s", f"{spec.width}x{spec.height}", "-pix_fmt", raw, "-r", "25", "-i", "-"]
        command += [
            "-c:v",
            "ffv1",
            "-pix_fmt",
            "bgr0" if pixel_format == "bgr8" else raw,
            str(path),
        ]
        subprocess.run(command, input=b"".join(map(bytes, frames)), check=True)
        return files_case(path, folder / "missing.mkv", spec, frames, config)

    return case


def images(pixel_format, size=(35, 27), **config):
    """Return the case of a PNG sequence."""
    spec = FrameSpec(*size, pixel_format)

    def case(folder):
        frames = noise(spec)
        for number, frame in enumerate(frames, 3):
            assert import_cv2().imwrite(str(folder / f"frame_{number:04d}.png"), frame)
        name = "frame_%04d.png"
        return files_case(folder / name, folder / "none" / name, spec, frames, config)

    return case


def files_case(path, missing, spec, frames, config):
    """Return the case of frames in files, cropped as the config says."""
    if "crop" in config:
        x, y, width, height = config["crop"]
        frames = [frame[y : y + height, x : x + width] for frame in frames]
        spec = FrameSpec(width, height, spec.pixel_format)
    make = maker(source=str(path), pixel_format=spec.pixel_format, **config)
    return Case(make, spec, maker(source=str(missing)), frames)


FACTORIES = {
    "synthetic": synthetic((32, 24, "gray8")),
    "synthetic gray16": synthetic((32, 24, "gray16"), pixel_format="gray16"),
    "synthetic bgr8": synthetic((32, 24, "bgr8"), pixel_format="bgr8"),
    "synthetic odd": synthetic((37, 53, "bgr8"), pixel_format="bgr8", size=(37, 53)),
    "synthetic tiny": synthetic((8, 1, "gray8"), size=(8, 1)),
    "synthetic ramp": synthetic((32, 24, "gray8"), options={"pattern": "ramp"}),
    "synthetic noise": synthetic((32, 24, "gray8"), options={"pattern": "noise", "seed": 3}),
    "synthetic black": synthetic((32, 24, "gray8"), options={"pattern": "black"}),
    "synthetic punctual": synthetic((32, 24, "gray8"), fps=500),
    "synthetic turned": synthetic((10, 12, "gray8"), crop=(1, 2, 12, 10), rotate=90, flip="both"),
    "synthetic cropped": synthetic((100, 50, "gray8"), size=None, crop=(1000, 600, 100, 50)),
    "video gray8": video("gray8"),
    "video gray16": video("gray16"),
    "video bgr8": video("bgr8"),
    "video odd": video("bgr8", size=(33, 21)),
    "video cropped": video("gray8", crop=(5, 3, 20, 11)),
    "images gray8": images("gray8"),
    "images gray16": images("gray16"),
    "images bgr8": images("bgr8"),
    "images cropped": images("gray16", crop=(5, 3, 20, 11)),
}


@pytest.fixture(params=FACTORIES)
def case(request, tmp_path):
    case = FACTORIES[request.param](tmp_path)
    yield case
    for camera in case.opened:
        camera.close()


class TestCamera(CameraContract):
    """The contract, for each of `FACTORIES`."""
