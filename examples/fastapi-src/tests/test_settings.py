from src.core.config.settings import Settings


def test_title():
    assert Settings().title == "fastapi-src"
