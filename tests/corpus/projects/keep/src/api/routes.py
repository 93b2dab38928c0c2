from src.core.settings import NAME
from src.core.text import slug

routes = {"/": slug(NAME)}
