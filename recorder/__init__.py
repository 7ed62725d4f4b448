"""A real-time camera recorder that is lossless, and proves it."""
