"""One command line that works for every command, with who may run it; a test sees that none is missing."""

from __future__ import annotations

from dataclasses import dataclass

from .conftest import LATER, LETTER, Terminal, answers_file

PRICES = """
series: north
title: North's prices
currency: GBP
valid: {from: 2026-01-01}
vat: {treatment: exempt}
refused: {charge: nothing}
source: A sample
lines:
  - {id: fee, says: A fee, amount: 10, source: A sample}
"""
"""A price list that can be published."""

__all__ = ["ANYBODY", "NEVER_RUN", "SAMPLES", "Sample"]

ANYBODY = ""
"""Needs nobody to be signed in."""

STATEMENT = "public_benefit: Better care.\n"
REGISTER = """Lead applicant organisation name,Project title,Lay summary,Public benefit statement,Latest approval date,\
Dataset(s) name,Access type
Trust,Falls,We count falls.,Fewer falls.,2021-03-01,Admissions,TRE
"""

REQUESTS = {
    "given": "funded: 'no'\n",
    "question": "{question_id: own-one, section: safe data, title: Which ward, kind: line}\n",
    "form": "decide_within: 15\nquestions: [funded, {question: own-north, required: false}]\n",
    "bank": '{"questions": [{"question_id": "new-one", "section": "safe data", "title": "Why?", "kind": "text"}]}',
}
"""Files of questions, forms and answers."""

CARD = """{"origin": "tre/elsewhere", "name": "Hub", "keys": [{"version": 1,
"key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}]}
"""

NEVER_RUN = {("up",), ("web",), ("controller",), ("airlock", "worker"), ("sign-in",), ("doctor",), ("init",)}
"""Commands that stay, wait or look at the machine: they have tests of their own."""


@dataclass(frozen=True)
class Sample:
    """``who`` may run ``words``; names in braces are identifiers. ``code`` is what it answers where not 0."""

    who: str
    words: str
    code: int = 0

    def line(self, terminal: Terminal) -> list[str]:
        """Return the words with identifiers and files in place."""
        folder = terminal.state.parent
        files = {"answers": answers_file(terminal, [terminal.ids["north_dataset"]])}
        for name, content in (
            ("terms_text", "Be careful.\n"),
            ("record", "{}"),
            ("keys", "[]"),
            ("statement", STATEMENT),
            ("register_file", REGISTER),
            ("card", CARD),
            ("purpose", "uses: [GRU]\n"),
            ("diseases", "code,parents\nMONDO:0005105,\n"),
        ):
            files[name] = folder / name
            files[name].write_text(content)
        for name, content in REQUESTS.items():
            files[name] = folder / f"{name}.yaml"
            files[name].write_text(content)
        files["prices"] = folder / "prices.yaml"
        files["prices"].write_text(PRICES)
        files["letter"] = folder / "letter.jpg"
        files["letter"].write_bytes(LETTER)
        files["description"], files["folder"] = folder / "north.json", folder / "north"
        files["new_file"] = folder / f"new-{len(list(folder.iterdir()))}"
        values = {**terminal.ids, **{name: str(file) for name, file in files.items()}, "later": LATER}
        return [word.format(**values) if "{" in word else word.replace("_", " ") for word in self.words.split()]


