"""A legal claim goes before an erasure (GDPR art. 17, 3 e)."""

import pytest
from factories import customers, query, snapshot_of
from shop_definitions import SHOP

from scoring.customers.forget import forget
from scoring.database import transaction
from scoring.errors import PermanentError
from scoring.snapshots import legal_holds


@pytest.mark.parametrize(("kind", "name"), [("customer", "c0001"), ("data_set", "shop"), ("score", "leaving")])
def test_who_is_under_a_legal_hold_is_forgotten_only_when_it_is_released(shop, kind, name):
    snapshot_of(shop, customers(3))
    with transaction(shop.database()) as connection:
        hold = legal_holds.place(connection, kind, name, first=None, last=None, reason="a lawsuit", by="Ann")
        legal_holds.place(connection, "customer", "c0002", first=None, last=None, reason="of another", by="Ann")
    with pytest.raises(PermanentError, match=rf"legal hold is in force .*: {hold} \(a lawsuit\)"):
        forget(shop, SHOP, "c0001", by="Bob", reason="a letter")
    assert query(shop, "SELECT * FROM scoring.erasure") == []
    with transaction(shop.database()) as connection:
        legal_holds.release(connection, hold, "Ann")
    assert forget(shop, SHOP, "c0001", by="Bob", reason="a letter").erased["snapshots"] == 1
