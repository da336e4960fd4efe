"""What a package exports, found in its own files: a class is exported by being there."""

import importlib
import pkgutil
import sys
from typing import Any


def modules_of(package: str) -> dict[str, Any]:
    """The modules of a package by name, imported; those whose name begins with an underscore stay private."""
    found = [module.name for module in pkgutil.iter_modules(sys.modules[package].__path__)]
    return {name: importlib.import_module(f"{package}.{name}") for name in found if not name.startswith("_")}


def classes_of(package: str, base: type = object) -> dict[str, type]:
    """The public classes that the modules of a package define, by name.

    Args:
        package: Full name of a package that is being imported.
        base: Only this class and those derived from it.
    """
    return {
        name: value
        for module in modules_of(package).values()
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
