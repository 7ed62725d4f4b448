"""Which camera the window is about: one owner, which every view follows."""

from __future__ import annotations

from collections.abc import Sequence


class Selection:
    """The selected camera, by name.

    Attributes
    ----------
    name
        None while there is no camera.
    """

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self.name: str | None = None

    def choose(self, name: str) -> bool:
        """Select a camera; False, and nothing changes, if there is none of that name."""
        if name not in self._names:
            return False
        self.name = name
        return True

    def follow(self, names: Sequence[str]) -> None:
        """Take note of which cameras there are now.

        The selected one stays selected for as long as there is one of its name. If it was renamed,
        its new name is selected; if it was removed, its neighbour; of other cameras the first.
        """
        before, self._names = self._names, tuple(names)
        if self.name not in self._names:
            self.name = _heir(before, self.name, self._names)


def _heir(before: tuple[str, ...], gone: str | None, now: tuple[str, ...]) -> str | None:
    if gone not in before or not set(before) & set(now):
        return now[0] if now else None
    at = before.index(gone)
    is_renamed = len(now) == len(before) and now[at] not in before
    near = now[at : at + 1] if is_renamed else (*before[at + 1 :], *reversed(before[:at]))
    return next(name for name in near if name in now)
