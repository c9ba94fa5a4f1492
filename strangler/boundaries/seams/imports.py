"""Who imports whom, function-local imports included; what only a type checker sees is left out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from strangler.boundaries.seams.bonds import Bond, bond
from strangler.boundaries.seams.territory import App, Territory
from strangler.errors import SetupError

if TYPE_CHECKING:
    import grimp


def import_graph(territory: Territory) -> grimp.ImportGraph:
    """
    Return the imports of all packages that hold apps.

    Raises:
        SetupError: a file cannot be parsed, or grimp is not installed.
    """
    try:
        import grimp  # an extra: everything else works without it
    except ImportError as error:
        raise SetupError(["Imports are read with grimp: pip install 'django-strangler[seams]'."]) from error
    roots = sorted({app.name.partition(".")[0] for app in territory.apps})
    try:
        # No cache: this is somebody else's folder.
        return grimp.build_graph(*roots, exclude_type_checking_imports=True, cache_dir=None)
    except grimp.exceptions.SourceSyntaxError as error:
        raise SetupError([f"{error}. Mend or remove that file: imports cannot be read around it."]) from error


def import_bonds(territory: Territory, graph: grimp.ImportGraph) -> Iterator[Bond]:
    """Yield every import that crosses a border, and those that cross one through code that belongs to no app."""
    through = _Through(territory, graph)
    for source in territory.sources.values():
        if source.module not in graph.modules:
            continue
        for imported in sorted(graph.find_modules_directly_imported_by(source.module)):
            target = territory.owner_of(imported)
            if target == source.app:
                continue
            reached = [(target, imported)] if target else through.reached(imported).items()
            for other, module in reached:
                if other != source.app:
                    yield from _bonds(territory, graph, source.module, imported, other, module)


def _bonds(
    territory: Territory, graph: grimp.ImportGraph, importer: str, imported: str, target: App, module: str
) -> Iterator[Bond]:
    source = territory.sources[importer]
    if module == imported:
        kind, what = kind_of(target, imported), f"imports {imported}"
    else:
        kind, what = "indirect", f"imports {imported}, which needs {module}"
    for detail in graph.get_import_details(importer=importer, imported=imported):
        place = territory.shown(source.path)
        yield bond(source.app.label, target.label, kind, what, place, detail["line_number"])


def kind_of(target: App, module: str) -> str:
    """Return whether a module of an app is its contract, its models, or anything else."""
    first = module.removeprefix(target.name).lstrip(".").partition(".")[0]
    return {"contract": "contract", "models": "model", "abstract_models": "model"}.get(first, "import")


class _Through:
    """Which apps a module that belongs to no app leads to, and by which module of theirs."""

    def __init__(self, territory: Territory, graph: grimp.ImportGraph) -> None:
        self._territory = territory
        self._graph = graph
        self.reached = cache(self._reached)

    def _reached(self, module: str) -> dict[App, str]:
        found: dict[App, str] = {}
        seen, queue = {module}, [module]
        while queue:
            for imported in sorted(self._graph.find_modules_directly_imported_by(queue.pop(0))):
                owner = self._territory.owner_of(imported)
                if owner:
                    found.setdefault(owner, imported)
                elif imported not in seen:
                    seen.add(imported)
                    queue.append(imported)
        return found
