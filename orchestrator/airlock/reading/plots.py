"""Plots that are kept as data: plotly, Vega and Vega-Lite, as notebooks and pages carry them."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from .frames import as_cell, read_value
from .gathering import Gathering, place
from .marks import keep_marks

__all__ = ["plain", "read_bundle"]

_POINTS = frozenset(
    {"scatter", "scattergl", "scatter3d", "scattergeo", "scattermapbox", "scattermap", "scatterpolar", "splom"}
)
_MARKS = frozenset({"point", "circle", "square", "tick", "symbol"})
_NESTED = 12


def read_bundle(value: Any, into: Gathering, where: str) -> None:
    """Read the data of a plot as tables and points; what is no plot is read as JSON."""
    value = plain(value)
    traces = value.get("data") if isinstance(value, dict) else value
    if isinstance(traces, list) and traces and all(isinstance(each, dict) and _is_trace(each) for each in traces):
        for number, trace in enumerate(traces, start=1):
            _trace(trace, into, place(where, f"trace {number}"))
        if isinstance(value, dict):
            read_value({key: each for key, each in value.items() if key not in ("data", "config")}, into, where)
        return
    if isinstance(value, dict) and "vega" in str(value.get("$schema", "")):
        _vega(value, into, where)
    read_value(value, into, where)


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value with packed arrays (``bdata`` of plotly 6) unpacked to lists."""
    if depth > _NESTED:
        return value
    if isinstance(value, dict):
        if "bdata" in value and "dtype" in value:
            return _unpacked(value)
        return {key: plain(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list) and any(isinstance(each, (dict, list)) for each in value):
        return [plain(each, depth + 1) for each in value]
    return value


def _unpacked(value: Mapping[str, Any]) -> Any:
    try:
        array = numpy.frombuffer(
            base64.b64decode(str(value["bdata"])), dtype=numpy.dtype(str(value["dtype"])).newbyteorder("<")
        )
        shape = [int(each) for each in str(value.get("shape", "")).split(",") if each.strip()]
        return (array.reshape(shape) if shape else array).tolist()
    except (binascii.Error, TypeError, ValueError):
        return {key: each for key, each in value.items() if key != "bdata"} | {"unread": str(value["bdata"])}


def _is_trace(value: Mapping[str, Any]) -> bool:
    return "type" in value or ("x" in value and "y" in value)


def _trace(trace: Mapping[str, Any], into: Gathering, where: str) -> None:
    by_length: dict[int, dict[str, Sequence[Any]]] = defaultdict(dict)
    rest: dict[str, Any] = {}
    for key, each in _flattened(trace):
        if isinstance(each, list) and each and not any(isinstance(one, (dict, list)) for one in each):
            by_length[len(each)][key] = each
        else:
            rest[key] = each
    for columns in by_length.values():
        rows = zip(*columns.values(), strict=True)
        into.rows([tuple(map(as_cell, row)) for row in rows], columns=tuple(columns), where=where)
    xs, ys = trace.get("x"), trace.get("y")
    if str(trace.get("type", "scatter")) in _POINTS and isinstance(xs, list) and isinstance(ys, list):
        numbers = zip(map(_number, xs), map(_number, ys), strict=False)
        spots = [(x, y) for x, y in numbers if x is not None and y is not None]
        if "markers" in str(trace.get("mode", "markers")):
            keep_marks({"points": spots}, into, where)
    read_value({key: each for key, each in rest.items() if each not in (None, [], {})}, into, where)


def _flattened(trace: Mapping[str, Any]) -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, each in trace.items():
        if isinstance(each, dict):
            flat.extend((f"{key}.{inner}", one) for inner, one in each.items())
        else:
            flat.append((key, each))
    return flat


def _vega(value: Mapping[str, Any], into: Gathering, where: str) -> None:
    mark = value.get("mark")
    name = str(mark.get("type") if isinstance(mark, dict) else mark)
    encoding = value.get("encoding")
    if name not in _MARKS or not isinstance(encoding, dict):
        return
    fields = [each.get("field") if isinstance(each := encoding.get(axis), dict) else None for axis in ("x", "y")]
    data = value.get("data")
    rows = data.get("values") if isinstance(data, dict) else None
    if rows is None and isinstance(value.get("datasets"), dict):
        rows = next((each for each in value["datasets"].values() if isinstance(each, list)), None)
    if not isinstance(rows, list) or None in fields:
        return
    pairs = [tuple(_number(row.get(str(field))) for field in fields) for row in rows if isinstance(row, dict)]
    keep_marks({"points": [(x, y) for x, y in pairs if x is not None and y is not None]}, into, where)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
