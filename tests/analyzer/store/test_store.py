"""The store is opened once its server answers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.tools import wait_until

from analyzer.store.database import StoreError
from analyzer.store.quotas import NO_QUOTA
from analyzer.store.store import open_store_once_there


def test_a_service_waits_at_its_start_for_a_server_that_is_away(
    postgres, postgres_url, tmp_path, caplog
) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor() as aside:
        postgres.kill9()
        try:
            opening = aside.submit(open_store_once_there, postgres_url, tmp_path, NO_QUOTA, stop)
            wait_until(lambda: "does not answer" in caplog.text, what="a word about the server")
        finally:
            postgres.start()
        store = opening.result(30)
    assert store is not None
    store.close()


def test_a_service_ends_while_it_waits_and_waits_for_nothing_that_does_not_come(
    postgres, postgres_url, tmp_path
) -> None:
    stop = threading.Event()
    with pytest.raises(StoreError, match="createdb"):
        open_store_once_there(postgres.url("nowhere"), tmp_path, NO_QUOTA, stop)
    stop.set()
    assert open_store_once_there(postgres_url, tmp_path, NO_QUOTA, stop) is None
