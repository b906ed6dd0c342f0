"""Settings: the file, the environment above it, and errors a person can act on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestration.settings import SettingsError, home_from_environment, load


@pytest.fixture(autouse=True)
def no_settings_outside(monkeypatch):
    """Whatever runs these tests may have an installation of its own."""
    import os

    for name in os.environ:
        if name.startswith("TILLPROOF_"):
            monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "tillproof.toml").write_text(
        'company_id = "DGS"\napp_port = 8600\n[sage200]\nsite_id = "from-the-file"\npage_size = 100\n'
        'client_secret = "hunter2"\nrefresh_token = "correct-horse"\n',
        encoding="utf-8",
    )
    return tmp_path


def test_the_file_is_read_and_what_it_leaves_out_has_a_default(home):
    settings = load(home)
    assert (settings.company_id, settings.app_port, settings.dagster_port) == ("DGS", 8600, 3000)
    assert (settings.sage200.site_id, settings.sage200.page_size) == ("from-the-file", 100)
    assert settings.landing == str(home.resolve() / "landing")
    assert settings.operations == f"sqlite:///{(home.resolve() / 'operations.sqlite').as_posix()}"
    assert settings.sage200_at_home().token_file == home.resolve() / "secrets" / "sage200_token.json"


def test_the_environment_stands_above_the_file_one_setting_at_a_time(home, monkeypatch):
    monkeypatch.setenv("TILLPROOF_SAGE200__SITE_ID", "from-outside")
    monkeypatch.setenv("TILLPROOF_APP_PORT", "8700")
    settings = load(home)
    assert (settings.sage200.site_id, settings.app_port) == ("from-outside", 8700)
    assert (settings.sage200.page_size, settings.company_id) == (100, "DGS")


def test_what_the_caller_says_stands_above_both(home, monkeypatch):
    monkeypatch.setenv("TILLPROOF_COMPANY_ID", "ENV")
    assert load(home, company_id="CALLER").company_id == "CALLER"


def test_the_home_is_named_by_the_environment_and_is_the_one_that_was_asked_for(home, monkeypatch):
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    assert home_from_environment() == home.resolve()
    assert load().company_id == "DGS"
    other = home / "other"
    assert load(other, company_id="X").home == other.resolve()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("app_port = 8600\n", "company_id"),
        ('company_id = "DGS"\napp_port = "many"\n', "app_port"),
        ('company_id = "DGS"\n[sage200]\npage_size = 0\n', r"sage200\.page_size"),
        ('company_id = "DGS"\nas_of = "yesterday"\n', "as_of"),
        ('company_id = "DGS"\nmemory_limit = "plenty"\n', "memory_limit"),
        ('company_id = "DGS\n', "line 1"),
        ('company_id = "DGS"\nlanding_url = "s3://bucket/landing"\n', "landing_url.*cannot be elsewhere"),
        ('company_id = "DGS"\nas_off = 2011-08-31\n', "as_off.*no such setting"),
        ('company_id = "DGS"\n[sage200]\npagesize = 5\n', r"sage200\.pagesize.*no such setting"),
    ],
)
def test_an_error_names_the_file_and_the_setting(tmp_path, text, told):
    file = tmp_path / "tillproof.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=told) as raised:
        load(tmp_path)
    assert str(file.resolve()) in str(raised.value)


def test_a_setting_that_would_not_be_honoured_is_refused_outside_too(home, monkeypatch):
    monkeypatch.setenv("TILLPROOF_LANDING_URL", "s3://bucket/landing")
    with pytest.raises(SettingsError, match="TILLPROOF_LANDING_URL"):
        load(home)


def test_a_file_that_is_no_text_says_so(tmp_path):
    (tmp_path / "tillproof.toml").write_bytes(b"company_id = '\xff\xfe'")
    with pytest.raises(SettingsError, match=r"tillproof\.toml"):
        load(tmp_path)


def test_secrets_are_stars_wherever_they_land(home):
    settings = load(home)
    printed = (
        f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()} {settings.sage200}"
    )
    assert "hunter2" not in printed
    assert "correct-horse" not in printed
    assert settings.sage200.client_secret.get_secret_value() == "hunter2"


def test_an_error_does_not_repeat_a_secret(tmp_path):
    (tmp_path / "tillproof.toml").write_text(
        'company_id = "DGS"\n[sage200]\nclient_secret = ["hunter2"]\n', encoding="utf-8"
    )
    with pytest.raises(SettingsError, match="client_secret") as raised:
        load(tmp_path)
    assert "hunter2" not in str(raised.value)


def test_now_is_the_setting_in_utc_without_a_zone(home):
    summer = timezone(timedelta(hours=1))
    noon = datetime(2011, 8, 31, 12, tzinfo=summer)
    assert load(home, as_of=noon).now() == datetime(2011, 8, 31, 11)  # noqa: DTZ001
    plain = datetime(2011, 8, 31, 12)  # noqa: DTZ001
    assert load(home, as_of=plain).now() == plain


def test_without_the_setting_now_is_the_clock(home):
    before = datetime.now(UTC).replace(tzinfo=None)
    now = load(home).now()
    assert before <= now <= datetime.now(UTC).replace(tzinfo=None)
    assert now.tzinfo is None
