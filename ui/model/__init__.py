"""What the window knows and decides, without Qt: everything here runs in a plain test."""
