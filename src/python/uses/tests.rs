//! What is read off small files.

use super::*;
use crate::python::syntax::Syntax;
use std::collections::BTreeSet;

fn of(text: &str) -> Uses {
    let syntax = Syntax::parse(text.as_bytes(), "3.14".parse().ok());
    let (uses, depth) = read(&syntax);
    syntax.close(depth);
    uses
}

fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}

#[test]
fn what_is_taken_from_a_module() {
    let taken =
        |text: &str| of(text).taken_from("types").map(|taken| taken.into_iter().map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(taken("import types\nX = types.SimpleNamespace(a=1)\n"), Some(vec!["SimpleNamespace".to_owned()]));
    assert_eq!(
        taken("import types as t\n\n\ndef f():\n    return t.A, t.B.c\n"),
        Some(vec!["A".to_owned(), "B".to_owned()])
    );
    assert_eq!(taken("import types.sub\n"), Some(vec!["sub".to_owned()]));
    assert_eq!(taken("import types\n"), Some(vec![]));
    for other in [
        "register(types)",
        "def f(types):\n    return types.A",
        "from other import types",
        "for types in x:\n    types.A",
    ] {
        assert_eq!(taken(&format!("import types\n{other}\n")), None, "{other}");
    }
}

#[test]
fn where_functions_are_mentioned() {
    let uses = of(
        "def a():\n    b()\n\n\ndef b():\n    pass\n\n\ntry:\n    a()\nexcept OSError:\n    pass\n\nif __name__ == \"__main__\":\n    b()\n",
    );
    let mentions: Vec<_> =
        uses.mentions.iter().map(|mention| (mention.name.as_str(), mention.function, mention.handled)).collect();
    assert!(mentions.contains(&("a", None, true)), "{mentions:?}");
    assert!(mentions.contains(&("b", Some(uses.functions.iter().position(|f| f.name == "a").unwrap()), false)));
    assert_eq!(mentions.iter().filter(|(name, ..)| *name == "b").count(), 1, "a start by hand is none: {mentions:?}");
    assert_eq!(uses.function_at(2).unwrap().name, "a");
    assert!(uses.function_at(4).is_none() && uses.function_at(10).is_none());
}

#[test]
fn methods_belong_to_their_class_and_what_never_runs_mentions_nothing() {
    let uses = of(
        "import sys\nfrom typing import TYPE_CHECKING\n\n\nclass A(base.Model, Generic[T]):\n    @classmethod\n    def a(cls):\n        return cls.b()\n\n    @app.route\n    def b(self):\n        def inner():\n            pass\n\n\nif TYPE_CHECKING or sys.platform == \"win32\":\n    A()\n",
    );
    assert_eq!((uses.classes[0].name.as_str(), uses.classes[0].registered), ("A", false));
    assert_eq!(uses.classes[0].bases, ["Model", "Generic"]);
    let methods: BTreeSet<_> =
        uses.functions.iter().map(|method| (method.name.as_str(), method.class, method.decorated)).collect();
    assert_eq!(methods, [("a", Some(0), false), ("b", Some(0), true)].into());
    assert_eq!(uses.function_at(12).unwrap().name, "b", "a function in a method is the method's");
    assert!(!uses.mentions.iter().any(|mention| mention.name == "A"), "{:?}", uses.mentions);
    let called = uses.mentions.iter().find(|mention| mention.name == "b").unwrap();
    assert_eq!((called.attribute, called.function.map(|at| uses.functions[at].name.as_str())), (true, Some("a")));
}

#[test]
fn what_a_test_of_a_file_guards_is_handled_and_an_annotation_mentions() {
    let uses = of("if path.exists():\n    a()\n\n\ndef f(x: Rates, y: 'int' = 1):\n    \"\"\"calls.b\"\"\"\n    c()\n");
    let of_name = |name: &str| uses.mentions.iter().find(|mention| mention.name == name);
    assert!(of_name("a").unwrap().handled && !of_name("c").unwrap().handled);
    assert!(of("getattr(self, f\"load_{name}\")").mentions.iter().any(|mention| mention.name == "load_*"));
    assert!(of_name("Rates").is_some() && of_name("b").is_none(), "a docstring calls nothing");
}

#[test]
fn templates_that_are_rendered_by_a_literal() {
    let uses = of(
        "t.TemplateResponse(request, \"a.html\", {\"b\": \"c\"})\nrender_template(\"d.html\")\nenv.get_template(name)\nget_template(name=\"e.j2\")\nprint(\"f.html\")\n",
    );
    let names: BTreeSet<&str> = uses.templates.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names, set(&["a.html", "d.html", "e.j2"]));
}

#[test]
fn exports_are_read_where_they_are_one_list() {
    assert_eq!(of("__all__ = [\"A\", \"b\"]\n").exports, Some(["A".to_owned(), "b".to_owned()].into()));
    assert_eq!(of("__all__ = [\"A\"]\n__all__ += other.__all__\n").exports, None);
    assert_eq!(of("__all__ = [\"A\", *more]\n").exports, None);
    assert_eq!(of("__all__ = [\"A\"]\n__all__.append(\"B\")\n").exports, None);
    assert_eq!(of("A = 1\n").exports, None);
}

#[test]
fn what_is_written_and_listed() {
    let uses = of(
        "import os\nP = \"data/cache.json\"\nos.chdir(\"/tmp\")\nopen(P, \"w\")\nopen(\"read.json\")\nPath(\"x.txt\").write_text(\"\")\nos.listdir(os.path.join(HERE, \"prompts\"))\n",
    );
    assert!(uses.changes_directory);
    assert_eq!(uses.writes.iter().map(String::as_str).collect::<BTreeSet<_>>(), set(&["cache.json", "x.txt"]));
    assert_eq!(uses.listed.iter().map(String::as_str).collect::<BTreeSet<_>>(), set(&["prompts"]));
}

#[test]
fn endings_of_names_that_are_put_together() {
    let uses =
        of("a = f\"{name}.md\"\nb = root.glob(\"**/*.TOML\")\nc = name + \".cfg\"\nd = \"notes.rst\"\ne = \"a. b\"\n");
    assert_eq!(uses.endings.iter().map(String::as_str).collect::<BTreeSet<_>>(), set(&["cfg", "md", "toml"]));
}

#[test]
fn no_nesting_is_too_deep() {
    let deep = format!("x = {}1{}\n", "(".repeat(150), ")".repeat(150))
        + &"a".repeat(3000).split("").collect::<Vec<_>>().join(".f");
    let _ = of(&deep);
}
