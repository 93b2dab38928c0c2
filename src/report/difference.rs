//! What has grown since the baseline, for people: in the terminal and in a job summary.

use super::style::{RenderOptions, bold, dim};
use crate::baseline::{Growth, Weights};
use crate::format::bytes;
use std::fmt::Write;

/// How many packages the job summary shows.
const SHOWN: usize = 8;

/// One package that was added, removed or changed: `+1.2 MiB  sympy 1.14.0, new`.
struct ChangeRow {
    weights: Weights,
    name: String,
    /// `1.1 -> 1.2`
    versions: String,
    /// `new`, `gone`, or nothing.
    what: &'static str,
}

/// The project's own files and the packages, the largest change first.
fn rows(growth: &Growth) -> Vec<ChangeRow> {
    let packages = growth.packages.iter().map(|moved| ChangeRow {
        weights: moved.weights(),
        name: moved.name.clone(),
        versions: moved.versions(),
        what: match moved.change() {
            "added" => "new",
            "removed" => "gone",
            _ => "",
        },
    });
    let own = ChangeRow {
        weights: growth.project,
        name: "the project's own files".to_owned(),
        versions: String::new(),
        what: "",
    };
    let own = Some(own).filter(|own| own.weights.before != own.weights.after);
    let mut rows: Vec<ChangeRow> = packages.chain(own).collect();
    rows.sort_by(|left, right| {
        let by = |row: &ChangeRow| row.weights.after.abs_diff(row.weights.before);
        by(right).cmp(&by(left)).then_with(|| left.name.cmp(&right.name))
    });
    rows
}

/// For the terminal: the sum, and below it at most `most` lines.
pub(crate) fn block(growth: &Growth, options: RenderOptions, most: usize) -> String {
    let rows = rows(growth);
    let since = format!("since {}", growth.baseline);
    if rows.is_empty() {
        return format!("{}\n", options.line(&format!("{}  nothing {since}", bold("growth"))));
    }
    let raw = growth.raw;
    let share = share(raw).map_or_else(String::new, |share| format!(" ({share})"));
    let weights = format!("{} -> {}", bytes(raw.before), bytes(raw.after));
    let mut lines = vec![format!("{}  {}{share} {since}: {weights}", bold("growth"), signed(raw))];
    // The last line is the sum of the rest.
    let shown = if rows.len() <= most { rows.len() } else { most.saturating_sub(1) };
    for row in &rows[..shown] {
        let versions = if row.versions.is_empty() { String::new() } else { format!(" {}", row.versions) };
        let what = if row.what.is_empty() { String::new() } else { format!(", {}", row.what) };
        lines.push(format!("  {:>9}  {}{versions}{what}", signed(row.weights), row.name));
    }
    let rest = &rows[shown..];
    if !rest.is_empty() {
        let sum = |of: fn(&Weights) -> u64| rest.iter().map(|row| of(&row.weights)).sum();
        let sums = Weights { before: sum(|weights| weights.before), after: sum(|weights| weights.after) };
        lines.push(format!("  {:>9}  {}", signed(sums), dim(&format!("{} more", rest.len()))));
    }
    lines.iter().fold(String::new(), |text, line| text + &options.line(line) + "\n")
}

/// For the job summary, Markdown.
pub(super) fn table(growth: &Growth, cell: fn(&str) -> String) -> String {
    let rows = rows(growth);
    if rows.is_empty() {
        return format!("\nNothing has grown since `{}`.\n", cell(&growth.baseline));
    }
    let raw = growth.raw;
    let mut out = format!(
        "\n**{}**{} since `{}`: {} then, {} now\n\n| package | version | then | now | growth |\n|---|---|---:|---:|---:|\n",
        signed(raw),
        share(raw).map_or_else(String::new, |share| format!(" ({share})")),
        cell(&growth.baseline),
        bytes(raw.before),
        bytes(raw.after)
    );
    for row in rows.iter().take(SHOWN) {
        let then = if row.what == "new" { "new".to_owned() } else { bytes(row.weights.before) };
        let now = if row.what == "gone" { "gone".to_owned() } else { bytes(row.weights.after) };
        let (name, versions) = (cell(&row.name), cell(&row.versions));
        let _ = writeln!(out, "| {name} | {versions} | {then} | {now} | {} |", signed(row.weights));
    }
    if rows.len() > SHOWN {
        let _ = writeln!(out, "\n{} more.", rows.len() - SHOWN);
    }
    out
}

