"""Registers kept elsewhere are taken in line by line; every line that cannot be says why; people are left out."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest

from orchestrator.core.errors import Invalid, Refused
from orchestrator.core.register_fields import FIELDS
from orchestrator.transparency.importing import LARGEST, read_register
from orchestrator.transparency.model import Origin
from orchestrator.transparency.writing import as_csv
from tests.web.world import World

GATEWAY = (
    "Project ID", "Organisation name*", "Organisation ID", "Organisation sector", "Applicant name(s)", "Applicant ID",
    "Funders/ Sponsors", "DEA accredited researcher?", "Sub-licence arrangements (if any)?", "Project title*",
    "Lay summary*", "Public benefit statement*", "Request category type", "Technical summary",
    "Other approval committees", "Project start date", "Project end date", "Latest approval date*", "Dataset(s) name*",
    "Data sensitivity level", "Legal basis for provision of data under Article 6",
    "Lawful conditions for provision of data under Article 9", "Common Law Duty of Confidentiality",
    "National data opt-out applied?", "Request frequency",
    "For linked datasets, specify how the linkage will take place", "Description of the confidential data being used",
    "Release/Access date", "Access type*", "How has data been processed to enhance privacy?",
    "Link to research outputs",
)  # fmt: skip
GOOD = {
    "organisation_name": "University of Nowhere",
    "title": "Falls in winter",
    "lay_summary": "We count falls in icy weather.",
    "public_benefit": "Fewer falls.",
    "latest_approval": "2021-03-01",
    "datasets": "Admissions",
    "access_type": "TRE",
}


def sheet(*rows: dict[str, str], headings: tuple[str, ...] | None = None, before: int = 0) -> bytes:
    """Return a CSV with the specification's headings, after so many lines of notes."""
    text = io.StringIO()
    writer = csv.writer(text)
    for _ in range(before):
        writer.writerow(["Our register", "", "notes"])
    writer.writerow(headings or [field.title for field in FIELDS])
    for row in rows:
        writer.writerow([row.get(field.key, "") for field in FIELDS])
    return text.getvalue().encode("utf-8-sig")


def test_the_columns_of_the_gateway_are_understood_in_a_workbook_with_dates_as_workbooks_keep_them() -> None:
    from datetime import date

    book = openpyxl.Workbook()
    book.active.title = "Guidance"
    page = book.create_sheet("Data Uses Template")
    page.append(["Data uses", None])
    page.append(GATEWAY)
    by_title = {
        "Project ID": 1234.0,
        "Organisation name*": "Trust",
        "Applicant name(s)": "Ada Lovelace",
        "Project title*": "Falls",
        "Lay summary*": "We count.",
        "Public benefit statement*": "Fewer falls.",
        "Latest approval date*": 44256,
        "Project start date": date(2021, 4, 1),
        "Dataset(s) name*": "Admissions",
        "Legal basis for provision of data under Article 6": "(e) processing is necessary for a task",
        "Access type*": "tre",
    }
    page.append([by_title.get(title) for title in GATEWAY])
    stream = io.BytesIO()
    book.save(stream)
    (row,), refused = read_register(stream.getvalue(), name="register.xlsx")
    assert refused == []
    assert row.fields["project_id"] == "1234"
    assert row.fields["latest_approval"] == "2021-03-01"
    assert row.fields["start"] == "2021-04-01"
    assert row.fields["article_6"] == "(e) public task"
    assert row.fields["access_type"] == "TRE"
    assert "applicant_names" not in row.fields
    assert row.notes == ("the names or numbers of people were left out",)


def test_what_we_export_can_be_read_again(world: World) -> None:
    world.house.register.state(world.actor("researcher"), world.project, {"public_benefit": "Better care."})
    (entry,) = world.house.register.entries()
    (row,), refused = read_register(as_csv([entry]).encode(), name="register.csv")
    assert refused == []
    assert dict(row.fields) == dict(entry.latest.fields)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"title": ""}, "Project title", "empty"),
        ({"latest_approval": "last spring"}, "Latest approval date", "no day"),
        ({"latest_approval": "31/02/2021"}, "Latest approval date", "no day"),
        ({"access_type": "Post"}, "Access type", "Choose one of"),
        ({"sensitivity": "very"}, "Data sensitivity level", "Choose one of"),
        ({"lay_summary": "x" * 10_001}, "Lay summary", "shorten"),
    ],
)
def test_each_line_that_cannot_be_taken_says_why_and_the_others_are_taken(
    changes: dict[str, str], field: str, said: str
) -> None:
    rows, refused = read_register(sheet(GOOD | changes, GOOD | {"title": "Other"}, before=3), name="r.csv")
    assert [row.fields["title"] for row in rows] == ["Other"]
    assert [(each.row, each.field) for each in refused] == [(5, field)]
    assert said in refused[0].message


