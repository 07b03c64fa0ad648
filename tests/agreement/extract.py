"""Finds expressions in folders of playbooks and roles, and infers a context for each.

Uses PyYAML and Jinja of the Python that has ansible-core; nothing of what it reads is kept.
"""

import json
import os
import re

import jinja2
import jinja2.nodes as nodes
import yaml

CONDITIONS = {"when", "that", "changed_when", "failed_when", "until", "break_when"}
SKIPPED = {".git", "node_modules", "__pycache__", "molecule", ".github", "changelogs"}
MARKS = re.compile(r"\{\{|\{%|\{#")


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads YAML with any tag."""


def any_tag(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", any_tag)


def strings(value, key=None):
    """Pairs of a kind and a text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str):
        if key in CONDITIONS and value.strip():
            yield "condition", value
        elif MARKS.search(value):
            yield "template", value


def files(folders, suffixes):
    for top in folders:
        for folder, inner, names in os.walk(top):
            inner[:] = sorted(name for name in inner if name not in SKIPPED)
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.join(folder, name)


def expressions(folders):
    """Unique (kind, text) of all YAML files, and the text of all template files."""
    seen = set()
    for path in files(folders, (".yml", ".yaml")):
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if len(text) > 500_000:
                continue
            documents = list(yaml.load_all(text, Loader=Loader))
        except Exception:
            continue
        for kind, text in strings(documents):
            if (kind, text) not in seen and len(text) < 20_000:
                seen.add((kind, text))
                yield {"kind": kind, "text": text}
    for path in files(folders, (".j2",)):
        try:
            with open(path, encoding="utf-8", newline="") as file:
                text = file.read()
        except Exception:
            continue
        if ("file", text) not in seen and len(text) < 100_000:
            seen.add(("file", text))
            yield {"kind": "file", "text": text, "search": [os.path.dirname(path)]}


# Contexts ------------------------------------------------------------------------------------------------------------

NUMERIC = {"int", "float", "abs", "round", "human_readable", "filesizeformat"}
LISTS = {
    "join", "first", "last", "map", "select", "reject", "selectattr", "rejectattr", "sort", "unique", "flatten", "sum",
    "min", "max", "union", "intersect", "difference", "zip", "product", "groupby", "list", "items2dict", "batch",
    "reverse", "symmetric_difference", "slice", "permutations", "combinations", "random", "shuffle",
}
MAPPINGS = {"dict2items", "combine", "dictsort"}
TEXTS = {
    "split", "regex_replace", "regex_search", "replace", "upper", "lower", "basename", "dirname", "trim", "b64encode",
    "quote", "hash", "regex_findall", "title", "indent", "splitext", "regex_escape", "password_hash", "string",
}
MAPPING_METHODS = {"items", "keys", "values", "get", "update", "pop"}
TEXT_METHODS = {
    "split", "startswith", "endswith", "strip", "replace", "upper", "lower", "find", "rsplit", "splitlines", "format",
    "lstrip", "rstrip", "isdigit", "encode",
}
LIST_METHODS = {"append", "extend", "index", "insert", "remove", "sort"}


class Shape:
    """What is known of one value by the way it is used."""

    def __init__(self):
        self.attributes = {}
        self.item = None
        self.kind = None
        self.constant = None

    def attribute(self, name):
        return self.attributes.setdefault(name, Shape())

    def element(self):
        if self.item is None:
            self.item = Shape()
        return self.item

    def value(self, name, seed, depth=0):
        if depth > 6:
            return name
        if self.item is not None or self.kind == "list":
            item = self.item or Shape()
            return [item.value(f"{name}{place}", seed + place, depth + 1) for place in (1, 2)]
        if self.attributes or self.kind == "map":
            known = {key: shape.value(str(key), seed + 1, depth + 1) for key, shape in self.attributes.items()}
            return known or {"a": f"{name}_a", "b": f"{name}_b"}
        if self.kind == "int":
            return 3 + seed % 5
        if self.kind == "bool":
            return seed % 2 == 0
        if self.constant is not None and seed % 2 == 0:
            return self.constant
        if self.kind == "version":
            return "2.1" + str(seed % 10)
        if self.kind == "base64":
            return "Y29udGVudCAxLjIKc2Vjb25kIGxpbmUK"
        if self.kind == "json":
            return '{"a": 1}'
        if self.constant is not None:
            return type(self.constant)() if not isinstance(self.constant, bool) else not self.constant
        return f"{name}_value"


