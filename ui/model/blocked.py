"""Why no recording can be begun right now, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder import readout
from ui.model.wording import config_problems, inexact

if TYPE_CHECKING:
    from recorder.stats import RigStatus
    from ui.model.draft import Draft
    from ui.model.snapshot import Snapshot

PREVIEW_ONLY = "preview only: nothing is written"
OPENING = "cameras are being opened"
_STATES = {
    "new": OPENING,
    "opening": OPENING,
    "ended": OPENING,  # the link is there: its camera is opened in another way
    "finishing": "the cameras are being closed",
}


def why_not(draft: Draft, snapshot: Snapshot) -> str | None:
    """Return why no recording can be begun now; None if one can, or goes on."""
    if wrong := config_problems(draft.problems()):
        return wrong
    if refused := inexact(draft):
        return refused
    names = draft.camera_names
    if {draft.get("cameras", name, "recording", "format") for name in names} == {"none"}:
        return "“write nothing” is chosen"
    if snapshot.busy or snapshot.phase == "starting":
        return snapshot.busy or OPENING
    if snapshot.phase == "silent":
        return "the rig does not answer"
    if not snapshot.is_attached or snapshot.status is None:
        return "no camera is open"
    return _not_ready(draft, snapshot.status)


def _not_ready(draft: Draft, status: RigStatus) -> str | None:
    if status.waits_until is not None:
        return f"the cameras are closed until {readout.moment(status.waits_until)}"
    if status.state in _STATES:
        return _STATES[status.state]
    if status.state == "recording":
        return None
    if any(camera.state == "opening" for camera in status.cameras):
        return OPENING
    away = [
        camera.name
        for camera in status.cameras
        if camera.state == "restarting"
        or (camera.state == "ended" and not _may_be_left(draft, camera.name))
    ]
    if not away:
        return None
    return f"{', '.join(away)} {'is' if len(away) == 1 else 'are'} not there"


def _may_be_left(draft: Draft, camera: str) -> bool:
    """Whether the others are recorded without it; one of them is there, or the rig had ended."""
    return bool(draft.get("cameras", camera, "on_failure") == "leave")
