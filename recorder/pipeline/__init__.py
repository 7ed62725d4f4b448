"""One camera at work: ring, acquisition thread, writer thread, session."""
