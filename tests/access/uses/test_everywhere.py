"""Terms of use, diseases, purposes, rules and visas on each database; what is broken off leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.access.visas import GrantVisas
from orchestrator.alliance.uses.model import Purpose, Verdict
from orchestrator.identity.visas.model import TrustedIssuer
from orchestrator.identity.visas.service import VisaService
from orchestrator.policy.service import Policy
from tests.access.conftest import World
from tests.access.uses.conftest import Uses

TABLE = b"code,label,parents\nMONDO:0045024,tumour,\nMONDO:0005105,melanoma,MONDO:0045024\n"


class Reads:
    """Says what a token would: its words are the subject."""

    def __init__(self, now: int) -> None:
        self.now = now

    def read(self, token: str) -> dict[str, object]:
        visa = {
            "type": "ResearcherStatus",
            "asserted": self.now,
            "value": "https://doi.org/x",
            "source": "https://u.example",
            "by": "so",
        }
        return {"iss": "https://id", "sub": token, "iat": self.now, "exp": self.now + 600, "ga4gh_visa_v1": visa}


class Signs:
    """Signs nothing, visibly."""

    def sign(self, claims: object) -> str:
        return f"signed {claims}"

    def public_keys(self) -> dict[str, object]:
        return {"keys": []}


def test_on_each_database(world_everywhere: World, policy: Policy) -> None:
    world = world_everywhere
    uses = Uses(world, policy)
    uses.publish("a", "DS=MONDO:0045024", "TS=24 # words")
    uses.publish("a", "DS=MONDO:0045024", "TS=12")
    for version in ("1", "2"):
        uses.uses.import_diseases(world.actor("operator"), TABLE, version=version)
    application_id = uses.draft("a")
    lead = world.actor("lead")
    uses.service.declare(lead, application_id, Purpose(uses=("DS",), diseases=("MONDO:0005105",)))
    (assessed,) = uses.service.assessments(lead, application_id)
    assert (assessed.assessment.verdict, assessed.assessment.version) == (Verdict.PERMITTED, 2)
    project = world.approved(a=True)
    rules = {each.rule for each in uses.service.effective_rules(lead, project.project_id).rules}
    assert {"use:DUO:0000007", "use:DUO:0000025", "checkers", "agreement-until"} <= rules
    now = int(world.now.timestamp())
    trusted = TrustedIssuer(issuer="https://id", types=frozenset({"ResearcherStatus"}), accredits=True)
    visas = VisaService(world.record, policy, reader=Reads(now), trusted=[trusted])
    (taken,) = visas.accept(world.actor("stranger"), ["stranger"])
    assert visas.visas(world.actor("stranger"), world.people["stranger"]) == [taken]
    assert visas.end(world.actor("operator"), taken.visa_id).ended_at == world.now
    signing = GrantVisas(world.record, policy, access=world.access, signer=Signs(), address="https://here.example")
    (signed,) = signing.issue(lead)
    assert signed.expires_at == world.now + timedelta(hours=1)


def test_an_import_that_breaks_off_leaves_the_old_table(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = uses.world.actor("operator")
    before = uses.uses.import_diseases(operator, TABLE, version="1")

    def fall_over(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("sqlalchemy.orm.Session.merge", fall_over)
        uses.uses.import_diseases(operator, b"code,parents\nMONDO:0045024,\n", version="2")
    assert uses.uses.disease_tables() == [before]
    assert uses.uses.diseases(["MONDO:0005105"]).within("MONDO:0005105", "MONDO:0045024") is True
    again = uses.uses.import_diseases(operator, b"code,parents\nMONDO:0045024,\n", version="2")
    assert uses.uses.disease_tables() == [again]
