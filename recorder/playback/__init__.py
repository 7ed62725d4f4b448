"""Recordings at rest: find them, decode them, verify them."""
