"""What on this machine would cost frames or keep a camera from working, each with its remedy.

::

    examine ── software · machine · cameras · folders ──► Finding, Finding, …

Each module gives findings and changes nothing; only `folders` writes, a file that it removes.
"""
