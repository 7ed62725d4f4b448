"""Recording that nobody watches: when, for how long it is kept, and who is told."""

from recorder.unattended.observers import Observer, make_observers
from recorder.unattended.schedule import Window, upcoming
from recorder.unattended.words import describe

__all__ = ["Observer", "Window", "describe", "make_observers", "upcoming"]