SAMPLES = {
    "whoami": Sample("uma", "whoami"),
    "sign-out": Sample(ANYBODY, "sign-out"),
    "person list": Sample("ada", "person list"),
    "person show": Sample("ada", "person show {rex}"),
    "person register": Sample("ada", "person register --name Zoe --email zoe@example.org"),
    "person change": Sample("ada", "person change {rex} --affiliation Elsewhere"),
    "person suspend": Sample("ada", "person suspend {rex} --reason Asked_to. --yes"),
    "person resume": Sample("ada", "person resume {rex}", 5),
    "person confirm-resume": Sample("ada", "person confirm-resume {rex} --yes", 5),
    "role list": Sample("ada", "role list"),
    "role propose": Sample("ada", "role propose {rex} checker --until {later}"),
    "role confirm": Sample("ben", "role confirm {proposed_role} --yes"),
    "role withdraw-proposal": Sample("ada", "role withdraw-proposal {proposed_role}"),
    "role end": Sample("ada", "role end {kim_role}"),
    "role confirm-end": Sample("ada", "role confirm-end {kim_role} --yes", 5),
    "training record": Sample("ada", "training record {rex} --course Again --until {later}"),
    "training end": Sample("ada", "training end {rex_training} --yes"),
    "accreditation record": Sample("ada", "accreditation record {rex} --number AR-9 --until {later}"),
    "accreditation end": Sample("ada", "accreditation end {accreditation} --yes"),
    "custodian list": Sample(ANYBODY, "custodian list"),
    "custodian register": Sample("ada", "custodian register --name West"),
    "terms list": Sample(ANYBODY, "terms list {north}"),
    "terms show": Sample(ANYBODY, "terms show {north}"),
    "terms publish": Sample("cora", "terms publish {north} {terms_text} --until {later} --yes"),
    "terms accept": Sample("rex", "terms accept {north} 1 --yes"),
    "catalogue validate": Sample(ANYBODY, "catalogue validate {description}"),
    "catalogue convert": Sample(ANYBODY, "catalogue convert {description}"),
    "catalogue export": Sample(ANYBODY, "catalogue export {description} --format turtle"),
    "catalogue score": Sample(ANYBODY, "catalogue score {description} --profile hdruk-2022"),
    "catalogue import": Sample("ada", "catalogue import {description} --source A_file"),
    "catalogue harvest": Sample("cora", "catalogue harvest {endpoint}", 5),
    "catalogue show": Sample(ANYBODY, "catalogue show {entry}"),
    "catalogue search": Sample(ANYBODY, "catalogue search register"),
    "catalogue similar": Sample(ANYBODY, "catalogue similar {north_dataset}"),
    "catalogue compare": Sample(ANYBODY, "catalogue compare {north_dataset} {south_dataset}"),
    "catalogue reindex": Sample(ANYBODY, "catalogue reindex"),
    "catalogue demand": Sample("cora", "catalogue demand"),
    "saved-search list": Sample("rex", "saved-search list"),
    "saved-search keep": Sample("rex", "saved-search keep Registers register"),
    "saved-search show": Sample("rex", "saved-search show {rex}", 3),
    "saved-search end": Sample("rex", "saved-search end {rex} --yes", 3),
    "catalogue versions": Sample(ANYBODY, "catalogue versions {entry}"),
    "catalogue diff": Sample(ANYBODY, "catalogue diff {entry} 1 1"),
    "catalogue withdraw": Sample("ada", "catalogue withdraw {entry} --reason Came_twice. --yes"),
    "endpoint list": Sample("cora", "endpoint list"),
    "endpoint show": Sample("ada", "endpoint show {endpoint}"),
    "endpoint register": Sample("cora", "endpoint register --custodian {north} --name Ours https://north.example.org"),
    "endpoint change": Sample("cora", "endpoint change {endpoint} --name Other"),
    "endpoint test": Sample("cora", "endpoint test {endpoint}", 5),
    "endpoint enable": Sample("ada", "endpoint enable {endpoint} --yes", 5),
    "endpoint pause": Sample("cora", "endpoint pause {endpoint} --reason Works_there.", 5),
    "endpoint resume": Sample("cora", "endpoint resume {endpoint}", 5),
    "endpoint close": Sample("cora", "endpoint close {endpoint} --reason Moved_away. --yes"),
    "endpoint skipped": Sample("cora", "endpoint skipped {pull}"),
    "endpoint decide": Sample("cora", "endpoint decide {pull} --keep --reason Their_list_was_cut.", 5),
    "dataset list": Sample(ANYBODY, "dataset list"),
    "dataset search": Sample(ANYBODY, "dataset search register"),
    "dataset show": Sample(ANYBODY, "dataset show {north_dataset}"),
    "dataset register": Sample("cora", "dataset register --custodian {north} --name new-one {description}"),
    "dataset describe": Sample("cora", "dataset describe {north_dataset} {description} --edition 1"),
    "dataset add-files": Sample("cora", "dataset add-files {north_dataset} {folder}"),
    "dataset add-database": Sample(
        "cora", "dataset add-database {north_dataset} --connection x --schema s --view v", 2
    ),
    "dataset add-objects": Sample("cora", "dataset add-objects {north_dataset} --store x --prefix a/", 2),
    "dataset add-volume": Sample("cora", "dataset add-volume {north_dataset} --volume x", 2),
    "dataset withdraw-version": Sample("cora", "dataset withdraw-version {north_version} --reason Wrong_data. --yes"),
    "dataset withdraw": Sample("cora", "dataset withdraw {north_dataset} --reason Wrong_data. --yes"),
    "onboarding checklist": Sample(ANYBODY, "onboarding checklist custodian"),
    "onboarding status": Sample(ANYBODY, "onboarding status custodian {north}"),
    "onboarding list": Sample("dora", "onboarding list"),
    "onboarding show": Sample("ada", "onboarding show {case}"),
    "onboarding open": Sample("cora", "onboarding open custodian {north}"),
    "onboarding give": Sample("ada", "onboarding give {case} people --reference Ours --until {later}"),
    "onboarding submit": Sample("ada", "onboarding submit {case}", 5),
    "onboarding withdraw": Sample("ada", "onboarding withdraw {case} --yes"),
    "onboarding verify": Sample("ben", "onboarding verify {body_evidence}"),
    "onboarding recommend": Sample("ben", "onboarding recommend {case}", 5),
    "onboarding confirm": Sample("ben", "onboarding confirm {case} --yes", 5),
    "onboarding stop": Sample("ben", "onboarding stop {case} --how end --reason Over. --yes", 5),
    "hub list": Sample(ANYBODY, "hub list"),
    "hub register": Sample("ada", "hub register --name Southern_hub"),
    "conditions list": Sample(ANYBODY, "conditions list"),
    "conditions propose": Sample("ada", "conditions propose {terms_text} --from {later}", 5),
    "conditions publish": Sample("ben", "conditions publish 1 --yes"),
    "conditions accept": Sample("cora", "conditions accept {north} 1 --yes", 5),
    "departure show": Sample(ANYBODY, "departure show {north}"),
    "departure announce": Sample("cora", "departure announce {north} --last-day {later} --reason Merged. --yes"),
    "departure confirm": Sample("ada", "departure confirm {departure} --yes"),
    "departure withdraw": Sample("dora", "departure withdraw {departure} --yes"),
    "enquiry list": Sample("rex", "enquiry list"),
    "enquiry show": Sample("rex", "enquiry show {enquiry}"),
    "enquiry ask": Sample("rex", "enquiry ask Who_has_a_register?"),
    "enquiry ask-again": Sample("rex", "enquiry ask-again {enquiry} --text Since_when?"),
    "enquiry take": Sample("con", "enquiry take {enquiry}"),
    "enquiry pass-on": Sample("ada", "enquiry pass-on {enquiry} {con}"),
    "enquiry suggest": Sample("con", "enquiry suggest {enquiry} {south_dataset} --reason It_helps."),
    "enquiry answer": Sample("con", "enquiry answer {enquiry} --text There_is_one."),
    "enquiry wish": Sample("con", "enquiry wish {enquiry} --topic Prescriptions"),
    "enquiry apply": Sample("rex", "enquiry apply {enquiry} --dataset {north_dataset}"),
    "enquiry close": Sample("rex", "enquiry close {enquiry} --yes"),
    "enquiry demand": Sample("cora", "enquiry demand"),
    "enquiry wishes": Sample("cora", "enquiry wishes"),
    "offer list": Sample(ANYBODY, "offer list"),
    "offer publish": Sample("ada", "offer publish --kind curation --title Registers --description We_make_them."),
    "offer withdraw": Sample("ada", "offer withdraw {offer} --yes"),
    "application list": Sample("rex", "application list"),
    "application show": Sample("rex", "application show {application}"),
    "application draft": Sample("rex", "application draft {answers}"),
    "application redraft": Sample("rex", "application redraft {draft} {answers}"),
    "application submit": Sample("rex", "application submit {draft} --yes"),
    "application decide": Sample(
        "cora", "application decide {decided} {north} --refuse --reason Not_now. --read {read} --yes", 5
    ),
    "application withdraw": Sample("rex", "application withdraw {draft} --yes"),
    "application questions": Sample("rex", "application questions {draft}"),
    "application answer": Sample("rex", "application answer {draft} {given}"),
    "application reuse": Sample("rex", "application reuse {draft}", 5),
    "application comment": Sample("rex", "application comment {decided} {north} --text Hello."),
    "application comments": Sample("cora", "application comments {decided} {north}"),
    "application course": Sample("cora", "application course {decided} {north}"),
    "application changes": Sample("cora", "application changes {decided} {north}"),
    "application ask-changes": Sample(
        "cora", "application ask-changes {decided} {north} --reason Unclear. --read {read} --field purpose", 5
    ),
    "application answer-changes": Sample("rex", "application answer-changes {decided} {north} --yes", 5),
    "application withdraw-part": Sample("rex", "application withdraw-part {decided} {north} --yes", 5),
    "application amend": Sample("rex", "application amend {project} {answers}"),
    "application renew": Sample("rex", "application renew {project} {answers}"),
    "question list": Sample("rex", "question list"),
    "question show": Sample("rex", "question show funded"),
    "question define": Sample("cora", "question define {question} --custodian={north}"),
    "question archive": Sample("ada", "question archive funder --yes"),
    "question import": Sample("ada", "question import {bank}"),
    "form list": Sample("cora", "form list {north}"),
    "form show": Sample("cora", "form show {north}"),
    "form publish": Sample("cora", "form publish {north} {form} --yes"),
    "panel list": Sample("cora", "panel list {north}"),
    "panel add": Sample("cora", "panel add {north} {kim}"),
    "panel end": Sample("cora", "panel end {north} {kim} --yes", 3),
    "panel waiting": Sample("kim", "panel waiting"),
    "panel advise": Sample("kim", "panel advise {decided} {north} support --reason Good. --read {read}", 3),
    "panel advice": Sample("cora", "panel advice {decided} {north}"),
    "project list": Sample("uma", "project list"),
    "project show": Sample("uma", "project show {project}"),
    "project certificate": Sample("ada", "project certificate {project}", 3),
    "project verify-certificate": Sample(ANYBODY, "project verify-certificate {record} --keys {keys}", 2),
    "project approve": Sample("ada", "project approve {decided} --read {read} --yes"),
    "project refuse": Sample("ada", "project refuse {decided} --read {read} --reason Not_now. --yes"),
    "project extend": Sample("ada", "project extend {project} --until {later}", 2),
    "project renew-ethics": Sample("ada", "project renew-ethics {project} --reference 27/X --until 2028-01-31"),
    "project suspend": Sample("ada", "project suspend {project} --reason Asked_to. --yes"),
    "project resume": Sample("ada", "project resume {project}", 5),
    "project close": Sample("ada", "project close {project} --yes"),
    "member list": Sample("ada", "member list {project}"),
    "member add": Sample("ada", "member add {project} {kim}"),
    "member end": Sample("ada", "member end {project} {uma} --yes"),
    "grant list": Sample("ada", "grant list"),
    "grant withdraw": Sample("ada", "grant withdraw {grant} --reason Asked_to. --yes"),
    "grant renew": Sample("cora", "grant renew {north_grant} --until {later}"),
    "workspace list": Sample("ada", "workspace list"),
    "workspace show": Sample("ada", "workspace show {project}"),
    "workspace profiles": Sample("ada", "workspace profiles {project}"),
    "workspace profile": Sample("ada", "workspace profile {project} small", 5),
    "workspace sleep": Sample("ada", "workspace sleep {project} --yes", 3),
    "submission list": Sample("rex", "submission list"),
    "submission show": Sample("rex", "submission show {rex}", 3),
    "submission withdraw": Sample("rex", "submission withdraw {rex} --yes", 3),
    "submission history": Sample("rex", "submission history {rex}", 3),
    "submission ask-override": Sample("rex", "submission ask-override {rex} --reason Safe.", 3),
    "submission decide-override": Sample("kim", "submission decide-override {rex} --seen 1 --accept --reason Safe.", 3),
    "submission sign-off": Sample("cora", "submission sign-off {rex} --seen 1 --agree", 3),
    "submission appeal": Sample("rex", "submission appeal {rex} --reason Overlooked.", 3),
    "submission decide-appeal": Sample("kim", "submission decide-appeal {rex} --seen 1 --uphold --reason Right.", 3),
    "submission hold": Sample("ada", "submission hold {rex} --reason Incident.", 3),
    "submission let-go": Sample("ada", "submission let-go {rex} --reason Solved.", 3),
    "review list": Sample("kim", "review list"),
    "review claim": Sample("kim", "review claim {rex}", 3),
    "review unclaim": Sample("kim", "review unclaim {rex}", 3),
    "review declare-conflict": Sample("kim", "review declare-conflict {rex} --reason Friends. --yes", 3),
    "review return": Sample("kim", "review return {rex} --seen 1 --reason Round. --yes", 3),
    "review settle": Sample("kim", "review settle {rex} --seen 1 --outcome return --reason Doubt. --yes", 3),
    "review search": Sample("kim", "review search survival"),
    "release recall": Sample("kim", "release recall {rex} --reason Wrong. --gravity low --yes", 3),
    "release decide-recall": Sample("kim", "release decide-recall {rex} --seen 1 --confirm --reason Yes.", 3),
    "release incidents": Sample("kim", "release incidents"),
    "airlock check": Sample(ANYBODY, "airlock check {terms_text}", 7),
    "airlock metering": Sample("ada", "airlock metering --month 2026-11"),
    "release record": Sample("rex", "release record {rex}", 3),
    "release verify": Sample(ANYBODY, "release verify {record} --keys {keys}", 2),
    "register list": Sample(ANYBODY, "register list"),
    "register show": Sample(ANYBODY, "register show {project}"),
    "register history": Sample(ANYBODY, "register history {project}"),
    "register export": Sample(ANYBODY, "register export --format csv"),
    "register gaps": Sample(ANYBODY, "register gaps", 7),
    "register state": Sample("rex", "register state {project} {statement}"),
    "register plan": Sample("rex", "register plan {application}"),
    "register reword": Sample(
        "cora", "register reword {application} {north} --field public_benefit --words Better. --reason Clearer.", 5
    ),
    "register names": Sample("uma", "register names"),
    "register name": Sample("uma", "register name {project} --agree"),
    "register import": Sample("cora", "register import {north} {register_file} --yes"),
    "register update": Sample("ada", "register update"),
    "register verify": Sample(ANYBODY, "register verify"),
    "uses codes": Sample(ANYBODY, "uses codes"),
    "uses list": Sample(ANYBODY, "uses list {north_dataset}"),
    "uses show": Sample(ANYBODY, "uses show {north_dataset}"),
    "uses suggest": Sample(ANYBODY, "uses suggest {north_dataset}"),
    "uses publish": Sample("cora", "uses publish {north_dataset} HMB NCU --yes"),
    "uses answer": Sample(ANYBODY, "uses answer {purpose} {north_dataset}", 7),
    "disease list": Sample(ANYBODY, "disease list"),
    "disease import": Sample("ada", "disease import {diseases} --version 1 --yes"),
    "purpose declare": Sample("rex", "purpose declare {draft} {purpose}"),
    "purpose show": Sample("rex", "purpose show {draft}"),
    "purpose answer": Sample("rex", "purpose answer {draft}", 7),
    "evidence kinds": Sample(ANYBODY, "evidence kinds"),
    "evidence list": Sample("rex", "evidence list"),
    "evidence show": Sample("rex", "evidence show {evidence}"),
    "evidence required": Sample("rex", "evidence required {application}"),
    "evidence record": Sample(
        "rex", "evidence record {application} dpia --reference D-2 --from 2026-11-01 --until {later}"
    ),
    "evidence record-organisation": Sample(
        "rex", "evidence record-organisation Company dspt --reference 8AB12 --from 2026-11-01 --until {later}"
    ),
    "evidence rely": Sample("rex", "evidence rely {application} {evidence}", 3),
    "evidence hand-in": Sample("rex", "evidence hand-in {evidence} {letter}"),
    "evidence download": Sample("ada", "evidence download {lettered} --to {new_file}"),
    "evidence destroy": Sample("ada", "evidence destroy {lettered} --reason Names_a_patient. --yes"),
    "evidence rotate-key": Sample("ada", "evidence rotate-key --yes"),
    "evidence verify": Sample("ada", "evidence verify {evidence} --yes"),
    "evidence reject": Sample("ada", "evidence reject {evidence} --reason Unreadable."),
    "evidence revoke": Sample("ada", "evidence revoke {evidence} --reason Unreadable. --yes", 5),
    "evidence take-back": Sample("rex", "evidence take-back {evidence}"),
    "visa list": Sample("rex", "visa list"),
    "visa accept": Sample("rex", "visa accept {terms_text}", 5),
    "visa end": Sample("rex", "visa end {rex} --yes", 3),
    "visa issue": Sample("rex", "visa issue", 5),
    "visa keys": Sample(ANYBODY, "visa keys"),
    "visa make-key": Sample(ANYBODY, "visa make-key {new_file}"),
    "project rules": Sample("ada", "project rules {project}"),
    "sheet view": Sample("cora", "sheet view {north}"),
    "sheet issue": Sample("cora", "sheet issue {north}"),
    "sheet list": Sample("cora", "sheet list {north}"),
    "sheet show": Sample("cora", "sheet show {rex}", 3),
    "sheet export": Sample("cora", "sheet export {rex}", 3),
    "sheet verify": Sample(ANYBODY, "sheet verify {record} --keys {keys}", 2),
    "federation card": Sample(ANYBODY, "federation card", 5),
    "federation trust": Sample("ada", "federation trust {card} --yes"),
    "federation confirm": Sample("ada", "federation confirm {rex} --yes", 3),
    "federation revoke": Sample("ada", "federation revoke {rex} --reason Lost_its_key. --yes", 3),
    "federation move": Sample("ada", "federation move {rex} https://south.example.org", 3),
    "federation ask": Sample("ada", "federation ask {rex}", 3),
    "federation export": Sample("ada", "federation export catalogue --wait 0", 5),
    "federation take": Sample("ada", "federation take {record}", 2),
    "federation list": Sample(ANYBODY, "federation list"),
    "federation documents": Sample(ANYBODY, "federation documents {rex}", 3),
    "federation catalogue": Sample(ANYBODY, "federation catalogue"),
    "federation share-accreditation": Sample("rex", "federation share-accreditation --agree"),
    "federation recognised": Sample("ada", "federation recognised {rex}"),
    "federation applicants": Sample("cora", "federation applicants {application} {north}"),
    "federation members": Sample("ada", "federation members {project}"),
    "federation accredit": Sample("ada", "federation accredit {uma} {rex} --reason They_do_as_we_do. --yes", 3),
    "federation accredited": Sample("ada", "federation accredited {rex}"),
    "fee list": Sample(ANYBODY, "fee list"),
    "fee show": Sample(ANYBODY, "fee show {rex}", 3),
    "fee check": Sample(ANYBODY, "fee check {prices}"),
    "fee publish": Sample("cora", "fee publish {north} {prices} --yes"),
    "fee estimate": Sample(ANYBODY, "fee estimate {north_dataset} --start 2027-01-01 --last 2027-12-31"),
    "fee waive": Sample(
        "cora", "fee waive {north} {application} --percent 10 --reason Teaching. --until {later} --yes"
    ),
    "fee end-waiver": Sample("cora", "fee end-waiver {rex}", 3),
    "fee waivers": Sample(ANYBODY, "fee waivers"),
    "quote list": Sample("rex", "quote list"),
    "quote show": Sample("rex", "quote show {rex}", 3),
    "quote ask": Sample("rex", "quote ask {application} {north} --answer applicant=academic", 5),
    "quote ask-subscription": Sample(
        "ada",
        "quote ask-subscription --organisation Trust --organisation-id ods:RRK --start 2027-01-01 --last 2027-12-31",
        5,
    ),
    "quote offer": Sample("cora", "quote offer {rex} --yes", 3),
    "quote accept": Sample("rex", "quote accept {rex} --bill-to Finance --yes", 3),
    "quote decline": Sample("rex", "quote decline {rex}", 3),
    "quote withdraw": Sample("cora", "quote withdraw {rex} --reason Wrong.", 3),
    "quote check": Sample("rex", "quote check {rex}", 3),
    "quote close-order": Sample("cora", "quote close-order {rex}", 3),
    "invoice list": Sample("rex", "invoice list"),
    "invoice show": Sample("rex", "invoice show {rex}", 3),
    "invoice statement": Sample("cora", "invoice statement {rex} --month 2026-11", 3),
    "invoice issue": Sample("cora", "invoice issue {rex} --yes", 3),
    "invoice credit": Sample("cora", "invoice credit {rex} --reason Wrong. --yes", 3),
    "invoice pay": Sample("cora", "invoice pay {rex} --reference B1", 3),
    "budget set": Sample("rex", "budget set {application} 5000"),
    "budget show": Sample("rex", "budget show {application}"),
    "audit list": Sample("ada", "audit list"),
    "audit verify": Sample("ada", "audit verify"),
    "audit prove": Sample("ada", "audit prove 0", 5),
    "audit keys": Sample(ANYBODY, "audit keys"),
    "audit head": Sample(ANYBODY, "audit head", 3),
    "explain project": Sample("ada", "explain project {project}"),
    "explain action": Sample("ada", "explain action approve-project {decided}"),
}
"""By the words of the command."""
