"""Pages and pictures from templates of Jinja."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def templates(module: str, **options: Any) -> Environment:
    """Return the templates in the folder `templates` beside a module, given by its file.

    What is put into one is escaped, and what is not there is an error; further options are Jinja's.
    """
    return Environment(
        loader=FileSystemLoader(Path(module).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
