//! The size of the bundle for people: against the limit, and by package. A bar never stands without its number.

use crate::bundle::{Bundle, Dropped, Owner};
use crate::format::{bytes, count};
use crate::gates::Limit;
use crate::report::style::{RenderOptions, bold, dim};
use console::Style;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Where the bar has its mark: the default of `size.warn-at`.
const MARK: f64 = 0.8;

/// Packages by weight, every module and every dropped file.
pub(super) fn tables(out: &mut String, bundle: &Bundle, options: RenderOptions) {
    packages(out, bundle, options);
    every_file(out, bundle);
}

/// The size in words, and on a terminal the same as a bar: full is the limit.
pub(super) fn size(out: &mut String, bundle: &Bundle, limits: &[Limit], options: RenderOptions) {
    let tightest = limits.iter().filter(|limit| limit.id.ends_with("raw")).min_by_key(|limit| limit.bytes);
    let limit =
        tightest.map_or_else(String::new, |limit| format!(" of {} ({:.0} %)", bytes(limit.bytes), limit.used * 100.0));
    let line = format!(
        "{}  {}{limit}, about {} gzipped, {}",
        bold("bundle"),
        bytes(bundle.raw_bytes),
        bytes(bundle.gzip_bytes),
        count(bundle.modules.len(), "module")
    );
    let _ = writeln!(out, "{}", options.line(&line));
    if let (Some(limit), Some(width)) = (tightest, options.width) {
        let _ = writeln!(out, "        {}", bar(limit.used, width.saturating_sub(10).clamp(10, 50)));
    }
}

/// `[#####...........|....]`, `cells` wide within the brackets.
fn bar(used: f64, cells: usize) -> String {
    let filled = ((used * cells as f64).round() as usize).clamp(usize::from(used > 0.0), cells);
    let mark = (MARK * cells as f64) as usize;
    let rest: String = (filled..cells).map(|cell| if cell == mark { '|' } else { '.' }).collect();
    let style = match used {
        used if used > 1.0 => Style::new().red().bold(),
        used if used > MARK => Style::new().yellow(),
        _ => Style::new().green(),
    };
    format!("[{}{}]", style.apply_to("#".repeat(filled)), dim(&rest))
}

/// One line of the table: bytes uploaded, bytes dropped, and their owner.
struct WeightRow {
    bytes: u64,
    dropped: u64,
    name: String,
}

impl WeightRow {
    fn write(&self, out: &mut String, options: RenderOptions) {
        let dropped = if self.dropped > 0 { bytes(self.dropped) } else { String::new() };
        let line = format!("  {:>9}  {:>9}  {}", bytes(self.bytes), dropped, self.name);
        let _ = writeln!(out, "{}", options.line(&line));
    }
}

fn packages(out: &mut String, bundle: &Bundle, options: RenderOptions) {
    let mut rows: Vec<WeightRow> = bundle
        .packages
        .iter()
        .filter(|package| package.raw_bytes + package.dropped_bytes > 0)
        .map(|package| WeightRow {
            bytes: package.raw_bytes,
            dropped: package.dropped_bytes,
            name: format!("{} {}", package.name, package.version),
        })
        .collect();
    let own = bundle.modules.iter().filter(|module| !matches!(module.owner, Owner::Package(_)));
    let own_dropped = bundle.dropped.iter().filter(|file| !matches!(file.owner, Owner::Package(_)));
    rows.push(WeightRow {
        bytes: own.map(|module| module.bytes).sum(),
        dropped: own_dropped.map(|file| file.bytes).sum(),
        name: "the project's own files".to_owned(),
    });
    rows.sort_by(|left, right| (right.bytes, right.dropped, &left.name).cmp(&(left.bytes, left.dropped, &right.name)));
    let _ = writeln!(out, "\n{}", bold("  in bundle    dropped"));
    for row in &rows {
        row.write(out, options);
    }
    let dropped: u64 = bundle.dropped.iter().map(|file| file.bytes).sum();
    let sums = format!("  {:>9}  {:>9}  in all", bytes(bundle.raw_bytes), bytes(dropped));
    let _ = writeln!(out, "{}", options.sentence(&sums, &" ".repeat(24), &by_rule(&bundle.dropped)));
}

