"""JSON schemas in the form that the grammar engine compiles exactly.

A completion has to be valid for the client's validator, so there are three kinds of keywords:

- Annotations and unknown keywords say nothing about validity and are left out; ``format`` too, unless it is one of
  `FORMATS`, which are enforced.
- What the engine lacks and another keyword can express is rewritten: references of every kind to definitions at the
  root, ``oneOf``, ``propertyNames``, ``dependentRequired``, tuples and bounds of older drafts. A rewritten schema may
  admit less than the original (``oneOf``), never more.
- Anything else that changes validity is refused, with its path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

from fathom.base.errors import SchemaError
from fathom.base.json_path import JsonPath
from fathom.engine.json_schema.document import (
    MAX_DEPTH,
    TYPES,
    Schema,
    SchemaDocument,
    describe,
    nesting_error,
    shorten,
)
from fathom.engine.json_schema.exclusive import replace_one_of
from fathom.engine.json_schema.patterns import check_patterns
from fathom.engine.json_schema.recursion import check_references, check_satisfiable
from fathom.engine.json_schema.values import bound, check_constant, count, is_number

FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"])
"""The formats that the grammar engine knows."""
MAX_PROPERTIES = 2_000
"""Of one object: the grammar engine's time to compile it grows with their square, to a second."""

_DECIMAL = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"
_EMAIL = r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"
_DURATION = r"^P(?:(\d+W)|(?!.*W)(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$"
_SECONDS = r"\d+([.,]\d+)?S"
_TIME = rf"T(\d+H(\d+M)?({_SECONDS})?|\d+M({_SECONDS})?|{_SECONDS})"
_EQUIVALENT_PATTERNS = {
    _DECIMAL: r"^[+-]?(\d+\.?\d*|\.\d+)$",
    _EMAIL: r"^([A-Za-z0-9_'+-]+\.)*[A-Za-z0-9_'+-]*[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}$",
    _DURATION: rf"^P(\d+W|(\d+Y(\d+M)?(\d+D)?|\d+M(\d+D)?|\d+D)({_TIME})?|{_TIME})$",
}
"""Patterns with look-around that are common, and the same without: pydantic's of a Decimal, zod's of an address and of
a duration."""
_LONGEST_PATH = 2 * MAX_DEPTH + 16
_IN_PLACE = frozenset({"$ref", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "dependencies"})
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")

Rule = Callable[[Schema, Schema, Any, JsonPath], None]
"""Adds to a normal schema what a keyword of the original says: (normal, original, value, path)."""


def normalize(root: Any, at: JsonPath = ()) -> Schema:
    """The normal form of the schema at ``at`` in ``root``, with the definitions that it needs. Raises SchemaError."""
    return _Normalizer(SchemaDocument(root)).document(at)


