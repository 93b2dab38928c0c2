NAME = "A worker"


class Settings:
    debug = False
