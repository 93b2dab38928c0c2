"""Stand-ins for the modules that the Workers runtime has and npm's Pyodide of the same Python lacks: ssl, sqlite3, lzma.

What packages do with them while they are imported works as on Workers: constants, exceptions, contexts, classes to
extend. A value that only the real module knows (the rows of a query, a handshake) is an `Unknown`: it takes every
operation, and each use of one is noted, so that no later failure is blamed on the bundle. Read by boot.py.
"""

import collections
import datetime
import enum
import importlib
import importlib.abc
import importlib.util
import os
import sys
import types

FILE = "<stand-in>"


class Notes:
    """What an import was told that the real module might have told differently."""

    def __init__(self):
        # The module whose value was handed out, and the module whose value a decision was taken on.
        self.unknown = self.decided = None

    def hand_out(self, name):
        self.unknown = self.unknown or name
        self.on_first()

    def decide(self, name):
        self.decided = self.decided or name
        self.on_first()

    def on_first(self):
        pass


NOTES = Notes()


def decide(value, answer):
    NOTES.decide(type(value)._stand_in)
    return answer


class Unknown:
    """A value that only the real module knows."""

    _stand_in = ""

    def __init__(self, *_, **__):
        NOTES.hand_out(type(self)._stand_in)

    def _another(self, *_, **__):
        return UNKNOWN[type(self)._stand_in]()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._another()

    __call__ = __getitem__ = __enter__ = _another
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _another
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __neg__ = __pos__ = __abs__ = __invert__ = _another
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = _another

    def __setitem__(self, key, value):
        pass

    def __delitem__(self, key):
        pass

    def __exit__(self, *_):
        return False

    async def __aenter__(self):
        return self._another()

    async def __aexit__(self, *_):
        return False

    def __iter__(self):
        return iter(decide(self, ()))

    def __next__(self):
        decide(self, None)
        raise StopIteration

    def __await__(self):
        return self
        yield

    def __bool__(self):
        return decide(self, True)

    def __len__(self):
        return decide(self, 0)

    def __contains__(self, _):
        return decide(self, False)

    def __int__(self):
        return decide(self, 0)

    __index__ = __int__

    def __float__(self):
        return decide(self, 0.0)

    def __bytes__(self):
        return decide(self, b"")

    def __str__(self):
        return decide(self, "")

    def __format__(self, _):
        return decide(self, "")

    def __eq__(self, other):
        return decide(self, self is other)

    def __ne__(self, other):
        return decide(self, self is not other)

    def __lt__(self, _):
        return decide(self, False)

    __le__ = __gt__ = __ge__ = __lt__

    def __hash__(self):
        return id(self)


