"""What a module finds by name at run time (`get_model`, `import_string`, task names), and whose rows it writes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import resolve_name
from typing import Any

from django.apps import apps

from strangler.boundaries.seams.bonds import Bond, bond
from strangler.boundaries.seams.imports import kind_of
from strangler.boundaries.seams.territory import App, Source, Territory
from strangler.errors import SetupError

_WRITES = {"create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "update", "delete"}
_WRITES |= {f"a{name}" for name in _WRITES}
_LEAVES = frozenset({int, str, bool, type(None), ast.Load, ast.Store, ast.Del, ast.Name, ast.Constant})
# Relations are read from `_meta`; a logger's name is no dependency.
_NOT_A_LOOKUP = re.compile(r"(Key|Field|Relation)$|^getLogger$")


def name_bonds(territory: Territory, modules: set[str]) -> Iterator[Bond]:
    """Yield what each app looks up by name in another, and each write to another's rows through its managers."""
    names = _Names(territory, modules)
    labels = "|".join(re.escape(label) for label in territory.labels)
    packages = "|".join(re.escape(app.name) for app in territory.apps)
    worth_parsing = re.compile(rf"""["'](?:{labels}|{packages})["'.]|\.(?:{"|".join(_WRITES)})\(""")
    for source in territory.sources.values():
        if worth_parsing.search(source.text):
            yield from _Module(source, names, territory.shown(source.path)).bonds()


@dataclass(frozen=True, slots=True)
class _Named:
    """Something of an app that a string names."""

    app: App
    what: str
    kind: str
    model: str = ""


class _Names:
    """What strings mean in this project."""

    def __init__(self, territory: Territory, modules: set[str]) -> None:
        self.territory = territory
        self.modules = modules
        self.apps = {app.label: app for app in territory.apps}
        self._models = {(m._meta.app_label, m.__name__.lower()): m.__name__ for m in apps.get_models()}

    def model(self, label: str, name: str) -> _Named | None:
        """Return the model of a bounded app, as `get_model` would."""
        found = self._models.get((label, name.lower()))
        return _Named(self.apps[label], f"{label}.{found}", "model", found) if found and label in self.apps else None

    def dotted(self, text: str) -> _Named | None:
        """Return what `label.Model`, `label.module` or a dotted path names."""
        label, _, rest = text.partition(".")
        named = self.model(label, rest)
        if named and named.model == rest:
            return named
        app = self.apps.get(label)
        for path in (text, f"{app.name}.{rest}") if app and rest else (text,):
            if found := self._module(path):
                return found
        return None

    def _module(self, path: str) -> _Named | None:
        module, name = (path, "") if path in self.modules else path.rpartition(".")[::2]
        source = self.territory.sources.get(module)
        if source is None or "." not in path or not (name == "" or _defines(source.text, name)):
            return None
        return _Named(source.app, path, kind_of(source.app, module))


@dataclass
class _Module:
    """One module, while it is read."""

    source: Source
    names: _Names
    place: str
    _models: dict[str, _Named] = field(default_factory=dict)
    _packages: dict[str, App] = field(default_factory=dict)

    def bonds(self) -> Iterator[Bond]:
        try:
            nodes = list(_telling(ast.parse(self.source.text)))
        except SyntaxError as error:
            raise SetupError([f"{self.place} cannot be parsed by this Python: {error}."]) from error
        for node in nodes:
            self._learn(node)
        for node in nodes:
            if isinstance(node, ast.Call):
                yield from self._bond(node, self._looked_up(node), "names {} in a string")
                yield from self._bond(node, self._written(node), "writes by {}()")

    def _bond(self, node: ast.Call, named: _Named | None, words: str) -> Iterator[Bond]:
        if named and named.app != self.source.app:
            what = words.format(named.what)
            yield bond(self.source.app.label, named.app.label, named.kind, what, self.place, node.lineno)

    def _learn(self, node: ast.AST) -> None:
        """Remember which names of this module stand for models, or modules of models, of others."""
        if isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), self.source.package)
            for alias in node.names:
                self._learn_import(f"{module}.{alias.name}", alias)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            named = self._looked_up(node.value)
            if named and named.model:
                self._models.update({t.id: named for t in node.targets if isinstance(t, ast.Name)})

    def _learn_import(self, path: str, alias: ast.alias) -> None:
        owner = self.names.territory.owner_of(path)
        if owner is None:
            return
        name = alias.asname or alias.name
        if path in self.names.modules:
            self._packages[name] = owner
        elif (named := self.names.model(owner.label, alias.name)) and named.model == alias.name:
            self._models[name] = named

    def _looked_up(self, call: ast.Call) -> _Named | None:
        function = _name_of(call.func)
        texts = [a.value for a in call.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if not texts or _NOT_A_LOOKUP.search(function):
            return None
        if len(texts) == 2 and function.endswith("get_model"):
            return self.names.model(*texts)
        return self.names.dotted(texts[0])

    def _written(self, call: ast.Call) -> _Named | None:
        """Return the model in `Model.objects.….create()`, and in `models.Model.objects.….create()`."""
        path = _path_of(call.func)
        if len(path) < 3 or path[-1] not in _WRITES:
            return None
        named = self._models.get(path[0])
        if named is None and path[0] in self._packages and len(path) > 3:
            named = self.names.model(self._packages[path[0]].label, path[1])
        return _Named(named.app, ".".join(path), "write") if named else None


def _telling(tree: ast.AST) -> Iterator[ast.Call | ast.Assign | ast.ImportFrom]:
    """Yield the nodes that can tell something; `ast.walk` visits five times as many and takes most of a survey."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Call, ast.Assign, ast.ImportFrom)):
            yield node
        if type(node) not in _LEAVES:
            for value in vars(node).values():
                if type(value) is list:
                    stack += value
                elif type(value) not in _LEAVES:
                    stack.append(value)


def _defines(text: str, name: str) -> bool:
    """Return whether a module seems to define or import a name; many other things are named with dots as well."""
    word = re.escape(name)
    return bool(re.search(rf"^\s*(?:async def|def|class|from|import)\b.*\b{word}\b|^{word}\s*[:=]", text, re.M))


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _path_of(node: ast.expr) -> list[str]:
    """Return the names in a chain of attributes and calls: A, objects, update of `A.objects.update(x)`."""
    names: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, (ast.Call, ast.Subscript)):
            node = node.func if isinstance(node, ast.Call) else node.value
        else:
            return []
    return [node.id, *reversed(names)]
