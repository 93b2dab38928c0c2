//! The committed baseline: what the bundle weighed when somebody last accepted it.
//!
//! The file is made for diffs: one line for each package, sorted, and nothing that changes when the bundle does not.

mod growth;
mod read;

pub(crate) use growth::{Growth, Moved, Weights};
pub(crate) use read::{is_ours, read};

use crate::bundle::{Bundle, Owner};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The default file, next to `pyproject.toml`.
pub(crate) const FILE: &str = "saddlebag-baseline.toml";

const SCHEMA: &str = "saddlebag.baseline/1";

/// What a bundle weighs, bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Baseline {
    /// "3.14".
    pub(crate) python: String,
    /// wrangler's environment; `None` is the top level.
    pub(crate) environment: Option<String>,
    pub(crate) raw_bytes: u64,
    /// An estimate, as the bundle's own.
    pub(crate) gzip_bytes: u64,
    pub(crate) modules: u64,
    /// Raw bytes of everything that belongs to no distribution.
    pub(crate) project: u64,
    /// By normalised name (PEP 503).
    pub(crate) packages: BTreeMap<String, Share>,
}

/// One distribution's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) version: String,
    pub(crate) raw_bytes: u64,
}

impl Baseline {
    pub(crate) fn of(bundle: &Bundle, python: &str, environment: Option<&str>) -> Self {
        let mut packages: BTreeMap<String, Share> = BTreeMap::new();
        for package in &bundle.packages {
            packages
                .entry(package.name.clone())
                // Two versions of one name share their bytes.
                .and_modify(|share| share.version = format!("{}, {}", share.version, package.version))
                .or_insert_with(|| Share { version: package.version.clone(), raw_bytes: package.raw_bytes });
        }
        let own = bundle.modules.iter().filter(|module| !matches!(module.owner, Owner::Package(_)));
        Self {
            python: python.to_owned(),
            environment: environment.map(str::to_owned),
            raw_bytes: bundle.raw_bytes,
            gzip_bytes: bundle.gzip_bytes,
            modules: bundle.modules.len() as u64,
            project: own.map(|module| module.bytes).sum(),
            packages,
        }
    }

    /// The file, with a newline at its end.
    pub(crate) fn render(&self) -> String {
        let quoted = |text: &str| toml_edit::Value::from(text).to_string();
        let mut text = format!(
            "# What the upload weighs, in bytes: the gate `growth` holds later ones against it. Commit this file;\n\
             # `saddlebag baseline` writes it anew.\n\
             schema = {}\npython = {}\n",
            quoted(SCHEMA),
            quoted(&self.python)
        );
        if let Some(environment) = &self.environment {
            let _ = writeln!(text, "environment = {}", quoted(environment));
        }
        for (key, number) in [
            ("raw-bytes", self.raw_bytes),
            ("gzip-bytes", self.gzip_bytes),
            ("modules", self.modules),
            ("project-bytes", self.project),
        ] {
            let _ = writeln!(text, "{key} = {number}");
        }
        text.push_str("\n[packages]\n");
        for (name, share) in &self.packages {
            let (name, version) = (toml_edit::Key::new(name).to_string(), quoted(&share.version));
            let _ = writeln!(text, "{name} = {{ version = {version}, raw-bytes = {} }}", share.raw_bytes);
        }
        text
    }
}

#[cfg(test)]
pub(crate) fn of_packages(project: u64, packages: &[(&str, &str, u64)]) -> Baseline {
    let share = |(name, version, raw_bytes): &(&str, &str, u64)| {
        ((*name).to_owned(), Share { version: (*version).to_owned(), raw_bytes: *raw_bytes })
    };
    let raw_bytes = project + packages.iter().map(|(_, _, bytes)| bytes).sum::<u64>();
    Baseline {
        python: "3.14".to_owned(),
        environment: None,
        raw_bytes,
        gzip_bytes: raw_bytes / 2,
        modules: packages.len() as u64 + 1,
        project,
        packages: packages.iter().map(share).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Content, Module, ModuleType, Package};

    #[test]
    fn everything_in_a_bundle_is_the_projects_or_a_packages() {
        let module = |name: &str, bytes, owner| Module {
            name: name.into(),
            kind: ModuleType::Python,
            content: Content::Inline(Vec::new()),
            bytes,
            owner,
        };
        let package = |version: &str| Package {
            name: "dep".into(),
            version: version.into(),
            modules: 1,
            raw_bytes: 7,
            dropped_bytes: 3,
            required_by: Vec::new(),
        };
        let bundle = Bundle {
            modules: vec![
                module("main.py", 1, Owner::Saddlebag),
                module("python_modules/dep.py", 7, Owner::Package("dep".into())),
                module("python_modules/stray.py", 4, Owner::Vendored),
                module("src/main.py", 2, Owner::Project),
            ],
            packages: vec![package("1"), package("2")],
            raw_bytes: 14,
            ..Bundle::default()
        };
        let baseline = Baseline::of(&bundle, "3.14", Some("develop"));
        assert_eq!(baseline.project + baseline.packages["dep"].raw_bytes, baseline.raw_bytes);
        assert_eq!((baseline.packages["dep"].version.as_str(), baseline.modules), ("1, 2", 4));
    }

    #[test]
    fn the_file_is_one_line_for_each_package_and_reads_as_it_was_written() {
        let mut baseline = of_packages(900, &[("zlib-ng", "1.0", 100), ("attrs", "25.1\"", 2000)]);
        baseline.environment = Some("dev \"x\"".to_owned());
        insta::assert_snapshot!(baseline.render(), @r#"
        # What the upload weighs, in bytes: the gate `growth` holds later ones against it. Commit this file;
        # `saddlebag baseline` writes it anew.
        schema = "saddlebag.baseline/1"
        python = "3.14"
        environment = 'dev "x"'
        raw-bytes = 3000
        gzip-bytes = 1500
        modules = 3
        project-bytes = 900

        [packages]
        attrs = { version = '25.1"', raw-bytes = 2000 }
        zlib-ng = { version = "1.0", raw-bytes = 100 }
        "#);
        assert_eq!(read::parse(&baseline.render(), "b.toml").unwrap(), baseline);
    }
}
