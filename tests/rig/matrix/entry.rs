//! What stands in the main module: classes, handlers, `__all__`, and names that something else has too.

use super::case::{Case, DEFAULT};

const ROOM: &str = "
from workers import DurableObject


class Room(DurableObject):
    pass
";

const ROOMS: &str = "[[durable_objects.bindings]]
name = \"ROOMS\"
class_name = \"Room\"

[[migrations]]
tag = \"v1\"
new_sqlite_classes = [\"Room\"]";

cases! {
    a_durable_object_in_main: Case::new("src/main.py")
        .toml(ROOMS)
        .file("src/main.py", &format!("from src.core import x\n{DEFAULT}{ROOM}"))
        .files(&["src/core.py"])
        .keep("src/")
        .entrypoints(&["Default", "Room"])
        .plain_breaks("No module named 'src'"),

    a_durable_object_from_another_module: Case::new("src/main.py")
        .toml(ROOMS)
        .imports("src/main.py", "from src.rooms import Room")
        .file("src/rooms.py", ROOM)
        .keep("src/")
        .entrypoints(&["Default", "Room"])
        .plain_breaks("No module named 'src'"),

    a_durable_object_from_another_module_without_src: Case::new("src/main.py")
        .toml(ROOMS)
        .imports("src/main.py", "from rooms import Room")
        .file("src/rooms.py", ROOM)
        .entrypoints(&["Default", "Room"]),

    a_workflow: Case::new("src/main.py")
        .toml("[[workflows]]\nname = \"nightly\"\nbinding = \"NIGHTLY\"\nclass_name = \"Nightly\"")
        .file(
            "src/main.py",
            &format!(
                "from src.core import x\nfrom workers import WorkflowEntrypoint\n{DEFAULT}\n\nclass Nightly(WorkflowEntrypoint):\n    async def run(self, event, step):\n        return x\n"
            ),
        )
        .files(&["src/core.py"])
        .keep("src/")
        .entrypoints(&["Default", "Nightly"])
        .plain_breaks("No module named 'src'"),

    a_name_that_all_leaves_out: Case::new("src/main.py")
        .file("src/main.py", &format!("from .core import x\n__all__ = [\"Default\"]\n{DEFAULT}{ROOM}"))
        .files(&["src/core.py"])
        .keep("src/")
        .plain_breaks("attempted relative import"),

    a_name_that_all_leaves_out_without_src: Case::new("src/main.py")
        .file("src/main.py", &format!("from core import x\n__all__ = [\"Default\"]\n{DEFAULT}{ROOM}"))
        .files(&["src/core.py"]),

    an_empty_all: Case::new("src/main.py")
        .file("src/main.py", &format!("from src.core import x\n__all__ = []\n{DEFAULT}"))
        .files(&["src/core.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    imports_for_type_checkers: Case::new("src/main.py")
        .imports(
            "src/main.py",
            "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nfrom core import x\n\nif TYPE_CHECKING:\n    from src.types import T\n",
        )
        .files(&["src/core.py", "src/types.py"]),

    imports_for_type_checkers_beside_imports_through_src: Case::new("src/main.py")
        .imports(
            "src/main.py",
            "import typing\nfrom src.core import x\n\nif typing.TYPE_CHECKING:\n    from core import y\n    from js import Request\n",
        )
        .files(&["src/core.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    relative_imports_in_main: Case::new("src/main.py")
        .imports("src/main.py", "from . import core\nfrom .deep.er import x")
        .files(&["src/__init__.py", "src/core.py", "src/deep/er.py"])
        .keep("src/")
        .plain_breaks("attempted relative import"),

    relative_imports_beside_main: Case::new("src/main.py")
        .imports("src/main.py", "from deep.er import x")
        .files(&["src/deep/__init__.py", "src/deep/other.py"])
        .file("src/deep/er.py", "from .other import x\nfrom . import other\n"),

    main_named_like_a_package: Case::new("src/rig_tests.py")
        .requires("rig-tests")
        .imports("src/rig_tests.py", "from src.core import x")
        .files(&["src/core.py"])
        .keep("src/")
        .plain_breaks("clashes with main module"),

    main_named_like_a_package_without_src: Case::new("src/rig_tests.py")
        .requires("rig-tests")
        .imports("src/rig_tests.py", "from core import x")
        .files(&["src/core.py"])
        .plain_breaks("clashes with main module")
        .refused(3, "shadowing.main"),

    main_called_something_else: Case::new("src/my_worker.py")
        .imports("src/my_worker.py", "from src.core import x")
        .files(&["src/core.py", "src/main.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    a_handler_that_is_a_function: Case::configured(
        "wrangler.toml",
        "name = \"w\"\nmain = \"src/main.py\"\ncompatibility_date = \"2025-10-01\"\ncompatibility_flags = [\"python_workers\", \"disable_python_no_global_handlers\"]\n",
    )
        .file("src/main.py", "from src.core import x\nfrom workers import Response\n\n\nasync def on_fetch(request, env):\n    return Response(\"x\")\n")
        .files(&["src/core.py"])
        .python("3.13")
        .keep("src/")
        .entrypoints(&[])
        .plain_breaks("No module named 'src'"),
}
