//! `secrets`: the upload has no private key and no file with credentials, and no link leads out of the project.
//!
//! Findings name the file and never show its content. Certificates are public. A file that a distribution publishes unchanged
//! is only noted.

use super::definition::{Check, Gate, codes};
use super::{CheckOutput, Context, Finding, GateId, Level, Severity};
use crate::bundle::{Module, Owner};
use crate::error::{Location, LocationKind, Result};
use crate::python::distribution;
use base64::Engine;
use rayon::prelude::*;
use regex::bytes::Regex;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

codes! {
    PRIVATE_KEY = "secrets.private-key": "The upload contains a private key.";
    FILE = "secrets.file": "The upload contains a file that is named like a file with credentials.";
    LINK = "secrets.link": "A symbolic link leads out of the project.";
    DANGLING_LINK = "secrets.dangling-link": "The target of a symbolic link does not exist.";
}

pub(super) const GATE: Gate = Gate {
    id: GateId::Secrets,
    default_level: Level::Deny,
    check: Check::Plan(check),
    nothing_to_check: None,
    codes: CODES,
    page: include_str!("../../docs/gates/secrets.md"),
};

/// A header, then a footer of the same kind.
static HEADER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"-----BEGIN ((?:[A-Z0-9]+ )*)PRIVATE KEY-----").expect("a constant pattern"));

/// Names that hold credentials by convention.
const NAMES: [&str; 10] = [
    ".netrc",
    "_netrc",
    ".pypirc",
    ".npmrc",
    ".pgpass",
    ".git-credentials",
    "wrangler-account.json",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
];
/// Endings that mark a file as an example of such a file.
const EXAMPLES: [&str; 6] = ["example", "sample", "template", "dist", "defaults", "schema"];

pub(super) fn check(context: &Context<'_>) -> Result<CheckOutput> {
    let mut findings: Vec<Finding> = context
        .bundle
        .modules
        .par_iter()
        .map(|module| check_module(module, context))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    for link in &context.bundle.stray_links {
        let path = context.project.display(&link.path);
        let (severity, code, what, help) = if link.directory {
            (
                Severity::Warn,
                LINK,
                "a directory outside of the project; it is not uploaded",
                "copy what the Worker needs of it into the project, or leave the link out with `exclude`",
            )
        } else if link.dangling {
            (
                Severity::Warn,
                DANGLING_LINK,
                "which does not exist; it is not uploaded",
                "remove the link, or create its target",
            )
        } else {
            (
                Severity::Deny,
                LINK,
                "outside of the project",
                "copy the file into the project, or leave the link out with `exclude`",
            )
        };
        let message = format!("`{path}` is a link to `{}`, {what}", link.target);
        findings.push(Finding::new(
            severity,
            code,
            path.as_str(),
            Location::new(LocationKind::File, path.as_str()),
            message,
            help,
        ));
    }
    Ok(CheckOutput {
        figure: format!("{} modules searched, {} found", context.bundle.modules.len(), findings.len()),
        findings,
    })
}

fn check_module(module: &Module, context: &Context<'_>) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    if credential_file(&module.name) {
        found.push((
            FILE,
            "has the name of a file with credentials",
            "leave it out with `exclude`, and use `wrangler secret put` for what the Worker needs",
        ));
    }
    let content = module.content.read()?;
    if has_private_key(&content) {
        found.push((
            PRIVATE_KEY,
            "contains a complete private key",
            "take the key out, and give it to the Worker with `wrangler secret put`",
        ));
    }
    let public = !found.is_empty() && published(module, &content, context);
    let location = match (&module.owner, &module.content) {
        (Owner::Project, crate::bundle::Content::File(path)) => {
            Location::new(LocationKind::File, context.project.display(path))
        }
        _ => Location::new(LocationKind::Module, module.name.as_str()),
    };
    Ok(found
        .into_iter()
        .map(|(code, what, help)| {
            let severity = if public { Severity::Note } else { Severity::Deny };
            let message =
                format!("`{}` {what}{}", module.name, if public { ", as its distribution publishes it" } else { "" });
            Finding::new(severity, code, module.name.as_str(), location.clone(), message, help)
        })
        .collect())
}

