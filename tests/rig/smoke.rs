//! `smoke` in real Pyodide: what passes every static gate and does not boot is blocked, what boots on Workers passes.

use crate::fake::{directory, script};
use crate::project::{Project, Ran, codes, gate, planned};
use crate::rig::{self, Api};
use serde_json::Value;
use std::path::Path;

/// Puts the rig's Pyodide packages where saddlebag keeps them.
fn give_pyodide(cache: &Path) {
    let kept = cache.join("pyodide");
    std::fs::create_dir_all(&kept).unwrap();
    for name in ["pyodide313", "pyodide314"] {
        // Another test may have been first.
        let _ = std::os::unix::fs::symlink(rig::home().join("tools/node_modules").join(name), kept.join(name));
    }
}

/// The flat example with something at the top of its entry.
fn worker(top: &str) -> Project {
    let project = Project::example("flat");
    project.link_wrangler();
    let entry = std::fs::read_to_string(project.path("src/entry.py")).unwrap();
    project.write("src/entry.py", &entry.replacen("from core", &format!("{top}\nfrom core"), 1));
    project
}

/// The same on Python 3.13, where npm's Pyodide lacks parts of the standard library that Workers have.
fn older(project: Project) -> Project {
    let config = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap().replace("2026-10-01", "2026-06-01");
    project.write("wrangler.jsonc", &config);
    project
}

fn with_packages(top: &str, packages: &str) -> Project {
    let project = worker(top);
    project.write("requirements-runtime.txt", packages);
    project
}

fn check(project: &Project, flags: &[&str], code: i32) -> Value {
    check_with(project, &[&["--smoke"], flags].concat(), code)
}

fn check_with(project: &Project, flags: &[&str], code: i32) -> Value {
    give_pyodide(&rig::cache());
    let arguments = [&["check", "--format", "json"], flags].concat();
    // A machine that is busy with other tests needs longer than a user's.
    project.saddlebag(&arguments).on_rig().env("SADDLEBAG_SMOKE_TIMEOUT", "300").run().expect(code).json()
}

