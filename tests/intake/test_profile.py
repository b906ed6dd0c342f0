"""A profile says in a person's words what is wrong with it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from orchestration.landing_tables import TILL_TABLES
from orchestration.tills.profile import ProfileError, choose, load_profiles, read_profile

GOOD = """
folders = ["shop"]
[[export]]
name = "list"
files = ["list*.csv"]
table = "pos/products"
columns = { store_code = "Shop", sku = "Code" }
"""


def test_every_shape_of_the_demo_has_a_profile() -> None:
    profiles = load_profiles()
    for name, expected in {
        "S01/sales_2010-12.csv": "comma_till/sales",
        "S02/tenders_2011-08-18_10.csv": "comma_till/tenders",
        "S02/products_resend.csv": "comma_till/products",
        "S04/closures_2011-08-18.csv": "semicolon_till/closures",
        "S05/receipts_2011-08-18_10.xml": "xml_till/receipts",
        "connector/sync_2011-08-18.csv": "shopbridge_log/attempts",
    }.items():
        chosen = choose(profiles, PurePosixPath(name))
        assert chosen is not None
        assert chosen.name == expected
    assert choose(profiles, PurePosixPath("S09/sales_2010-12.csv")) is None
    taken = {table.table for profile in profiles for table in profile.tables}
    assert {spec.name for spec in TILL_TABLES} <= taken


def test_a_profile_of_the_house_takes_the_place_of_the_given_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "comma_till.toml").write_text(GOOD)
    names = [profile.name for profile in load_profiles([tmp_path])]
    assert "comma_till/list" in names
    assert "comma_till/sales" not in names
    assert "semicolon_till/sales" in names


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("folders", "folder"), "unknown setting folder"),
        (
            ('table = "pos/products"', 'table = "pos/stock"'),
            "table is 'pos/stock'; it may be pos/receipt_lines",
        ),
        (('sku = "Code"', 'colour = "Code"'), "pos/products has no column colour"),
        ((', sku = "Code"', ""), "pos/products needs sku"),
        (('files = ["list*.csv"]', "files = []"), "files must be given"),
        (("[[export]]", 'decimal = "p"\n[[export]]'), "decimal is the sign before the pence"),
        (("[[export]]", 'encoding = "morse"\n[[export]]'), "encoding 'morse' is unknown"),
        (("[[export]]", 'delimiter = ", "\n[[export]]'), "delimiter is one character"),
        (("[[export]]", 'format = "xml"\n[[export]]'), "an XML export needs `unit`"),
        (("[[export]]", "[[exports]]"), "has no [[export]]"),
        (('name = "list"', "name = list"), "not a TOML file"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said_with_its_file(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    place = tmp_path / "shop.toml"
    place.write_text(GOOD)
    assert read_profile(place)[0].name == "shop/list"
    place.write_text(GOOD.replace(*change))
    with pytest.raises(ProfileError, match=r"shop\.toml") as refused:
        read_profile(place)
    assert words in str(refused.value)
