//! The text of `saddlebag report`: the bundle by package, the heaviest first.

use super::Report;
use crate::bundle::{Bundle, Owner};
use crate::format::{bytes, count};
use std::fmt::Write;

/// One line of the table.
struct PackageRow {
    name: String,
    bytes: u64,
    modules: usize,
    dropped: u64,
    required_by: String,
}

/// The table; empty where nothing was planned.
pub(crate) fn render(report: &Report) -> String {
    let Some(bundle) = &report.bundle else { return String::new() };
    let mut rows = rows(bundle);
    rows.sort_by(|left, right| (right.bytes, &left.name).cmp(&(left.bytes, &right.name)));
    let heading = ["package", "bytes", "modules", "dropped", "required by"].map(str::to_owned);
    let cells = rows.into_iter().map(|row| {
        let dropped = if row.dropped > 0 { bytes(row.dropped) } else { "-".to_owned() };
        [row.name, bytes(row.bytes), row.modules.to_string(), dropped, row.required_by]
    });
    let table: Vec<[String; 5]> = std::iter::once(heading).chain(cells).collect();
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3].map(width);
    let mut out = String::new();
    for [name, bytes, modules, dropped, required_by] in &table {
        let [first, second, third, fourth] = widths;
        let line = format!("{name:first$}  {bytes:>second$}  {modules:>third$}  {dropped:>fourth$}  {required_by}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = writeln!(
        out,
        "\n{} in {}, about {} gzipped; {} dropped",
        bytes(bundle.raw_bytes),
        count(bundle.modules.len(), "module"),
        bytes(bundle.gzip_bytes),
        bytes(bundle.dropped.iter().map(|file| file.bytes).sum())
    );
    out
}

fn rows(bundle: &Bundle) -> Vec<PackageRow> {
    let packages = bundle.packages.iter().map(|package| PackageRow {
        name: format!("{} {}", package.name, package.version),
        bytes: package.raw_bytes,
        modules: package.modules,
        dropped: package.dropped_bytes,
        required_by: package.required_by.join(", "),
    });
    let others = [(Owner::Project, "the project's own files"), (Owner::Saddlebag, "made by saddlebag")]
        .into_iter()
        .chain([(Owner::Vendored, "in no distribution's RECORD")]);
    let others = others.filter_map(|(owner, name)| {
        let modules: Vec<_> = bundle.modules.iter().filter(|module| module.owner == owner).collect();
        let dropped: u64 = bundle.dropped.iter().filter(|file| file.owner == owner).map(|file| file.bytes).sum();
        (!modules.is_empty() || dropped > 0).then(|| PackageRow {
            name: name.to_owned(),
            bytes: modules.iter().map(|module| module.bytes).sum(),
            modules: modules.len(),
            dropped,
            required_by: String::new(),
        })
    });
    packages.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Content, Dropped, Module, ModuleType, Package};

    #[test]
    fn the_heaviest_comes_first_and_nothing_is_left_out() {
        let module = |name: &str, bytes, owner| Module {
            name: name.into(),
            kind: ModuleType::Python,
            content: Content::Inline(Vec::new()),
            bytes,
            owner,
        };
        let package = |name: &str, raw_bytes, dropped_bytes, required_by: &[&str]| Package {
            name: name.into(),
            version: "1.0".into(),
            modules: 1,
            raw_bytes,
            dropped_bytes,
            required_by: required_by.iter().map(|by| (*by).to_owned()).collect(),
        };
        let bundle = Bundle {
            modules: vec![
                module("main.py", 10, Owner::Saddlebag),
                module("python_modules/a.py", 100, Owner::Package("a".into())),
                module("python_modules/b.py", 2048, Owner::Package("b".into())),
                module("src/main.py", 300, Owner::Project),
            ],
            dropped: vec![Dropped {
                name: "python_modules/b/tests/t.py".into(),
                bytes: 4096,
                rule: "tests",
                owner: Owner::Package("b".into()),
            }],
            packages: vec![package("a", 100, 0, &["b", "project"]), package("b", 2048, 4096, &["project"])],
            raw_bytes: 2458,
            gzip_bytes: 900,
            ..Bundle::default()
        };
        let report = Report { bundle: Some(&bundle), ..Report::default() };
        insta::assert_snapshot!(render(&report), @"
        package                    bytes  modules  dropped  required by
        b 1.0                    2.0 KiB        1  4.0 KiB  project
        the project's own files    300 B        1        -
        a 1.0                      100 B        1        -  b, project
        made by saddlebag           10 B        1        -

        2.4 KiB in 4 modules, about 900 B gzipped; 4.0 KiB dropped
        ");
        assert_eq!(render(&Report::default()), "");
    }
}
