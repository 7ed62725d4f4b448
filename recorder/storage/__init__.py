"""Arbitrary data in one HDF5 file: `save` and `load`, in flammkuchen's layout.

flammkuchen does the writing and the reading. Round it stands what it lacks: values that it would
change without a word are pickled instead, pictures are compressed our way, and a file has its name
only when it is whole.
"""

from recorder.storage.calls import load, save

__all__ = ["load", "save"]