/// Whether a vendored file has the digest in its distribution's RECORD.
fn published(module: &Module, content: &[u8], context: &Context<'_>) -> bool {
    let Owner::Package(owner) = &module.owner else { return false };
    let Some(file) = module.name.strip_prefix("python_modules/") else { return false };
    let digest = format!("sha256={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(content)));
    context.vendored.distributions.iter().filter(|distribution| distribution.name == *owner).any(|distribution| {
        let recorded = distribution::recorded_digests(&context.vendored.modules, &distribution.dist_info);
        recorded.is_ok_and(|recorded| recorded.get(file) == Some(&digest))
    })
}

fn credential_file(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    if EXAMPLES.iter().any(|example| file.split('.').any(|part| part == *example)) {
        return false;
    }
    let dotted = |prefix: &str| file.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    dotted(".env") || dotted(".dev.vars") || NAMES.contains(&file.as_str())
}

/// A header, a body that decodes to a key, and the footer that belongs to the header. Packages that read keys contain the
/// header alone.
fn has_private_key(content: &[u8]) -> bool {
    HEADER.captures_iter(content).any(|captures| {
        let (Some(header), Some(kind)) = (captures.get(0), captures.get(1)) else { return false };
        let rest = &content[header.end()..];
        let footer = [b"-----END ", kind.as_bytes(), b"PRIVATE KEY-----"].concat();
        let Some(end) = rest.windows(footer.len()).take(64 * 1024).position(|window| window == footer) else {
            return false;
        };
        body_is_a_key(&rest[..end])
    })
}

/// PEM as files have it, and as JSON and Python strings have it: with `\n` written out, quotes and indentation between.
fn body_is_a_key(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).replace("\\n", "\n").replace("\\r", "");
    let encrypted = text.contains("ENCRYPTED");
    let mut encoded = String::new();
    for line in text.lines() {
        let line = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ',' | '(' | ')'));
        if !line.contains(':') {
            encoded.push_str(line); // headers such as `DEK-Info: ...` have a colon, base64 never has
        }
    }
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    let Ok(key) = engine.decode(encoded) else { return false };
    // DER begins with a SEQUENCE; OpenSSH has a format of its own; an encrypted body can begin with anything.
    key.len() >= 32 && (encrypted || key[0] == 0x30 || key.starts_with(b"openssh-key-v1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(kind: &str, key: &[u8], separator: &str) -> String {
        let body = base64::engine::general_purpose::STANDARD.encode(key);
        let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN {kind}-----{separator}{}{separator}-----END {kind}-----", lines.join(separator))
    }

    fn der() -> Vec<u8> {
        std::iter::once(0x30).chain((0..200).map(|byte| byte as u8)).collect()
    }

    #[test]
    fn complete_keys_are_found_however_they_are_written() {
        for kind in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            assert!(has_private_key(pem(kind, &der(), "\n").as_bytes()), "{kind}");
        }
        assert!(has_private_key(format!("{{\"private_key\": \"{}\"}}", pem("PRIVATE KEY", &der(), "\\n")).as_bytes()));
        assert!(has_private_key(format!("KEY = (\n  \"{}\"\n)", pem("PRIVATE KEY", &der(), "\\n\"\n  \"")).as_bytes()));
        assert!(has_private_key(
            pem("OPENSSH PRIVATE KEY", &[b"openssh-key-v1\0".as_slice(), &[7; 64]].concat(), "\n").as_bytes()
        ));
        let encrypted = pem("RSA PRIVATE KEY", &[9; 96], "\n").replacen(
            "KEY-----\n",
            "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
            1,
        );
        assert!(has_private_key(encrypted.as_bytes()));
    }

    #[test]
    fn words_about_keys_halves_and_certificates_are_not() {
        for text in [
            "if pem.startswith('-----BEGIN PRIVATE KEY-----'):".to_owned(),
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----".to_owned(),
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n".to_owned(),
            pem("PRIVATE KEY", b"text that is long enough but no key at all", "\n"),
            pem("CERTIFICATE", &der(), "\n"),
            pem("PUBLIC KEY", &der(), "\n"),
        ] {
            assert!(!has_private_key(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn credential_files_are_known_by_name_and_examples_are_not() {
        for name in ["src/.env", ".env.production", "src/.dev.vars", "src/.dev.vars.develop", "a/.netrc", "a/id_rsa"] {
            assert!(credential_file(name), "{name}");
        }
        for name in [
            ".env.example",
            ".env.sample",
            "src/env.py",
            "src/.environment",
            ".dev.vars.example",
            "src/netrc.py",
            "id_rsa.pub",
            ".env.local.template",
        ] {
            assert!(!credential_file(name), "{name}");
        }
    }
}
