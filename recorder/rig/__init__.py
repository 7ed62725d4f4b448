"""Many cameras at work, each in a process of its own, supervised and watchable from outside."""
