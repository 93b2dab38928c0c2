//! What lies around the source, where it is started from, and what else is said on the command line.

use super::case::Case;

fn flat() -> Case {
    Case::new("src/main.py").imports("src/main.py", "from core import x").files(&["src/core.py"])
}

fn keep() -> Case {
    Case::new("src/main.py")
        .imports("src/main.py", "from src.core import x")
        .files(&["src/core.py"])
        .keep("src/")
        .plain_breaks("No module named 'src'")
}

const CREDENTIALS: &str = "CLOUDFLARE_API_TOKEN=token-of-the-file\nCLOUDFLARE_ACCOUNT_ID=of-the-file\n";

cases! {
    committed_python_modules: keep()
        .files(&["python_modules/stale/__init__.py", "python_modules/core.py"])
        .synced_by_itself(),

    committed_python_modules_and_main_at_the_root: Case::new("main.py")
        .imports("main.py", "from core import x")
        .files(&["core.py", "python_modules/stale/__init__.py", "python_modules/core.py"])
        .synced_by_itself(),

    python_modules_in_the_source: flat()
        .files(&["src/python_modules/dep.py"])
        .plain_refuses("The 'python_modules' directory cannot exist in your module root"),

    what_plain_pywrangler_left: keep().synced_by_itself().plain_first(),

    what_plain_pywrangler_left_and_main_at_the_root: Case::new("main.py")
        .imports("main.py", "from core import x")
        .files(&["core.py"])
        .synced_by_itself()
        .plain_first(),

    a_requirements_file: keep().file("requirements.txt", "flask\n").plain_refuses("requirements.txt exists. Delete the file"),

    a_requirements_file_and_main_at_the_root: Case::new("main.py")
        .imports("main.py", "from core import x")
        .files(&["core.py"])
        .file("requirements.txt", "flask\n")
        .plain_refuses("requirements.txt exists. Delete the file"),

    credentials_in_a_file: keep().file(".env", CREDENTIALS).no_credentials(),

    credentials_in_a_file_of_the_working_directory_that_is_named: keep()
        .file(".env", CREDENTIALS)
        .no_credentials()
        .cwd("elsewhere")
        .words(&["--cwd", ".."]),

    credentials_in_a_local_file: flat()
        .file(".env", "CLOUDFLARE_API_TOKEN=token\nCLOUDFLARE_ACCOUNT_ID=overridden\n")
        .file(".env.local", "CLOUDFLARE_ACCOUNT_ID=of-the-local-file\n")
        .no_credentials(),

    credentials_in_a_file_of_the_environment: keep()
        .toml("[env.develop]\nvars = { WHO = \"develop\" }")
        .file(".env", "CLOUDFLARE_API_TOKEN=token\nCLOUDFLARE_ACCOUNT_ID=overridden\nWHO=file\n")
        .file(".env.develop", "CLOUDFLARE_ACCOUNT_ID=of-develop\n")
        .no_credentials()
        .words(&["--env", "develop"]),

    credentials_in_a_file_that_is_named: flat()
        .file("deploy.env", CREDENTIALS)
        .no_credentials()
        .words(&["--env-file", "deploy.env"]),

    secrets_for_development: keep()
        .file(".dev.vars", "SECRET=of-development\n")
        .file("src/.dev.vars", "SECRET=of-development\n")
        .file(".dev.vars.develop", "SECRET=of-development\n"),

    started_in_a_subdirectory: keep().cwd("src"),

    started_elsewhere: flat().files(&["public/index.html"]).cwd("else/where").words(&["--cwd=../..", "--assets", "public"]),

    a_script_on_the_command_line: flat().imports("src/second.py", "from core import x").words(&["src/second.py"]),

    a_script_on_the_command_line_that_imports_through_src: keep()
        .imports("src/second.py", "from src.core import x")
        .words(&["src/second.py", "--name", "second"]),

    secrets_of_a_file: flat().file("secrets.json", "{\"KEY\": \"value\"}").words(&["--secrets-file", "secrets.json"]),

    what_flags_say: keep().words(&[
        "--var", "WHO:flag", "--compatibility-date", "2026-09-20", "--compatibility-flags", "python_workers",
        "--keep-vars", "--message", "of the tests", "--tag", "v1", "--name", "by-flag",
    ]),

    versions_upload: keep()
        .command(&["versions", "upload"])
        .existing()
        .words(&["--tag", "v1", "--message", "of the tests"]),

    versions_upload_flat: flat().command(&["versions", "upload"]).existing(),

    a_preview: keep().toml("[previews]\nvars = { WHO = \"preview\" }").command(&["preview"]).words(&["--name", "of-the-tests"]).existing(),

    a_second_deploy: keep().existing(),

    a_dispatch_namespace: flat().words(&["--dispatch-namespace", "ns"]),
}
