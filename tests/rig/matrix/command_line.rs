//! How the same is said in other words.

use super::case::Case;

fn flat() -> Case {
    Case::new("src/main.py").imports("src/main.py", "from core import x").files(&["src/core.py"])
}

fn two() -> Case {
    flat().imports("src/second.py", "from core import x")
}

cases! {
    variables_again_and_again: flat()
        .toml("vars = { B = \"config\", D = \"config\" }")
        .words(&["--var", "A:1", "--var", "B:2", "C:x:y", "--var=E:", "--name", "named"]),

    lists_of_values: flat()
        .words(&["--compatibility-flags", "python_workers", "nodejs_compat", "--triggers", "0 0 * * *", "5 * * * *", "--keep-vars"]),

    flags_before_the_command_and_after: flat().command(&["--debug", "--verbose", "deploy"]).words(&["--name=n"]),

    words_after_the_dashes: two().words(&["--name", "n", "--", "src/second.py", "--name", "other", "--format", "x"]),

    words_after_the_dashes_and_none_before: two().words(&["--", "src/second.py"]),

    camel_case: flat().words(&["--compatibilityDate", "2026-09-20", "--keepVars", "--dispatchNamespace", "ns"]),

    a_flag_that_says_no: flat().toml("logpush = true").words(&["--no-logpush", "--strict=false", "--dry-run", "false"]),

    the_latest_date: flat().words(&["--latest"]),

    the_latest_date_over_another: flat().words(&["--compatibility-date", "2026-09-20", "--latest"]),

    a_script_by_its_old_name: two().words(&["--script", "src/second.py"]),

    a_script_by_the_name_of_its_place: two().words(&["--name", "n", "--path=src/second.py"]),

    a_script_over_its_old_name: two().words(&["--script=src/main.py", "src/second.py"]),

    a_script_that_is_not_python: flat()
        .file("src/index.js", "export default { fetch() { return new Response('x') } }\n")
        .words(&["src/index.js"])
        .plain_uploads("index.js")
        .refused(2, "usage"),

    a_flag_that_nobody_knows: flat().words(&["--nobody-knows"]).both_refuse("Unknown argument"),
}
