"""What this installation is."""

from fastapi import APIRouter

from opdboard.api.context import Ctx
from opdboard.api.installation import service
from opdboard.api.installation.schemas import InstallationOut

router = APIRouter(prefix="/api/installation", tags=["installation"])


@router.get("")
def read_installation(context: Ctx) -> InstallationOut:
    """Versions, database, broker, queues and disk; passwords are left out."""
    return service.describe(context)
