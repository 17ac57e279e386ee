"""Questions, changes and comments as commands; what one custodian's officer reads on his terminal."""

from __future__ import annotations

from pathlib import Path

from .conftest import Terminal, answers_file

SOUTHERN = "southern words"


def _write(terminal: Terminal, name: str, content: str) -> str:
    file: Path = terminal.state.parent / name
    file.write_text(content)
    return str(file)


def _submitted(terminal: Terminal) -> str:
    ids = terminal.ids
    own = _write(terminal, "own.yaml", f"{{question_id: own-south, section: safe data, title: {SOUTHERN}, kind: line}}")
    form = _write(terminal, "form.yaml", "panel: 1\nquestions: [{question: own-south, required: true}, funded]\n")
    terminal.done("question", "define", own, "--custodian", ids["south"], who="dora")
    terminal.done("form", "publish", ids["south"], form, "--yes")
    file = answers_file(terminal, [ids["north_dataset"], ids["south_dataset"]])
    application = terminal.done("application", "draft", str(file), who="rex")["application_id"]
    early = terminal.run("application", "submit", application, "--yes")
    assert early.code == 2
    assert f"“{SOUTHERN}” still has to be answered" in early.err
    given = _write(terminal, "given.yaml", f"own-south: {SOUTHERN}\nown-north: Ward seven\nfunded: 'no'\n")
    assert "0 questions still" in terminal.run("application", "answer", application, given).err
    terminal.done("application", "submit", application, "--yes")
    return str(application)


def test_an_officers_terminal_shows_nothing_of_another_custodian(terminal: Terminal) -> None:
    application, ids = _submitted(terminal), terminal.ids
    terminal.done("application", "comment", application, ids["south"], "--text", SOUTHERN, who="dora")
    read = terminal.done("application", "show", application)["parts_read"][ids["south"]]
    words = ("application", "ask-changes", application, ids["south"], "--reason", SOUTHERN, "--read", read)
    terminal.done(*words, "--question", "own-south")
    terminal.sign_in("cora")
    for words in (
        ("application", "show", application),
        ("application", "list"),
        ("application", "questions", application),
        *(("application", each, application, ids["north"]) for each in ("comments", "changes", "course")),
        ("question", "list", "--custodian", ids["north"]),
        ("form", "show", ids["north"]),
    ):
        for output in ("json", "table"):
            ran = terminal.run(*words, "--output", output)
            assert ran.code == 0, ran.err
            for hidden in (SOUTHERN, "own-south", ids["south"], ids["south_dataset"], ids["dora"]):
                assert hidden not in ran.out + ran.err, (words, hidden)
    for words in (
        *(("application", each, application, ids["south"]) for each in ("comments", "changes", "course")),
        ("question", "list", "--custodian", ids["south"]),
        ("question", "show", "own-south"),
        ("form", "show", ids["south"]),
        ("panel", "list", ids["south"]),
        ("panel", "advice", application, ids["south"]),
        ("audit", "list"),
    ):
        ran = terminal.run(*words)
        assert ran.code in (3, 4), words
        assert SOUTHERN not in ran.out + ran.err


def test_changes_and_advice_by_command(terminal: Terminal) -> None:
    application, ids = _submitted(terminal), terminal.ids
    terminal.done("panel", "add", ids["south"], ids["kim"], who="dora")
    first = terminal.done("application", "show", application, who="dora")["parts_read"][ids["south"]]
    terminal.done(
        *("application", "ask-changes", application, ids["south"], "--reason", "More.", "--field", "purpose"),
        *("--question", "own-south", "--read", first),
    )
    given = _write(terminal, "given.yaml", "own-south: Much more\n")
    assert terminal.run("application", "answer", application, given, who="rex").code == 0
    words = ("application", "answer-changes", application, ids["south"], "--yes")
    refused = terminal.run(*words, "--set", "title=Another")
    assert refused.code == 5
    assert "nobody asked to change it" in refused.err
    assert terminal.run(*words, "--set", "purpose").code == 2
    terminal.done(*words, "--set", "purpose=To learn more", "--reason", "Done.")
    [waiting] = terminal.done("panel", "waiting", who="kim")
    assert waiting["sheet"]["answers"]["own-south"] == "Much more"
    decide = ("application", "decide", application, ids["south"], "--approve", "--yes", "--until")
    unsaid = terminal.run(*decide, "2099-01-01", "--reason", "Good.", who="dora")
    assert (unsaid.code, "--read" in unsaid.err) == (2, True)
    early = terminal.run(*decide, "2099-01-01", "--reason", "", "--read", waiting["read"], who="dora")
    assert early.code == 5
    assert "lay member" in early.err
    advise = ("panel", "advise", application, ids["south"], "support", "--reason", "Good.", "--read")
    unread = terminal.run(*advise, "0" * 64, who="kim")
    assert (unread.code, "read it again" in unread.err) == (5, True)
    terminal.done(*advise, waiting["read"], who="kim")
    unread = terminal.run(*decide, "2099-01-01", "--reason", "Good.", "--read", "0" * 64, who="dora")
    assert (unread.code, "read it again" in unread.err) == (5, True)
    read = terminal.done("application", "show", application, who="dora")["parts_read"]
    assert read == {ids["south"]: waiting["read"]}
    [said] = terminal.done("panel", "advice", application, ids["south"], who="dora")
    assert (said["opinion"], said["current"]) == ("support", True)
