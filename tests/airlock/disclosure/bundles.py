"""Bundles of ACRO as ACRO 1.0.2 writes them, made by hand after real ones, for tests that need no ACRO.

Compared with a bundle that ACRO 1.0.2 wrote of synthetic data (two crosstabs, a pivot of extremes, two regressions, a
histogram): same names, same keys, same order, same texts of the checks; numbers are invented.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from orchestrator.airlock.reading.specimen import Specimen

CONFIG = {
    "safe_threshold": 10,
    "safe_dof_threshold": 10,
    "safe_nk_n": 2,
    "safe_nk_k": 0.9,
    "safe_pratio_p": 0.1,
    "check_missing_values": False,
    "survival_safe_threshold": 10,
    "zeros_are_disclosive": True,
    "safe_round_base": 5,
    "federated": False,
    "blocked_extensions": [".svg", ".gph"],
    "suppress": True,
}
CROSSTAB = "region,F,M,All\nEast,48.0,48,96\nNorth,153.0,145,298\nSouth,103.0,91,194\nWest,,12,12\nAll,304.0,296,600\n"
PIVOT = ",max,min\n,income,income\nregion,,\nEast,73211.3,8123.2\nNorth,81234.1,9011.1\n"
FACTS = (
    "Dep. Variable:,income,R-squared:,0.001\nMethod:,Least Squares,F-statistic:,0.3827\n"
    'Date:,"Sun, 22 Nov 2026",Prob (F-statistic):,0.682\n'
    "Time:,11:31:18,Log-Likelihood:,-6348.9\nNo. Observations:,600,AIC:,12700.0\nDf Residuals:,597,BIC:,12720.0\n"
    "Df Model:,2,,\nCovariance Type:,nonrobust,,\n"
)
TERMS = (
    ",coef,std err,t,P>|t|,[0.025,0.975]\nconst,24900.0,1081.98,23.018,0.0,22800.0,27000.0\n"
    "age,-10.6458,18.65,-0.571,0.568,-47.273,25.982\nflag,-6491.2127,9568.375,-0.678,0.498,-25300.0,12300.0\n"
)
SUMMARY = (
    "uid,output_type,analysis_name,dependent_variables,independent_variables,region,sex\n"
    "output_0,table,crosstab,x,y,1,1\n"
)


def output(uid: str, *files: str, status: str = "pass", kind: str = "table", **more: Any) -> dict[str, Any]:
    """Return one entry of ``results``; ``zeros`` are positions that PresenceOfZeroCheck marks."""
    zeros = more.pop("zeros", [])
    sdc = {
        "summary": {"PresenceOfZeroCheck": len(zeros), "MinimumThresholdCheck": len(zeros)},
        "cells": {"PresenceOfZeroCheck": zeros, "MinimumThresholdCheck": zeros},
    }
    entry = {
        "uid": uid,
        "status": status,
        "type": kind,
        "properties": {"method": "crosstab"},
        "files": [{"name": name, "sdc": sdc} for name in files],
        "outcome": {},
        "command": "acro.crosstab(df.region, df.sex)",
        "summary": "FrequencyTable : \n MinimumThresholdCheck: fail - 1 cells may need suppressing.\n",
        "timestamp": "2026-11-22T11:31:16.636949",
        "comments": [],
        "exception": "",
        "fair": {"context": "https://w3id.org/statbarnsdc#", "statbarn": "Frequencies", "risks": ["LowCount"]},
    }
    return entry | more


def results(*outputs: dict[str, Any], version: str = "1.0.2") -> dict[str, Any]:
    """Return ``results.json`` as a value."""
    tool = {"@type": "SoftwareApplication", "name": "ACRO", "url": "https://github.com/AI-SDC/ACRO", "version": version}
    return {"version": version, "tool": tool, "results": {each["uid"]: each for each in outputs}}


def bundle(notes: Any, files: dict[str, str], *, checksums: bool = True) -> dict[str, Specimen]:
    """Return a request: notes, settings, these files and their checksums."""
    texts = {"results.json": json.dumps(notes, indent=4), "config.json": json.dumps(CONFIG), **files}
    if checksums:
        digests = {f"{name}.txt": hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
        texts |= digests
    return {name: Specimen.of(text.encode(), name) for name, text in texts.items()}


def ordinary() -> dict[str, Specimen]:
    """Return a bundle with a crosstab under review, a pivot that passed, and a regression of three files."""
    notes = results(
        output("output_0", "output_0_0.csv", status="review", zeros=[[3, 0]], exception="West is merged elsewhere"),
        output("output_1", "output_1_0.csv"),
        output("output_2", "output_2_0.csv", "output_2_1.csv", kind="regression"),
        output("summary-DONT_RELEASE", "session_summary.csv", status="review", kind="custom"),
    )
    files = {
        "output_0_0.csv": CROSSTAB,
        "output_1_0.csv": PIVOT,
        "output_2_0.csv": FACTS,
        "output_2_1.csv": TERMS,
        "session_summary.csv": SUMMARY,
    }
    return bundle(notes, files)