/// The one finding of `smoke`; every other gate has let it pass.
#[track_caller]
fn blocked(report: &Value) -> &Value {
    for other in report["gates"].as_array().unwrap().iter().filter(|gate| gate["id"] != "smoke") {
        assert!(["passed", "warned", "skipped"].contains(&other["outcome"].as_str().unwrap()), "{other}");
    }
    let findings = gate(report, "smoke")["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    &findings[0]
}

#[test]
fn clean_examples_boot_on_both_pythons_and_their_figures_are_in_the_report() {
    let incident = Project::example("fastapi-src");
    incident.link_wrangler();
    let before = incident.snapshot();
    let report = check(&incident, &["--env", "develop"], 0);
    assert_eq!(gate(&report, "smoke")["outcome"], "passed");
    let smoke = &report["smoke"];
    assert_eq!((&smoke["python"], &smoke["entry_classes"]), (&"3.14.2".into(), &serde_json::json!(["Default"])));
    assert!(smoke["import_seconds"].as_f64().unwrap() > 0.0 && smoke["memory_bytes"].as_u64().unwrap() > 20 << 20);
    assert_eq!(smoke["slowest"].as_array().unwrap().len(), 15);
    assert_eq!(incident.snapshot(), before);

    // What urllib3 and SQLAlchemy compare at import.
    let compared = "assert ssl.OPENSSL_VERSION.startswith('OpenSSL ') and ssl.OPENSSL_VERSION_INFO >= (1, 1, 1)\nssl.TLSVersion.TLSv1_2\nassert sqlite3.sqlite_version_info >= (3, 8)\n";
    let older = older(worker(&format!(
        "import ssl, sqlite3, lzma, secrets, tempfile, random\nssl.create_default_context\n{compared}"
    )));
    let report = check(&older, &[], 0);
    assert_eq!(report["smoke"]["python"], "3.13.2");
    assert_eq!(report["smoke"]["stood_in"], serde_json::json!(["ssl", "sqlite3", "lzma"]));
    assert_eq!(gate(&check(&worker(""), &["--gate", "smoke=off"], 0), "smoke")["outcome"], "skipped");
}

#[test]
fn what_is_booted_verified_and_uploaded_is_the_same() {
    let (project, api) = (worker(""), Api::start(&[]));
    give_pyodide(&rig::cache());
    let arguments = ["deploy", "--smoke", "--verify", "--format", "json"];
    let report = project.saddlebag(&arguments).on_rig().against(&api).run().expect(0).json();
    assert_eq!(api.modules(), planned(&report));
    assert_eq!(report["verdict"], "passed");
    assert!(!project.path(".wrangler/saddlebag").exists());
}

#[test]
fn a_dynamic_import_of_what_is_not_there_is_blocked_with_its_place_and_its_chain() {
    let project = worker("import deep.inner");
    project.write("src/deep/__init__.py", "").write(
        "src/deep/inner.py",
        "import importlib\n\n\ndef load(name):\n    return importlib.import_module(\"no_such_\" + name)\n\n\nload(\"thing\")\n",
    );
    let (api, before) = (Api::start(&[]), project.snapshot());
    give_pyodide(&rig::cache());
    let ran: Ran = project.saddlebag(&["deploy", "--smoke", "--format", "json"]).on_rig().against(&api).run();
    let report = ran.expect(3).json();
    let finding = blocked(&report);
    assert_eq!(finding["code"], "smoke.import");
    assert_eq!((&finding["location"]["path"], &finding["location"]["line"]), (&"src/deep/inner.py".into(), &5.into()));
    let message = finding["message"].as_str().unwrap();
    for part in [
        "ModuleNotFoundError: No module named 'no_such_thing'",
        "imported through src/entry.py",
        "src/deep/inner.py:8 in <module>",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(api.requests(), Vec::<String>::new());
    assert_eq!(project.snapshot(), before);
}

#[test]
fn what_no_reading_of_the_source_can_tell_is_blocked() {
    for (what, top, code) in [
        (
            "a version check",
            "import sys\nif sys.version_info >= (3, 14):\n    raise RuntimeError('too new')\n",
            "smoke.import",
        ),
        (
            "a write beside the code",
            "import pathlib\npathlib.Path(__file__).with_name('x').write_text('x')\n",
            "smoke.import",
        ),
        ("entropy, in Python", "import uuid\nID = uuid.uuid4()\n", "smoke.entropy"),
        ("entropy, of a module that is seeded", "import random\nID = random.random()\n", "smoke.entropy"),
        ("entropy, from C", "import random\nID = random.Random()\n", "smoke.entropy"),
        ("entropy, of JavaScript", "from js import crypto\nID = crypto.randomUUID()\n", "smoke.entropy"),
        (
            "entropy, of JavaScript, into a buffer",
            "from js import Uint8Array, crypto\ncrypto.getRandomValues(Uint8Array.new(8))\n",
            "smoke.entropy",
        ),
        (
            "a key",
            "import js\nfrom pyodide.ffi import to_js\n\njs.crypto.subtle.generateKey(to_js({'name': 'HMAC', 'hash': 'SHA-256'}, dict_converter=js.Object.fromEntries), True, to_js(['sign']))\n",
            "smoke.entropy",
        ),
        ("a timer", "import js\njs.setTimeout(print, 100)\n", "smoke.io"),
        ("a timer, of a signal", "import js\njs.AbortSignal.timeout(100)\n", "smoke.io"),
        ("a timer, of asyncio", "import asyncio\nasyncio.get_event_loop().call_later(1, print)\n", "smoke.io"),
        ("a timer, waited for", "import asyncio\nasyncio.run(asyncio.sleep(1))\n", "smoke.io"),
        ("the cache", "import js\njs.caches.default.match('https://example.com')\n", "smoke.io"),
        ("a request, of urllib", "import urllib.request\nurllib.request.urlopen('https://example.com')\n", "smoke.io"),
        ("a request", "import js\njs.fetch('https://example.com')\n", "smoke.io"),
        ("a socket", "import socket\nsocket.create_connection(('127.0.0.1', 9))\n", "smoke.io"),
        ("an exit", "import sys\nsys.exit(0)\n", "smoke.import"),
    ] {
        let report = check(&worker(top), &[], 3);
        assert_eq!(blocked(&report)["code"], code, "{what}: {report:#}");
        assert_eq!(blocked(&report)["location"]["path"], "src/entry.py", "{what}");
    }
}

#[test]
fn what_the_runtime_lets_a_module_do_while_it_is_imported_passes() {
    let top = "import multiprocessing, random, secrets, socket, tempfile, uuid\nfrom js import crypto, setTimeout\nRNG = random.Random(5)\nDIRECTORY = tempfile.mkdtemp()\nimport asyncio\n\n\nasync def settle():\n    await asyncio.sleep(0)\n    return 3\n\n\nassert asyncio.run(settle()) == 3\n";
    for project in [worker(top), older(worker(top))] {
        assert_eq!(gate(&check(&project, &[], 0), "smoke")["outcome"], "passed");
    }
    let caught = "import secrets\ntry:\n    SALT = secrets.token_hex(4)\nexcept OSError:\n    SALT = ''\n";
    assert_eq!(gate(&check(&worker(caught), &[], 0), "smoke")["outcome"], "passed", "what is caught ends nothing");
    // The permission is the module's alone.
    let after = worker("import multiprocessing, os\nKEY = os.urandom(8)\n");
    assert_eq!(blocked(&check(&after, &[], 3))["code"], "smoke.entropy");
}

#[test]
fn clients_of_services_boot_on_both_pythons() {
    let top = "import aiohttp, boto3, httpx, redis, redis.asyncio, requests, urllib3\n\nCLIENT = httpx.AsyncClient()\nSESSION = requests.Session()\nPOOL = urllib3.PoolManager()\nREDIS = redis.asyncio.Redis.from_url('rediss://example.com')\n";
    let packages = "aiohttp\nboto3\nhttpx\nredis\nrequests\n";
    for project in [with_packages(top, packages), older(with_packages(top, packages))] {
        let report = check(&project, &["--gate", "size=off"], 0);
        assert_eq!(gate(&report, "smoke")["outcome"], "passed", "{report:#}");
    }
    // Before the SDK had its own patches, the runtime hid `ssl` from urllib3, and botocore imports it from there.
    let project = older(with_packages("import boto3\n", "boto3\n"));
    let config = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap().replace("2026-06-01", "2026-05-01");
    project.write("wrangler.jsonc", &config);
    let finding = blocked(&check(&project, &["--gate", "size=off"], 3)).clone();
    assert!(finding["help"].as_str().unwrap().contains("a compatibility date of 2026-05-26 or later"), "{finding:#}");
}

#[test]
fn a_request_while_main_is_imported_is_named_with_its_line_on_both_pythons() {
    let packages = "httpx\nrequests\n";
    for call in ["httpx.get('https://example.com')", "requests.get('https://example.com')"] {
        let top = format!("import httpx, requests\n\nDATA = {call}\n");
        for project in [with_packages(&top, packages), older(with_packages(&top, packages))] {
            let finding = blocked(&check(&project, &[], 3)).clone();
            assert_eq!(finding["code"], "smoke.io", "{finding:#}");
            let location = &finding["location"];
            assert_eq!((&location["path"], &location["line"]), (&"src/entry.py".into(), &5.into()), "{finding:#}");
            let message = finding["message"].as_str().unwrap();
            assert!(message.contains(&format!("caused by `{call}` at src/entry.py:5, which runs `")), "{message}");
        }
    }
}

#[test]
fn entropy_is_named_with_the_users_line_and_with_the_call_that_asks_for_it() {
    let keys = "import secrets\n\n\ndef fresh():\n    return secrets.token_hex(16)\n\n\nDEFAULT = fresh()\n";
    for (what, module, line, call) in [
        ("secrets", keys, 5, "secrets.token_hex(16)"),
        ("os", "import os\n\nKEY = os.urandom(\n    8\n)\n", 3, "os.urandom("),
        ("a method", "import random\n\nKEY = random.SystemRandom().random()\n", 3, "random.SystemRandom().random()"),
        ("from C", "import _random\n\nKEY = _random.Random()\n", 3, "KEY = _random.Random()"),
        ("from C, a file", "KEY = open('/dev/urandom', 'rb').read(8)\n", 1, "KEY = open('/dev/urandom', 'rb').read(8)"),
        ("JavaScript", "import js\n\nKEY = js.crypto.randomUUID()\n", 3, "js.crypto.randomUUID()"),
        (
            "wrapped",
            "import os\n\n\ndef key():\n    try:\n        return os.urandom(8)\n    except OSError as error:\n        raise ValueError('no key') from error\n\n\nkey()\n",
            6,
            "os.urandom(8)",
        ),
    ] {
        let project = worker("import keys");
        project.write("src/keys.py", module);
        let finding = blocked(&check(&project, &[], 3)).clone();
        assert_eq!(finding["code"], "smoke.entropy", "{what}: {finding:#}");
        let location = &finding["location"];
        assert_eq!(
            (&location["path"], &location["line"]),
            (&"src/keys.py".into(), &line.into()),
            "{what}: {finding:#}"
        );
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains(&format!("caused by `{call}` at src/keys.py:{line}")), "{what}: {message}");
    }
    let project = with_packages("import redis\n\nDB = redis.Redis()\n", "redis\n");
    let finding = blocked(&check(&project, &[], 3)).clone();
    let message = finding["message"].as_str().unwrap();
    assert_eq!((&finding["code"], &finding["location"]["line"]), (&"smoke.entropy".into(), &5.into()), "{message}");
    assert!(
        message.contains("caused by `redis.Redis()` at src/entry.py:5, which runs `secrets.token_hex(4)` at python_modules/redis/connection.py:"),
        "{message}"
    );
}

#[test]
fn what_only_a_stand_in_may_have_failed_at_is_not_judged_and_says_so() {
    for (what, top) in [
        ("a row", "import sqlite3\nDB = sqlite3.connect(':memory:')\nN = dict([DB.execute('select 1').fetchone()])\n"),
        ("a decision", "import sqlite3\nif sqlite3.connect('x').execute('pragma x').fetchone():\n    import no_such\n"),
        ("a traceback that ends there", "import ssl\nssl.create_default_context(cafile='/nowhere.pem')\n"),
        ("a value that is passed on", "import json, lzma\njson.dumps(lzma.compress(b''))\n"),
    ] {
        let project = older(worker(top));
        let flags = ["--smoke", "--gate", "imports=off"];
        let report = check_with(&project, &flags, 0);
        assert_eq!(gate(&report, "smoke")["outcome"], "skipped", "{what}: {report:#}");
        let reason = gate(&report, "smoke")["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("not judged: ") && reason.contains("npm's Pyodide for Python 3.13 lacks"),
            "{reason}"
        );
        let human = project.saddlebag(&[&["check"], &flags[..]].concat()).on_rig().run().expect(0).stdout;
        assert!(human.contains("not judged: "), "{what}: {human}");
    }
    for (what, top) in [
        ("a mistake beside it", "import ssl\nCONTEXT = ssl.create_default_context()\n1 / 0\n"),
        ("a name that the real one lacks too", "import ssl\nssl.wrap_socket\n"),
        ("a module that is missing", "import sqlite3\nDB = sqlite3.connect('x')\n__import__('no_such')\n"),
    ] {
        let report = check(&older(worker(top)), &["--gate", "imports=off"], 3);
        assert_eq!(blocked(&report)["code"], "smoke.import", "{what}");
    }
}

#[test]
fn a_worker_without_an_entry_class_is_blocked_and_an_old_one_with_a_handler_is_not() {
    let project = worker("");
    project.write("src/entry.py", "async def on_fetch(request):\n    return None\n");
    let finding = blocked(&check(&project, &[], 3)).clone();
    assert_eq!(finding["code"], "smoke.entry");
    assert!(finding["message"].as_str().unwrap().contains("on_fetch"), "{finding}");
    let config = std::fs::read_to_string(project.path("wrangler.jsonc")).unwrap();
    let flags = "\"compatibility_flags\": [\"disable_python_no_global_handlers\", ";
    project.write("wrangler.jsonc", &config.replace("\"compatibility_flags\": [", flags));
    assert_eq!(codes(&check(&project, &[], 0), "smoke"), Vec::<String>::new());
}

#[test]
fn an_import_that_never_ends_is_ended() {
    let project = worker("while True:\n    pass\n");
    give_pyodide(&rig::cache());
    let run = project.saddlebag(&["check", "--smoke", "--format", "json"]).on_rig().env("SADDLEBAG_SMOKE_TIMEOUT", "2");
    let report = run.run().expect(3).json();
    assert_eq!(blocked(&report)["code"], "smoke.timeout");
}

#[test]
fn a_wheel_that_is_not_what_it_says_is_blocked() {
    let (project, tools) = (worker("import wrong"), directory());
    let real = rig::home().join("bin/pywrangler").display().to_string();
    let body = format!(
        r#"{real} "$@" || exit $?
[ "$1" = sync ] || exit 0
mkdir -p python_modules/wrong
echo 'from wrong._core import answer' > python_modules/wrong/__init__.py
printf '\000asm\001\000\000\000' > python_modules/wrong/_core.cpython-314-wasm32-emscripten.so"#
    );
    let pywrangler = script(tools.path(), "pywrangler", &body);
    let cache = tools.path().join("cache");
    give_pyodide(&cache);
    let run = project.saddlebag(&["check", "--smoke", "--format", "json"]).on_rig();
    let run = run.env("SADDLEBAG_PYWRANGLER", pywrangler).env("SADDLEBAG_CACHE_DIR", cache);
    let report = run.run().expect(3).json();
    assert_eq!(blocked(&report)["code"], "smoke.import", "{report:#}");
    assert!(blocked(&report)["message"].as_str().unwrap().contains("wrong/__init__.py:1"), "{report:#}");
}

#[test]
fn further_modules_are_imported_as_a_request_would_and_a_script_runs_in_the_bundle() {
    let project = worker("");
    let settings = |text: &str| {
        let pyproject = format!("[project]\nname = \"f\"\nversion = \"0\"\n[tool.saddlebag.smoke]\n{text}\n");
        project.write("pyproject.toml", &pyproject);
    };
    project.write("src/jobs.py", "import uuid\nID = uuid.uuid4()\n");
    project.write("smoke.py", "import jobs\nassert main.greet(), 'no greeting'\nassert main.Default\n");
    settings("imports = [\"jobs\"]\nscript = \"smoke.py\"");
    assert_eq!(codes(&check(&project, &[], 0), "smoke"), Vec::<String>::new());
    settings("imports = [\"jobs\", \"job\"]");
    let finding = blocked(&check(&project, &[], 3)).clone();
    assert_eq!((&finding["code"], &finding["subject"]), (&"smoke.import".into(), &"job -> job".into()));
    project.write(
        "smoke.py",
        "import asyncio\n\nawait asyncio.sleep(0)\nassert main.greet() == 'nonsense', main.greet()\n",
    );
    settings("script = \"smoke.py\"");
    let finding = blocked(&check(&project, &[], 3)).clone();
    assert_eq!((&finding["code"], &finding["location"]["line"]), (&"smoke.script".into(), &4.into()));
    settings("script = \"missing.py\"");
    assert_eq!(gate(&check(&project, &[], 3), "smoke")["outcome"], "broke");
}

#[test]
fn without_a_pyodide_the_gate_blocks_where_it_was_demanded_and_is_skipped_where_it_was_wished() {
    let (project, cache) = (worker(""), directory());
    std::fs::create_dir_all(rig::cache().join("vendor")).unwrap();
    std::os::unix::fs::symlink(rig::cache().join("vendor"), cache.path().join("vendor")).unwrap();
    let run = |arguments: &[&str], code| {
        let run = project.saddlebag(&[&["check", "--format", "json"], arguments].concat()).on_rig();
        run.env("SADDLEBAG_CACHE_DIR", cache.path()).run().expect(code).json()
    };
    for demanding in [&["--smoke"][..], &["--gate", "smoke=deny"]] {
        let report = run(demanding, 3);
        assert_eq!(blocked(&report)["code"], "smoke.unavailable");
        assert!(
            blocked(&report)["help"].as_str().unwrap().contains("npm install --save-dev pyodide@314."),
            "{report:#}"
        );
    }
    let report = run(&["--gate", "smoke=warn"], 0);
    assert_eq!(gate(&report, "smoke")["outcome"], "skipped");
    assert!(gate(&report, "smoke")["reason"].as_str().unwrap().contains("no Pyodide with Python 3.14"), "{report:#}");
    assert_eq!(report["smoke"], Value::Null);
}

#[test]
fn the_pyodide_that_is_needed_is_installed_on_request_and_then_boots() {
    let (project, cache) = (worker(""), tempfile::tempdir().unwrap());
    let saddlebag = |words: &[&str]| project.saddlebag(words).on_rig().env("SADDLEBAG_CACHE_DIR", cache.path()).run();
    let ran = saddlebag(&["check", "--smoke", "--format", "json"]).expect(3);
    assert_eq!(codes(&ran.json(), "smoke"), ["smoke.unavailable"]);
    let ran = saddlebag(&["doctor", "--install"]).expect(0);
    assert!(ran.stdout.contains("(Python 3.14.") && ran.stdout.contains(") was installed: "), "{}", ran.stdout);
    let ran = saddlebag(&["check", "--smoke", "--format", "json"]).expect(0);
    assert_eq!(gate(&ran.json(), "smoke")["outcome"], "passed");
    assert!(saddlebag(&["doctor", "--install"]).expect(0).stdout.contains("is there already"));
    let kept: Vec<_> = std::fs::read_dir(cache.path().join("pyodide")).unwrap().flatten().collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

#[test]
fn what_is_shaken_is_booted_and_what_only_a_run_imports_is_missed_there() {
    let project = Project::example("fastapi-src");
    project.link_wrangler();
    let report = check_with(&project, &["--shake"], 0);
    assert_eq!(gate(&report, "smoke")["outcome"], "passed", "shaking asks for the boot");
    let dropped = report["dropped"].as_array().unwrap().iter();
    let shaken: Vec<&str> =
        dropped.filter(|file| file["rule"] == "shake").map(|file| file["name"].as_str().unwrap()).collect();
    let module = shaken.iter().find(|name| name.starts_with("python_modules/idna/") && name.ends_with(".py"));
    let path = module.unwrap_or_else(|| panic!("{shaken:?}")).strip_prefix("python_modules/").unwrap();
    let dotted = path.strip_suffix(".py").unwrap().replace('/', ".");

    let main = std::fs::read_to_string(project.path("src/main.py")).unwrap();
    project.write("src/main.py", &format!("{main}\nexec(\"import {dotted}\")\n"));
    assert_eq!(gate(&check(&project, &[], 0), "smoke")["outcome"], "passed");
    let report = check_with(&project, &["--shake"], 3);
    assert_eq!(blocked(&report)["code"], "smoke.import");
    assert!(blocked(&report)["message"].as_str().unwrap().contains(&dotted), "{}", blocked(&report));
}

#[test]
fn what_is_shaken_cannot_go_up_unproven() {
    let (project, tools) = (crate::fake::project(), crate::fake::Tools::new());
    let ran = project.saddlebag(&["check", "--shake", "--gate", "smoke=warn"]).on_fakes(&tools).run().expect(2);
    insta::assert_snapshot!(ran.stderr, @"
    error: `shake` needs the gate `smoke` at level `deny`, and it is set to less
    hint: remove the level of `smoke`, or do without `shake`
    ");
    let report = project.saddlebag(&["deploy", "--shake", "--format", "json"]).on_fakes(&tools).run().expect(3).json();
    assert_eq!(codes(&report, "smoke"), ["smoke.unavailable"]);
    assert_eq!(tools.words(), Vec::<String>::new(), "nothing was deployed");
}
