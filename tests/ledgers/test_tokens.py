"""Refresh tokens change at every use: the new one is safe before the old one's fruit is eaten."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.ledgers.ledger import LedgerUnavailableError
from orchestration.ledgers.tokens import AuthorisationLostError, TokenAnswer, TokenKeeper, token_age


class Issuer:
    """A token endpoint that accepts only the newest refresh token."""

    def __init__(self, path: Path) -> None:
        self.path, self.number, self.spent = path, 0, []

    def __call__(self, refresh: SecretStr) -> TokenAnswer:
        self.spent.append(refresh.get_secret_value())
        if refresh.get_secret_value() != f"refresh-{self.number}":
            return TokenAnswer(refusal="invalid_grant")
        self.number += 1
        return TokenAnswer(SecretStr(f"access-{self.number}"), SecretStr(f"refresh-{self.number}"), 3600)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "secrets" / "token.json"


def keeper(path, issuer, first="refresh-0", clock=lambda: 1000.0):
    return TokenKeeper(path, SecretStr(first), issuer, clock=clock)


def test_the_rotated_token_is_on_disk_for_its_owner_only(path):
    token = keeper(path, Issuer(path)).access_token()
    assert token.get_secret_value() == "access-1"
    assert json.loads(path.read_text())["refresh_token"] == "refresh-1"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(found.name for found in path.parent.iterdir()) == ["token.json", "token.json.lock"]


def test_a_second_process_uses_what_the_first_was_given(path):
    issuer = Issuer(path)
    keeper(path, issuer).access_token()
    assert keeper(path, issuer).access_token().get_secret_value() == "access-1"
    assert issuer.spent == ["refresh-0"]


def test_a_token_near_its_end_is_exchanged_before_it_is_used(path):
    now = [1000.0]
    held = keeper(path, Issuer(path), clock=lambda: now[0])
    held.access_token()
    now[0] += 3600 - 59
    assert held.access_token().get_secret_value() == "access-2"


def test_a_token_that_sage_turned_away_is_exchanged_once(path):
    issuer = Issuer(path)
    mine, other = keeper(path, issuer), keeper(path, issuer)
    turned_away = mine.access_token()
    other.access_token()
    assert mine.access_token(instead_of=turned_away).get_secret_value() == "access-2"
    assert other.access_token(instead_of=turned_away).get_secret_value() == "access-2"
    assert issuer.spent == ["refresh-0", "refresh-1"]


def test_if_the_new_token_cannot_be_kept_the_old_one_is_not_spent(path, monkeypatch):
    issuer = Issuer(path)
    monkeypatch.setattr(os, "open", _full_disk(os.open))
    with pytest.raises(OSError, match="No space"):
        keeper(path, issuer).access_token()
    assert issuer.spent == []


def _full_disk(real):
    def opening(name, flags, *more, **named):
        if flags & os.O_EXCL:
            raise OSError(28, "No space left on device")
        return real(name, flags, *more, **named)

    return opening


def test_a_silence_leaves_the_old_token_in_place(path):
    issuer = Issuer(path)

    def silent(_):
        raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        keeper(path, silent).access_token()
    assert keeper(path, issuer).access_token().get_secret_value() == "access-1"


def test_a_newly_configured_token_begins_a_new_chain(path):
    issuer = Issuer(path)
    keeper(path, issuer).access_token()
    issuer.number = 0  # the person signed in again, and was given a fresh first token
    fresh = keeper(
        path, lambda token: TokenAnswer(SecretStr("fresh"), SecretStr("next"), 60), first="signed-in-again"
    )
    assert fresh.access_token().get_secret_value() == "fresh"


def test_a_dead_token_is_said_to_be_dead_without_saying_it(path):
    with pytest.raises(AuthorisationLostError, match="sign in to Sage again") as lost:
        keeper(path, lambda _: TokenAnswer(refusal="expired"), first="s3cret").access_token()
    assert "s3cret" not in str(lost.value)
    with pytest.raises(AuthorisationLostError, match="No Sage refresh token"):
        keeper(path, Issuer(path), first="").access_token()


def test_asking_too_early_keeps_the_token_that_is_still_good(path):
    now = [1000.0]
    answers = iter(
        [
            TokenAnswer(SecretStr("good"), SecretStr("r1"), 100),
            TokenAnswer(refusal="access_token not expired"),
        ]
    )
    held = keeper(path, lambda _: next(answers), clock=lambda: now[0])
    held.access_token()
    now[0] += 50
    assert held.access_token().get_secret_value() == "good"


def test_another_process_holding_the_file_is_waited_for(path, monkeypatch):
    path.parent.mkdir(parents=True)
    holder = (
        "import sys; from pathlib import Path; from orchestration.file_lock import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.readline()"
    )
    lock = path.with_name(path.name + ".lock")
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        issuer = Issuer(path)
        monkeypatch.setattr("orchestration.ledgers.tokens.LOCK_PATIENCE_S", 0.1)
        with pytest.raises(LedgerUnavailableError, match="held by another process"):
            keeper(path, issuer).access_token()
        assert issuer.spent == []
        process.kill()  # whoever dies lets go
    assert keeper(path, issuer).access_token().get_secret_value() == "access-1"


def test_nothing_that_prints_a_keeper_prints_a_secret(path):
    held = keeper(path, Issuer(path))
    held.access_token()
    shown = f"{held!r} {held} {vars(held)!r}"
    assert not any(secret in shown for secret in ("refresh-0", "refresh-1", "access-1"))


def test_a_chain_keeps_its_beginning_through_every_rotation(path):
    now, issuer = [1_000_000.0], Issuer(path)
    assert token_age(path, SecretStr("refresh-0")) is None
    keeper(path, issuer, clock=lambda: now[0]).access_token()
    now[0] += 86_400 * 3
    keeper(path, issuer, clock=lambda: now[0]).access_token()
    age = token_age(path, SecretStr("refresh-0"))
    assert (age.refreshed_at - age.began_at).days == 3
    assert (age.ends_at(60) - age.began_at).days == 60
    assert (age.access_until - age.refreshed_at).seconds == 3600
    assert token_age(path, SecretStr("another")) is None, "another sign-in begins another chain"


def test_a_file_of_before_ages_were_kept_began_when_it_was_written(path):
    keeper(path, Issuer(path)).access_token()
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in kept.items() if k not in ("began_at", "refreshed_at")}))
    os.utime(path, (5000, 5000))
    age = token_age(path, SecretStr("refresh-0"))
    assert age.began_at.timestamp() == age.refreshed_at.timestamp()
    later = keeper(path, lambda refresh: TokenAnswer(SecretStr("a"), SecretStr("r"), 1), clock=lambda: 9999.0)
    later.access_token()
    assert json.loads(path.read_text())["began_at"] == 5000


def test_an_age_of_what_is_no_token_file_is_refused(path):
    path.parent.mkdir()
    path.write_text("[]")
    with pytest.raises(AuthorisationLostError, match="not JSON"):
        token_age(path, SecretStr(""))
