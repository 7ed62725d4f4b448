"""HDF5 files that any HDF5 program reads, written so that no kill can spoil them."""

from recorder.writers.hdf5.choice import choose, filter_name, prove
from recorder.writers.hdf5.writer import Hdf5Writer

__all__ = ["Hdf5Writer", "choose", "filter_name", "prove"]
