"""`tre airlock check`: the verdict is the exit code, the report is JSON, and nothing needs an installation."""

from __future__ import annotations

import json
from pathlib import Path

import lifelines.datasets
import pytest

from orchestrator.cli import main

SAFE = "arm,n,mean age\nplacebo,120,71.2\ntreated,118,70.9\n"
SMALL = "arm,n\nplacebo,120\ntreated,4\n"


@pytest.fixture
def check(capfd, monkeypatch, tmp_path):
    """Run the command in an empty directory; returns exit code, report and words."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, dict, str]:
        monkeypatch.setattr("sys.argv", ["tre", "airlock", "check", *arguments, "--output", "json"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, words = capfd.readouterr()
        return int(ended.value.code or 0), json.loads(out) if out else {}, words

    return run


@pytest.mark.parametrize(
    ("content", "code", "verdict"),
    [(SAFE.encode(), 0, "pass"), (SMALL.encode(), 7, "flag"), (b"\x80\x04\x95pickle", 5, "block")],
)
def test_the_verdict_is_the_exit_code(check, content, code, verdict):
    Path("t.csv").write_bytes(content)
    assert check("t.csv")[0] == code
    report = check("t.csv")[1]
    assert report["verdict"] == verdict
    [file] = report["files"]
    assert {"path", "sha256", "type", "verdict", "findings"} <= set(file)
    assert file["path"] == "t.csv"
    assert all({"rule", "severity", "where", "message"} <= set(each) for each in file["findings"])
    assert bool(file["findings"]) is (verdict != "pass")


def test_a_folder_is_one_request_and_its_files_are_checked_against_each_other(check):
    Path("out/deep").mkdir(parents=True)
    Path("out/a.csv").write_text("sex,region,n\nF,north,33\nF,south,\nM,north,40\nM,south,52\nF,all,63\n")
    Path("out/deep/b.csv").write_text("region,n\nnorth,73\nsouth,82\n")
    code, report, _ = check("out")
    assert code in (5, 7)
    assert [file["path"] for file in report["files"]] == ["out/a.csv", "out/deep/b.csv"]
    assert any(each["rule"].startswith("LEDGER") for file in report["files"] for each in file["findings"])


def test_tables_that_are_out_count(check):
    Path("new.csv").write_text("region,n\nnorth,40\nsouth,61\n")
    Path("old.csv").write_text("region,n\nnorth,40\nsouth,60\n")
    assert check("new.csv")[0] == 0
    code, report, _ = check("new.csv", "--released", "old.csv")
    assert code in (5, 7)
    assert "LEDGER_DIFFERENCE" in {each["rule"] for each in report["files"][0]["findings"]}


def test_rows_of_a_dataset_are_found_whatever_they_are_called(check):
    data = lifelines.datasets.load_gbsg2()
    Path("data").mkdir()
    data.to_csv("data/gbsg2.csv", index=False)
    few = data.sample(40, random_state=1)[["age", "tsize", "estrec", "time"]]
    few.set_axis(["a", "b", "c", "d"], axis=1).to_csv("rows.csv", index=False)
    data.groupby("menostat").agg(n=("age", "size"), mean=("age", "mean")).round(1).to_csv("groups.csv")
    code, report, _ = check("rows.csv", "groups.csv", "--against", "data")
    assert code == 5
    rows, groups = report["files"]
    assert rows["verdict"] == "block"
    assert "ROW_OVERLAP" in {each["rule"] for each in rows["findings"]}
    assert groups["verdict"] == "pass"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["absent.csv"], 3, "no file absent.csv"),
        (["empty"], 2, "no file in what you named"),
        (["link.csv"], 2, "links are not followed"),
        (["t.csv", "--pack", "nobody"], 3, "no rule book"),
        (["t.csv", "--pack", "bad.yaml"], 2, "bad.yaml"),
        (["t.csv", "--released", "absent.csv"], 3, "no file absent.csv"),
        (["t.csv", "--against", "absent"], 3, "no file absent"),
    ],
)
def test_what_cannot_be_done_is_said(check, arguments, code, words):
    Path("t.csv").write_text(SAFE)
    Path("empty").mkdir()
    Path("link.csv").symlink_to("t.csv")
    Path("bad.yaml").write_text("name: bad\n")
    seen, report, said = check(*arguments)
    assert (seen, report) == (code, {})
    assert words in json.loads(said)["message"]


@pytest.mark.parametrize("pack", ["sdap", "opensafely", "nhs-england-sde", "nhs-hes", "ukllc", "datashield"])
def test_every_rule_book_works_by_name(check, pack):
    Path("t.csv").write_text("arm,n\na,2\n")
    code, report, _ = check("t.csv", "--pack", pack)
    assert code in (5, 7)
    assert report["verdict"] != "pass"


def test_many_files_are_one_request(check):
    Path("many").mkdir()
    for number in range(24):
        Path(f"many/{number:03d}.csv").write_text(SAFE if number != 17 else SMALL)
    code, report, _ = check("many")
    assert code == 7
    assert [file["path"] for file in report["files"] if file["verdict"] != "pass"] == ["many/017.csv"]
