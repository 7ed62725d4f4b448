"""The part of ``recorder check`` about recorders that nobody watches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recorder.config import CameraConfig, Config, HookConfig, MetricsConfig, ScheduleConfig

Row = tuple[str, str]
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S


def file_rows(camera: CameraConfig, bytes_per_s: float | None) -> Iterator[Row]:
    """Give how a camera's recording is divided, and what happens to the parts.

    Parameters
    ----------
    camera
        That writes files.
    bytes_per_s
        Its raw data rate; None if it is not known it yet.
    """
    from recorder.disks import file_limit

    recording = camera.recording
    if recording.segment is not None:
        yield "segment", _segment(camera, bytes_per_s)
    limit = file_limit(recording.folder)
    size = recording.segment.size if recording.segment else None
    if limit is not None and limit.is_below(size):
        yield "segment", f"{limit}; the recording then goes on in the next one"
    if recording.retention.is_given:
        yield "retention", _retention(camera, bytes_per_s)
    yield "keep_free", _keep_free(recording.keep_free)


def service_rows(config: Config) -> Iterator[Row]:
    """Give when recordings are made and who is told, as far as a key is given for it."""
    if config.schedule.is_given:
        yield "schedule", _schedule(config.schedule)
        yield "next", _next(config.schedule)
    if config.hook.command is not None:
        yield "hook", _hook(config.hook)
    if config.log.file is not None:
        yield "log", _log(config)
    if config.metrics.port is not None:
        yield "metrics", _metrics(config.metrics)


def _segment(camera: CameraConfig, bytes_per_s: float | None) -> str:
    """Describe the files that follow on each other, as far as the config alone tells."""
    from recorder.config import format_size

    segment, spec = camera.recording.segment, camera.known_spec()
    assert segment is not None
    if segment.size is not None:
        often = _often(segment.size / bytes_per_s, "at most ") if bytes_per_s else ""
        return f"{format_size(segment.size)} on disk{often}"
    assert segment.amount is not None
    frames, seconds = segment.amount.frames, segment.amount.seconds
    nbytes = (seconds or 0.0) * (bytes_per_s or 0.0)
    if frames is not None:
        seconds = frames / spec.fps if spec and spec.fps else None
        nbytes = float(frames * spec.nbytes) if spec else 0.0
    raw = f", {nbytes / 1e9:.2f} GB raw each at most" if nbytes else ""
    return f"{segment}{raw}{_often(seconds) if seconds else ''}"


def _often(seconds: float, most: str = "") -> str:
    """Return how many files there are in a day, or, where they are many, in an hour."""
    length, unit = (_DAY_S, "day") if seconds > _HOUR_S / 10 else (_HOUR_S, "hour")
    count = length / seconds
    shown = f"{count:.0f}" if count >= 10 else f"{count:.1f}".removesuffix(".0")
    return f", {most}{shown} file{'' if shown == '1' else 's'} in {_A[unit]} {unit}"


_A = {"day": "a", "hour": "an"}


def _retention(camera: CameraConfig, bytes_per_s: float | None) -> str:
    """Say which closed segments are deleted, and how much recording is left at least."""
    from recorder import readout
    from recorder.config import Amount, format_size

    retention = camera.recording.retention
    parts = []
    if retention.age is not None:
        parts.append(f"that ended more than {Amount(seconds=retention.age)} ago")
    if retention.size is not None:
        least = f" ({readout.span(retention.size / bytes_per_s)} or more)" if bytes_per_s else ""
        parts.append(f"beyond {format_size(retention.size)}{least} together, the oldest first")
    return f"deletes this camera's closed segments {', and those '.join(parts)}"


def _keep_free(size: int | None) -> str:
    """Say what stays free on the disk."""
    from recorder.config import format_size

    if size is None:
        ahead = "30 s of recording, or the rest of it"
        return f"the larger of 1GiB and {ahead} if that is less, stays free on the disk"
    return f"{format_size(size)} stay free on the disk"


def _schedule(schedule: ScheduleConfig) -> str:
    """Return the keys that are given, as the YAML has them."""
    from recorder.config import Amount

    parts = []
    for key in type(schedule).model_fields:
        value = getattr(schedule, key)
        if value is not None:
            shown = Amount(seconds=value) if key == "every" else value
            parts.append(f"{key} {' '.join(value) if key == 'weekdays' else shown}")
    return ", ".join(parts)


def _next(schedule: ScheduleConfig) -> str:
    """Say when a recording would begin."""
    from datetime import datetime

    from recorder.unattended import describe

    return describe(schedule, datetime.now().astimezone())


def _hook(hook: HookConfig) -> str:
    """Return what is run, when, and whether this machine has it."""
    import shlex
    import shutil

    from recorder.config import Amount, redact

    assert hook.command is not None
    shown = shlex.join(redact(part) for part in hook.command)
    missing = "" if shutil.which(hook.command[0]) else "; there is no such program here"
    limit = Amount(seconds=hook.timeout)
    return f"{shown} (on {', '.join(hook.on)}; for {limit} at most){missing}"


def _log(config: Config) -> str:
    """Return where the log for programs goes, and how large it gets."""
    from recorder.config import format_size

    log = config.log
    files = f"{log.keep} older file{'' if log.keep == 1 else 's'}"
    return f"{log.file}, beside it {files}, {format_size(log.max_size)} each at most"


def _metrics(metrics: MetricsConfig) -> str:
    """Return where Prometheus reads."""
    host = f"[{metrics.address}]" if ":" in metrics.address else metrics.address
    alone = metrics.address.startswith("127.") or metrics.address in ("localhost", "::1")
    others = "" if alone else "; other machines may read it, too"
    return f"http://{host}:{metrics.port}/metrics{others}"
