from microweb import App
from workers import Response, WorkerEntrypoint

from shop import basket

app = App({"/": basket.total([])}, None)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")
