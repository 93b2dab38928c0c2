//! A case on disk: the project with its changes, and the vendored tree that the fake pywrangler copies.
//!
//! Receives a case; hands on temporary directories. Must never judge.

use super::case::{Case, Distribution, Fill, corpus, distributions};
use crate::project::{Project, copy};
use base64::Engine as _;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Write as _;
use std::path::Path;

pub(super) struct Laid {
    pub(super) project: Project,
    /// `vendored/`, `pylock.toml`, `cache/`, and `outside/` for links that leave the project.
    pub(super) beside: tempfile::TempDir,
}

pub(super) fn lay(case: &Case) -> Laid {
    let (project, beside) = (Project::empty(), crate::fake::directory());
    copy(&corpus().join("projects").join(&case.project), &project.root);
    change(case, &project, beside.path());

    let tree = beside.path().join("vendored");
    fs::create_dir(&tree).unwrap();
    let mut all = distributions();
    for name in &case.without {
        all.remove(name).unwrap_or_else(|| panic!("`{name}` is no base distribution"));
    }
    all.extend(case.distribution.iter().map(|(name, one)| (name.clone(), one.clone())));
    for (name, one) in &all {
        lay_distribution(&tree, one.name.as_deref().unwrap_or(name), one);
    }
    let lock = case.lock.as_deref().unwrap_or("lock-version = \"1.0\"\ncreated-by = \"fake\"\n");
    fs::write(beside.path().join("pylock.toml"), lock).unwrap();
    Laid { project, beside }
}

fn change(case: &Case, project: &Project, beside: &Path) {
    for (to, from) in &case.copy {
        write(&project.path(to), &fs::read(project.path(from)).unwrap());
    }
    for name in &case.remove {
        let path = project.path(name);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .unwrap_or_else(|error| panic!("remove `{name}`: {error}"));
    }
    for (name, text) in &case.write {
        write(&project.path(name), text.as_bytes());
    }
    for (name, text) in &case.bytes {
        write(&project.path(name), &decode(text));
    }
    for (name, fill) in &case.fill {
        write(&project.path(name), b"");
        fill_up(&project.path(name), fill);
    }
    merge(&project.path("pyproject.toml"), &case.pyproject);
    merge(&project.path("wrangler.toml"), &case.wrangler);
    write(&beside.join("outside/module.py"), b"VALUE = 1\n");
    write(&beside.join("outside/package/inner.py"), b"VALUE = 1\n");
    for (name, target) in &case.link {
        let target = target
            .replace("{outside}", &beside.join("outside").display().to_string())
            .replace("{project}", &project.root.display().to_string());
        fs::create_dir_all(project.path(name).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, project.path(name)).unwrap();
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn decode(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// Zeros are a hole in the file. Noise is a xorshift, the same each time.
fn fill_up(path: &Path, fill: &Fill) {
    let file = fs::File::create(path).unwrap();
    if !fill.noise {
        return file.set_len(fill.bytes).unwrap();
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut out = std::io::BufWriter::new(file);
    for _ in 0..fill.bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.write_all(&state.to_le_bytes()).unwrap();
    }
}

/// Sets keys in a TOML file, tables key by key.
fn merge(path: &Path, keys: &Map<String, Value>) {
    if keys.is_empty() {
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let mut whole: Map<String, Value> = toml_edit::de::from_str(&text).unwrap();
    merge_into(&mut whole, keys);
    fs::write(path, toml_edit::ser::to_string_pretty(&whole).unwrap()).unwrap();
}

fn merge_into(whole: &mut Map<String, Value>, keys: &Map<String, Value>) {
    for (key, value) in keys {
        match (whole.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(keys)) => merge_into(inner, keys),
            _ => {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
}

/// As an installer does it: files, METADATA, RECORD with the digest of each. A later distribution overwrites.
fn lay_distribution(tree: &Path, name: &str, distribution: &Distribution) {
    let version = &distribution.version;
    let dist_info = format!("{}-{version}.dist-info", name.replace('-', "_"));
    let mut metadata = format!("Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n");
    for requirement in &distribution.requires {
        metadata += &format!("Requires-Dist: {requirement}\n");
    }
    metadata += "\nA long description, which no Worker needs.\n";

    let text = |(name, text): (&String, &String)| (name.clone(), text.clone().into_bytes());
    let mut files: Vec<(String, Vec<u8>)> = distribution.files.iter().map(text).collect();
    files.extend(distribution.bytes.iter().map(|(name, bytes)| (name.clone(), decode(bytes))));
    files.push((format!("{dist_info}/METADATA"), metadata.into_bytes()));
    files.push((format!("{dist_info}/WHEEL"), b"Wheel-Version: 1.0\nGenerator: corpus\n".to_vec()));
    files.push((format!("{dist_info}/INSTALLER"), b"uv".to_vec()));
    if let Some(entry_points) = &distribution.entry_points {
        files.push((format!("{dist_info}/entry_points.txt"), entry_points.clone().into_bytes()));
    }
    let mut record = String::new();
    for (name, bytes) in &files {
        write(&tree.join(name), bytes);
        let digest = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        record += &format!("\"{name}\",sha256={digest},{}\n", bytes.len());
    }
    record += &format!("{dist_info}/RECORD,,\n");
    write(&tree.join(&dist_info).join("RECORD"), record.as_bytes());
    for (name, text) in &distribution.tampered {
        write(&tree.join(name), text.as_bytes());
    }
}
