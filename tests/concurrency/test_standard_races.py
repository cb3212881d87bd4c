"""Standards that are put in force at the same moment."""

from __future__ import annotations

import pytest

from opsportal.audit.models import AuditEntry
from opsportal.core.errors import Conflict
from opsportal.standards.models import Activation, StandardVersion
from opsportal.standards.services import standard_activate, standard_bootstrap, standard_store
from tests.databases import Database
from tests.makers import NOW, ROOT
from tests.packs import own_pack
from tests.racing import race


@pytest.mark.parametrize("_round", range(3))
def test_twins_put_one_standard_in_force_once(fresh_database: Database, _round: int) -> None:
    done = race(*[lambda: standard_activate(actor=ROOT, now=NOW, name="baseline").pk] * 4)
    assert len(set(done)) == 1
    assert StandardVersion.objects.count() == 1
    assert Activation.objects.count() == 1
    assert AuditEntry.objects.filter(action="standard.activated").count() == 1


@pytest.mark.parametrize("_round", range(3))
def test_of_two_first_standards_one_is_put_in_force(fresh_database: Database, _round: int) -> None:
    done = race(
        *(
            lambda name=name: standard_bootstrap(actor=ROOT, now=NOW, name=name)
            for name in ("baseline", "aios")
        )
    )
    assert sorted(type(one).__name__ for one in done) == ["Activation", "Conflict"]
    assert Activation.objects.count() == StandardVersion.objects.count() == 1


def test_of_two_contents_for_one_version_one_is_stored(fresh_database: Database) -> None:
    first, second = own_pack(), own_pack(description="another one")
    done = race(
        *(
            lambda source=source: standard_store(actor=ROOT, now=NOW, source=source.encode())
            for source in (first, second)
        )
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "StandardVersion"]
    (refusal,) = [one for one in done if isinstance(one, Conflict)]
    assert refusal.code == "version_taken"
    assert StandardVersion.objects.count() == 1
