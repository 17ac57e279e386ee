"""JSON: data frames in every usual orientation, GeoJSON, nested results, and models that were saved as JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import limits
from .file import File
from .gathering import Gathering, place
from .places import Places, shown

__all__ = ["as_cell", "read", "read_value"]

_BLOB = re.compile(r"[A-Za-z0-9+/\s]{400,}={0,2}")
_MODEL_KEYS = frozenset(
    {
        "gradient_booster",
        "support_vectors",
        "support_vectors_",
        "dual_coef_",
        "tree_info",
        "oblivious_trees",
        "state_dict",
    }
    | {"node_data", "leaf_value", "split_indices", "children_left", "coefs_", "weightsManifest", "X_train", "_fit_X"}
)


def read(file: File, into: Gathering) -> None:
    """Read every frame, every list of numbers and every word of a JSON file."""
    repeated = Places()

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) < len(found):
            times = Counter(name for name, _ in found)
            for name in (name for name, many in times.items() if many > 1):
                repeated.add(f"“{shown(name)}”")
        return made

    value = json.loads(file.text or "", object_pairs_hook=pairs)
    if repeated:
        into.flag(
            "REPEATED_KEYS",
            str(repeated),
            f"{repeated.count} names stand twice in one object: programs differ in which value they show.",
            "Give each value a name of its own.",
        )
    read_value(value, into)


def read_value(value: Any, into: Gathering, where: str = "") -> None:
    """Read a JSON value into tables and words; ``where`` is the place of the value in its file."""
    words: list[str] = []
    waiting: list[tuple[str, Any, int]] = [(where, value, 0)]
    while waiting:
        name, item, depth = waiting.pop()
        if depth > limits.NESTED:
            into.incomplete(name[:200], f"it nests deeper than {limits.NESTED} levels")
            continue
        if isinstance(item, dict):
            waiting.extend((inner, one, depth + 1) for inner, one in reversed(_object(item, into, name, words)))
        elif isinstance(item, list):
            waiting.extend((inner, one, depth + 1) for inner, one in reversed(_array(item, into, name, words)))
        elif isinstance(item, str):
            _word(item, into, name, words)
        elif item is not None:
            into.rows([(as_cell(item),)], columns=("value",), where=name)
    into.text("\n".join(words), where)


def as_cell(value: Any) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _object(item: Mapping[str, Any], into: Gathering, name: str, words: list[str]) -> list[tuple[str, Any]]:
    """Read one object; return what inside it is still to be read."""
    if _MODEL_KEYS & item.keys():
        into.flag(
            "MODEL_FILE",
            name or "whole file",
            "This looks like a fitted model; models can carry the data they were fitted on.",
            "Hand in the table of coefficients, or a report on the model's privacy.",
        )
    if item.get("type") == "FeatureCollection" and isinstance(item.get("features"), list):
        return _features(item["features"], into, name) + [
            (f"{name}.{k}", v) for k, v in item.items() if k != "features"
        ]
    data, columns = item.get("data"), item.get("columns")
    if isinstance(data, list) and isinstance(columns, list) and all(isinstance(row, list) for row in data):
        index = item.get("index")
        _split(data, columns, index if isinstance(index, list) else [], into, name)
        return [(_inner(name, key), inner) for key, inner in item.items() if key not in ("data", "columns", "index")]
    inner = [each for each in item.values() if isinstance(each, dict)]
    if len(inner) == len(item) >= 1 and _scalars_only(inner) and (len(item) > 1 or len(inner[0]) > 1):
        _crossed(item, into, name)
        return []
    lists = [each for each in item.values() if isinstance(each, list)]
    if len(lists) == len(item) >= 2 and len({len(each) for each in lists}) == 1 and all(map(_flat, lists)):
        rows = zip(*lists, strict=True)
        into.rows([tuple(map(as_cell, row)) for row in rows], columns=tuple(item), where=name)
        return []
    flat = {key: each for key, each in item.items() if not isinstance(each, (dict, list))}
    if flat:
        into.rows([tuple(as_cell(each) for each in flat.values())], columns=tuple(flat), where=name)
        for key, each in flat.items():
            if isinstance(each, str):
                _word(each, into, _inner(name, key), words)
    return [(_inner(name, key), each) for key, each in item.items() if key not in flat]


def _array(item: Sequence[Any], into: Gathering, name: str, words: list[str]) -> list[tuple[str, Any]]:
    if not item:
        return []
    if all(isinstance(each, dict) for each in item):
        return _records(item, into, name)
    if all(isinstance(each, list) and _flat(each) for each in item):
        width = max(map(len, item))
        head = item[0] if all(isinstance(each, str) for each in item[0]) and len(item) > 1 else None
        rows = [tuple(map(as_cell, row)) for row in (item[1:] if head else item)]
        into.rows(rows, columns=tuple(head or [""] * width), where=name, first=2 if head else 1)
        return []
    if _flat(item):
        into.rows([(as_cell(each),) for each in item], columns=(_last(name),), where=name, first=1)
        for each in item:
            if isinstance(each, str):
                _word(each, into, name, words)
        return []
    return [(f"{name}[{index}]", each) for index, each in enumerate(item)]


def _records(item: Sequence[Mapping[str, Any]], into: Gathering, name: str) -> list[tuple[str, Any]]:
    """Read a list of objects as one table; what nests within is read on its own."""
    columns: dict[str, None] = {}
    for record in item:
        columns.update(dict.fromkeys(key for key, each in record.items() if not isinstance(each, (dict, list))))
    if columns:
        rows = [tuple("" if isinstance(r.get(c), (dict, list)) else as_cell(r.get(c)) for c in columns) for r in item]
        into.rows(rows, columns=tuple(columns), where=name)
    return [
        (f"{name}[{index}].{key}", each)
        for index, record in enumerate(item)
        for key, each in record.items()
        if isinstance(each, (dict, list))
    ]


def _split(
    data: Sequence[Sequence[Any]], columns: Sequence[Any], index: Sequence[Any], into: Gathering, name: str
) -> None:
    labelled = len(index) == len(data)
    rows = [tuple(map(as_text, [index[number], *row] if labelled else row)) for number, row in enumerate(data)]
    into.rows(rows, columns=tuple(map(as_text, (["index"] if labelled else []) + list(columns))), where=name)


def as_text(value: Any) -> str:
    """Return a value, a list too, as the text of a cell."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else as_cell(value)