/// `+1.2 MiB`, `-300 B`, `+0 B`.
fn signed(weights: Weights) -> String {
    let sign = if weights.after < weights.before { '-' } else { '+' };
    format!("{sign}{}", bytes(weights.after.abs_diff(weights.before)))
}

/// `+193 %`; nothing if there was nothing before.
fn share(weights: Weights) -> Option<String> {
    let Weights { before, after } = weights;
    let percent = (after as f64 - before as f64) * 100.0 / before as f64;
    let places = if percent.abs() < 10.0 { 1 } else { 0 };
    (before > 0).then(|| format!("{percent:+.places$} %"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::of_packages;

    fn growth() -> Growth {
        let before = of_packages(2048, &[("old", "1", 500), ("same", "1", 9), ("up", "1.1", 4096)]);
        let after = of_packages(1024, &[("same", "1", 9), ("sympy|x", "1.14.0", 3_000_000), ("up", "1.2", 4096)]);
        before.growth(&after, "saddlebag-baseline.toml".into())
    }

    #[test]
    fn what_moved_most_comes_first() {
        console::set_colors_enabled(false);
        insta::assert_snapshot!(block(&growth(), RenderOptions::default(), usize::MAX), @"
        growth  +2.9 MiB (+45070 %) since saddlebag-baseline.toml: 6.5 KiB -> 2.9 MiB
           +2.9 MiB  sympy|x 1.14.0, new
           -1.0 KiB  the project's own files
             -500 B  old 1, gone
               +0 B  up 1.1 -> 1.2
        ");
        let same = of_packages(1, &[]).growth(&of_packages(1, &[]), "b.toml".into());
        assert_eq!(block(&same, RenderOptions::default(), 3), "growth  nothing since b.toml\n");
    }

    #[test]
    fn a_long_list_is_cut_and_its_rest_added_up() {
        console::set_colors_enabled(false);
        let names: Vec<String> = (0..11).map(|number| format!("p{number:02}")).collect();
        let packages: Vec<(&str, &str, u64)> = names.iter().map(|name| (name.as_str(), "1", 1024)).collect();
        let growth = of_packages(0, &[]).growth(&of_packages(0, &packages), "b.toml".into());
        let text = block(&growth, RenderOptions::default(), 3);
        assert!(text.ends_with("   +9.0 KiB  9 more\n"), "{text}");
        let lines = |most| block(&growth, RenderOptions::default(), most).lines().count();
        assert_eq!([lines(1), lines(3), lines(10), lines(11), lines(usize::MAX)], [2, 4, 11, 12, 12]);
    }

    #[test]
    fn the_table_escapes_what_a_package_is_called() {
        insta::assert_snapshot!(table(&growth(), |text| text.replace('|', "\\|")), @r"

        **+2.9 MiB** (+45070 %) since `saddlebag-baseline.toml`: 6.5 KiB then, 2.9 MiB now

        | package | version | then | now | growth |
        |---|---|---:|---:|---:|
        | sympy\|x | 1.14.0 | new | 2.9 MiB | +2.9 MiB |
        | the project's own files |  | 2.0 KiB | 1.0 KiB | -1.0 KiB |
        | old | 1 | 500 B | gone | -500 B |
        | up | 1.1 -> 1.2 | 4.0 KiB | 4.0 KiB | +0 B |
        ");
    }
}