def shape_of(node, scope, shapes):
    """The shape that an expression reads, when it is a path."""
    if isinstance(node, nodes.Name):
        if node.name in scope:
            return scope[node.name]
        return shapes.setdefault(node.name, Shape())
    if isinstance(node, nodes.Getattr):
        parent = shape_of(node.node, scope, shapes)
        return parent.attribute(node.attr) if parent else None
    if isinstance(node, nodes.Getitem):
        parent = shape_of(node.node, scope, shapes)
        if parent is None:
            return None
        if isinstance(node.arg, nodes.Const):
            if isinstance(node.arg.value, int):
                return parent.element()
            return parent.attribute(node.arg.value)
        if isinstance(node.arg, nodes.Slice):
            return None
        walk(node.arg, scope, shapes)
        return None
    if isinstance(node, nodes.Filter) and node.node is not None:
        walk(node, scope, shapes)
        inner = shape_of(node.node, scope, shapes)
        if node.name in ("default", "d", "mandatory", "list", "sort", "unique", "reverse"):
            return inner
        if node.name in ("first", "last", "random") and inner is not None:
            return inner.element()
        if node.name in ("selectattr", "rejectattr", "select", "reject"):
            return inner
        if node.name == "dict2items":
            return None
    return None


def mark(shape, kind):
    if shape is not None and shape.kind is None and not shape.attributes and shape.item is None:
        shape.kind = kind


