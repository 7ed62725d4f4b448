"""What can go wrong, as a tree. Every class carries the exit code that names its cause.

::

    RecorderError                    1  anything that has no better name
    ├── ConfigError                  2  the config, or the command line, asks for the impossible
    │   ├── NotLossless              2  a codec that would not give back the same bits
    │   └── AnotherRig               2  what a rig that runs cannot take; a new one can
    ├── CameraError                  3  the camera, in words an experimenter can act on
    │   ├── CameraNotFound           3  nothing there under that name
    │   ├── CameraBusy               3  another program holds it
    │   ├── CameraRefused            3  it does not do what the config insists on
    │   ├── CameraTimeout            3  no frame in time; it may come back
    │   └── CameraLost               3  it is gone, or gives what no longer fits
    ├── WriterError                  4  the file cannot be written
    │   ├── EncoderDied              4  ffmpeg is gone, or told us of an error
    │   ├── FileTooLarge             4  the disk takes no more of this file, though of another one
    │   ├── NoFfmpeg                 4  it is missing, too old, or fails whatever it is given
    │   └── FileTaken                4  the name is used; nothing is ever overwritten
    ├── NoSpace                      5  the disk has less room than must stay free
    ├── BufferFull                   6  frames came faster than they could be written
    ├── Damaged                      7  a frame is not what the camera gave
    ├── Stopped                      0  it was asked to end before there was a frame
    └── RigGone                      1  the rig that was attached to has ended, or was killed

Messages give the value, the limit and the remedy. Passwords in URLs never reach them.
"""


class RecorderError(Exception):
    """Base of all errors that the recorder raises on purpose."""

    exit_code = 1


class ConfigError(RecorderError):
    """The config or the command line cannot be carried out as it stands."""

    exit_code = 2


class NotLossless(ConfigError):
    """The codec does not give back the same bits for these frames."""


class AnotherRig(ConfigError):
    """A config that needs a rig of its own: other cameras, or other buffers."""


class CameraError(RecorderError):
    """A camera cannot be opened, or failed while it ran."""

    exit_code = 3


class CameraNotFound(CameraError):
    """There is no camera, file or stream under that name."""


class CameraBusy(CameraError):
    """The camera is there, but another program holds it."""


class CameraRefused(CameraError):
    """The camera refuses what the config insists on."""


class CameraTimeout(CameraError):
    """No frame came in time. The caller decides whether to ask again."""


class CameraLost(CameraError):
    """The camera is gone, or its frames no longer fit the recording."""


class WriterError(RecorderError):
    """The recording cannot be written."""

    exit_code = 4


class EncoderDied(WriterError):
    """The encoder ended or failed while frames were still to come."""


class FileTooLarge(WriterError):
    """The disk takes no more of this file; it has room for another one."""


class NoFfmpeg(WriterError):
    """There is no ffmpeg that can be used; nothing is said about any file."""


class FileTaken(WriterError):
    """A file of that name exists; nothing is ever overwritten."""


class NoSpace(RecorderError):
    """The disk has less free room than `recording.keep_free` reserves."""

    exit_code = 5


class BufferFull(RecorderError):
    """The ring was full and its policy is to stop rather than to lose a frame."""

    exit_code = 6


class Damaged(RecorderError):
    """A frame of a file is not what the camera gave."""

    exit_code = 7


class Stopped(RecorderError):
    """The end was asked for before there was a frame; nothing is lost."""

    exit_code = 0


class RigGone(RecorderError):
    """The rig that was attached to has ended, or was killed."""


def error_class(name: object) -> type[RecorderError]:
    """Return the class of that name, for errors that come from another process.

    Returns
    -------
    type
        `RecorderError` itself if there is none of that name among ours.
    """
    found = globals().get(name) if isinstance(name, str) else None
    if isinstance(found, type) and issubclass(found, RecorderError):
        return found
    return RecorderError
