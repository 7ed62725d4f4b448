"""What a config says, once it is known to make sense: frozen, complete, with all defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast

from pydantic import Field, ValidationInfo, field_validator, model_validator

from recorder.config.base import Problem, Section, plain
from recorder.config.fields import AnySource, Crop, FrameSize, MetaValue, Rate, Value
from recorder.config.names import Plain, file_stem
from recorder.config.redact import redact_all
from recorder.config.sections import (
    BufferConfig,
    RecordingConfig,
    SyntheticOptions,
    WhenFull,
    frames_in,
)
from recorder.config.sources import SYNTHETIC, Source, is_live
from recorder.config.unattended import HookConfig, LogConfig, MetricsConfig, ScheduleConfig
from recorder.errors import ConfigError
from recorder.frame import FrameSpec

_NAME = "[A-Za-z0-9_-]{1,64}"
_BAD_NAME = "a camera's name has letters, digits, - and _ (at most 64)"
MAX_OWN_FPS = 1000
"""Matroska keeps whole milliseconds: where frames have their own times, no two may share one."""
_EXAMPLE_START = datetime(2026, 11, 22, 12, 0, 0)


class CameraConfig(Section):
    """One camera, with its own buffer and recording over the common ones.

    Parameters
    ----------
    name
        Its key under ``cameras``: letters, digits, - and _.
    source
        Where frames come from: ``synthetic`` (no hardware), a number such as 0, a device such as
        /dev/v4l/by-id/…, ``{name: …}`` or ``{serial: …}`` as ``recorder cameras`` lists them, a
        video file, images as frames_%04d.png, http://… or rtsp://….
    size
        Width and height, pixels. None: what the camera gives.
    fps
        Frames per second, more than 0; ``max`` for sources that can wait. None: what the camera
        gives.
    pixel_format
        One byte per pixel (``gray8``), two (``gray16``) or three (``bgr8``). None: what the camera
        gives.
    crop
        x, y, width and height, pixels of the camera's picture, before it is rotated. None: all of
        it.
    rotate
        Degrees, clockwise, after the crop.
    flip
        How it is mirrored, after the rotation.
    settings
        Camera properties by OpenCV's names, lower case, without CAP_PROP_; in the camera's own
        units.
    strict
        Fail before recording when size, fps or a setting is not obtained.
    on_failure
        When the camera is lost: ``restart`` it, ``stop`` all cameras, or ``leave`` it behind.
    options
        Of the synthetic camera only: its picture, and faults to practise with.
    buffer
        This camera's own keys over the common ones: memory between camera and disk. What is left
        out is as there.
    recording
        This camera's own keys over the common ones: where recordings go, how long they last. What
        is left out is as there.

    Notes
    -----
    A source may contain a password, so show it by `show_source`. The parameters of this and the
    other sections are also what `recorder.config.schema` tells editors: written for users, with
    units, and after "None:" with what a key that is left out means.
    """

    name: str = ""
    source: AnySource
    size: FrameSize | None = None
    fps: Rate | None = None
    pixel_format: Literal["gray8", "gray16", "bgr8"] | None = None
    crop: Crop | None = None
    rotate: Literal[0, 90, 180, 270] = 0
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    settings: dict[str, Value] = Field(
        default_factory=dict,
        json_schema_extra={"propertyNames": {"pattern": "^(?!cap_prop_)[a-z0-9_]+$"}},
    )
    strict: bool = False
    on_failure: Literal["restart", "stop", "leave"] = "restart"
    options: SyntheticOptions = SyntheticOptions()
    buffer: BufferConfig = BufferConfig()
    recording: RecordingConfig = RecordingConfig()

    @field_validator("name")
    @classmethod
    def _name_is_plain(cls, name: str) -> str:
        if name and not re.fullmatch(_NAME, name):
            raise Problem(_BAD_NAME)
        return name

    @field_validator("fps")
    @classmethod
    def _max_only_if_it_waits(cls, fps: Any, info: ValidationInfo) -> Any:
        source = info.data.get("source", SYNTHETIC)
        if fps == "max" and is_live(source):
            raise Problem("max: a live camera sets its own pace; give a number or leave it out")
        return fps

    @field_validator("crop")
    @classmethod
    def _crop_inside(cls, crop: Any, info: ValidationInfo) -> Any:
        size = info.data.get("size")
        if crop and size and (crop[0] + crop[2] > size[0] or crop[1] + crop[3] > size[1]):
            raise Problem(
                f"{list(crop)}: ends at {crop[0] + crop[2]}, {crop[1] + crop[3]}, "
                f"outside the size of {size[0]}x{size[1]} pixels"
            )
        return crop

    @field_validator("settings")
    @classmethod
    def _setting_names(cls, settings: dict[str, Any]) -> dict[str, Any]:
        for name in settings:
            right = name.lower().removeprefix("cap_prop_")
            if name != right or not re.fullmatch(r"[a-z0-9_]+", name):
                hint = f"; did you mean {right}?" if re.fullmatch(r"[a-z0-9_]+", right) else ""
                raise Problem(f"OpenCV's names, lower case, without CAP_PROP_{hint}", name)
            if settings[name] is None:
                raise Problem("no value; leave the setting out or give one", name)
        return settings

    @field_validator("options")
    @classmethod
    def _options_only_synthetic(cls, options: SyntheticOptions, info: ValidationInfo) -> Any:
        if options.model_fields_set and info.data.get("source", SYNTHETIC) != SYNTHETIC:
            raise Problem("only the synthetic camera has options; settings are for real ones")
        return options

    @field_validator("buffer")
    @classmethod
    def _buffer_fits(cls, buffer: BufferConfig, info: ValidationInfo) -> BufferConfig:
        if buffer.when_full == "wait" and is_live(info.data.get("source", SYNTHETIC)):
            raise Problem(
                "wait: a live camera cannot be asked to wait: frames would be lost inside the "
                "driver, where nobody counts them; use drop or stop",
                "when_full",
            )
        spec = _known_spec(info.data)
        try:
            _ = spec and frames_in(buffer.memory, spec)
        except ConfigError as error:
            raise Problem(str(error), "memory") from None
        if buffer.when_full is not None:
            return buffer
        usual = usual_when_full(info.data.get("source", SYNTHETIC), info.data.get("fps"))
        return buffer.model_copy(update={"when_full": usual})

    @property
    def when_full(self) -> WhenFull:
        """What happens to a new frame when the buffer is full, also if the config leaves it out."""
        return self.buffer.when_full or usual_when_full(self.source, self.fps)

    @field_validator("recording")
    @classmethod
    def _has_own_times(cls, recording: RecordingConfig, info: ValidationInfo) -> RecordingConfig:
        source, fps = info.data.get("source", SYNTHETIC), info.data.get("fps")
        if recording.times != "own":
            return recording
        if not _is_paced(source, fps):
            raise Problem(
                "own: these frames come as fast as they are read, so the clock says nothing of "
                "them; leave it out",
                "times",
            )
        if isinstance(fps, int | float) and fps > MAX_OWN_FPS:
            raise Problem(
                f"own: {fps:g} fps, and times are whole milliseconds: at most {MAX_OWN_FPS} fps; "
                "leave it out",
                "times",
            )
        return recording

    @property
    def is_paced(self) -> bool:
        """Whether frames come at their own pace; those of a file come as fast as they are read."""
        return _is_paced(self.source, self.fps)

    def known_spec(self) -> FrameSpec | None:
        """Return what the frames in the buffer will be, as far as the config alone tells.

        Returns
        -------
        FrameSpec or None
            After crop and rotation; None when size or pixel format is left to the camera.
        """
        return _known_spec(dict(self))


def usual_when_full(source: Source, fps: float | str | None) -> WhenFull:
    """Return what `buffer.when_full` means when it is left out.

    Whatever has all of its frames waits, as dropping them gains nothing. The synthetic camera with
    a rate stands for a live one, and drops as that would.
    """
    is_stored = source != SYNTHETIC and not is_live(source)
    return "wait" if is_stored or fps == "max" else "drop"


def _is_paced(source: Any, fps: Any) -> bool:
    return (source == SYNTHETIC or is_live(source)) and fps != "max"


def _known_spec(data: Mapping[str, Any]) -> FrameSpec | None:
    """Work out the frame from the fields of a camera that are valid."""
    size = data["crop"][2:] if data.get("crop") else data.get("size")
    if not size or not data.get("pixel_format"):
        return None
    width, height = size if data.get("rotate", 0) % 180 == 0 else size[::-1]
    fps = data.get("fps")
    return FrameSpec(width, height, data["pixel_format"], None if fps == "max" else fps)


class Config(Section):
    """Everything one YAML file says.

    Parameters
    ----------
    cameras
        One or more, by a name that is used in file names: letters, digits, - and _. Each has its
        own process, buffer and files.
    buffer
        The memory between camera and disk, for all cameras.
    recording
        Where recordings go and how long they last, for all cameras.
    schedule
        When ``recorder record`` records. Without any key: at once, and once.
    hook
        A program that is told what happens.
    log
        A log for programs, beside what is said to people.
    metrics
        What Prometheus reads.
    metadata
        Free keys: a text, a number, true or false. Kept in the about file, usable in file names.

    Notes
    -----
    The ``buffer`` and ``recording`` of ``cameras`` are resolved: common keys and their own.
    """

    cameras: dict[str, CameraConfig] = Field(
        json_schema_extra={"minProperties": 1, "propertyNames": {"pattern": f"^{_NAME}$"}}
    )
    buffer: BufferConfig = BufferConfig()
    recording: RecordingConfig = RecordingConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    hook: HookConfig = HookConfig()
    log: LogConfig = LogConfig()
    metrics: MetricsConfig = MetricsConfig()
    metadata: dict[str, MetaValue] = Field(
        default_factory=dict, json_schema_extra={"propertyNames": {"minLength": 1}}
    )

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, data: Any) -> Any:
        """Give every camera the common sections below its own keys."""
        cameras = data.get("cameras") if isinstance(data, dict) else None
        if not isinstance(cameras, dict):
            return data
        resolved = {name: _over_common(name, camera, data) for name, camera in cameras.items()}
        return {**data, "cameras": resolved}

    @field_validator("cameras", mode="before")
    @classmethod
    def _at_least_one(cls, cameras: Any) -> Any:
        if isinstance(cameras, dict) and not cameras:
            raise Problem("empty; at least one camera with a source is needed")
        if isinstance(cameras, dict) and "" in cameras:
            raise Problem(_BAD_NAME, "")
        return cameras

    @field_validator("schedule")
    @classmethod
    def _recordings_end(cls, schedule: ScheduleConfig, info: ValidationInfo) -> ScheduleConfig:
        """Make sure that one recording has ended when the next is to begin."""
        if schedule.every is None:
            return schedule
        for camera in info.data.get("cameras", {}).values():
            duration = camera.recording.duration
            if duration is None:
                raise Problem("needs recording.duration: for how long, each time", "every")
            if duration.seconds is not None and duration.seconds >= schedule.every:
                raise Problem(f"must be longer than recording.duration, {duration}", "every")
        return schedule

    @field_validator("metadata")
    @classmethod
    def _names_can_be_files(cls, metadata: dict[str, Plain], info: ValidationInfo) -> Any:
        """Try every file name; the last field, so that the others are known."""
        for key in metadata:
            if plain(key) == "":
                raise Problem("a key without a name")
        common = info.data.get("recording")
        for name, camera in info.data.get("cameras", {}).items():
            _try_name(camera.recording, name, metadata, ("cameras", name, "recording", "name"))
        if "cameras" not in info.data and common is not None:
            _try_name(common, "camera", metadata, ("recording", "name"))
        return metadata

    def public(self) -> dict[str, Any]:
        """Return the config as used, in plain JSON types and without passwords.

        Returns
        -------
        dict
            All defaults filled in, sizes in bytes; read back, it gives an equal config unless a
            password was hidden.
        """
        return cast("dict[str, Any]", redact_all(self.private()))

    def private(self) -> dict[str, Any]:
        """Return the same with passwords: read back, it always gives an equal config.

        For other processes of the recorder alone, never for files, logs or command lines.
        """
        data = self.model_dump(mode="json")
        for name, camera in self.cameras.items():
            del data["cameras"][name]["name"]  # it is the key
            if camera.source != SYNTHETIC:
                del data["cameras"][name]["options"]
        return data


def _over_common(name: Any, camera: Any, data: dict[str, Any]) -> Any:
    """Return a camera's raw mapping with its name and the common sections filled in."""
    own = _raw(camera)
    if not isinstance(own, dict):
        return camera
    if own.get("name", name) != name:
        raise Problem("a camera's name is its key; leave this out", "cameras", str(name), "name")
    for section in ("buffer", "recording"):
        common, mine = _raw(data.get(section)), _raw(own.get(section))
        # What is not a mapping is reported where it stands.
        if isinstance(common, dict) and isinstance(mine, dict | None):
            kept = {k: v for k, v in (mine or {}).items() if v is not None or k not in common}
            own = {**own, section: {**common, **kept}}
    return {**own, "name": name}


def _raw(value: Any) -> Any:
    """Return the keys that were given, of a section that is already checked."""
    if isinstance(value, Section):
        return {key: getattr(value, key) for key in value.model_fields_set}
    return value


def _try_name(
    recording: RecordingConfig, camera: str, metadata: dict[str, Plain], keys: tuple[str, ...]
) -> None:
    """Blame the template for an example name that no file can have."""
    try:
        file_stem(recording.name, camera, _EXAMPLE_START, metadata)
    except ConfigError as error:
        raise Problem(str(error), *keys, from_top=True) from None