def walk(node, scope, shapes):
    if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
        if not (isinstance(node, nodes.Name) and node.ctx != "load"):
            shape_of(node, scope, shapes)
        return
    if isinstance(node, nodes.Filter) and node.node is not None:
        inner = shape_of(node.node, scope, shapes) if not isinstance(node.node, nodes.Filter) else None
        if inner is None:
            walk(node.node, scope, shapes)
        arguments = node.args or []
        name = node.name.rsplit(".", 1)[-1]
        if name in NUMERIC:
            mark(inner, "int")
        elif name == "bool":
            mark(inner, "bool")
        elif name in LISTS:
            if inner is not None:
                element = inner.element() if inner.kind is None else Shape()
                if name in ("map", "sum", "groupby", "sort", "unique", "join", "selectattr", "rejectattr", "max", "min"):
                    keys = [kw.value for kw in node.kwargs if kw.key == "attribute"]
                    if name in ("selectattr", "rejectattr", "groupby"):
                        keys += arguments[:1]
                    for key in keys:
                        if isinstance(key, nodes.Const) and isinstance(key.value, str):
                            at = element
                            for part in key.value.split("."):
                                at = at.attribute(part)
                            if name in ("selectattr", "rejectattr") and len(arguments) > 2:
                                if isinstance(arguments[2], nodes.Const):
                                    at.constant = arguments[2].value
                            elif name in ("selectattr", "rejectattr") and len(arguments) == 1:
                                mark(at, "bool")
                    if name == "map" and arguments and isinstance(arguments[0], nodes.Const):
                        if arguments[0].value in ("int", "float"):
                            mark(element, "int")
        elif name in MAPPINGS:
            mark(inner, "map")
        elif name in ("from_json",):
            mark(inner, "json")
        elif name == "b64decode":
            mark(inner, "base64")
        elif name in ("default", "d") and arguments and inner is not None:
            default = arguments[0]
            if isinstance(default, nodes.Const):
                if isinstance(default.value, bool):
                    mark(inner, "bool")
                elif isinstance(default.value, int):
                    mark(inner, "int")
            elif isinstance(default, nodes.List):
                mark(inner, "list")
            elif isinstance(default, nodes.Dict):
                mark(inner, "map")
        for argument in arguments:
            walk(argument, scope, shapes)
        for keyword in node.kwargs or []:
            walk(keyword.value, scope, shapes)
        return
    if isinstance(node, nodes.Test):
        inner = shape_of(node.node, scope, shapes)
        if inner is None:
            walk(node.node, scope, shapes)
        if node.name in ("version", "version_compare"):
            mark(inner, "version")
        elif node.name in ("failed", "succeeded", "success", "changed", "skipped", "change", "skip", "failure"):
            if inner is not None:
                for name in ("failed", "changed", "skipped"):
                    mark(inner.attribute(name), "bool")
        for argument in node.args or []:
            walk(argument, scope, shapes)
        return
    if isinstance(node, nodes.Compare):
        left = shape_of(node.expr, scope, shapes)
        if left is None:
            walk(node.expr, scope, shapes)
        for operand in node.ops:
            right = operand.expr
            if operand.op in ("in", "notin"):
                container = shape_of(right, scope, shapes)
                if container is None:
                    walk(right, scope, shapes)
                elif container.kind is None and not container.attributes:
                    element = container.element()
                    if isinstance(node.expr, nodes.Const):
                        element.constant = node.expr.value
                if left is not None and isinstance(right, nodes.List) and right.items:
                    if isinstance(right.items[0], nodes.Const):
                        left.constant = right.items[0].value
            elif isinstance(right, nodes.Const) and left is not None:
                if isinstance(right.value, bool):
                    mark(left, "bool")
                elif isinstance(right.value, int):
                    mark(left, "int")
                elif isinstance(right.value, str):
                    left.constant = right.value
            else:
                if operand.op not in ("eq", "ne"):
                    mark(left, "int")
                    mark(shape_of(right, scope, shapes), "int")
                walk(right, scope, shapes)
        return
    if isinstance(node, (nodes.And, nodes.Or)):
        for side in (node.left, node.right):
            walk(side, scope, shapes)
            if isinstance(side, (nodes.Name, nodes.Getattr, nodes.Getitem)):
                mark(shape_of(side, scope, shapes), "bool")
        return
    if isinstance(node, nodes.Not):
        walk(node.node, scope, shapes)
        if isinstance(node.node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
            mark(shape_of(node.node, scope, shapes), "bool")
        return
    if isinstance(node, (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Pow, nodes.Neg)):
        for side in (getattr(node, "left", None), getattr(node, "right", None), getattr(node, "node", None)):
            if side is not None:
                walk(side, scope, shapes)
                mark(shape_of(side, scope, shapes), "int")
        return
    if isinstance(node, nodes.Add):
        for side, other in ((node.left, node.right), (node.right, node.left)):
            walk(side, scope, shapes)
            if isinstance(other, nodes.List):
                mark(shape_of(side, scope, shapes), "list")
            elif isinstance(other, nodes.Const) and isinstance(other.value, int):
                mark(shape_of(side, scope, shapes), "int")
        return
    if isinstance(node, nodes.Call):
        callee = node.node
        if isinstance(callee, nodes.Getattr):
            inner = shape_of(callee.node, scope, shapes)
            if inner is None:
                walk(callee.node, scope, shapes)
            if callee.attr in MAPPING_METHODS:
                mark(inner, "map")
                if callee.attr == "get" and inner is not None and node.args and isinstance(node.args[0], nodes.Const):
                    inner.attribute(node.args[0].value)
            elif callee.attr in LIST_METHODS:
                mark(inner, "list")
        elif not isinstance(callee, nodes.Name):
            walk(callee, scope, shapes)
        for argument in node.args:
            walk(argument, scope, shapes)
        for keyword in node.kwargs:
            walk(keyword.value, scope, shapes)
        return
    if isinstance(node, nodes.For):
        over = shape_of(node.iter, scope, shapes)
        if over is None:
            walk(node.iter, scope, shapes)
        inner = dict(scope)
        element = over.element() if over is not None and over.kind in (None, "list") and not over.attributes else Shape()
        for target in node.target.find_all(nodes.Name) if not isinstance(node.target, nodes.Name) else [node.target]:
            inner[target.name] = element if isinstance(node.target, nodes.Name) else Shape()
        inner["loop"] = Shape()
        for part in ([node.test] if node.test else []) + node.body + node.else_:
            walk(part, inner, shapes)
        return
    if isinstance(node, nodes.Macro):
        inner = dict(scope)
        for argument in node.args:
            inner[argument.name] = Shape()
        scope[node.name] = Shape()
        for part in node.body:
            walk(part, inner, shapes)
        return
    if isinstance(node, nodes.Assign):
        walk(node.node, scope, shapes)
        for target in [node.target] if isinstance(node.target, nodes.Name) else node.target.find_all(nodes.Name):
            scope[target.name] = Shape()
        return
    if isinstance(node, nodes.If):
        walk(node.test, scope, shapes)
        if isinstance(node.test, (nodes.Name, nodes.Getattr, nodes.Getitem)):
            mark(shape_of(node.test, scope, shapes), "bool")
    for child in node.iter_child_nodes():
        walk(child, scope, shapes)


GLOBALS = {"omit", "lookup", "query", "q", "range", "now", "namespace", "dict", "undef", "lipsum", "cycler", "joiner"}
ENVIRONMENT = jinja2.Environment(trim_blocks=True)


def context(case):
    """Synthetic values for the variables that a text reads; none when it cannot be read."""
    text = case["text"]
    if case["kind"] == "condition" and not MARKS.search(text):
        text = "{{ " + text + " }}"
    try:
        tree = ENVIRONMENT.parse(text)
    except Exception:
        return {}
    shapes = {}
    scope = {}
    try:
        walk(tree, scope, shapes)
    except RecursionError:
        return {}
    # What of them is defined depends on the text alone, so that both sides and every run see the same.
    seed = sum(map(ord, text))
    variables = {}
    for place, (name, shape) in enumerate(sorted(shapes.items())):
        if name in GLOBALS or not isinstance(name, str):
            continue
        if re.search(rf"\b{re.escape(name)}\b[^|]*(is (not )?defined|is (not )?undefined|\| *d(efault)?\b)", text):
            if (seed + place) % 3 == 0:
                continue
        variables[name] = shape.value(name, seed + place)
    try:
        json.dumps(variables)
    except (TypeError, ValueError):
        return {}
    return variables
