from shop import basket


def test_total():
    assert basket.total([]) == 0
