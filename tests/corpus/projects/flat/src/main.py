import json
from pathlib import Path

import certs
from microweb import App
from workers import Response, WorkerEntrypoint

from api.routes import routes
from core.settings import NAME

PAGE = (Path(__file__).parent / "page.html").read_text()
app = App(routes, certs.where())


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps({"name": NAME, "page": len(PAGE)}))