def _is_names(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


class _Normalizer:
    """One document. Definitions are made of whatever is referred to, each once."""

    def __init__(self, source: SchemaDocument) -> None:
        self._source = source
        self._names: dict[JsonPath, str] = {}
        self._pending: list[JsonPath] = []
        self._followed: list[JsonPath] = []  # what propertyNames refer to, from the outside in
        self._one_of: list[tuple[Schema, JsonPath]] = []
        self._rules: dict[str, Rule] = {
            **dict.fromkeys(_COUNTS, self._count),
            "required": self._require,
            "pattern": self._pattern,
            "multipleOf": self._multiple_of,
            **dict.fromkeys(("properties", "patternProperties"), self._map),
            **dict.fromkeys(("allOf", "anyOf", "oneOf"), self._branches),
            **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), self._bound),
            **dict.fromkeys(("dependentRequired", "dependentSchemas", "dependencies"), self._dependencies),
            **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), self._rest_of_keywords),
            **dict.fromkeys(("then", "else"), self._conditional),
            **dict.fromkeys(("$dynamicRef", "$recursiveRef"), self._refuse),
            "$ref": self._reference,
            "type": self._type,
            "const": self._const,
            "enum": self._enum,
            "format": self._format,
            "additionalProperties": self._single,
            "propertyNames": self._property_names,
            "prefixItems": self._prefix_items,
            "items": self._items,
            "additionalItems": self._additional_items,
            "uniqueItems": self._unique_items,
            "contains": self._contains,
            "not": self._not,
        }

    def document(self, path: JsonPath) -> Schema:
        root = self._schema(self._source.at(path), path)
        definitions: Schema = {}
        while self._pending:
            target = self._pending.pop()
            definitions[self._names[target]] = self._schema(self._source.at(target), target)
        places = {name: target for target, name in self._names.items()}
        check_references(definitions, places)
        for schema, place in self._one_of:
            replace_one_of(schema, definitions, place)
        check_satisfiable(root, definitions, path)
        check_patterns(root, definitions, {"": path, **places})
        if not isinstance(root, dict):
            root = {}
        return {**root, "$defs": definitions} if definitions else root

    def _schema(self, schema: Any, path: JsonPath) -> Any:
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise SchemaError(f"this is {describe(schema)}, and no schema", "write an object, true or false", path)
        if len(path) > _LONGEST_PATH:
            raise nesting_error(path)
        stated = {key: value for key, value in schema.items() if value is not None or key == "const"}  # null: left out
        normal: Schema = {}
        for keyword, value in stated.items():
            rule = self._rules.get(keyword)
            if rule is not None:
                rule(normal, stated, value, (*path, keyword))
        _resolve_counts(normal)
        return normal

    def _require(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if not _is_names(value):
            raise SchemaError(f"this is {describe(value)}", "write a list of strings", path)
        normal["required"] = value

    def _pattern(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if not isinstance(value, str):
            raise SchemaError(f"this is {describe(value)}", "write a regular expression", path)
        normal["pattern"] = _EQUIVALENT_PATTERNS.get(value, value)

    def _count(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if (number := count(value, path)) is not None:
            normal[str(path[-1])] = number

    def _multiple_of(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if not is_number(value) or value <= 0:
            raise SchemaError(f"this is {describe(value)}", "write a number above 0", path)
        normal["multipleOf"] = value

    def _map(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if not isinstance(value, dict):
            raise SchemaError(f"this is {describe(value)}", "write an object of schemas", path)
        if len(value) > MAX_PROPERTIES:
            raise SchemaError(f"these are more than {MAX_PROPERTIES:,} properties", "divide the object", path)
        schemas = {name: self._schema(child, (*path, name)) for name, child in value.items()}
        normal[str(path[-1])] = {**normal.get(str(path[-1]), {}), **schemas}

    def _branches(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        branches = self._list(value, path)
        if path[-1] == "allOf":
            normal.setdefault("allOf", []).extend(branches)
        elif path[-1] == "anyOf":
            _add_any_of(normal, branches)
        else:
            normal["oneOf"] = branches
            self._one_of.append((normal, path))

    def _list(self, value: Any, path: JsonPath) -> list[Any]:
        if not isinstance(value, list) or not value:
            raise SchemaError(f"this is {describe(value)}", "write a list of schemas, at least one", path)
        return [self._schema(child, (*path, index)) for index, child in enumerate(value)]

    def _single(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        if "propertyNames" not in original:  # else the rule of propertyNames takes care of both
            normal[str(path[-1])] = self._schema(value, path)

    def _reference(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if not isinstance(value, str):
            raise SchemaError(f"this is {describe(value)}", "write a reference, like '#/$defs/name'", path)
        normal["$ref"] = f"#/$defs/{self._name(self._source.resolve(value, path))}"

    def _name(self, target: JsonPath) -> str:
        """The name of the definition made of what is at ``target``."""
        if target not in self._names:
            self._names[target] = f"d{len(self._names)}"
            self._pending.append(target)
        return self._names[target]

    def _type(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        types = value if isinstance(value, list) else [value]
        if not types or any(kind not in TYPES for kind in types):
            shown = shorten(value) if isinstance(value, str) else describe(value)
            raise SchemaError(f"the type {shown} is none of JSON's", f"choose among {', '.join(TYPES)}", path)
        normal["type"] = value

    def _const(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        check_constant(value, path)
        normal["const"] = value

    def _enum(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if not isinstance(value, list) or not value:
            raise SchemaError(f"this is {describe(value)}", "write a list of values, at least one", path)
        for index, item in enumerate(value):
            check_constant(item, (*path, index))
        normal["enum"] = value

    def _format(self, normal: Schema, _: Schema, value: Any, __: JsonPath) -> None:
        if isinstance(value, str) and value in FORMATS:
            normal["format"] = value

    def _bound(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        """``exclusiveMinimum`` is a number, or in draft 4 a flag of ``minimum``."""
        if isinstance(value, bool):
            limit = original.get("minimum" if path[-1] == "exclusiveMinimum" else "maximum")
            if not value or limit is None:
                return
            value = limit
        normal[str(path[-1])] = bound(value, path)

    def _prefix_items(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        if not isinstance(original.get("items"), list):  # the form of older drafts, which replaced this keyword
            normal["prefixItems"] = self._list(value, path)

    def _items(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        if not isinstance(value, list):
            normal["items"] = self._schema(value, path)
        elif value:
            normal["prefixItems"] = self._list(value, path)

    def _additional_items(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        if isinstance(original.get("items"), list):  # else it says nothing
            normal["items"] = self._schema(value, path)

    def _unique_items(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        longest = original.get("maxItems")
        if value is not False and not (is_number(longest) and longest <= 1):
            self._refuse(normal, original, value, path)

    def _contains(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        if original.get("minContains") != 0 or "maxContains" in original:
            self._refuse(normal, original, value, path)

    def _rest_of_keywords(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        """What no other keyword has looked at: where none of them could, what is additional."""
        if value is True or value == {}:
            return
        if original.keys() & _IN_PLACE or "propertyNames" in original:
            self._refuse(normal, original, value, path)
        keyword = "additionalProperties" if path[-1] == "unevaluatedProperties" else "items"
        if keyword not in original:
            normal[keyword] = self._schema(value, path)

    def _not(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        """The negation of everything, of nothing, of types, and of an object that has a certain property."""
        if value is False:
            return
        if value is True or value == {}:
            _add_all_of(normal, False)
            return
        stated = {key: value[key] for key in value if key in self._rules} if isinstance(value, dict) else {}
        types, names = stated.get("type"), stated.get("required")
        types = [types] if isinstance(types, str) else types
        if set(stated) == {"type"} and _is_names(types) and "integer" not in types:
            rest = [kind for kind in TYPES if kind not in types and kind != "integer"]
            _add_all_of(normal, {"type": rest} if rest else False)
        elif set(stated) == {"required"} and _is_names(names) and names and original.get("type") == "object":
            _add_all_of(normal, {"properties": {names[0]: False}})
        else:
            self._refuse(normal, original, value, path)

    def _dependencies(self, normal: Schema, _: Schema, value: Any, path: JsonPath) -> None:
        """If the object has the property, then also …: it lacks the property, or fulfils the rest."""
        if not isinstance(value, dict):
            raise SchemaError(f"this is {describe(value)}", "write an object", path)
        for name, demand in value.items():
            place = (*path, name)
            then = {"required": demand} if _is_names(demand) else self._schema(demand, place)
            _add_all_of(normal, {"anyOf": [{"properties": {name: False}}, then]})

    def _conditional(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        if "if" in original and value is not True and value != {}:
            self._refuse(normal, original, value, path)

    def _property_names(self, normal: Schema, original: Schema, value: Any, path: JsonPath) -> None:
        """A list of names is a list of properties; a pattern of names is one of ``patternProperties``."""
        rest = (original.get("additionalProperties", True), (*path[:-1], "additionalProperties"))
        stated = self._statements_on_names(value, path)
        if not stated:
            if "additionalProperties" in original:
                normal["additionalProperties"] = self._schema(*rest)
            return
        declared = original.get("properties") or {}
        if set(stated) == {"enum"} and not original.get("patternProperties"):
            names = dict.fromkeys(name for name in stated["enum"] if isinstance(name, str))
            listed = {name: self._schema(*rest) for name in names if name not in declared}
            normal["properties"] = {**normal.get("properties", {}), **listed}
            if barred := {name: False for name in declared if name not in names}:
                _add_all_of(normal, {"properties": barred})
        elif set(stated) == {"pattern"} and not declared and not original.get("patternProperties"):
            normal["patternProperties"] = {stated["pattern"]: self._schema(*rest)}
        else:
            self._refuse(normal, original, value, path)
        normal["additionalProperties"] = False

    def _statements_on_names(self, value: Any, path: JsonPath) -> Schema:
        """What a schema demands of strings: ``enum``, ``pattern`` or what else it says; nothing where all fit."""
        place, followed = path, len(self._followed)
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            path = self._source.resolve(value["$ref"], path)
            if path in self._followed:
                raise SchemaError("the reference leads back to itself", "list the names or give a pattern", place)
            self._followed.append(path)
            value = self._source.at(path)
        normal = self._schema(value, path)
        del self._followed[followed:]
        if isinstance(normal, bool):
            return {} if normal else {"enum": []}
        types = normal.pop("type", "string")
        normal.pop("format", None)
        if "string" not in types:
            return {"enum": []}
        if "const" in normal:
            normal.setdefault("enum", [normal.pop("const")])
        least, most = normal.get("minLength", 0), normal.get("maxLength", "")
        if normal.keys() <= {"minLength", "maxLength"}:
            return {"pattern": f"^[\\s\\S]{{{least},{most}}}$"} if normal else {}
        return normal

    def _refuse(self, _: Schema, __: Schema, ___: Any, path: JsonPath) -> None:
        raise SchemaError("no grammar can enforce this keyword", "leave it out, or say it in the description", path)


def _resolve_counts(normal: Schema) -> None:
    """Say bounds on the number of properties by ``required``, as the engine counts no optional ones."""
    declared, required = normal.get("properties", {}), normal.get("required", [])
    least, most = normal.get("minProperties", 0), normal.get("maxProperties", len(declared))
    if not declared.keys() - set(required):
        return
    if least <= len(set(required)):
        normal.pop("minProperties", None)
    elif least == len(declared):
        normal["required"] = [*required, *(name for name in declared if name not in required)]
        del normal["minProperties"]
    elif least == 1:
        _add_any_of(normal, [{"required": [name]} for name in declared])
        del normal["minProperties"]
    if most >= len(declared) and normal.get("additionalProperties") is False and not normal.get("patternProperties"):
        normal.pop("maxProperties", None)


def _add_all_of(normal: Schema, schema: Any) -> None:
    normal.setdefault("allOf", []).append(schema)


def _add_any_of(normal: Schema, branches: list[Any]) -> None:
    if "anyOf" in normal:
        _add_all_of(normal, {"anyOf": branches})
    else:
        normal["anyOf"] = branches
