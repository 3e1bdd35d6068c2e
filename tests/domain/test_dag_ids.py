"""What the DAGs are called."""

from scoring.domain.dag_ids import all_dags


def test_each_data_set_and_each_score_has_a_dag_and_three_are_always_there():
    assert all_dags(["shop", "club"], ["leaving"]) == {
        "ingest_shop",
        "ingest_club",
        "score_leaving",
        "notify_crm",
        "sweep_crm",
        "reconcile",
    }
    assert all_dags([], []) == {"notify_crm", "sweep_crm", "reconcile"}
