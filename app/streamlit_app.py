"""What `streamlit run app/streamlit_app.py` (or `tillproof up`) serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware

# what the pages need takes seconds to import: before the first visitor, not with them
from app import analysis, charts, deciding, signing_in, warming  # noqa: F401
from app.addresses import PageAddresses
from app.only_here import OnlyHere
from app.opening import home
from orchestration import doctor, evidence_pack, mapping_changes, match_deciding, posting_approving  # noqa: F401


def people_sign_in() -> bool:
    """Whether the settings ask for it, and nothing that it needs is missing: else this machine alone is answered."""
    found = signing_in.access()
    return found.sign_in == "oidc" and not signing_in.lacking(found.provider)


@asynccontextmanager
async def settling_down(_: st.App) -> AsyncIterator[None]:
    """While the app serves, it asks ahead in the background."""
    warming.begin()
    yield


guards = [Middleware(OnlyHere, people_sign_in=people_sign_in), Middleware(PageAddresses)]
app = st.App(
    "navigation.py",
    middleware=guards,
    secrets=signing_in.secrets(home()) or None,
    lifespan=settling_down,
)
