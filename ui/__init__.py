"""The window. It watches and steers a recording; it never carries a frame to a file."""