def _crossed(item: Mapping[str, Mapping[str, Any]], into: Gathering, name: str) -> None:
    """Read an object of objects as a table, the way round in which every column holds one type of value."""
    inner = list(dict.fromkeys(key for each in item.values() for key in each))
    outer_first = _alike([[each.get(key) for each in item.values()] for key in inner])
    inner_first = _alike([[each.get(key) for key in inner] for each in item.values()])
    numbered = all(key.isdigit() for key in inner)
    if numbered or (inner_first and not outer_first):
        rows = [(key, *(as_cell(each.get(key)) for each in item.values())) for key in inner]
        into.rows(rows, columns=("", *item), where=name)
    else:
        rows = [(label, *(as_cell(each.get(key)) for key in inner)) for label, each in item.items()]
        into.rows(rows, columns=("", *inner), where=name)


def _alike(columns: Iterable[Sequence[Any]]) -> bool:
    return all(len({type(each) for each in column if each is not None}) <= 1 for column in columns)


def _features(features: Sequence[Any], into: Gathering, name: str) -> list[tuple[str, Any]]:
    """Read the features of a map: what is said of each as one table, single places as points."""
    properties = [
        each["properties"] for each in features if isinstance(each, dict) and isinstance(each.get("properties"), dict)
    ]
    left = _records(properties, into, place(name, "features")) if properties else []
    xs, ys = [], []
    for each in features:
        shape = each.get("geometry") if isinstance(each, dict) else None
        at = shape.get("coordinates") if isinstance(shape, dict) and shape.get("type") == "Point" else None
        if isinstance(at, list) and len(at) >= 2 and all(isinstance(one, (int, float)) for one in at[:2]):
            xs.append(float(at[0]))
            ys.append(float(at[1]))
    if xs:
        into.marks(xs, ys, place(name, "places on the map"))
    if len(xs) > 10:
        into.flag(
            "PLOTTED_POINTS",
            place(name, "places on the map"),
            f"{len(xs)} single places are given by their coordinates; each may be one person's.",
            "Release areas with enough people in each.",
        )
    return left


def _word(text: str, into: Gathering, name: str, words: list[str]) -> None:
    if _BLOB.fullmatch(text):
        into.flag("ENCODED_DATA", name, f"{len(text)} characters of encoded data that nobody can read.", "Remove them.")
    words.append(text)


def _flat(item: Iterable[Any]) -> bool:
    return not any(isinstance(each, (dict, list)) for each in item)


def _scalars_only(items: Iterable[Mapping[str, Any]]) -> bool:
    return all(_flat(each.values()) for each in items)


def _inner(name: str, key: str) -> str:
    return f"{name}.{shown(key, 40)}" if name else shown(key, 40)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
