"""How help looks: commands in groups, plain names of values, examples, and where to read on."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

GROUPS = {
    "Record": ("record", "gui", "preview"),
    "Watch": ("attach", "status", "stop"),
    "Files": ("verify", "convert"),
    "Config": ("check", "schema", "cameras", "doctor"),
}
SET = (
    "Override a config key (recording.codec=archive) or add metadata (subject=M12); "
    "may be repeated."
)
"""What ``--set`` is, wherever there is one."""
JSON = "End with one JSON object on stdout."
RIG = "The rig: its config's name without .yaml. Needed if several run."

_EXAMPLES: dict[str, tuple[str, str, str]] = {
    "record": (
        "recorder record configs/demo.yaml",
        "recorder record rig.yaml --duration 10min --set subject=M12",
        "configs/README.md",
    ),
    "gui": ("recorder gui", "recorder gui configs/webcam.yaml", "ui/README.md"),
    "preview": ("recorder preview 0", "recorder preview configs/two.yaml", "ui/README.md"),
    "attach": ("recorder attach", "recorder attach rig --text", "recorder/README.md"),
    "status": ("recorder status", "recorder status rig --json", "recorder/README.md"),
    "stop": ("recorder stop rig", "recorder stop --yes", "recorder/README.md"),
    "verify": ("recorder verify recordings", "recorder verify a.mkv --json", "recorder/README.md"),
    "convert": (
        "recorder convert a.mkv a.h5",
        "recorder convert a.mkv small.mkv --codec archive",
        "recorder/README.md",
    ),
    "check": (
        "recorder check rig.yaml",
        "recorder check rig.yaml --set recording.codec=archive",
        "configs/README.md",
    ),
    "schema": (
        "recorder schema",
        "recorder schema > recorder.schema.json",
        "configs/README.md",
    ),
    "cameras": ("recorder cameras", "recorder cameras --json", "configs/README.md"),
    "doctor": ("recorder doctor", "recorder doctor rig.yaml", "README.md"),
}


def examples(command: str) -> tuple[str, str]:
    """Return the two examples of a command's help."""
    first, second, _ = _EXAMPLES[command]
    return first, second


class Command(TyperCommand):
    """A command whose help ends with two examples and where to read on."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands behind the command's name: ``[OPTIONS] CONFIG``."""
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return ["[OPTIONS]", *(_usage(each) for each in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            found = [each for each in self.get_params(ctx) if each.param_type_name == kind]
            if found:
                with formatter.section(title):
                    formatter.write_dl([(_name(each), _help(each)) for each in found])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they are typed."""
        first, second, link = _EXAMPLES[self.name or ""]
        with formatter.section("Examples"):
            for line in (first, second):
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        formatter.write(f"\nMore: {link}\n")


class Group(TyperGroup):
    """The commands, in groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each group as a section of its own."""
        widest = max(len(name) for name in self.commands)
        for title, names in GROUPS.items():
            rows = [(name.ljust(widest), _summary(self.commands[name])) for name in names]
            with formatter.section(title):
                formatter.write_dl(rows)


def _summary(command: Any) -> str:
    return str(command.help or "").strip().partition("\n")[0].removesuffix(".")


def _usage(argument: Any) -> str:
    name = _name(argument)
    return name if argument.required else f"[{name}]"


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    names = ", ".join(sorted((*param.opts, *param.secondary_opts), key=len))
    return names if param.is_flag else f"{names} {param.metavar or param.name.upper()}"


def _help(param: Any) -> str:
    default = param.default
    shown = isinstance(default, str | int | float) and not isinstance(default, bool)
    return f"{param.help or ''}{f' [default: {default}]' if shown else ''}"
