"""One linear program whose objective changes: HiGHS starts each time from where the last one ended."""

from __future__ import annotations

import time

import highspy
import numpy

from .propagation import Contradiction
from .sparse import Indices, Rows, Vector

__all__ = ["OutOfTime", "Program"]

_WHOLE = 1e-6
_WHOLE_SECONDS = 5.0
"""How long one whole-number program may take; its bound so far is used then, which is wider and never wrong."""


class OutOfTime(Exception):
    """The deadline passed before the program was solved."""


class Program:
    """Least and greatest sums of variables under rows. ``deadline`` is a moment of ``time.monotonic``."""

    def __init__(self, rows: Rows, low: Vector, high: Vector, deadline: float, *, summed: int = 1) -> None:
        """``summed`` is how many variables an objective sums at most."""
        finite = numpy.concatenate((high[numpy.isfinite(high)], rows.high[numpy.isfinite(rows.high)], low, rows.low))
        self._beyond = float(finite.max(initial=0.0)) * summed + 500.0
        self._rows, self._low, self._high = rows, low, numpy.where(numpy.isfinite(high), high, 2 * self._beyond)
        self._deadline = deadline
        self._linear = self._model(whole=False)
        self._whole: highspy.Highs | None = None
        self._costs = numpy.zeros(0, dtype=numpy.int64)

    def least(self, columns: Indices) -> tuple[float, Vector, bool]:
        """Return a bound below which the sum cannot be, a solution, and whether that is in whole people."""
        self._cost(self._linear, columns, 1.0)
        value, solution = self._solved(self._linear)
        return float(numpy.ceil(value - _WHOLE)), solution, _is_whole(solution)

    def greatest(self, columns: Indices) -> tuple[float, Vector, bool]:
        """Return a bound above which the sum cannot be (infinite where there is none), and a solution as ``least``."""
        self._cost(self._linear, columns, -1.0)
        value, solution = self._solved(self._linear)
        return float(self.opened(numpy.floor(-value + _WHOLE))), solution, _is_whole(solution)

    def least_in_whole(self, columns: Indices) -> tuple[float, Vector | None]:
        """Return the least sum over whole numbers of people, with the people; a bound alone where time was short."""
        bound, solution = self._whole_program(columns, 1.0)
        return float(numpy.ceil(bound - _WHOLE)), solution

    def greatest_in_whole(self, columns: Indices) -> tuple[float, Vector | None]:
        """Return the greatest sum over whole numbers of people, as ``least_in_whole``."""
        bound, solution = self._whole_program(columns, -1.0)
        return float(self.opened(numpy.floor(-bound + _WHOLE))), solution

    def opened(self, values: Vector) -> Vector:
        """Return infinity for what runs into the cap, beyond every number of the tables: it has no bound."""
        return numpy.where(values > self._beyond, numpy.inf, values)

    def _model(self, *, whole: bool) -> highspy.Highs:
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self._low), len(self._rows)
        lp.col_cost_ = numpy.zeros(len(self._low))
        lp.col_lower_, lp.col_upper_ = self._low, self._high
        lp.row_lower_, lp.row_upper_ = self._rows.low, self._rows.high
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = self._rows.starts.astype(numpy.int32)
        lp.a_matrix_.index_ = self._rows.columns.astype(numpy.int32)
        lp.a_matrix_.value_ = self._rows.values
        if whole:
            lp.integrality_ = [highspy.HighsVarType.kInteger] * len(self._low)
        model = highspy.Highs()  # type: ignore[no-untyped-call]
        model.setOptionValue("output_flag", False)
        model.setOptionValue("threads", 1)
        model.passModel(lp)
        return model

    def _cost(self, model: highspy.Highs, columns: Indices, cost: float) -> None:
        changed = numpy.unique(numpy.concatenate((self._costs, columns)))
        values = numpy.where(numpy.isin(changed, columns), cost, 0.0)
        model.changeColsCost(len(changed), changed.astype(numpy.int32), values)
        self._costs = columns

    def _solved(self, model: highspy.Highs) -> tuple[float, Vector]:
        self._run(model, self._deadline - time.monotonic())
        status = model.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            raise Contradiction
        if status != highspy.HighsModelStatus.kOptimal:
            raise OutOfTime
        return model.getInfo().objective_function_value, numpy.array(model.getSolution().col_value)

    def _run(self, model: highspy.Highs, seconds: float) -> None:
        if seconds <= 0:
            raise OutOfTime
        model.setOptionValue("time_limit", model.getRunTime() + seconds)  # HiGHS counts from the model’s first run
        model.run()

    def _whole_program(self, columns: Indices, cost: float) -> tuple[float, Vector | None]:
        if self._whole is None:
            self._whole = self._model(whole=True)
        model, kept = self._whole, self._costs
        model.changeColsCost(
            len(self._low), numpy.arange(len(self._low), dtype=numpy.int32), numpy.zeros(len(self._low))
        )
        model.changeColsCost(len(columns), columns.astype(numpy.int32), numpy.full(len(columns), cost))
        self._costs = kept
        self._run(model, min(_WHOLE_SECONDS, self._deadline - time.monotonic()))
        status = model.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            raise Contradiction
        if status == highspy.HighsModelStatus.kOptimal:
            found = numpy.round(numpy.array(model.getSolution().col_value))
            return model.getInfo().objective_function_value, found
        return model.getInfo().mip_dual_bound, None


def _is_whole(solution: Vector) -> bool:
    return bool((numpy.abs(solution - numpy.round(solution)) < _WHOLE).all())
