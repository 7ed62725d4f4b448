"""What to record, from a YAML file: read, checked, complete.

Importing this needs no camera and no heavy library; reading a file opens no hardware.
"""

from recorder.config.models import CameraConfig, Config
from recorder.config.names import check_template, file_stem
from recorder.config.quantities import (
    Amount,
    Segment,
    format_size,
    parse_amount,
    parse_segment,
    parse_size,
)
from recorder.config.redact import redact, redact_all
from recorder.config.sections import (
    MIN_FRAMES,
    BufferConfig,
    RecordingConfig,
    RetentionConfig,
    SyntheticOptions,
    frames_in,
)
from recorder.config.sources import (
    SYNTHETIC,
    CameraId,
    Source,
    is_live,
    parse_source,
    show_source,
)
from recorder.config.times import DayPart
from recorder.config.unattended import (
    EVENTS,
    HookConfig,
    LogConfig,
    MetricsConfig,
    ScheduleConfig,
)
from recorder.config.yamlfile import load_config, make_config, parse_config

__all__ = [
    "EVENTS",
    "MIN_FRAMES",
    "SYNTHETIC",
    "Amount",
    "BufferConfig",
    "CameraConfig",
    "CameraId",
    "Config",
    "DayPart",
    "HookConfig",
    "LogConfig",
    "MetricsConfig",
    "RecordingConfig",
    "RetentionConfig",
    "ScheduleConfig",
    "Segment",
    "Source",
    "SyntheticOptions",
    "check_template",
    "file_stem",
    "format_size",
    "frames_in",
    "is_live",
    "load_config",
    "make_config",
    "parse_amount",
    "parse_config",
    "parse_segment",
    "parse_size",
    "parse_source",
    "redact",
    "redact_all",
    "show_source",
]
