//! Where the source lies, and how it imports itself.

use super::case::Case;

cases! {
    main_in_src_that_imports_through_src: Case::new("src/main.py")
        .imports("src/main.py", "from src.core.deep import x")
        .files(&["src/core/__init__.py", "src/core/deep.py", "tests/test_core.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    main_in_src_that_imports_without_it: Case::new("src/main.py")
        .imports("src/main.py", "from core.deep import x")
        .files(&["src/core/__init__.py", "src/core/deep.py", "tests/test_core.py"]),

    main_at_the_root_with_everything_beside_it: Case::new("entry.py")
        .imports("entry.py", "from core.deep import x\nfrom other import x as y")
        .files(&["core/__init__.py", "core/deep.py", "other.py"])
        .files(&[".venv/pyvenv.cfg", ".venv/lib/python3.13/site-packages/dep/__init__.py", ".venv/notes.txt"])
        .files(&["venv/pyvenv.cfg", "venv/lib/dep.py"])
        .files(&["tests/test_core.py", "core/tests/test_deep.py", "dist/old.py", "build/lib/core.py", "docs/conf.py"])
        .files(&["docs/index.html", "schema.sql", "README.md", ".github/check.py", "w.egg-info/top_level.txt"])
        .synced_by_itself(),

    a_package_that_is_not_called_src_and_imports_through_its_name: Case::new("app/main.py")
        .imports("app/main.py", "from app.core import x")
        .files(&["app/core.py", "app/other.py"])
        .keep("app/")
        .plain_breaks("No module named 'app'"),

    a_package_that_is_not_called_src_and_imports_without_it: Case::new("app/main.py")
        .imports("app/main.py", "from core import x")
        .files(&["app/core.py", "app/other.py"]),

    main_two_levels_down_that_imports_from_the_top: Case::new("app/api/main.py")
        .imports("app/api/main.py", "from app.api.routes import x\nfrom app.store import x as y")
        .files(&["app/__init__.py", "app/api/__init__.py", "app/api/routes.py", "app/store.py", "app/store.sql"])
        .keep("app/api/")
        .gains(&["app/__init__.py", "app/store.py", "app/store.sql"])
        .plain_breaks("No module named 'app'"),

    main_two_levels_down_that_imports_from_beside: Case::new("app/api/main.py")
        .imports("app/api/main.py", "from routes import x")
        .files(&["app/__init__.py", "app/api/__init__.py", "app/api/routes.py", "app/store.py"]),

    a_second_source_root_that_main_imports: Case::new("src/main.py")
        .imports("src/main.py", "from src.core import x\nfrom shared.money import x as y")
        .files(&["src/core.py", "shared/money.py", "unrelated/other.py"])
        .keep("src/")
        .gains(&["shared/money.py"])
        .plain_breaks("No module named 'src'"),

    a_second_source_root_that_the_settings_include: Case::new("src/main.py")
        .imports("src/main.py", "from src.core import x")
        .files(&["src/core.py", "shared/money.py", "unrelated/other.py"])
        .pyproject("[tool.saddlebag]\ninclude = [\"shared\"]")
        .keep("src/")
        .gains(&["shared/money.py"])
        .plain_breaks("No module named 'src'"),

    base_dir_at_the_project: Case::new("src/main.py")
        .toml("base_dir = \".\"")
        .imports("src/main.py", "from src.core import x\nfrom helper import x as y")
        .files(&["src/core.py", "helper.py", "tests/test_core.py"]),

    base_dir_at_the_project_and_a_module_that_imports_main: Case::new("src/main.py")
        .toml("base_dir = \".\"")
        .imports("src/main.py", "from src.core import x")
        .file("src/core.py", "import src.main\nx = 1\n")
        .keep("")
        .gains(&["src/main.py"])
        .plain_breaks("No module named 'src.main'"),

    base_dir_between_main_and_the_project: Case::new("python/app/main.py")
        .toml("base_dir = \"python\"")
        .imports("python/app/main.py", "from app.core import x")
        .files(&["python/app/core.py", "python/tool.py", "other.py"]),

    namespace_packages_below_src: Case::new("src/main.py")
        .imports("src/main.py", "import src.plugins.one\nfrom src.plugins.two import deep")
        .files(&["src/plugins/one.py", "src/plugins/two/deep.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    namespace_packages_without_src: Case::new("src/main.py")
        .imports("src/main.py", "import plugins.one\nfrom plugins.two import deep")
        .files(&["src/plugins/one.py", "src/plugins/two/deep.py"]),

    names_beyond_ascii: Case::new("src/main.py")
        .imports("src/main.py", "from src.größe import x\nfrom src.日本.言葉 import x as y")
        .files(&["src/größe.py", "src/日本/言葉.py", "src/texte/überblick 1.txt", "src/a+b & c.html", "src/it's 100%.sql"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    names_beyond_ascii_without_src: Case::new("src/main.py")
        .imports("src/main.py", "from größe import x\nfrom 日本.言葉 import x as y")
        .files(&["src/größe.py", "src/日本/言葉.py", "src/texte/überblick 1.txt", "src/a+b & c.html", "src/it's 100%.sql"]),

    twelve_levels_deep: Case::new("src/main.py")
        .imports("src/main.py", "from src.a.b.c.d.e.f.g.h.i.j.k.l import x")
        .files(&["src/a/b/c/d/e/f/g/h/i/j/k/l.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'"),

    twelve_levels_deep_without_src: Case::new("src/main.py")
        .imports("src/main.py", "from a.b.c.d.e.f.g.h.i.j.k.l import x")
        .files(&["src/a/b/c/d/e/f/g/h/i/j/k/l.py"]),
}
