"""What stands above the window and in the task bar: what goes on, and which config it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.model.desk import NAME

if TYPE_CHECKING:
    from ui.model.desk import Desk

_NAME = "recorder"
_VERDICTS = {"different": "✗ DIFFERENT", "failed": "✗ not verified"}


def title(desk: Desk) -> str:
    """Return the window's title: ``● recording – top.yaml – recorder``.

    What is most worth to know comes first: a task bar cuts the rest off.
    """
    changed = ", not saved" if desk.draft.is_changed and desk.writes else ""
    return " – ".join(filter(None, (_state(desk), _subject(desk) + changed, _NAME)))


def _state(desk: Desk) -> str:
    snapshot, verdict = desk.snapshot, desk.verdict
    if snapshot.is_recording:
        return "● recording"
    if snapshot.busy or snapshot.phase == "starting":
        return snapshot.busy or "opening cameras"
    if verdict is not None:
        exact = "✓ verified" if verdict.level == "good" else "⚠ exact, with losses"
        return (_VERDICTS | {"exact": exact}).get(verdict.state, "verifying")
    return "ended" if snapshot.phase == "gone" else ""


def _subject(desk: Desk) -> str:
    """Return the file, or what the rig is called that was found without one."""
    if not desk.writes:
        return "preview"
    if desk.draft.path is not None:
        return desk.draft.path.name
    status = desk.snapshot.status
    return "new config" if status is None or status.name == NAME else status.name
