"""The home page."""

from fastapi import APIRouter

from opdboard.api.context import Ctx
from opdboard.api.home import service
from opdboard.api.home.schemas import HomeOut

router = APIRouter(prefix="/api/home", tags=["home"])


@router.get("")
def read_home(context: Ctx) -> HomeOut:
    """What runs, what waits and why, what failed, and what ended lately."""
    return service.present(context)
