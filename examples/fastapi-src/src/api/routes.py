"""The routes, importing their neighbours by the same absolute names as everything else."""

import httpx
from fastapi import APIRouter

from src.core.config.settings import Settings

router = APIRouter()


@router.get("/")
async def greeting() -> dict[str, str]:
    return {"title": Settings().title, "httpx": httpx.__version__}
