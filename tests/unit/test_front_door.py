"""The names scripts may rely on, and how little it costs to import them."""

import subprocess
import sys
from pathlib import Path

import pytest

import recorder
import recorder.errors

ERRORS = {"CameraBusy", "CameraError", "CameraLost", "CameraNotFound", "CameraRefused"}
ERRORS |= {"CameraTimeout", "ConfigError", "Damaged", "EncoderDied", "FileTaken", "NoSpace"}
ERRORS |= {"NotLossless", "RecorderError", "RigGone", "WriterError"}
BUILT = {"load_config", "Session", "Rig", "verify", *ERRORS}
BUILT |= {"LosslessVideoWriter", "mimwrite", "mimread", "save", "load", "open_recording"}
HEAVY = {"numpy", "cv2", "tables", "pydantic", "imageio_ffmpeg", "PyQt5", "blosc2"}


def loaded_after(code):
    script = f"{code}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    return set(out.decode().split())


def test_all_is_what_the_contract_has_so_far():
    assert set(recorder.__all__) == BUILT
    assert set(recorder.__all__) <= set(dir(recorder))


@pytest.mark.parametrize("name", sorted(BUILT))
def test_names_are_there(name):
    assert getattr(recorder, name).__name__ == name


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_errors_are_the_ones_that_are_raised(name):
    assert getattr(recorder, name) is getattr(recorder.errors, name)


def test_the_version_is_the_packages():
    from importlib import metadata

    try:
        expected = metadata.version("recorder")
    except metadata.PackageNotFoundError:
        expected = "0+unknown"
    assert recorder.__version__ == expected


def test_type_checkers_are_told_that_there_are_types():
    assert Path(recorder.__file__).with_name("py.typed").exists()


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="nonsense"):
        recorder.nonsense  # noqa: B018


@pytest.mark.parametrize("code", ["import recorder", "import recorder.cli"])
def test_importing_loads_nothing_heavy(code):
    assert not loaded_after(code) & HEAVY


def test_the_synthetic_camera_needs_no_opencv():
    code = "from recorder import Session, load_config, verify; load_config; Session; verify"
    assert "cv2" not in loaded_after(code)


def test_the_engine_never_loads_the_window():
    """All of it in one process: it is the sum that counts."""
    names = ", ".join(sorted(BUILT))
    loaded = loaded_after(f"from recorder import {names}; import recorder.cameras.listing")
    assert "recorder" in loaded
    assert not loaded & {"ui", "PyQt5", "pyqtgraph"}