class Loose(type):
    """Of a class of which nothing more is known than its name: `ssl.AlertDescription.ALERT_DESCRIPTION_CLOSE_NOTIFY`."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return make(cls._stand_in, name)


def unknown_class(module, name):
    return Loose(name, (Unknown,), {"__module__": module, "_stand_in": module})


UNKNOWN = {}


# ---- what is known of each module. A name of the real module that is not here is made when it is asked for.


def ssl_names():
    def values(kind, name, **members):
        return kind(name, members, module="ssl")

    options = values(
        enum.IntFlag, "Options", OP_ALL=0x80000054, OP_NO_SSLv2=0, OP_NO_SSLv3=1 << 25, OP_NO_TLSv1=1 << 26,
        OP_NO_TLSv1_1=1 << 28, OP_NO_TLSv1_2=1 << 27, OP_NO_TLSv1_3=1 << 29, OP_CIPHER_SERVER_PREFERENCE=1 << 22,
        OP_SINGLE_DH_USE=0, OP_SINGLE_ECDH_USE=0, OP_NO_TICKET=1 << 14, OP_NO_COMPRESSION=1 << 17,
        OP_NO_RENEGOTIATION=1 << 30, OP_ENABLE_MIDDLEBOX_COMPAT=1 << 20, OP_LEGACY_SERVER_CONNECT=4,
    )  # fmt: skip
    protocols = values(
        enum.IntEnum, "_SSLMethod", PROTOCOL_TLS=2, PROTOCOL_SSLv23=2, PROTOCOL_TLSv1=3, PROTOCOL_TLSv1_1=4,
        PROTOCOL_TLSv1_2=5, PROTOCOL_TLS_CLIENT=16, PROTOCOL_TLS_SERVER=17,
    )  # fmt: skip
    modes = values(enum.IntEnum, "VerifyMode", CERT_NONE=0, CERT_OPTIONAL=1, CERT_REQUIRED=2)
    verify = values(
        enum.IntFlag, "VerifyFlags", VERIFY_DEFAULT=0, VERIFY_CRL_CHECK_LEAF=4, VERIFY_CRL_CHECK_CHAIN=12,
        VERIFY_X509_STRICT=32, VERIFY_ALLOW_PROXY_CERTS=64, VERIFY_X509_TRUSTED_FIRST=1 << 15,
        VERIFY_X509_PARTIAL_CHAIN=1 << 19,
    )  # fmt: skip
    errors = values(
        enum.IntEnum, "SSLErrorNumber", SSL_ERROR_SSL=1, SSL_ERROR_WANT_READ=2, SSL_ERROR_WANT_WRITE=3,
        SSL_ERROR_WANT_X509_LOOKUP=4, SSL_ERROR_SYSCALL=5, SSL_ERROR_ZERO_RETURN=6, SSL_ERROR_WANT_CONNECT=7,
        SSL_ERROR_EOF=8, SSL_ERROR_INVALID_ERROR_CODE=10,
    )  # fmt: skip
    versions = values(
        enum.IntEnum, "TLSVersion", MINIMUM_SUPPORTED=-2, SSLv3=768, TLSv1=769, TLSv1_1=770, TLSv1_2=771, TLSv1_3=772,
        MAXIMUM_SUPPORTED=-1,
    )  # fmt: skip
    purpose = enum.Enum("Purpose", {"SERVER_AUTH": "1.3.6.1.5.5.7.3.1", "CLIENT_AUTH": "1.3.6.1.5.5.7.3.2"}, module="ssl")
    unknown = UNKNOWN["ssl"]

    def failure(name, *bases):
        return type(name, bases, {"__module__": "ssl"})

    error = failure("SSLError", OSError)
    error.library = error.reason = None
    verification = failure("SSLCertVerificationError", error, ValueError)

    class SSLContext:
        sslsocket_class = sslobject_class = None
        keylog_filename = sni_callback = None
        post_handshake_auth = False
        hostname_checks_common_name = True
        num_tickets = 2
        security_level = 1

        def __init__(self, protocol=None, *_, **__):
            self.protocol = protocols.PROTOCOL_TLS if protocol is None else protocol
            client = self.protocol == protocols.PROTOCOL_TLS_CLIENT
            self.options = options.OP_ALL | options.OP_NO_SSLv3 | options.OP_NO_COMPRESSION
            self.check_hostname = client
            self.verify_mode = modes.CERT_REQUIRED if client else modes.CERT_NONE
            self.verify_flags = verify.VERIFY_X509_TRUSTED_FIRST
            self.minimum_version, self.maximum_version = versions.TLSv1_2, versions.MAXIMUM_SUPPORTED

        def load_verify_locations(self, cafile=None, capath=None, cadata=None):
            if cafile is not None:
                with open(cafile, "rb"):
                    pass

        def load_cert_chain(self, certfile, keyfile=None, password=None):
            for path in (certfile, keyfile):
                if path is not None:
                    with open(path, "rb"):
                        pass

        def cert_store_stats(self):
            return unknown()

        get_ciphers = get_ca_certs = session_stats = wrap_socket = wrap_bio = lambda self, *_, **__: unknown()

        def __getattr__(self, name):
            # Setters: `set_ciphers`, `set_alpn_protocols`, `load_default_certs`.
            if name.startswith(("set_", "load_")):
                return lambda *_, **__: None
            if name.startswith("__"):
                raise AttributeError(name)
            return unknown()

    SSLContext.__module__ = "ssl"

    purposes = purpose

    def create_default_context(purpose=purposes.SERVER_AUTH, *_, cafile=None, capath=None, cadata=None, **__):
        server = purpose == purposes.CLIENT_AUTH
        context = SSLContext(protocols.PROTOCOL_TLS_SERVER if server else protocols.PROTOCOL_TLS_CLIENT)
        if cafile or capath or cadata:
            context.load_verify_locations(cafile, capath, cadata)
        return context

    def unverified(*_, **__):
        context = SSLContext(protocols.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, modes.CERT_NONE
        return context

    paths = collections.namedtuple(
        "DefaultVerifyPaths",
        "cafile capath openssl_cafile_env openssl_cafile openssl_capath_env openssl_capath",
        module="ssl",
    )
    where = paths(None, None, "SSL_CERT_FILE", "/usr/lib/ssl/cert.pem", "SSL_CERT_DIR", "/usr/lib/ssl/certs")
    members = {}
    for kind in (options, protocols, modes, verify, errors):
        members.update(kind.__members__)
    return {
        **members,
        "Options": options,
        "VerifyMode": modes,
        "VerifyFlags": verify,
        "SSLErrorNumber": errors,
        "TLSVersion": versions,
        "Purpose": purpose,
        "_SSLMethod": protocols,
        "SSLContext": SSLContext,
        "SSLError": error,
        "SSLCertVerificationError": verification,
        "CertificateError": verification,
        **{
            name: failure(name, error)
            for name in (
                "SSLEOFError", "SSLSyscallError", "SSLWantReadError", "SSLWantWriteError", "SSLZeroReturnError",
            )  # fmt: skip
        },
        "socket_error": OSError,
        "DefaultVerifyPaths": paths,
        "get_default_verify_paths": lambda: where,
        "RAND_add": lambda *_: None,
        "RAND_bytes": lambda size: os.urandom(size),
        "RAND_status": lambda: True,
        "CHANNEL_BINDING_TYPES": ["tls-unique"],
        "create_default_context": create_default_context,
        "_create_default_https_context": create_default_context,
        "_create_unverified_context": unverified,
        "_create_stdlib_context": unverified,
        "OPENSSL_VERSION": "OpenSSL 1.1.1w  11 Sep 2023",
        "OPENSSL_VERSION_INFO": (1, 1, 1, 23, 15),
        "OPENSSL_VERSION_NUMBER": 0x1010117F,
        **dict.fromkeys(("HAS_ALPN", "HAS_ECDH", "HAS_NEVER_CHECK_COMMON_NAME", "HAS_PSK", "HAS_SNI"), True),
        **dict.fromkeys(("HAS_TLSv1", "HAS_TLSv1_1", "HAS_TLSv1_2", "HAS_TLSv1_3"), True),
        **dict.fromkeys(("HAS_NPN", "HAS_SSLv2", "HAS_SSLv3", "HAS_PHA"), False),
        "PEM_HEADER": "-----BEGIN CERTIFICATE-----",
        "PEM_FOOTER": "-----END CERTIFICATE-----",
        "HOSTFLAG_NEVER_CHECK_SUBJECT": 32,
    }


def sqlite3_names():
    def failure(name, base):
        return type(name, (base,), {"__module__": "sqlite3"})

    error = failure("Error", Exception)
    database = failure("DatabaseError", error)
    below = ("DataError", "IntegrityError", "InternalError", "NotSupportedError", "OperationalError", "ProgrammingError")
    adapters, converters = {}, {}
    connection = unknown_class("sqlite3", "Connection")
    cursor = unknown_class("sqlite3", "Cursor")
    connection.execute = connection.executemany = connection.executescript = connection.cursor = lambda *_, **__: cursor()
    # A cursor's own methods hand it on: `cursor.execute(...).fetchall()`.
    cursor.execute = cursor.executemany = cursor.executescript = cursor.__iter__ = lambda self, *_, **__: self

    def connect(*arguments, factory=connection, **options):
        return factory(*arguments, **options)

    return {
        "Warning": failure("Warning", Exception),
        "Error": error,
        "InterfaceError": failure("InterfaceError", error),
        "DatabaseError": database,
        **{name: failure(name, database) for name in below},
        "Connection": connection,
        "Cursor": cursor,
        **{name: unknown_class("sqlite3", name) for name in ("Blob", "PrepareProtocol", "Row")},
        "connect": connect,
        "register_adapter": lambda kind, adapter: adapters.__setitem__((kind, None), adapter),
        "register_converter": lambda name, converter: converters.__setitem__(name.upper(), converter),
        "enable_callback_tracebacks": lambda _: None,
        "adapters": adapters,
        "converters": converters,
        "Binary": memoryview,
        "Date": datetime.date,
        "Time": datetime.time,
        "Timestamp": datetime.datetime,
        "PARSE_DECLTYPES": 1,
        "PARSE_COLNAMES": 2,
        "LEGACY_TRANSACTION_CONTROL": -1,
        "apilevel": "2.0",
        "paramstyle": "qmark",
        "threadsafety": 1,
        "sqlite_version": "3.39.0",
        "sqlite_version_info": (3, 39, 0),
        "version": "2.6.0",
        "version_info": (2, 6, 0),
    }


def lzma_names():
    formats = {"FORMAT_AUTO": 0, "FORMAT_XZ": 1, "FORMAT_ALONE": 2, "FORMAT_RAW": 3}
    checks = {"CHECK_NONE": 0, "CHECK_CRC32": 1, "CHECK_CRC64": 4, "CHECK_SHA256": 10, "CHECK_UNKNOWN": 16}
    return {
        **formats,
        **checks,
        "PRESET_DEFAULT": 6,
        "PRESET_EXTREME": 1 << 31,
        "LZMAError": type("LZMAError", (Exception,), {"__module__": "lzma"}),
        "is_check_supported": lambda check: 0 <= check <= 10,
    }


KNOWN = {"ssl": ssl_names, "sqlite3": sqlite3_names, "lzma": lzma_names}
# Modules that are there with another's names.
SAME = {"sqlite3.dbapi2": "sqlite3", "_ssl": "ssl", "_sqlite3": "sqlite3", "_lzma": "lzma"}


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """The last one that is asked, so only for a module that is really missing. `members`: by module, its public names."""

    def __init__(self, members):
        self.members, self.used, self.known = members, [], {}

    def find_spec(self, name, path=None, target=None):
        if name not in self.members and name not in SAME or SAME.get(name, name) not in self.members:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=name == "sqlite3")

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = SAME.get(module.__name__, module.__name__)
        if name not in self.used:
            self.used.append(name)
        if name not in self.known:
            UNKNOWN[name] = unknown_class(name, "Unknown")
            self.known[name] = KNOWN[name]() if name in KNOWN else {}
        vars(module).update(self.known[name])
        module.__getattr__ = lambda asked: self.attribute(module, name, asked)
        module.__dir__ = lambda: sorted({*vars(module), *self.members[name]})

    def attribute(self, module, name, asked):
        if asked.startswith("__") or (asked not in self.members[name] and not asked.startswith("_") and self.members[name]):
            text = f"module {module.__name__!r} has no attribute {asked!r}"
            raise AttributeError(text, name=asked, obj=module)
        value = self.known[name].get(asked)
        if value is None:
            value = self.known[name][asked] = make(name, asked)
        setattr(module, asked, value)
        return value

    def is_behind(self, error):
        """The module whose stand-in raised `error`, or was asked for what it does not have."""
        while error is not None:
            owner = getattr(error, "obj", None)
            module = (owner if isinstance(owner, type) else type(owner)).__module__
            if SAME.get(module, module) in self.used:
                return SAME.get(module, module)
            # A public name that a stand-in lacks is one that the real module lacks too.
            at = None if isinstance(owner, types.ModuleType) else error.__traceback__
            while at is not None and at.tb_next is not None:
                at = at.tb_next
            if at is not None and at.tb_frame.f_code.co_filename == FILE:
                return self.used[-1] if self.used else None
            error = error.__cause__ or error.__context__
        return None


def make(module, name):
    """A public name of the real module of which nothing more is known than that it is there."""
    if name in sys.stdlib_module_names:
        return importlib.import_module(name)
    if name.endswith(("Error", "Exception")):
        return type(name, (OSError,), {"__module__": module})
    if name.isupper():
        # Distinct, and the same in every run.
        return sum(ord(letter) << (place % 16) for place, letter in enumerate(name))
    if name[:1].isupper():
        return unknown_class(module, name)

    def function(*_, **__):
        return UNKNOWN[module]()

    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    return function
