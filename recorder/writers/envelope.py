"""How far times are from an even course whose rate is known only at the end."""

from __future__ import annotations

MOST = 1024
"""Points that are kept on each side."""


class Envelope:
    """Keeps of many (index, time) those that can be farthest from any straight line.

    These are the corners of their convex hull: a few dozen for times that only jitter. For a rate
    that changes all the time there are many, and then the flattest are left out.

    Parameters
    ----------
    most
        Points kept on each side, at least 8.
    """

    def __init__(self, most: int = MOST) -> None:
        self._above = _Hull(most)
        self._below = _Hull(most)

    def add(self, index: int, time: int) -> None:
        """Take note of a time; the index grows from call to call."""
        self._above.add(index, time)
        self._below.add(index, -time)

    def farthest(self, period: float) -> float:
        """Return the greatest distance of a time from index times period; 0 without any.

        Never less than it is. It is more by at most what the left out points could have been
        above those that were kept: less than a hundredth for a rate that changes smoothly.
        """
        return max(0.0, self._above.highest(period), self._below.highest(-period))


class _Hull:
    """The upper side of a convex hull."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._corners: list[tuple[int, int]] = []
        self._left_out = 0.0

    def add(self, x: int, y: int) -> None:
        corners = self._corners
        while len(corners) > 1 and not _is_above(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
        if len(corners) > self._most:
            self._thin()

    def highest(self, slope: float) -> float:
        reached = [y - x * slope for x, y in self._corners]
        return max(reached) + self._left_out if reached else 0.0

    def _thin(self) -> None:
        """Leave out a quarter of the corners: those that stick out least, no two side by side."""
        corners = self._corners
        inner = range(1, len(corners) - 1)
        heights = sorted((_height(*corners[at - 1 : at + 2]), at) for at in inner)
        gone: set[int] = set()
        flattest = 0.0
        for height, at in heights:
            if len(gone) >= len(corners) // 4:
                break
            if not {at - 1, at + 1} & gone:
                gone.add(at)
                flattest = height
        # Each was so far above the line between its neighbours, which stay: no line that touches
        # the hull comes down by more.
        self._left_out += flattest
        self._corners = [corner for at, corner in enumerate(corners) if at not in gone]


def _is_above(left: tuple[int, int], middle: tuple[int, int], right: tuple[int, int]) -> bool:
    (x0, y0), (x1, y1), (x2, y2) = left, middle, right
    return (y1 - y0) * (x2 - x0) > (y2 - y0) * (x1 - x0)


def _height(left: tuple[int, int], middle: tuple[int, int], right: tuple[int, int]) -> float:
    (x0, y0), (x1, y1), (x2, y2) = left, middle, right
    return y1 - (y0 + (y2 - y0) * (x1 - x0) / (x2 - x0))