def test_british_days_old_encodings_and_semicolons_are_read() -> None:
    content = sheet(GOOD | {"latest_approval": "5/3/2021", "funders": "Société"}).decode("utf-8-sig")
    rows, refused = read_register(content.encode("cp1252"), name="r.csv")
    assert refused == []
    assert (rows[0].fields["latest_approval"], rows[0].fields["funders"]) == ("2021-03-05", "Société")
    lines = [[field.title for field in FIELDS if field.recommended], [GOOD[f.key] for f in FIELDS if f.recommended]]
    rows, refused = read_register("\n".join(";".join(line) for line in lines).encode(), name="r.csv")
    assert refused == []
    assert rows[0].fields["datasets"] == "Admissions"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n" * 20, "no line of headings"),
        (sheet(GOOD).replace(b"Lay summary", b"Summary"), "lacks columns"),
        (sheet(GOOD).replace(b"Organisation ID", b"Project title"), "two columns"),
        (b"PK\x03\x04 and then nothing", "XLSX"),
        (b"x" * (LARGEST + 1), "larger than"),
        (b"\x00\x01\x02" * 50, "neither"),
    ],
)
def test_a_file_that_is_no_register_is_refused_as_a_whole(content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_register(content, name="r.csv")


def test_a_project_twice_in_one_file_is_refused_once() -> None:
    rows, refused = read_register(sheet(GOOD, GOOD | {"funders": "Us"}), name="r.csv")
    assert len(rows) == 1
    assert [each.row for each in refused] == [3]
    assert "line 2" in refused[0].message


def test_importing_again_changes_nothing_and_a_mended_line_is_a_new_revision(world: World) -> None:
    register, officer, north = world.house.register, world.actor("officer"), world.custodians["officer"]

    def take(*lines: dict[str, str]):
        return register.take_in(officer, north, *read_register(sheet(*lines), name="r.csv"))

    small = GOOD | {"lay_summary": "We saw 3 patients fall."}
    done = take(small, GOOD | {"title": "Other", "access_type": "Post"})
    assert (done.new, done.changed, done.unchanged, len(done.refused)) == (1, 0, 0, 1)
    assert take(small).unchanged == 1
    assert take(small | {"public_benefit": "Many fewer falls."}).changed == 1
    entry = next(entry for entry in register.entries() if entry.latest.origin is Origin.IMPORTED)
    assert [each.revision for each in register.history(entry.register_id)] == [1, 2]
    assert entry.value("lay_summary") == "We saw fewer than 10 patients fall."
    assert len(register.entries(custodian_id=north)) == 2
    assert len(register.entries(custodian_id=world.custodians["other officer"])) == 1
    assert register.verify() == []


def test_only_the_custodians_officers_take_its_register_in(world: World) -> None:
    rows = read_register(sheet(GOOD), name="r.csv")
    for name in ("other officer", "operator", "researcher"):
        with pytest.raises(Refused):
            world.house.register.take_in(world.actor(name), world.custodians["officer"], *rows)
    assert len(world.house.register.entries()) == 1


def test_an_imported_text_in_place_of_an_address_is_shown_and_never_a_link(world: World) -> None:
    rows = read_register(
        sheet(GOOD | {"outputs": "javascript:alert(1), in preparation, https://example.org/a"}), name="r"
    )
    world.house.register.take_in(world.actor("officer"), world.custodians["officer"], *rows)
    entry = next(entry for entry in world.house.register.entries() if entry.latest.origin is Origin.IMPORTED)
    page = world.browser().get(f"/register/{entry.register_id}").text
    assert 'href="https://example.org/a"' in page
    assert "in preparation" in page
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page
