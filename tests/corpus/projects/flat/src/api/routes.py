from core.settings import NAME
from core.text import slug

routes = {"/": slug(NAME)}
