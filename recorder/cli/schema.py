"""``recorder schema``: the JSON Schema of a config, for editors."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of configs, for editors."""
    import json

    from recorder.config.schema import config_schema

    # Escaped beyond ASCII, so that it is the same file in every encoding a shell may write.
    print(json.dumps(config_schema(), indent=2))
