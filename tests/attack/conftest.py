"""One filled house for every test that only tries: nothing that anybody asks of it is ever committed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attack.intruders import filled
from tests.attack.trying import Trying


@pytest.fixture(scope="session")
def trying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trying]:
    """Browsers and terminals of everybody, at a house in which each change is undone at its commit."""
    with filled(tmp_path_factory.mktemp("filled")) as house:
        made = Trying(house)
        made.sign_in()
        house.rehearse()
        yield made
        made.close()
