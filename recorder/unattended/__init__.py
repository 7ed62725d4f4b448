"""Recording that nobody watches: when, for how long it is kept, and who is told."""