/// `; 103 files dropped: dist-info 418.7 KiB, tests 6.6 KiB`, or nothing.
fn by_rule(dropped: &[Dropped]) -> String {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for file in dropped {
        *sums.entry(file.rule).or_default() += file.bytes;
    }
    if sums.is_empty() {
        return String::new();
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(rule, sum)| (std::cmp::Reverse(*sum), *rule));
    let sums: Vec<String> = sums.iter().map(|(rule, sum)| format!("{rule} {}", bytes(*sum))).collect();
    format!("; {} dropped: {}", count(dropped.len(), "file"), sums.join(", "))
}

fn every_file(out: &mut String, bundle: &Bundle) {
    let _ = writeln!(out, "\n{}", bold("modules"));
    for module in &bundle.modules {
        let _ = writeln!(out, "  {:>9}  {}", bytes(module.bytes), module.name);
    }
    let _ = writeln!(out, "\n{}", bold("dropped"));
    for file in &bundle.dropped {
        let _ = writeln!(out, "  {:>9}  {} ({})", bytes(file.bytes), file.name, file.rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Package;

    fn drawn(used: f64) -> String {
        console::set_colors_enabled(false);
        bar(used, 20)
    }

    #[test]
    fn a_full_bar_is_the_limit_and_a_byte_is_a_cell() {
        insta::assert_snapshot!([0.0, 0.001, 0.41, 0.85, 1.0, 7.5].map(drawn).join("\n"), @"
        [................|...]
        [#...............|...]
        [########........|...]
        [#################...]
        [####################]
        [####################]
        ");
    }

    fn package(number: u64) -> Package {
        Package {
            name: format!("package-{number}"),
            version: "1.0".to_owned(),
            modules: 1,
            raw_bytes: number * 1000,
            dropped_bytes: if number.is_multiple_of(2) { 100 * number } else { 0 },
            required_by: Vec::new(),
        }
    }

    fn table(packages: u64, options: RenderOptions) -> String {
        console::set_colors_enabled(false);
        let bundle = Bundle {
            packages: (1..=packages).map(package).collect(),
            dropped: vec![
                Dropped { name: "a".into(), bytes: 300, rule: "tests", owner: Owner::Package("package-2".into()) },
                Dropped { name: "b".into(), bytes: 9, rule: "bytecode", owner: Owner::Project },
            ],
            raw_bytes: (1..=packages).sum::<u64>() * 1000,
            ..Bundle::default()
        };
        let mut out = String::new();
        super::packages(&mut out, &bundle, options);
        out
    }

    #[test]
    fn the_heaviest_come_first_and_the_sums_are_of_all() {
        insta::assert_snapshot!(table(10, RenderOptions::default()), @"

        in bundle    dropped
          9.8 KiB     1000 B  package-10 1.0
          8.8 KiB             package-9 1.0
          7.8 KiB      800 B  package-8 1.0
          6.8 KiB             package-7 1.0
          5.9 KiB      600 B  package-6 1.0
          4.9 KiB             package-5 1.0
          3.9 KiB      400 B  package-4 1.0
          2.9 KiB             package-3 1.0
          2.0 KiB      200 B  package-2 1.0
           1000 B             package-1 1.0
              0 B        9 B  the project's own files
         53.7 KiB      309 B  in all; 2 files dropped: tests 300 B, bytecode 9 B
        ");
    }

    #[test]
    fn a_narrow_terminal_cuts_a_line_and_says_so() {
        let text = table(2, RenderOptions { width: Some(40), ..RenderOptions::default() });
        insta::assert_snapshot!(text, @"

        in bundle    dropped
          2.0 KiB      200 B  package-2 1.0
           1000 B             package-1 1.0
              0 B        9 B  the project's...
          2.9 KiB      309 B  in all; 2 files
                              dropped: tests
                              300 B, bytecode
                              9 B
        ");
        assert!(text.lines().all(|line| console::measure_text_width(line) <= 40));
    }
}
