"""The entry point: a FastAPI application behind Cloudflare's ASGI adapter."""

import asgi
from fastapi import FastAPI
from workers import WorkerEntrypoint

from src.api.routes import router
from src.core.config.settings import Settings

settings = Settings()
app = FastAPI(title=settings.title)
app.include_router(router)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request.js_object, self.env)
