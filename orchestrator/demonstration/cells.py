"""The notebook cells of the story, as James writes them."""

from __future__ import annotations

__all__ = ["ANALYSIS", "PROBE", "READ_BREAST_CANCER", "SUBMIT"]

PROBE = """
import json, os, pathlib, socket
seen = {"datasets": sorted(os.listdir("/data"))}
try:
    (pathlib.Path("/data") / seen["datasets"][0] / "mine").write_text("x")
    seen["write"] = "possible"
except OSError:
    seen["write"] = "refused"
try:
    socket.create_connection(("127.0.0.1", 22), timeout=2).close()
    seen["network"] = "possible"
except OSError:
    try:
        socket.create_connection(("192.0.2.1", 443), timeout=2).close()
        seen["network"] = "possible"
    except OSError:
        seen["network"] = "refused"
"""

ANALYSIS = """
import hashlib, os
import polars as pl, psycopg
people = pl.read_parquet("/data/shared-care-omop/person.parquet")
conditions = pl.read_parquet("/data/shared-care-omop/condition_occurrence.parquet")
women = pl.read_csv("/data/breast-cancer-trial/gbsg2.csv")
trial = "pilot-trial-sdtm"
with psycopg.connect(host=f"/run/tre/databases/{trial}", user="researcher", dbname=trial) as database:
    subjects = database.execute("SELECT count(DISTINCT usubjid) FROM trial.dm").fetchone()[0]
    arms = database.execute("SELECT arm, count(*) FROM trial.dm GROUP BY arm HAVING count(*) >= 10").fetchall()
conditions = conditions.rename({c: c.lower() for c in conditions.columns})
common = conditions.group_by("condition_concept_id").agg(pl.col("person_id").n_unique().alias("people"))
common = common.filter(pl.col("people") >= 100).sort("people", descending=True).head(5)
rows = [("hormone therapy " + str(k), n) for k, n in women.group_by("horTh").len().sort("horTh").iter_rows()]
rows += [("trial arm " + arm, n) for arm, n in sorted(arms)]
rows += [("condition " + str(c), n) for c, n in common.iter_rows()]
os.makedirs("/home/researcher/outbox", exist_ok=True)
pl.DataFrame(rows, schema=["group", "people"], orient="row").write_csv("/home/researcher/outbox/results.csv")
content = open("/home/researcher/outbox/results.csv", "rb").read()
seen |= {"people": people.height, "women": women.height, "subjects": subjects,
         "sha256": hashlib.sha256(content).hexdigest()}
print(json.dumps(seen))
"""

SUBMIT = """
import subprocess
done = subprocess.run(["tre-airlock", "submit", "/home/researcher/outbox/results.csv", "--title", "Group sizes",
                       "--context", "Counts of people in large groups; the smallest is above ten."],
                      capture_output=True, text=True)
print(done.stdout, done.stderr)
assert done.returncode == 0, done.stderr
"""

READ_BREAST_CANCER = """
with open("/data/breast-cancer-trial/gbsg2.csv") as file:
    print(len(file.read()))
"""
